"""A plugin's own tables: written as migrations, made beside the core's, taken away again."""

from __future__ import annotations

import asyncio
import csv
import importlib
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import asyncpg
import pytest
from gongzhi.plugin.built_in import FLOOR
from gongzhi_server.deployment.plugin_removal import remove_plugin
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.loader import load_plugins
from gongzhi_server.storage import database
from gongzhi_server.testing import ESSENTIAL

from .conftest import Market
from .test_scaffold import path

TABLES = """
@hookimpl
def tables():
    return [App("paths", "gongzhi_paths.models", "gongzhi_paths.migrations")]
"""
MODELS = """
from typing import Any
from gongzhi.declare.columns import Located, primary_key
from tortoise import fields

class PathRow(Located):
    id = primary_key()
    name = fields.CharField(max_length=40)
    person: Any = fields.ForeignKeyField("people.PersonRow", related_name=False, on_delete=fields.RESTRICT)

    class Meta:
        schema = "paths"
        table = "path"
"""
GIVEN = "id = fields.BigIntField(primary_key=True, generated=False)"
LOCATED = """
from tortoise import migrations
from tortoise.migrations import operations as ops
from gongzhi.declare.located import levels, locate

class Migration(migrations.Migration):
    dependencies = [("paths", "0001_initial")]
    operations = [ops.RunSQL([*locate("paths.path"), *levels("paths.path", "name", "id")])]
"""


@pytest.fixture
def paths(market: Market) -> Market:
    """A vendor with one located table and no migration yet."""
    market.ship("paths", TABLES, models=MODELS, migrations____init__="")
    return market


async def written_migration(market: Market, dsn: str) -> str:
    [path] = await database.write_migrations(dsn, "paths", market.load().apps)
    importlib.invalidate_caches()
    return Path(path).read_text(encoding="utf-8")


async def test_migration_is_its_own(paths: Market, bare: str) -> None:
    """Another plugin lacks migrations too; nothing of it gets into these."""
    source = MODELS.replace("paths", "roads").replace("Path", "Road").replace('"path"', '"road"')
    paths.ship("roads", TABLES.replace("paths", "roads"), models=source, migrations____init__="")
    text = await written_migration(paths, bare)
    assert "ops.CreateSchema(schema_name='paths')" in text and "roads" not in text
    assert f"dependencies = [('grids', '{FLOOR['grids']}'), ('people', '{FLOOR['people']}')]" in text
    assert await database.write_migrations(bare, "paths", paths.load().apps) == []


async def test_no_room_lacks_a_migration(bare: str) -> None:
    """What is in the tree is written down, so that what somebody changes next is all that is written."""
    assert [one.as_string() for one in await database.detect_changes(bare, load_plugins().apps)] == []


async def test_given_key_stays_given(paths: Market, bare: str) -> None:
    """A key of numbers that the plugin gives itself: what is written says so, and nothing is lacking then."""
    paths.write("gongzhi_paths/models.py", MODELS.replace("id = primary_key()", GIVEN))
    assert "fields.BigIntField(primary_key=True, generated=False" in await written_migration(paths, bare)
    assert await database.write_migrations(bare, "paths", paths.load().apps) == []


