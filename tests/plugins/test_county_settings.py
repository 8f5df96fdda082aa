"""County settings: declared by a plugin, chosen by each county, read in commands and in planned fields."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from gongzhi.plugin.settings import CountySetting
from gongzhi.values.errors import Refusal
from gongzhi_server import cli
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.choices import read_choices
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import Server, serve_application
from typer.testing import CliRunner

from .conftest import Market
from .test_activation import NEIGHBOUR
from .test_reference import PAGE

ROUNDS = """
import strawberry
from strawberry import ID
from gongzhi.declare.entity import key_of
from gongzhi.plugin.permissions import permission
from gongzhi.plugin.roles import ADMINISTRATOR
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.commands import KEY, Problem, command, input_field, problems, result_field

WEEKS = CountySetting("rounds.weeks", "Weeks between two rounds (间隔周数).", 2, "rounds.plan", least=1, most=8)
SUNDAYS = CountySetting("rounds.sundays", "Whether on Sundays, too (周日是否清运).", False, "rounds.plan")
WORD = CountySetting("rounds.word", "What's called out (吆喝). {}", "收垃圾", "rounds.plan")


@strawberry.input(description="A household (户).")
class PlanRoundInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field("The household (户).")


@strawberry.type(description="What came of it (结果).")
class PlanRoundPayload:
    said: str | None = result_field("What holds (结果).")
    errors: list[Problem] = problems()


@command("Plan a round (排班).", requires=None)
async def plan_round(call, input: PlanRoundInput) -> PlanRoundPayload:
    row = await call.find(Household, "household", id=key_of(Household)(input.household))
    found = [await one.read(call, row.county_id) for one in (WEEKS, SUNDAYS, WORD)]
    return PlanRoundPayload(said=repr(found))


@hookimpl
def permissions():
    return [permission("rounds.plan", "Plan rounds (排班)", ADMINISTRATOR)]


@hookimpl
def settings():
    return [WEEKS, SUNDAYS, WORD]


@hookimpl
def graphql():
    def field(setting, kind):
        return expression("It (它).", lambda at: setting.sql(at.row.county_id), type=kind, requires=None)

    return [
        extend(
            Household, weeks=field(WEEKS, int | None), sundays=field(SUNDAYS, bool | None), word=field(WORD, str | None)
        ),
        extend(Mutation, plan_round=plan_round),
    ]
