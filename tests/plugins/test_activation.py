"""Installed is not active: until a county switches a plugin on, nothing of it is there; off, its data stay."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from gongzhi_server import cli
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.storage import database
from gongzhi_server.testing import Clock, Server, serve_application
from typer.testing import CliRunner

from .conftest import Market

STAMPS = '''
import strawberry
from strawberry import ID
from gongzhi.runtime.commands import KEY, Problem, command, input_field, result_field, problems
from gongzhi.declare.entity import key_of, ref
from gongzhi.core.people.models import HouseholdRow


@batch(needs=("number",), requires=None)
def stamp_in_python(rows: list, info: object) -> list[str | None]:
    """A stamp (印章)."""
    return [row.number for row in rows]


@strawberry.input(description="A stamp (盖章).")
class StampHouseholdInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field("The household (户).")


@strawberry.type(description="What came of it (结果).")
class StampHouseholdPayload:
    household: Household | None = result_field("The household (户).")
    errors: list[Problem] = problems()


@command("Stamp a household (盖章).", requires=None)
async def stamp_household(call, input: StampHouseholdInput) -> StampHouseholdPayload:
    row = await call.find(Household, "household", id=key_of(Household)(input.household))
    return StampHouseholdPayload(household=ref(Household, row.id))


@hookimpl
def graphql():
    return [
        extend(
            Household,
            stamp=expression("A stamp (印章).", lambda at: at.row.number, type=str | None, requires=None),
            stamp_in_python=stamp_in_python,
        ),
        extend(Mutation, stamp_household=stamp_household),
    ]
'''
BINS = """
@hookimpl
def tables():
    return [App("bins", "gongzhi_bins.models", "gongzhi_bins.migrations")]


@hookimpl
def graphql():
    from gongzhi_bins.types import Bin

    binned = compare_condition(
        lambda at: Sql("exists(select from bins.bin b where b.household_id={0})", at.rows.field("id"))
    )
    return [
        extend(
            Household,
            filter={"binned": guard_comparison(binned, requires=None)},
            bins=many("Its bins (垃圾桶).", on="household", type=list[Bin] | None, requires=None),
        ),
        extend(
            Query,
            bins=connection("All bins (垃圾桶).", type=Connection[Bin] | None, requires=None),
            bin_word=expression("A word (词).", lambda at: Sql("'bin'"), type=str | None, requires=None),
        ),
    ]
"""
BIN_MODELS = """
from typing import Any
from gongzhi.declare.columns import primary_key
from tortoise import fields
from tortoise.models import Model

class BinRow(Model):
    id = primary_key()
    household: Any = fields.ForeignKeyField("people.HouseholdRow", related_name=False, on_delete=fields.RESTRICT)

    class Meta:
        schema = "bins"
        table = "bin"
