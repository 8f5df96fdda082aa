"""Finding plugins, leaving them out, and what an operator types."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from gongzhi_server import cli
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.loader import load_plugins
from gongzhi_server.storage import database
from gongzhi_server.testing import create_database, drop_database
from typer.testing import CliRunner

from .conftest import Market
from .test_tables import MODELS, TABLES

WEIGHT = """
@hookimpl
def graphql():
    weight = expression("Its weight (重量).", lambda at: Sql("1"), type="int | None", requires=None)
    return [extend(Case, weight=weight)]
"""
PLAIN = "@hookimpl\ndef permissions(): return [Permission('{0}.view', 'See it (查看).', frozenset({{'auditor'}}))]"


def test_plugins_come_by_name(market: Market) -> None:
    for name in ("pears", "apples", "figs"):
        market.ship(name, PLAIN.format(name))
    found = market.load()
    assert [plugin.name for plugin in found.found] == ["apples", "figs", "pears"]
    mine = [one.name for one in found.permissions if one.name.endswith("s.view")]
    assert mine[-3:] == ["apples.view", "figs.view", "pears.view"]
    assert "figs.view" in found.held("auditor") and "figs.view" not in found.held("resident")


def test_broken_plugin_can_be_left_out(market: Market) -> None:
    market.ship("apples", PLAIN.format("apples"))
    market.ship("broken", "import nowhere_to_be_found")
    assert [plugin.name for plugin in load_plugins(["broken"], market.entries).found] == ["apples"]
    with pytest.raises(Problem, match="there is no plugin brocken to leave out"):
        load_plugins(["brocken"], market.entries)


def test_two_loads_share_nothing(market: Market) -> None:
    market.ship("apples", PLAIN.format("apples"))
    one, other = market.load(), market.load()
    assert one.manager is not other.manager and one.permissions == other.permissions


def test_module_may_have_the_name_of_a_hook(market: Market) -> None:
    """Once imported it takes the hook's place in the package; whoever loads plugins after that finds the hook."""
    source = "@hookimpl\ndef permissions():\n    from .permissions import VIEW\n    return [VIEW]"
    module = "from gongzhi.plugin.permissions import Permission\n"
    module += "VIEW = Permission('apples.view', 'See (查看).', frozenset({'auditor'}))"
    market.ship("apples", source, permissions=module)
    for _ in range(2):
        assert "apples.view" in market.load().held("auditor")


def test_installed_plugins_bring_the_same_each_time() -> None:
    first, second = load_plugins(), load_plugins()
    assert first.registers == second.registers and first.choices == second.choices
    assert [one.type for one in first.registry] == [one.type for one in second.registry]


def test_hook_gives_a_list(market: Market) -> None:
    market.ship("apples", "class Choices: pass\n@hookimpl\ndef settings(): return Choices")
    with pytest.raises(Problem, match=r"settings\(\) gave the class Choices; it gives a list"):
        _ = market.load().choices


def test_type_may_be_text(market: Market) -> None:
    market.ship("apples", WEIGHT)
    assert 'weight: Int @from(plugin: "apples")' in market.schema().as_str()


@pytest.fixture
def deployed(
    market: Market, postgres: str, tables: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of a database with a vendor's table, which the command line works on."""
    market.ship("paths", TABLES, models=MODELS, migrations____init__="")
    name = f"deployed_{uuid4().hex}"
    dsn = asyncio.run(create_database(postgres, name, tables))
    for variable, value in (
        ("DATABASE_URL", dsn),
        ("GONGZHI_DATA", tmp_path / "data"),
        ("GONGZHI_MODE", "development"),
    ):
        monkeypatch.setenv(variable, str(value))
    asyncio.run(database.write_migrations(dsn, "paths", market.load().apps))
    asyncio.run(database.migrate_apps(dsn, market.load().apps))
    yield dsn
    asyncio.run(drop_database(postgres, name))


async def count_tables(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval("select count(*) from pg_tables where schemaname='paths'")
    finally:
        await connection.close()


def test_removal_asks_first(deployed: str, tmp_path: Path) -> None:
    refused = CliRunner().invoke(cli.app, ["plugin", "remove", "paths"], input="n\n")
    assert refused.exit_code == 0 and "paths.path: 0 rows\n" in refused.output and "Nothing was done." in refused.output
    assert asyncio.run(count_tables(deployed)) == 1
    done = CliRunner().invoke(cli.app, ["plugin", "remove", "paths", "--yes"])
    assert done.exit_code == 0, done.output
    [file] = (tmp_path / "data" / "removed").glob("paths-*/paths.path.csv")
    assert str(file) in done.output and asyncio.run(count_tables(deployed)) == 0


def test_new_plugin_is_written(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["plugin", "new", "roads", "--into", str(tmp_path)])
    assert done.exit_code == 0 and (tmp_path / "gongzhi-roads" / "gongzhi_roads" / "__init__.py").exists()