"""
SETTINGS = "{ grid(code: %s) { settings { name label value standard options since permission } } }"
CHOOSE = "county { settings { name value } }"
HOME = "{ households(first: 1) { nodes { id weeks sundays word } } }"


pytestmark = pytest.mark.together


@pytest.fixture(scope="module")
def served_plugins(common_market: Market) -> Plugins:
    common_market.ship("rounds", ROUNDS)
    return common_market.load()


async def choose(server: Server, setting: str, value: str | None, county: str = "610921") -> dict[str, Any]:
    given = {"setting": f"rounds.{setting}", "county": county, "value": value}
    return dict(await server.as_("administrator").do("setCountySetting", CHOOSE, **given))


async def home(server: Server) -> tuple[list[Any], str]:
    """What fields of a household say, and what a command reads."""
    worker = server.as_("grid_worker")
    [found] = (await worker.ask(HOME)).data["households"]["nodes"]
    done = await worker.do("planRound", "said errors { code }", household=found["id"])
    return [found["weeks"], found["sundays"], found["word"]], done["said"]


async def known(server: Server, county: str = "610921") -> dict[str, dict[str, Any]]:
    found = (await server.ask(SETTINGS % f'"{county}"')).data["grid"]["settings"]
    return {one.pop("name"): one for one in found}


@pytest.mark.alone
async def test_counties_choose(server: Server, filled: str) -> None:
    """The default holds until a county decides otherwise, there alone, from then on; without a value it holds again."""
    connection = await asyncpg.connect(filled)
    await connection.execute(NEIGHBOUR)
    assert await home(server) == ([2, False, "收垃圾"], "[2, False, '收垃圾']")
    for setting, value in (("weeks", "3"), ("sundays", "true"), ("word", "it's {time}")):
        assert (await choose(server, setting, value))["errors"] == []
    assert await home(server) == ([3, True, "it's {time}"], '[3, True, "it\'s {time}"]')
    assert (await known(server))["rounds.weeks"] == {
        "label": "间隔周数",
        "value": "3",
        "standard": "2",
        "options": ["1", "8"],
        "since": server.clock().isoformat(),
        "permission": "rounds.plan",
    }
    assert (await known(server, "610922"))["rounds.weeks"]["value"] == "2"
    server.clock.move(hours=1)
    await choose(server, "weeks", None)
    assert (await home(server))[0][0] == 2
    kept = await connection.fetch("select value, until is null as holds, account from plugins.setting order by name")
    assert [tuple(one) for one in kept if one["value"] == "3"] == [("3", False, "administrator")]
    told = await connection.fetch("select data from events.outbox where type = 'plugins.setting_changed'")
    assert len(told) == 4
    await connection.close()


@pytest.mark.alone
async def test_choosing_twice_changes_nothing(server: Server, filled: str) -> None:
    for _ in range(2):
        await choose(server, "weeks", "3")
    connection = await asyncpg.connect(filled)
    assert await connection.fetchval("select count(*) from plugins.setting") == 1
    await connection.close()


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"name": "nothing"}, "NOT_FOUND", "setting"),
        ({"value": "9"}, "BAD_USER_INPUT", "value"),
        ({"value": "0"}, "BAD_USER_INPUT", "value"),
        ({"value": "-1"}, "BAD_USER_INPUT", "value"),
        ({"value": "1" * 5_000}, "BAD_USER_INPUT", "value"),
        ({"name": "sundays", "value": "yes"}, "BAD_USER_INPUT", "value"),
        ({"name": "word", "value": " "}, "BAD_USER_INPUT", "value"),
        ({"county": "610921100"}, "BAD_USER_INPUT", "county"),
    ],
)
async def test_what_cannot_be_chosen(server: Server, given: dict[str, str], code: str, path: str) -> None:
    payload = await choose(server, given.get("name", "weeks"), given.get("value", "3"), given.get("county", "610921"))
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [(code, [path])]
    assert (await known(server))["rounds.weeks"]["value"] == "2"


async def test_who_may_not_choose(server: Server) -> None:
    given = {"setting": "rounds.weeks", "county": "610921", "value": "3"}
    refused = await server.as_("grid_worker").do("setCountySetting", CHOOSE, **given)
    assert [(one["code"], one["path"]) for one in refused["errors"]] == [("FORBIDDEN", ["county"])]


async def test_choices_are_among_some() -> None:
    setting = CountySetting("a.b", "How (方式).", "TEXT", "a.c", choices=("TEXT", "CALL"))
    assert setting.parse("CALL") == "CALL"
    with pytest.raises(Refusal, match="TEXT, CALL"):
        setting.parse("MAIL")


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ('("other.weeks", "It (它).", 2, "rounds.plan", 1, 8)', "must begin with 'rounds.'"),
        ('("rounds.weeks", "It (它).", 2, "rounds.nothing", 1, 8)', "which is no permission"),
        ('("rounds.weeks", "It (它).", 9, "rounds.plan", 1, 8)', "does not take its own default"),
        ('("rounds.weeks", "It.", 2, "rounds.plan", 1, 8)', "no label"),
        ('("rounds.sundays", "It (它).", 2, "rounds.plan", 1, 8)', "two county settings are called"),
    ],
)
def test_declarations_that_cannot_work(market: Market, declared: str, told: str) -> None:
    before, _, after = ROUNDS.partition("WEEKS = CountySetting(")
    market.ship("rounds", f"{before}WEEKS = CountySetting{declared}\n{after.partition(chr(10))[2]}")
    with pytest.raises(Problem, match=told):
        _ = market.load().county_settings


@pytest.mark.alone
@pytest.mark.usefixtures("served_plugins")
async def test_console_chooses(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds what is installed, so what the file has shipped."""
    for name, text in (("DATABASE_URL", database), ("GONGZHI_DATA", str(tmp_path)), ("GONGZHI_MODE", "development")):
        monkeypatch.setenv(name, text)

    async def say(*words: str) -> tuple[int, str]:
        done = await asyncio.to_thread(CliRunner().invoke, cli.app, ["plugin", "set", *words])
        return done.exit_code, done.stdout or str(done.exception)

    assert await say("rounds.weeks", "4", "--county", "610921") == (0, "rounds.weeks is 4 in 1 county.\n")
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("select value from plugins.setting where until is null") == "4"
    assert await connection.fetchval("select count(*) from events.outbox where type = 'plugins.setting_changed'") == 1
    assert await say("rounds.weeks") == (0, "rounds.weeks is what the plugin says in 1 county.\n")
    assert await connection.fetchval("select count(*) from plugins.setting where until is null") == 0
    acts = await connection.fetch("select account, objects from access.act where mutation = 'setCountySetting'")
    county = await connection.fetchval("select id from grids.grid where code = '610921'")
    assert [tuple(one) for one in acts] == [("system:core", [f"Grid:{county}"])] * 2, "the audit has both choices"
    await connection.close()
    for words, told in (
        (("rounds.weeks", "9"), "rounds.weeks must be: 1, 8."),
        (("rounds.months", "9"), "there is no county setting 'rounds.months'"),
        (("rounds.weeks", "3", "--county", "110101"), "there is no county 110101"),
    ):
        code, said = await say(*words)
        assert code == 1 and told in said


ASKED = "{ households(first: 1) { nodes { weeks } } }"
RUBBISH = """
from dataclasses import dataclass
from gongzhi.plugin.permissions import permission
from gongzhi.plugin.roles import ADMINISTRATOR
from gongzhi.plugin.settings import setting
{examples}

@hookimpl
def permissions():
    return [permission("rubbish.plan", "Plan rounds (排班)", ADMINISTRATOR)]


@hookimpl
def graphql():
    return [extend(Household, weeks=weeks)]
"""


@pytest.mark.alone
async def test_examples_of_the_reference_work(
    market: Market, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the operator chose is read at the start, what the county chooses while the server runs."""
    [operators] = re.findall(r"```python setting\n(.*?)```", PAGE, re.DOTALL)
    [counties] = re.findall(r"```python county setting\n(.*?)```", PAGE, re.DOTALL)
    market.ship("rubbish", RUBBISH.replace("{examples}", operators + counties))
    given = {"GONGZHI_RUBBISH_STATION": "http://station.example/", "GONGZHI_RUBBISH_TOKEN": "a token of the station's"}
    for name, value in given.items():
        with pytest.raises(Problem, match=name):
            read_choices(market.load(), os.environ, tmp_path)
        monkeypatch.setenv(name, value)
    async with serve_application(filled, tmp_path, plugins=market.load()) as server:
        worker = server.as_("grid_worker", grid="610921")
        assert (await worker.ask(ASKED)).data["households"]["nodes"] == [{"weeks": 2}]
        await server.as_("administrator").do(
            "setCountySetting", CHOOSE, setting="rubbish.weeks", county="610921", value="3"
        )
        assert (await worker.ask(ASKED)).data["households"]["nodes"] == [{"weeks": 3}]
