"""Execution: runs a planned operation and sends its JSON as it came, except for what Python must add."""

from __future__ import annotations

import asyncio
import base64
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import orjson
from asyncpg import CharacterNotInRepertoireError, DataError, PostgresError
from asyncpg.exceptions import QueryCanceledError
from gongzhi.core.access.models import VIA_PLUGIN, LookKind
from gongzhi.declare.entity import Ref
from gongzhi.declare.plans import PLUGIN
from gongzhi.runtime import sealing
from gongzhi.runtime.context import FileLook
from gongzhi.values.errors import Refusal
from graphql import (
    GraphQLError,
    execute,
)
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import VariableValues
from strawberry.dataloader import DataLoader
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gongzhi_server.errors import Unavailable
from gongzhi_server.plugins.installed import is_switched

from . import Document, Planner, Statement
from .answer_path import AnswerPlace
from .budget import Budget
from .failures import MASKED, PluginPartFailed
from .looks import cut_looks
from .python_fields import FieldRow, compute_field, flatten
from .statement import AnswerShape

Fetch = Callable[..., Awaitable[Sequence[Any]]]

SEALED = b'"@sealed"'
"""A text in JSON cannot hold it, since its quotes would be escaped there."""

log = logging.getLogger("gongzhi")


SECOND_TRY = 2.0
"""Seconds for a second try without a plugin, after a statement with the plugin took too long."""


class LostRows(GraphQLError):
    """Rows were asked for by a condition of a plugin that failed: there is nothing to answer."""


class PythonExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core, for roots that are Python; it leaves alone what a statement has answered."""

    def __init__(self, *args: Any, run: OperationRun, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.operation_run = run

    def execute_field(self, parent_type: Any, source: Any, details: Any, path: Any, position: Any) -> Any:
        # A statement has answered these fields already; graphql-core would call their resolvers, which do not exist.
        if type(source) is dict and path.key in source:
            return source[path.key]
        return super().execute_field(parent_type, source, details, path, position)

    def complete_object_value(
        self, return_type: Any, details: Any, info: Any, path: Any, result: Any, position: Any
    ) -> Any:
        # A reference in a mutation's payload: its row is planned and fetched only now, after the transaction.
        if isinstance(result, Ref):
            return self.operation_run.row(result, return_type, details, path.as_list())
        return super().complete_object_value(return_type, details, info, path, result, position)


class OperationRun:
    """One operation as it runs.

    `rebuild_without` makes its statement without what a plugin has in it, for when that fails; by default a query's.
    `fetch_small` fetches by a small statement whose answer is one row.
    """

    def __init__(
        self,
        planner: Planner,
        fetch: Fetch,
        document: Document,
        given: dict[str, Any],
        variables: VariableValues,
        context: Any,
        rebuild_without: Callable[[str], Statement] | None = None,
        fetch_small: Fetch | None = None,
    ) -> None:
        self._rebuild, self._fetch_small = rebuild_without, fetch_small or fetch
        self.planner, self.fetch, self.document, self.context = planner, fetch, document, context
        self.given, self.variables = given, variables
        self.viewer = context.viewer
        self.errors: list[GraphQLError] = []
        # Rows that a payload names come together: one statement for all of one kind, whatever their number.
        self._loaders: dict[Statement, DataLoader[Any, Any]] = {}
        self._told: set[Statement] = set()
        self._seen: dict[str | None, tuple[set[str], dict[str, None]]] = {}
        self._tried: dict[str, None] = {}

    def read_by(self, fetch: Fetch, fetch_small: Fetch) -> None:
        """Read by this instead."""
        self.fetch, self._fetch_small = fetch, fetch_small

    def rebuild_without(self, plugin: str) -> Statement:
        """Return the statement without what a plugin has in it."""
        # No function that is kept here and refers to this object: it would stay until garbage is collected.
        if self._rebuild is not None:
            return self._rebuild(plugin)
        return self.planner.query(self.document, self.variables, self.viewer, plugin)

    async def query(self, statement: Statement) -> tuple[bytes, list[GraphQLError]]:
        """Run a query and return the `data` as JSON, with its errors. Looks are written before it returns."""
        try:
            return await self.answer(statement)
        except LostRows as lost:
            return b"null", [lost]
        # In any case, since rows may have been read before something failed.
        finally:
            if self._seen or self._tried:
                await self.record()

    async def mutate(self) -> tuple[bytes, list[GraphQLError]]:
        """Run a mutation and return the `data` as JSON, with its errors. Looks are written before it returns."""
        try:
            return await self.execute()
        finally:
            await self.record()

    async def record(self) -> None:
        """Write down whose files were looked at; nothing if they were one's own. A failure here stops the answer.

        Where somebody in office asked by a condition on files and found nobody, that is written down as well: who is
        not there tells something, too, and who tries conditions out one by one is seen by it.
        """
        if self._tried and self.serves() and not any(people for people, _ in self._seen.values()):
            await self.look(set(), tuple(self._tried))
        for plugin, (found, fields) in self._seen.items():
            if people := found - {str(self.viewer.account.person)}:
                # What the law keeps on tells nothing of whoever is in its rows.
                hidden = plugin is not None and is_switched(plugin)
                await self.look(people, (*fields, f"{VIA_PLUGIN}{plugin}") if hidden else tuple(fields))
        self._seen.clear()
        self._tried.clear()

    def serves(self) -> bool:
        """Say whether whoever asks is in office."""
        return any(one.grid is not None or one.unit is not None for one in self.viewer.account.grants)

    async def look(self, people: Collection[str], fields: tuple[str, ...]) -> None:
        """Write one entry of the access log."""
        operation = self.document.title
        kind = LookKind.BREAK_GLASS if self.viewer.glass else LookKind.READ
        kind = LookKind.EXPORT if self.document.taken else kind
        await self.context.look(FileLook(people, fields, self.viewer.purpose or operation, kind, operation))

    async def answer(self, statement: Statement) -> tuple[bytes, list[GraphQLError]]:
        """Send a statement and return the answer, with what Python has to add to it."""
        text = b"{}"
        if statement.sql or statement.fault:
            statement, [[text]] = await self.execute_with_fallback(
                statement, lambda one: self.send(one, self.variables.coerced, one.small), self.rebuild_without
            )
        self.errors += statement.errors
        shape = statement.shape
        if shape.tried:
            self._tried.update(dict.fromkeys(shape.tried))
        # The common case: nothing to open or to compute, so the database's text is the answer, but for the looks in it.
        if not shape.computed and not shape.python and not (shape.seals and SEALED in text):
            if not shape.looks:
                return text, self.errors
            if not shape.opaque and (cut := cut_looks(text)):
                for member, people in cut[1].items():
                    self.see(shape.looks[member], people)
                return cut[0], self.errors
        root = orjson.loads(text)
        await self.finish([root], shape)
        if shape.python:
            fields, errors = await self.planner.introspection.answer(self.document, self.given)
            self.errors += errors
            return await self.execute({**root, **fields})
        return orjson.dumps(root), self.errors

    async def execute_with_fallback(
        self,
        statement: Statement,
        send: Callable[[Statement], Awaitable[Sequence[Any]]],
        without: Callable[[str], Statement],
    ) -> tuple[Statement, Sequence[Any]]:
        """Send a statement; if it fails with one plugin's fields and not `without` them, answer null for these.

        One that took too long is not waited for that long again. Raises LostRows if it is a condition of the
        plugin's that fails.
        """
        if fault := statement.fault:
            raise LostRows(fault.message, fault.nodes, extensions=fault.extensions, original_error=fault.original_error)
        try:
            return statement, await send(statement)
        # The database does not say whose part failed, so each plugin is left out in turn, in a fixed order.
        except PostgresError as error:
            # A statement that was cut off for its time would hold a
            # connection as long again, so the second try gets less.
            late = isinstance(error, QueryCanceledError)
            for plugin in sorted(statement.plugins):
                other = without(plugin)
                with suppress(PostgresError, TimeoutError):
                    async with asyncio.timeout(SECOND_TRY if late else None):
                        found = await send(other)
                    log.error("a statement failed with what is in it of the plugin %s", plugin, exc_info=error)
                    # Left out was a condition, so the rows are other rows than
                    # those asked for: no answer is better than a wrong one.
                    if other.lost:
                        path, owner = other.lost_path or None, {"plugin": plugin}
                        raise LostRows(MASKED, other.lost, path=path, extensions=owner, original_error=error) from error
                    for one in other.errors:
                        if isinstance(one.original_error, PluginPartFailed):
                            one.original_error = error
                    return other, found
            raise

    async def execute(self, root: Any = None) -> tuple[bytes, list[GraphQLError]]:
        """Run what graphql-core must: mutations, and root fields that are Python."""
        result: Any = execute(
            self.planner.schema,
            self.document.ast,
            root,
            self.context,
            self.given,
            self.document.name,
            executor_class=PythonExecutor,
            run=self,
        )
        result = await result if inspect.isawaitable(result) else result
        for error in result.errors or ():
            # Nothing of it was done, so it is refused as a whole: the client sends it again.
            if isinstance(error.original_error, Unavailable) and not any((result.data or {}).values()):
                raise error.original_error
            # A client that reports a fault should know which vendor to turn to.
            if error.original_error and error.path and (plugin := self.owner(str(error.path[0]))):
                error.extensions = {**(error.extensions or {}), "plugin": plugin}
        return orjson.dumps(result.data), [*self.errors, *(result.errors or ())]

    def owner(self, key: str) -> str | None:
        """Return the plugin of the root field with this key in the answer; None for the core's."""
        root = self.planner.schema.mutation_type if self.document.operation == "mutation" else None
        root = root or self.planner.schema.query_type
        assert root
        schema, fragments = self.planner.schema, self.document.fragments
        found = collect_fields(schema, fragments, self.variables, root, self.document.node).grouped_field_set[key]
        declared = root.fields[found[0].node.name.value].extensions.get("strawberry-definition")
        return declared.metadata.get(PLUGIN) if declared else None

    async def row(self, ref: Ref, kind: Any, details: Any, path: Sequence[str | int]) -> Any:
        """Load the planned selection of one row; rows asked for together come from one statement."""
        make = partial(
            self.planner.rows, self.document, self.variables, self.viewer, ref.entity, kind, details, ref.shown
        )
        statement = make()
        if statement not in self._loaders:
            place = AnswerPlace.of(path)
            self._loaders[statement] = DataLoader(load_fn=lambda keys: self.rows(statement, keys, make, place))
        return await self._loaders[statement].load(ref.key)

    async def rows(
        self, statement: Statement, keys: list[Any], make: Callable[..., Statement], place: AnswerPlace
    ) -> list[Any]:
        """Fetch rows by their keys, None for those that are missing or not visible; `make` makes another statement."""
        given = {**self.variables.coerced, "@keys": keys}
        statement, sent = await self.execute_with_fallback(
            statement, lambda one: self.send(one, given), lambda plugin: make(without=plugin)
        )
        self.tell(statement, place)
        self._tried.update(dict.fromkeys(statement.shape.tried))
        found = {row["key"]: orjson.loads(row["row"]) for row in sent}
        await self.finish(list(found.values()), statement.shape)
        # `any(keys)` returns rows in no order, so they are put back into the order of the keys.
        return [found.get(key) for key in keys]

    def tell(self, statement: Statement, place: AnswerPlace) -> None:
        """Add the errors that come with a statement, once however often it is sent; its rows stand in this place."""
        if statement not in self._told:
            self._told.add(statement)
            self.errors += map(place.locate, statement.errors)

    async def fetch_by_keys(
        self, statement: Statement, given: Mapping[str, Any]
    ) -> tuple[list[bytes | None], list[GraphQLError]]:
        """Fetch rows by the keys that are given, each as JSON, and their errors. Raises LostRows."""
        variables = {**self.variables.coerced, **given}
        statement, sent = await self.execute_with_fallback(
            statement, lambda one: self.send(one, variables), self.rebuild_without
        )
        self.errors += statement.errors
        if not (statement.shape.live or statement.shape.seals):
            found = {row["key"]: row["row"] for row in sent}
        else:
            objects = {row["key"]: orjson.loads(row["row"]) for row in sent}
            await self.finish(list(objects.values()), statement.shape)
            found = {key: orjson.dumps(one) for key, one in objects.items()}
        return [found.get(key) for key in given["@keys"]], self.errors

    async def send(self, statement: Statement, variables: Mapping[str, Any], small: bool = False) -> Sequence[Any]:
        """Send a statement; a `small` one has one row. Raises Refusal for a value that PostgreSQL has no room for."""
        try:
            arguments = statement.arguments(variables, self.context)
            if statement.chosen:
                # How many values a list holds is known only with the
                # variables, so this limit is counted for each request.
                Budget(self.planner.limits, self.viewer).spend("choices", statement.choices(arguments))
            return await (self._fetch_small if small else self.fetch)(statement.sql, *arguments)
        except (DataError, CharacterNotInRepertoireError) as error:
            # Subclasses, such as division by zero, come from what the statement computes, not from a caller's value.
            if type(error) not in (DataError, CharacterNotInRepertoireError):
                raise  # what a statement makes of good values is our fault
            en = "A value is too large, too small or of no use for what it is compared with."
            raise Refusal("BAD_USER_INPUT", en, "有一个值超出了可比较的范围。") from error

    async def finish(self, objects: list[dict[str, Any]], shape: AnswerShape) -> None:
        """Note whose files were read, open what is sealed, and call the Python fields, each once, outer ones first."""
        if shape.look:
            # Popped, so that it never reaches the client.
            self.see(shape, flatten([one.pop(shape.look) for one in objects]))
        for key in shape.sealed:
            for one in objects:
                if isinstance(one[key], dict):
                    one[key] = self.open_value(one[key])
        if shape.calls:
            rows = [
                # Python fields get what they declared and nothing more; one that reads on would work by chance.
                FieldRow({name: decode(one.pop(member)) for name, member, decode in shape.reads})
                for one in objects
            ]
            for call in shape.calls:
                await compute_field(self, call, rows, objects)
        for key, inner in shape.inner.items():
            found = list(flatten(one.get(key) for one in objects))
            if found:
                await self.finish(found, inner)
            if inner.mixed:
                for one in objects:
                    one[key] = [next(iter(each.values())) if each else None for each in one[key]]

    def see(self, shape: AnswerShape, people: Iterable[str]) -> None:
        """Note that these people's files were looked at, and at which fields."""
        seen, fields = self._seen.setdefault(shape.plugin, (set(), {}))
        fields.update(dict.fromkeys((*(f"{shape.kind}.{name}" for name in shape.fields), *shape.asked)))
        seen.update(people)

    def open_value(self, found: dict[str, Any]) -> Any:
        """Open a protected value, or return its mask if the keys at hand do not open it."""
        if found["@sealed"] is None:  # there is nothing, or its key has been destroyed
            return found["mask"]
        county, wrapped, context, value = found["@sealed"]
        try:
            key = self.context.keys.unwrap(county, base64.b64decode(wrapped))
            return sealing.open_value(key, context, base64.b64decode(value))
        except sealing.SealError as error:
            log.error("a sealed value is not shown: %s; put the key that it was sealed with back into the ring", error)
            return found["mask"]
