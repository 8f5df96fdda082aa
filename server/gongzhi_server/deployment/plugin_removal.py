"""Plugin removal: says what a plugin keeps, writes it to files, then drops it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import asyncpg

from gongzhi_server.errors import Problem
from gongzhi_server.plugins.installed import NAME, TAKEN
from gongzhi_server.storage import database
from gongzhi_server.storage.database import MIGRATION_LOCK

TABLES = "select schemaname, tablename from pg_tables where schemaname=any($1::text[]) order by 1, 2"
REFERRING = """
select distinct conrelid::regclass::text from pg_constraint c join pg_class t on t.oid=c.conrelid
join pg_namespace n on n.oid=t.relnamespace where c.contype='f' and n.nspname<>all($1::text[])
and (select o.nspname from pg_class r join pg_namespace o on o.oid=r.relnamespace
 where r.oid=c.confrelid)=any($1::text[])
"""


async def remove_plugin(
    dsn: str,
    name: str,
    folder: Path,
    agreed: Callable[[Mapping[str, int]], bool],
    *,
    labels: Collection[str] = (),
    prefixes: Collection[str] = (),
) -> list[Path] | None:
    """Drop a plugin's tables and forget its migrations, and where its handlers stand and what jobs of it wait.

    Gives back the CSV files that its rows are in now, one a table.

    `labels` are those of its tables, and `prefixes` what the names of its handlers and jobs begin with, as far as they
    are known: of a plugin that is installed no more, only its own name is.

    `agreed` is asked with the number of rows of each table. If it says no, nothing happens and None comes back.
    Raises Problem for a name that owns nothing here, and where other tables refer to these.
    """
    if not NAME.fullmatch(name) or name in TAKEN:
        raise Problem(f"{name!r} is no plugin, so it cannot be removed; gongzhi plugin list shows the plugins")
    async with database.connect_database(dsn) as connection, connection.transaction():
        # The same lock as migrations take, so that no starting server makes the tables anew meanwhile.
        await connection.execute("select pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        schemas = await find_schemas(connection, name, {name, *labels})
        tables = await lock_tables(connection, name, schemas)
        rows = {
            f"{schema}.{table}": await connection.fetchval(f'select count(*) from "{schema}"."{table}"')
            for schema, table in tables
        }
        if not agreed(rows):
            return None
        files = [await export_table(connection, schema, table, folder) for schema, table in tables]
        # All in one transaction: if a file cannot be written, nothing
        # is dropped. Names of schemas were read from the database.
        await connection.execute(f"drop schema {', '.join(schemas)} cascade")
        await connection.execute("delete from tortoise_migrations where app=any($1::text[])", schemas)
        begun = [f"{one}." for one in {name, *labels, *prefixes}]
        for table in ("consumer", "job"):
            await connection.execute(
                f"delete from events.{table} where exists(select from unnest($1::text[]) p where starts_with(name, p))",
                begun,
            )
        return files


async def find_schemas(connection: asyncpg.Connection, name: str, labels: Collection[str]) -> list[str]:
    """Return which of these labels have tables here. Raises Problem if none has."""
    if taken := TAKEN.intersection(labels):
        raise Problem(f"{', '.join(sorted(taken))} is no plugin's, so it cannot be removed")
    found = await connection.fetch(
        "select nspname from pg_namespace where nspname=any($1::text[]) order by 1", [*labels]
    )
    if not found:
        raise Problem(f"there are no tables of a plugin {name!r}; look at its spelling, or there is nothing to remove")
    return [schema for (schema,) in found]


async def lock_tables(connection: asyncpg.Connection, name: str, schemas: list[str]) -> list[tuple[str, str]]:
    """Lock the plugin's tables against writing and return them, each with its schema."""
    if referring := [table for (table,) in await connection.fetch(REFERRING, schemas)]:
        raise Problem(f"tables elsewhere refer to those of {name!r}: {', '.join(referring)}; remove them first")
    tables = [(schema, table) for schema, table in await connection.fetch(TABLES, schemas)]
    # Share mode still lets others read; what is counted is what is exported.
    for schema, table in tables:
        await connection.execute(f'lock table "{schema}"."{table}" in share mode')
    return tables


async def export_table(connection: asyncpg.Connection, schema: str, table: str, folder: Path) -> Path:
    """Write a table as CSV with a header. Only the owner of the folder may read it: it may be personal data."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{schema}.{table}.csv"
    await connection.copy_from_table(table, schema_name=schema, output=file, format="csv", header=True)
    return file
