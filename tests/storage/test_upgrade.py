"""A database of the last release comes up with this one, with the tables that an empty one gets."""

from __future__ import annotations

import lzma
import re
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from gongzhi.plugin.built_in import FLOOR
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.storage.database import migrate_apps
from gongzhi_server.testing import ESSENTIAL, create_database, drop_database

RELEASES = sorted(Path(__file__).parent.glob("tables-*.sql.xz"))
"""The tables and defaults of each release by its own `gongzhi migrate`, of an empty database with all plugins: nobody's
data are in it. `pg_dump --inserts --no-owner --no-privileges --no-comments`, without the lines of psql's commands."""

# Partitions by month, and the names of what stands on them, are those of the day somebody migrated.
MONTHLY = r"outbox_\d{4}_\d\d"
# What was dumped has its casts of lists element by element: `ARRAY[('A'::character varying)::text]`.
CASTS = re.compile(r"::(character varying|text)(\[\])?|[()]")
CATALOGUE = {
    "column": "select format('%s.%s.%s %s %s %s', table_schema, table_name, column_name, data_type, is_nullable, "
    "column_default) from information_schema.columns",
    "index": "select indexdef from pg_indexes",
    "constraint": "select format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) "
    "from pg_constraint where conrelid > 0",
    "function": "select pg_get_functiondef(p.oid) from pg_proc p join pg_namespace n on n.oid=pronamespace "
    "where prokind='f' and nspname not in ('pg_catalog', 'information_schema')",
    "trigger": "select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal",
    "extension": "select extname from pg_extension",
    "migration": "select format('%s.%s', app, name) from public.tortoise_migrations",
}


async def describe_tables(dsn: str) -> set[tuple[str, str]]:
    connection = await asyncpg.connect(dsn)
    try:
        found = {(kind, text) for kind, query in CATALOGUE.items() for (text,) in await connection.fetch(query)}
        months = {
            text for (text,) in await connection.fetch("select relname from pg_class where relname ~ $1", MONTHLY)
        }
    finally:
        await connection.close()
    return {(kind, CASTS.sub("", text)) for kind, text in found if not any(month in text for month in months)}


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
async def test_tables_of_a_release_become_those_of_today(
    postgres: str, all_tables: str, plugins: Plugins, release: Path
) -> None:
    name = f"upgraded_{uuid4().hex}"
    dsn = await create_database(postgres, name)
    connection = await asyncpg.connect(dsn)
    await connection.execute(lzma.decompress(release.read_bytes()).decode())
    await connection.close()

    await migrate_apps(dsn, plugins.apps)
    upgraded = await describe_tables(dsn)
    await drop_database(postgres, name)
    fresh = await describe_tables(await create_database(postgres, f"{name}_fresh", all_tables))
    await drop_database(postgres, f"{name}_fresh")
    assert (upgraded - fresh, fresh - upgraded) == (set(), set())


def test_floor_names_each_package_of_the_core() -> None:
    """A vendor's migrations depend on what the oldest supported contract has; a package left out would not be held."""
    assert set(FLOOR) == {app.label for app in ESSENTIAL.apps if app.migrations.startswith("gongzhi.core.")}
