"""Database: the tables of the core and of the plugins, and the pools that reach them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from importlib import import_module
from pkgutil import iter_modules, resolve_name
from time import monotonic
from typing import Any

import asyncpg
from gongzhi.plugin.built_in import FLOOR
from gongzhi.plugin.hooks import App
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.operations import CreateSchema, DropSchema
from tortoise.migrations.writer import ImportManager, MigrationWriter

from gongzhi_server._compat import TypesAskedOnce, bound_statements, prepare_new_models, reset_without_timer
from gongzhi_server.errors import Problem, Unavailable
from gongzhi_server.plugins.contributions import CORE_APPS
from gongzhi_server.plugins.ownership import check_writes
from gongzhi_server.startup import pause_collector

from .availability import SHUT, Connect, connect, open_session
from .liveness import LONGEST_PAUSE
from .migration_state import PluginMigrationExecutor

log = logging.getLogger("gongzhi")

# Advisory lock: processes that start at the same time migrate one after the other.
MIGRATION_LOCK = 0x676F6E677A6869  # "gongzhi"

LOCKING = "5s"
"""How long a migration waits for a table's lock: all who come for the table after it wait as long."""
TRIES, PAUSE = 20, 3.0
"""How often a migration is begun that waits for a lock, and the seconds in between."""

PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"}
"""Planning short statements costs more than running them. Long ones want a plan for their values: see `ANEW`."""
ANEW = "set local plan_cache_mode = auto"
PAUSES = {"idle_in_transaction_session_timeout": f"{LONGEST_PAUSE}s"}
"""A process that is frozen in the midst of a transaction holds up nobody for longer."""
READ_ONLY = {
    "default_transaction_read_only": "on",
    **PLANNED_ONCE,
    "jit": "off",  # costs more than it gives on statements that are prepared and short
    "timezone": "UTC",
}


# asyncpg bounds prepared statements by number only; texts here may be very long, so their length is bounded as well.
STATEMENTS = 1000
"""Prepared statements that a connection keeps; they are kept for good."""


class CleanConnection(TypesAskedOnce):
    """A connection that lives by transactions alone, so there is nothing to reset when it goes back to the pool.

    Resetting is a statement of its own, one more for every transaction. Whoever listens, sets something for good or
    takes a lock that outlives a transaction has a connection outside the pools.
    """

    __slots__ = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bound_statements(self)

    def get_reset_query(self) -> str:
        """Return nothing to run when a connection goes back to the pool."""
        return ""

    async def reset(self, *, timeout: float | None = None) -> None:
        if timeout is None:
            await reset_without_timer(self)
        else:
            await super().reset(timeout=timeout)

    async def _execute(self, query: str, *given: Any, **named: Any) -> Any:
        # Guards what plugins run on such a connection: see `check_writes`.
        check_writes(query)
        try:
            return await super()._execute(query, *given, **named)  # type: ignore[misc]
        except SHUT as error:
            raise Unavailable from error

    async def execute(self, query: str, *given: Any, **named: Any) -> Any:
        check_writes(query)
        try:
            return await super().execute(query, *given, **named)
        except SHUT as error:
            raise Unavailable from error

    async def executemany(self, command: str, *given: Any, **named: Any) -> Any:
        check_writes(command)
        try:
            return await super().executemany(command, *given, **named)
        except SHUT as error:
            raise Unavailable from error


async def open_readers(
    dsn: str,
    size: int,
    timeout: float = 10,
    least: int = 2,
    parallel: bool = True,
    connect: Connect = connect,
) -> asyncpg.Pool[Any]:
    """Open a pool for the planner's statements: read only, prepared once, planned once; `timeout` in seconds.

    `least` connections stay open. Without `parallel` a statement has one process of PostgreSQL's and no helpers.
    """
    # The time limit is PostgreSQL's own: it ends the statement there, even if this process has stopped waiting.
    settings = READ_ONLY | {"statement_timeout": f"{int(timeout * 1000)}"}
    if not parallel:
        settings["max_parallel_workers_per_gather"] = "0"
    return await asyncpg.create_pool(
        dsn,
        connect=connect,
        min_size=min(size, least),
        max_size=size,
        connection_class=CleanConnection,
        server_settings=settings,
        statement_cache_size=STATEMENTS,
        # 0 keeps prepared statements for good; the bound above is what removes them.
        max_cached_statement_lifetime=0,
    )


