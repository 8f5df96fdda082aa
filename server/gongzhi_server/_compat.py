"""Library internals: what the server uses of libraries without their promise, with the public way where it is gone.

`tests/test_library_internals.py` refuses such uses anywhere else.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from linecache import getlines
from types import SimpleNamespace
from typing import Any, ClassVar

import asyncpg
from graphql import GraphQLSchema
from pypika_tortoise.queries import Query, Table
from pypika_tortoise.terms import LiteralValue
from strawberry.schema.base import BaseSchema
from tortoise import models
from tortoise.apps import Apps
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContextPooled
from tortoise.connection import get_connections

from gongzhi_server.errors import Unavailable

STATEMENT_TEXT = 1_000_000
"""Characters of the statements that a connection keeps prepared. PostgreSQL takes some thirty bytes for each."""
STATEMENT_CACHE: Any = getattr(asyncpg.connection, "_StatementCache", object)


class PreparedStatements(STATEMENT_CACHE):  # type: ignore[misc]
    """The prepared statements of a connection, bounded by the length of their texts besides their number."""

    __slots__ = ()

    def _maybe_cleanup(self) -> None:
        super()._maybe_cleanup()
        taken = sum(len(text) for text, *_ in self._entries)
        # The oldest go first; the one just added always stays.
        while taken > STATEMENT_TEXT and len(self._entries) > 1:
            (text, *_), entry = self._entries.popitem(last=False)
            taken -= len(text)
            self._clear_entry_callback(entry)
            self._on_remove(entry._statement)


def bound_statements(connection: Any) -> None:
    """Bound the texts of a new connection's prepared statements; without asyncpg's cache their number alone."""
    cache = getattr(connection, "_stmt_cache", None)
    if STATEMENT_CACHE is not object and isinstance(cache, STATEMENT_CACHE):
        connection._stmt_cache = PreparedStatements(
            loop=cache._loop,
            max_size=cache.get_max_size(),
            on_remove=cache._on_remove,
            max_lifetime=cache.get_max_lifetime(),
        )


BUILT_IN = 10_000
"""Below are the numbers of the types that PostgreSQL brings along, which are the same in every database."""
NOTHING_ASKED = SimpleNamespace(name="nothing was asked")
"""Stands for the statement by which types were asked for: asyncpg looks whether it has replaced the nameless one."""


class TypesAskedOnce(asyncpg.Connection):
    """A connection that asks what a built-in type is if no other of the process has: `uuid[]` and `int[]` among them.

    asyncpg asks by every connection, and the answer takes PostgreSQL longer than most statements do. Without its
    method nothing is kept.
    """

    __slots__ = ()
    answers: ClassVar[dict[frozenset[int], Any]] = {}

    async def _introspect_types(self, typeoids: Any, timeout: float | None) -> Any:
        asked = frozenset(typeoids)
        if known := self.answers.get(asked):
            return known, NOTHING_ASKED
        found, statement = await super()._introspect_types(typeoids, timeout)  # type: ignore[misc]
        if max(asked) < BUILT_IN:
            self.answers[asked] = found
        return found, statement


async def reset_without_timer(connection: Any) -> None:
    """Reset a connection. asyncpg's public way makes a timer that never rings, for every statement."""
    if reset := getattr(connection, "_reset", None):
        await reset()
    else:
        await asyncpg.Connection.reset(connection)


@contextmanager
def skip_missing_comments() -> Iterator[None]:
    """Have Tortoise parse the source of those models alone whose modules have comments for it, marked `#:`.

    It looks for them in every model, for whoever writes migrations, which is a quarter of what loading plugins takes.
    """
    read = getattr(models, "_get_comments", None)
    if read is None:
        yield
        return
    models._get_comments = lambda cls: read(cls) if has_column_comments(cls.__module__) else {}
    try:
        yield
    finally:
        models._get_comments = read


def has_column_comments(module: str) -> bool:
    """Return whether the source of a module has a comment that Tortoise reads; of one without a file it may have."""
    file = getattr(sys.modules.get(module), "__file__", None)
    # Kept by the standard library, which reads each file once.
    return file is None or any("#:" in line for line in getlines(file))


