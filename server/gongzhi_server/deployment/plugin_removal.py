"""Plugin removal: says what a plugin keeps, writes it to files, then drops it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import asyncpg

from gongzhi_server.errors import Problem
from gongzhi_server.plugins.loader import NAME, TAKEN
from gongzhi_server.storage import database
from gongzhi_server.storage.database import MIGRATION_LOCK

TABLES = "select tablename from pg_tables where schemaname=$1 order by 1"
REFERRING = """
select distinct conrelid::regclass::text from pg_constraint c join pg_class t on t.oid=c.conrelid
where c.contype='f' and t.relnamespace<>$1::regnamespace
and (select relnamespace from pg_class where oid=c.confrelid)=$1::regnamespace
"""


async def remove_plugin(
    dsn: str, name: str, folder: Path, agreed: Callable[[Mapping[str, int]], bool]
) -> list[Path] | None:
    """Drop a plugin's tables and forget its migrations, and where its handlers stand and what jobs of it wait.

    Gives back the CSV files that its rows are in now, one a table.

    `agreed` is asked with the number of rows of each table. If it says no, nothing happens and None comes back.
    Raises Problem for a name that owns nothing here, and where other tables refer to these.
    """
    if not NAME.fullmatch(name) or name in TAKEN:
        raise Problem(f"{name!r} is no plugin, so it cannot be removed")
    async with database.connect_database(dsn) as connection, connection.transaction():
        # The same lock as migrations take, so that no starting server makes the tables anew meanwhile.
        await connection.execute("select pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        tables = await lock_tables(connection, name)
        rows = {table: await connection.fetchval(f'select count(*) from {name}."{table}"') for table in tables}
        if not agreed(rows):
            return None
        files = [await export_table(connection, name, table, folder) for table in tables]
        # All in one transaction: if a file cannot be written, nothing
        # is dropped. The name was checked, so it may stand in SQL.
        await connection.execute(f"drop schema {name} cascade")
        await connection.execute("delete from tortoise_migrations where app=$1", name)
        await connection.execute("delete from events.consumer where starts_with(name, $1)", f"{name}.")
        await connection.execute("delete from events.job where starts_with(name, $1)", f"{name}.")
        return files


async def lock_tables(connection: asyncpg.Connection, name: str) -> list[str]:
    """Lock the plugin's tables against writing and return their names."""
    if not await connection.fetchval("select count(*) from pg_namespace where nspname=$1", name):
        raise Problem(f"there are no tables of a plugin {name!r}")
    if referring := [table for (table,) in await connection.fetch(REFERRING, name)]:
        raise Problem(f"tables elsewhere refer to those of {name!r}: {', '.join(referring)}; remove them first")
    tables = [table for (table,) in await connection.fetch(TABLES, name)]
    # Share mode still lets others read; what is counted is what is exported.
    for table in tables:
        await connection.execute(f'lock table {name}."{table}" in share mode')
    return tables


async def export_table(connection: asyncpg.Connection, name: str, table: str, folder: Path) -> Path:
    """Write a table as CSV with a header. Only the owner of the folder may read it: it may be personal data."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{name}.{table}.csv"
    await connection.copy_from_table(table, schema_name=name, output=file, format="csv", header=True)
    return file