@asynccontextmanager
async def connect_database(dsn: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Open one connection, for as long as the block lasts."""
    made = await open_session(dsn, server_settings={"timezone": "UTC"})
    try:
        yield made
    finally:
        await made.close()


async def open_writers(dsn: str, size: int, short: bool = False) -> asyncpg.Pool[Any]:
    """Open a pool for statements that write, made when needed; plans of `short` ones are kept, see `PLANNED_ONCE`."""
    settings = {"timezone": "UTC", **(PLANNED_ONCE | {"jit": "off"} | PAUSES if short else {})}
    return await asyncpg.create_pool(
        dsn,
        connect=connect,
        min_size=0,
        max_size=size,
        connection_class=CleanConnection,
        server_settings=settings,
    )


def tortoise_config(dsn: str, apps: Iterable[App] = CORE_APPS, size: int = 8, short: bool = False) -> dict[str, Any]:
    """Return Tortoise's configuration for these apps; the plans of `short` statements are kept, see `PLANNED_ONCE`."""
    credentials = {
        # Whole, not in parts: what it says of TLS and of several hosts holds for every pool.
        "dsn": dsn,
        "connect": connect,
        "min_size": 1,
        "max_size": size,
        "connection_class": CleanConnection,
        "statement_cache_size": STATEMENTS,
        "max_cached_statement_lifetime": 0,
        # A role that is called like one of our schemas must not find its tables there.
        "server_settings": {"search_path": "public", **(PLANNED_ONCE | PAUSES if short else {})},
    }
    return {
        "connections": {"default": {"engine": "gongzhi_server._compat", "credentials": credentials}},
        "apps": {
            app.label: {"models": [app.models], "migrations": app.migrations, "default_connection": "default"}
            for app in apps
        },
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def open_tortoise(settings: dict[str, Any]) -> AsyncIterator[TortoiseContext]:
    """Connect Tortoise to these apps, for as long as the block lasts."""
    async with TortoiseContext() as context:
        with prepare_new_models():
            await context.init(config=settings)
        yield context


async def migrate_apps(
    dsn: str, apps: Iterable[App] = CORE_APPS, told: Callable[[str, float], object] = lambda *_: None
) -> None:
    """Bring every app's tables up to date, all together. Processes that start at the same time take turns.

    `told` hears of each migration that was applied, with the seconds it took.
    """
    known = tuple(apps)
    settings = tortoise_config(dsn, known)
    lock = await asyncpg.connect(dsn)
    # A connection of its own: the lock belongs to the session, and goes with it even if the process is killed.
    try:
        await lock.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
        # Mostly nothing is missing; then neither models nor migrations are loaded.
        if not _list_migrations(settings) <= await _read_applied(lock):
            settings["connections"]["default"]["credentials"]["server_settings"]["lock_timeout"] = LOCKING
            # The classes of models that a migration makes and leaves are collected when all have run: looking for them
            # again and again among what stays took a third of the time.
            with pause_collector():
                async with open_tortoise(settings) as context:
                    await _apply_missing(
                        lambda: PluginMigrationExecutor(context.connections.get("default"), settings["apps"]), told
                    )
        # Seeds run at each start, after the migrations, and are written so that they may.
        for seed in (app.seed for app in known if app.seed):
            await resolve_name(seed)(lock)
    finally:
        await lock.close()


def _list_migrations(settings: dict[str, Any]) -> set[tuple[str, str]]:
    """List the migrations of these apps by their names, without importing them: mostly there is nothing to do."""
    folders = {label: import_module(app["migrations"]).__path__ for label, app in settings["apps"].items()}
    found = ((label, one) for label, folder in folders.items() for one in iter_modules(folder))
    return {(label, one.name) for label, one in found if not one.ispkg and one.name[0] not in "_~"}


async def _read_applied(connection: asyncpg.Connection[Any]) -> set[tuple[str, str]]:
    """Read which migrations have been applied."""
    if not await connection.fetchval("select to_regclass('public.tortoise_migrations')"):
        return set()
    return {(app, name) for app, name in await connection.fetch("select app, name from public.tortoise_migrations")}


async def plan_migrations(dsn: str, apps: Iterable[App] = CORE_APPS) -> list[str]:
    """Return the names of the migrations that the database has not had yet."""
    async with connect_database(dsn) as connection:
        missing = _list_migrations(tortoise_config(dsn, apps)) - await _read_applied(connection)
    return sorted(f"{label}.{name}" for label, name in missing)


async def _apply_missing(
    make_executor: Callable[[], MigrationExecutor], told: Callable[[str, float], object] = lambda *_: None
) -> None:
    """Apply what is missing. Raises Problem with the name of the migration that failed and left no trace.

    One that gets a table's lock too late is begun again: whoever needs the table meanwhile has it in between.
    """
    under_way: list[str] = []
    begun = monotonic()

    def follow(event: str, label: str, name: str) -> None:
        # Told of each start and end; what is under way when an error comes is the one that failed.
        nonlocal begun
        if event.endswith("_start"):
            under_way[:], begun = [f"{label}.{name}"], monotonic()
        else:
            under_way.clear()
            told(f"{label}.{name}", monotonic() - begun)

    tries = TRIES
    try:
        while True:
            try:
                # A new one each time, since it remembers what it has seen.
                await make_executor().migrate(progress=follow)
                return
            except asyncpg.LockNotAvailableError:
                tries -= 1
                if not tries:
                    raise
                log.warning("%s waits for a table that is in use; it is begun again", *under_way or ["a migration"])
                await asyncio.sleep(PAUSE)
    except (BaseORMException, asyncpg.PostgresError) as error:
        [name] = under_way or ["the list of migrations"]
        raise Problem(
            f"migration {name} failed and was taken back: {type(error).__name__}: {error}; "
            "what came before it stands, so mend the cause and start again"
        ) from error


async def write_migrations(dsn: str, label: str, apps: Iterable[App] = CORE_APPS) -> list[str]:
    """Write the migrations one app lacks and return the paths of the files. Raises Problem for an unknown app."""
    return [str(writer.write()) for writer in await missing_migrations(dsn, label, apps)]


async def missing_migrations(dsn: str, label: str, apps: Iterable[App] = CORE_APPS) -> list[MigrationWriter]:
    """Return the migrations one app lacks."""
    known = tuple(apps)
    if label not in {app.label for app in known}:
        raise Problem(f"{label!r} has no tables here; those who have are {', '.join(app.label for app in known)}")
    return [writer for writer in await detect_changes(dsn, known) if writer.app_label == label]


async def detect_changes(dsn: str, apps: Iterable[App] = CORE_APPS) -> list[MigrationWriter]:
    """Return the migrations that these apps lack, seen together so that foreign keys across apps resolve."""
    settings = tortoise_config(dsn, apps)
    async with open_tortoise(settings) as context:
        assert context.apps
        found = await MigrationAutodetector(context.apps, settings["apps"]).changes()
    return [made for made in map(_confine, found) if made.operations]


class Writer(MigrationWriter):
    """A writer of migrations that also says where the database does not make a key of numbers, unlike Tortoise."""

    def _render_field(self, field: Any, imports: ImportManager) -> str:
        text = super()._render_field(field, imports)
        given = field.pk and field.allows_generated and not field.generated
        return text.replace("primary_key=True", "primary_key=True, generated=False", 1) if given else text


def _confine(found: MigrationWriter) -> MigrationWriter:
    """Confine a migration to its app's schema, and to the last migration of each other app that all contracts have."""
    label = found.app_label
    operations = [
        one for one in found.operations if not isinstance(one, CreateSchema | DropSchema) or one.schema_name == label
    ]
    last = dict(sorted(found.dependencies))
    # Names begin with their number, so the earlier of two is the lesser.
    dependencies = sorted((app, min(name, FLOOR.get(app, name))) for app, name in last.items())
    module = found.migrations_module
    return Writer(
        found.name, label, operations, dependencies=dependencies, initial=found.initial, migrations_module=module
    )