async def test_migration_needs_no_newer_core(paths: Market, bare: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once something has been released, what is written runs on the oldest contract that is supported."""
    monkeypatch.setattr(database, "FLOOR", {"people": "0001_initial", "units": "0001_initial"})
    text = await written_migration(paths, bare)
    assert "dependencies = [('grids', '0003_counties'), ('people', '0001_initial')]" in text


def test_oldest_contract_has_its_migrations() -> None:
    known = {app.label: app.migrations for app in ESSENTIAL.apps}
    for room, name in database.FLOOR.items():
        importlib.import_module(f"{known[room]}.{name}")


async def test_migration_of_nobody(paths: Market, bare: str) -> None:
    with pytest.raises(Problem, match="'roads' has no tables here; those who have are grids, .*paths"):
        await database.write_migrations(bare, "roads", paths.load().apps)


@pytest.mark.slow
async def test_eight_processes_migrate_at_once(paths: Market, bare: str, tmp_path: Path) -> None:
    """As when eight servers are started together, each a process of its own, over a database with nothing in it."""
    await written_migration(paths, bare)
    environ = os.environ | {
        "PYTHONPATH": path(paths.folder),
        "DATABASE_URL": bare,
        "GONGZHI_DATA": str(tmp_path / "data"),
        "GONGZHI_MODE": "development",
    }
    command = (sys.executable, "-m", "gongzhi_server", "migrate")
    started = [await asyncio.create_subprocess_exec(*command, env=environ, stderr=PIPE) for _ in range(8)]
    ended = await asyncio.gather(*(one.communicate() for one in started))
    assert [one.returncode for one in started] == [0] * 8, b"".join(said for _, said in ended).decode()
    connection = await asyncpg.connect(bare)
    applied = await connection.fetch("select app, name from tortoise_migrations")
    assert len(applied) == len(set(applied)) > 25 and ("paths", "0001_initial") in [tuple(one) for one in applied]
    await connection.close()


async def test_eight_migrate_at_once(paths: Market, bare: str) -> None:
    await written_migration(paths, bare)
    paths.write("gongzhi_paths/migrations/0002_located.py", LOCATED)
    apps = paths.load().apps
    await asyncio.gather(*(database.migrate_apps(bare, apps) for _ in range(8)))
    connection = await asyncpg.connect(bare)
    applied = await connection.fetch("select name from tortoise_migrations where app='paths' order by name")
    assert [name for (name,) in applied] == ["0001_initial", "0002_located"]
    made = "select count(*) from pg_trigger where tgrelid='paths.path'::regclass and tgname='locate'"
    triggers = await connection.fetchval(made)
    indexes = await connection.fetchval("select count(*) from pg_indexes where schemaname='paths'")
    assert (triggers, indexes) == (1, 7)
    await connection.close()


async def test_failing_migration_is_named(paths: Market, empty: str) -> None:
    await written_migration(paths, empty)
    paths.write("gongzhi_paths/migrations/0002_located.py", LOCATED.replace("*locate(", "'create tabel x', *locate("))
    with pytest.raises(Problem, match="^migration paths.0002_located failed and was taken back: .*tabel"):
        await database.migrate_apps(empty, paths.load().apps)
    connection = await asyncpg.connect(empty)
    assert await connection.fetchval("select count(*) from pg_indexes where schemaname='paths'") == 1
    await connection.close()


async def test_removal_writes_first(paths: Market, empty: str, tmp_path: Path) -> None:
    await written_migration(paths, empty)
    await database.migrate_apps(empty, paths.load().apps)
    connection = await asyncpg.connect(empty)
    await connection.execute("alter table paths.path drop column person_id, drop column grid_id")
    await connection.execute("insert into paths.path (id, name) values (gen_random_uuid(), E'东,\"西\\n路')")

    said: list[dict[str, int]] = []
    assert await remove_plugin(empty, "paths", tmp_path / "kept", lambda rows: bool(said.append(dict(rows)))) is None
    assert said == [{"paths.path": 1}] and not (tmp_path / "kept").exists()
    assert await connection.fetchval("select count(*) from paths.path") == 1

    for handler in ("paths.follow", "paths_two.follow"):
        await connection.execute("insert into events.consumer (name, position) values ($1, 3)", handler)
    for statement in (
        "create schema trails", "create table trails.trail (path uuid references paths.path)",
        "insert into tortoise_migrations (app, name, applied_at) values ('trails', '0001_initial', now())",
        "insert into events.consumer (name, position) values ('trail.follow', 3)",
    ):  # fmt: skip
        await connection.execute(statement)
    with pytest.raises(Problem, match="tables elsewhere refer to those of 'paths': trails.trail"):
        await remove_plugin(empty, "paths", tmp_path / "kept", lambda rows: True)
    labels = {"paths", "trails"}
    file, other = (
        await remove_plugin(empty, "paths", tmp_path / "kept", lambda rows: True, labels=labels, prefixes={"trail"})
        or []
    )
    assert other.name == "trails.trail.csv"
    with file.open(encoding="utf-8", newline="") as rows:
        assert [row["name"] for row in csv.DictReader(rows)] == ['东,"西\n路']
    assert file.parent.stat().st_mode & 0o077 == 0
    assert await connection.fetchval("select count(*) from pg_namespace where nspname in ('paths', 'trails')") == 0
    assert await connection.fetchval("select count(*) from tortoise_migrations where app in ('paths', 'trails')") == 0
    left = await connection.fetchval(
        "select array_agg(name) from events.consumer where name similar to '(path|trail)%'"
    )
    assert left == ["paths_two.follow"]  # installed again, it begins with what happens then
    await connection.close()

    await database.migrate_apps(
        empty, paths.load().apps
    )  # installed still: made anew, which the migrations' records allow
    with pytest.raises(Problem, match="'people' is no plugin"):
        await remove_plugin(empty, "people", tmp_path, lambda rows: True)
    with pytest.raises(Problem, match="there are no tables of a plugin 'roads'"):
        await remove_plugin(empty, "roads", tmp_path, lambda rows: True)


async def test_removal_keeps_what_others_need(paths: Market, empty: str, tmp_path: Path) -> None:
    await written_migration(paths, empty)
    await database.migrate_apps(empty, paths.load().apps)
    connection = await asyncpg.connect(empty)
    await connection.execute("create table public.sign (path uuid references paths.path)")
    await connection.close()
    with pytest.raises(Problem, match="tables elsewhere refer to those of 'paths': sign; remove them first"):
        await remove_plugin(empty, "paths", tmp_path, lambda rows: True)
