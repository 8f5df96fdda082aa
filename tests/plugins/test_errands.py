"""What plugins do for operators: `gongzhi PLUGIN NAME`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from gongzhi_server import cli
from gongzhi_server.errors import Problem
from gongzhi_server.testing import create_database, drop_database
from typer.testing import CliRunner

from .conftest import Market

GREETER = """
from typing import Annotated

import typer
from gongzhi.plugin.hooks import Errand
from gongzhi.core.units.models import UnitRow


async def hello(call, name: Annotated[str, typer.Argument()], code: Annotated[int, typer.Option()] = 0) -> int:
    "Greet somebody (问候)."
    await call.fetch("create schema if not exists greeter")
    await call.fetch("create table if not exists greeter.greeted (name text)")
    await call.fetch("insert into greeter.greeted values ($1)", name)
    print(f"hello {name}, {await UnitRow.all().count()} units, as {call.viewer.account.name}")
    return code


def weigh(settings, twice: Annotated[bool, typer.Option()] = False) -> int:
    "Weigh (称重)."
    print("weighed", sorted(settings.get("greeter", {})), twice)
    return 2 if twice else 0


@hookimpl
def errands():
    return [Errand("hello", hello), Errand("weigh", weigh, group="scales")]
"""


def test_errand_runs_in_one_transaction(
    market: Market, postgres: str, all_tables: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the plugin who acts; what it wrote is kept, unless it says that something is wrong."""
    market.ship("greeter", GREETER)
    name = f"errand_{uuid4().hex}"
    dsn = asyncio.run(create_database(postgres, name, all_tables))
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setenv("GONGZHI_MODE", "development")
    monkeypatch.setenv("GONGZHI_DATA", str(tmp_path))
    try:
        done = CliRunner().invoke(cli.app, ["greeter", "hello", "world"])
        assert (done.exit_code, done.stdout) == (0, "hello world, 0 units, as system:greeter\n")
        refused = CliRunner().invoke(cli.app, ["greeter", "hello", "moon", "--code", "3"])
        assert refused.exit_code == 3
        assert asyncio.run(greeted(dsn)) == ["world"]
        assert "Greet somebody" in CliRunner().invoke(cli.app, ["greeter", "--help"]).stdout
    finally:
        asyncio.run(drop_database(postgres, name))


def test_errand_may_need_no_database(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets what the operator chose, and goes by a word that operators know."""
    market.ship("greeter", GREETER)
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("GONGZHI_MODE", "development")
    done = CliRunner().invoke(cli.app, ["scales", "weigh"])
    assert (done.exit_code, done.stdout) == (0, "weighed [] False\n")
    assert CliRunner().invoke(cli.app, ["scales", "weigh", "--twice"]).exit_code == 2
    assert "weigh" not in CliRunner().invoke(cli.app, ["greeter", "--help"]).stdout


def test_group_is_nobody_elses(market: Market) -> None:
    market.ship("scales", "@hookimpl\ndef tables():\n    return []\n")
    market.ship("greeter", GREETER)
    with pytest.raises(Problem, match="the errand 'weigh' cannot be in the group 'scales'"):
        market.load()


def test_unknown_command_is_refused() -> None:
    done = CliRunner().invoke(cli.app, ["nobody"])
    assert done.exit_code == 2 and "No such command 'nobody'" in done.output


async def greeted(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        return [name for (name,) in await connection.fetch("select name from greeter.greeted")]
    finally:
        await connection.close()