"""
BIN_TYPES = '''
from gongzhi.declare.entity import Node, entity, visible_to_all, one
from gongzhi.core.people.types import Household
from .models import BinRow

@entity(BinRow, visible=visible_to_all, through="household")
class Bin(Node):
    """A bin (垃圾桶)."""

    household: Household | None = one("Whose (户).")
'''
BINNED = """query($id: ID!) {
    bins { totalCount nodes { id } } binWord
    households(filter: { binned: { equals: true } }) { totalCount nodes { bins { id } } }
    node(id: $id) { id }
}"""
NEIGHBOUR = """
insert into grids.grid (code, name, kind, use, parent_id, valid_from, version)
select '610922', '石泉县', 'COUNTY', use, parent_id, valid_from, 1 from grids.grid where code = '610921'
"""
SWITCH = "activation { plugin active county { code } until }"
STAMP = "{ households(first: 1) { nodes { id number stamp stampInPython } } }"
HISTORY = "{ pluginActivations { nodes { active since until } } }"


@pytest_asyncio.fixture
async def stamps(market: Market, filled: str, tmp_path: Path) -> AsyncIterator[Server]:
    market.ship("stamps", STAMPS)
    async with serve_application(filled, tmp_path, Clock(), plugins=market.load(), active=False) as server:
        yield server


async def switch(server: Server, active: bool, **given: str) -> dict:
    given = {"plugin": "stamps", "county": "610921", **given}
    return await server.as_("administrator").do("setPluginActivation", SWITCH, active=active, **given)


async def stamp_household(server: Server) -> tuple[dict, dict]:
    """A household, and what stamping it gives."""
    worker = server.as_("grid_worker")
    household = (await worker.ask(STAMP)).data["households"]["nodes"][0]
    return household, await worker.do("stampHousehold", "household { number }", household=household["id"])


async def test_installed_is_not_active(stamps: Server) -> None:
    household, refused = await stamp_household(stamps)
    assert (household["stamp"], household["stampInPython"]) == (None, None)
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [("PLUGIN_INACTIVE", [])]
    assert (await stamps.as_("auditor").ask("{ plugins { state } }")).data["plugins"] == [{"state": "INACTIVE"}]


async def test_county_switches_it_on_and_off(stamps: Server) -> None:
    payload = await switch(stamps, True)
    assert payload["activation"] == {"plugin": "stamps", "active": True, "county": {"code": "610921"}, "until": None}
    household, payload = await stamp_household(stamps)
    assert household["stamp"] == household["stampInPython"] == household["number"]
    assert payload == {"household": {"number": household["number"]}, "errors": []}

    stamps.clock.move(hours=1)
    await switch(stamps, False)
    household, payload = await stamp_household(stamps)
    assert household["stamp"] is None and payload["household"] is None
    history = (await stamps.as_("auditor").ask(HISTORY)).data["pluginActivations"]["nodes"]
    assert [(one["active"], one["until"]) for one in history] == [(False, None), (True, history[0]["since"])]


async def test_other_county_does_not_count(stamps: Server, filled: str) -> None:
    """On in one county, it refuses what lies in another, and whoever acts there."""
    connection = await asyncpg.connect(filled)
    await connection.execute(NEIGHBOUR)
    await connection.close()
    await switch(stamps, True, county="610922")
    household, refused = await stamp_household(stamps)
    assert household["stamp"] is None
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [("PLUGIN_INACTIVE", ["household"])]
    worker = stamps.as_("grid_worker", grid="610921")
    refused = await worker.do("stampHousehold", "household { number }", household=household["id"])
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [("PLUGIN_INACTIVE", [])]


async def test_its_rows_are_not_there(market: Market, filled: str, tmp_path: Path) -> None:
    """Rows of its own go with what they belong to: lists, totals, conditions, `node`, and fields of the root."""
    market.ship("bins", BINS, models=BIN_MODELS, types=BIN_TYPES, migrations____init__="")
    plugins = market.load()
    await database.write_migrations(filled, "bins", plugins.apps)
    importlib.invalidate_caches()
    await database.migrate_apps(filled, plugins.apps)
    connection = await asyncpg.connect(filled)
    key = await connection.fetchval(
        "insert into bins.bin (id, household_id) select uuidv7(), id from people.household limit 1 returning id"
    )
    await connection.close()
    async with serve_application(filled, tmp_path, plugins=plugins, active=False) as server:
        worker, id = server.as_("grid_worker"), f"Bin:{key}"
        assert (await worker.ask(BINNED, id=id)).data == {
            "bins": None,
            "binWord": None,
            "households": {"totalCount": 0, "nodes": []},
            "node": None,
        }
        assert await plugin_activation.switch_plugins(filled, ["bins"], server.clock()) == 1
        assert (await worker.ask(BINNED, id=id)).data == {
            "bins": {"totalCount": 1, "nodes": [{"id": id}]},
            "binWord": "bin",
            "households": {"totalCount": 1, "nodes": [{"bins": [{"id": id}]}]},
            "node": {"id": id},
        }


async def test_console_switches(market: Market, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    market.ship("stamps", STAMPS)
    for name, text in (("DATABASE_URL", filled), ("GONGZHI_DATA", str(tmp_path)), ("GONGZHI_MODE", "development")):
        monkeypatch.setenv(name, text)

    async def say(*words: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, cli.app, ["plugin", *words])
        lines = done.stdout.splitlines(keepends=True)
        mine = "".join(line for line in lines if "stamps" in line)  # others may be installed beside it
        return mine if done.exit_code == 0 else str(done.exception)

    assert await say("list") == "stamps  gongzhi-stamps 3.1  INACTIVE\n"
    assert await say("activate", "stamps", "--county", "610921") == "stamps is on in 1 more county.\n"
    assert await say("activate", "stamps") == "stamps was on already.\n"
    assert await say("list") == "stamps  gongzhi-stamps 3.1  ACTIVE\n"
    assert await say("deactivate", "stamps") == "stamps is off in 1 more county.\n"
    connection = await asyncpg.connect(filled)
    acts = await connection.fetch("select account, mutation, objects from access.act order by id")
    decided = await connection.fetch("select 'PluginActivation:' || id from plugins.activation where plugin = 'stamps'")
    await connection.close()
    assert {(one["account"], one["mutation"]) for one in acts} == {("console", "setPluginActivation")}
    assert sorted(one["objects"] for one in acts) == sorted([one] for (one,) in decided), "the audit has both decisions"
    assert "there is no plugin 'stamp'; there are " in await say("activate", "stamp")
    assert "there is no county 1" in await say("activate", "stamps", "--county", "1")


async def test_switching_refuses_nonsense(stamps: Server) -> None:
    for name, value in (("plugin", "nobody"), ("county", "610921100"), ("county", "1")):
        payload = await switch(stamps, False, **{name: value})
        assert payload["activation"] is None and payload["errors"][0]["path"] == [name]
    answer = await stamps.as_("grid_worker").ask(
        'mutation { setPluginActivation(input: { idempotencyKey: "a", plugin: "stamps", county: "610921",'
        " active: false }) { errors { code } } }"
    )
    assert answer.codes == ["FORBIDDEN"]


async def test_switching_twice_is_one_decision(stamps: Server) -> None:
    await switch(stamps, True)
    await switch(stamps, True)
    assert len((await stamps.as_("auditor").ask(HISTORY)).data["pluginActivations"]["nodes"]) == 1
