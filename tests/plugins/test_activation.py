"""A county switches a plugin off: its fields are null there and its mutations refuse; its data stay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from gongzhi_server.testing import Clock, Server, serving

from .conftest import Market

STAMPS = '''
import strawberry
from strawberry import ID
from gongzhi.commands import KEY, Problem, command, given, made, problems
from gongzhi.entity import key_of, ref
from gongzhi.people.models import HouseholdRow


@batch(needs=("number",), requires=None)
def stamp_in_python(rows: list, info: object) -> list[str | None]:
    """A stamp (印章)."""
    return [row.number for row in rows]


@strawberry.input(description="A stamp (盖章).")
class StampHouseholdInput:
    idempotency_key: str = given(KEY)
    household: ID = given("The household (户).")


@strawberry.type(description="What came of it (结果).")
class StampHouseholdPayload:
    household: Household | None = made("The household (户).")
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
SWITCH = "activation { plugin active county { code } until }"
STAMP = "{ households(first: 1) { nodes { id number stamp stampInPython } } }"
HISTORY = "{ pluginActivations { nodes { active since until } } }"


@pytest_asyncio.fixture
async def stamps(market: Market, filled: str, tmp_path: Path) -> AsyncIterator[Server]:
    market.ship("stamps", STAMPS)
    async with serving(filled, tmp_path, Clock(), plugins=market.load()) as server:
        yield server


async def switch(server: Server, active: bool, **given: str) -> dict:
    given = {"plugin": "stamps", "county": "610921", **given}
    return await server.as_("administrator").do("setPluginActivation", SWITCH, active=active, **given)


async def stamped(server: Server) -> tuple[dict, dict]:
    """A household, and what stamping it gives."""
    worker = server.as_("grid_worker")
    household = (await worker.ask(STAMP)).data["households"]["nodes"][0]
    return household, await worker.do("stampHousehold", "household { number }", household=household["id"])


async def test_plugin_is_on_at_first(stamps: Server) -> None:
    household, payload = await stamped(stamps)
    assert household["stamp"] == household["stampInPython"] == household["number"]
    assert payload == {"household": {"number": household["number"]}, "errors": []}


async def test_plugin_is_off_in_its_county(stamps: Server) -> None:
    payload = await switch(stamps, False)
    assert payload["activation"] == {"plugin": "stamps", "active": False, "county": {"code": "610921"}, "until": None}
    household, refused = await stamped(stamps)
    assert (household["stamp"], household["stampInPython"]) == (None, None)
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [("PLUGIN_INACTIVE", ["household"])]

    stamps.clock.move(hours=1)
    await switch(stamps, True)
    household, payload = await stamped(stamps)
    assert household["stamp"] == household["number"] and payload["errors"] == []
    history = (await stamps.as_("auditor").ask(HISTORY)).data["pluginActivations"]["nodes"]
    assert [(one["active"], one["until"]) for one in history] == [(True, None), (False, history[0]["since"])]


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
    await switch(stamps, False)
    await switch(stamps, False)
    assert len((await stamps.as_("auditor").ask(HISTORY)).data["pluginActivations"]["nodes"]) == 1