@contextmanager
def prepare_new_models() -> Iterator[None]:
    """Have Tortoise go through the fields of those models alone that are new to it, or have new fields.

    It goes through all whenever it is opened, and makes the query of all their columns anew; in a process that opens it
    again that is most of a start.
    """
    opened: Any = Apps
    prepare = getattr(opened, "_build_initial_querysets", None)
    if prepare is None:
        yield
        return

    def prepare_new(self: Any) -> None:
        every = self.apps
        self.apps = {
            label: {name: model for name, model in models.items() if not is_prepared(model._meta)}
            for label, models in every.items()
        }
        try:
            prepare(self)
        finally:
            self.apps = every

    opened._build_initial_querysets = prepare_new
    try:
        yield
    finally:
        opened._build_initial_querysets = prepare


def is_prepared(meta: Any) -> bool:
    """Return whether Tortoise has gone through the model with all fields that it has now."""
    # Going through it completes the filters of each field. Without Tortoise's name for these it is done every time.
    return bool(meta.filters) and getattr(meta, "_filters", {}).keys() == meta.filters.keys()


def graphql_schema(declared: BaseSchema) -> GraphQLSchema:
    """Return graphql-core's schema of a strawberry one. There is no public way: pyproject.toml bounds the version."""
    made: GraphQLSchema = declared._schema  # type: ignore[attr-defined]
    return made


def split_table(table: Table) -> tuple[str, str]:
    """Return the schema and the name of a table. There is no public way, so pyproject.toml bounds the version."""
    return getattr(table._schema, "_name", ""), table._table_name


def read_literal(term: LiteralValue) -> str:
    """Return the text of a literal; by the public way as SQL, quoted."""
    return str(getattr(term, "_value", term))


def start_query(query: type[Query]) -> Any:
    """Start a query that is changed in place; by the public way each step copies it."""
    build = getattr(query, "_builder", None)
    return build(immutable=False) if build else query


class PooledTransaction(TransactionContextPooled):
    """A transaction that gives its connection back also when it is cancelled while it begins.

    Tortoise loses it: the pool is one smaller from then on, and whoever closes the pool waits for it.
    """

    __slots__ = ()

    async def __aenter__(self) -> TransactionalDBClient:
        """Begin the transaction. Raises Unavailable where its connection is lost meanwhile."""
        try:
            return await super().__aenter__()
        except BaseException as error:
            if token := getattr(self, "token", None):
                get_connections().reset(token)
            if held := getattr(self.client, "_connection", None):
                # Whether it has begun is not known, so nobody gets it again; its place becomes free. One that was lost
                # has gone back to the pool by itself, and says that nothing can be asked of it.
                with suppress(asyncpg.InterfaceError):
                    held.terminate()
                    await self.client._parent._pool.release(held)
            if isinstance(error, asyncpg.InterfaceError):
                raise Unavailable from error
            raise

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """End the transaction. Raises Unavailable where its connection is gone, which cannot even be rolled back."""
        try:
            await super().__aexit__(kind, error, trace)
        except asyncpg.InterfaceError:
            raise Unavailable from error


class PooledClient(AsyncpgDBClient):
    """Tortoise's client of a pool that knows the whole address, with transactions that lose no connection."""

    def __init__(self, dsn: str, **more: Any) -> None:
        super().__init__(**more)
        # Not among what Tortoise keeps of a connection: it writes that into its log, and here is a password.
        self._dsn = dsn

    async def create_pool(self, **template: Any) -> asyncpg.Pool[Any]:
        """Open the pool by the address: Tortoise's parts of it know neither TLS nor several hosts."""
        for part in ("host", "port", "user", "database", "password"):
            template.pop(part, None)
        return await asyncpg.create_pool(self._dsn, **template)

    def _in_transaction(self) -> PooledTransaction:
        return PooledTransaction(TransactionWrapper(self), self._pool_init_lock)


def supervise_with(process: type) -> None:
    """Have uvicorn's supervisor start such processes; it takes no others than its own."""
    from uvicorn.supervisors import multiprocess

    multiprocess.Process = process  # type: ignore[misc, assignment]


client_class = PooledClient
"""What Tortoise looks for in the module that its configuration names as the engine."""
