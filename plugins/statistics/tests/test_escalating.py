"""A case that one level cannot settle goes up to the next, and is counted where it was settled in the end."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from gongzhi_server.testing import Server, codes_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNTY = "610921"
MATTER = {
    "kind": "HELP",
    "channel": "MINI_APP",
    "category": "utilities.electricity",
    "title": "停电",
    "description": "d",
}
PLACE = {"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"}
CASE = "case { number status version raisedTo settledLevel grid { code } }"


async def raised(caller: Server, number: str, version: int) -> Any:
    return await caller.do("escalateCase", CASE, number=number, expectedVersion=version, reason="本级无法解决")


async def test_up_to_the_county(shared_server: Server) -> None:
    server = shared_server
    case = (await server.do("reportCase", CASE, **MATTER, place=PLACE))["case"]
    number, grid = case["number"], case["grid"]["code"]
    worker = server.as_("grid_worker", grid=grid)
    first = await raised(worker, number, 1)
    assert first["errors"] == [] and first["case"]["raisedTo"] == "VILLAGE" and first["case"]["status"] == "REPORTED"
    stranger = server.as_("grid_worker", grid="610921110")
    assert codes_of((await raised(stranger, number, 2))["errors"]) == ["NOT_FOUND"]
    town = server.as_("town_dispatcher", grid=grid[:9])
    assert (await raised(town, number, 2))["case"]["raisedTo"] == "TOWN"
    told = await town.ask("{ me { notices(first: 5) { nodes { kind } } } }")
    assert "case.level_raised" in [one["kind"] for one in told.data["me"]["notices"]["nodes"]]
    assert codes_of((await raised(town, number, 1))["errors"]) == ["STALE_VERSION"]
    assert (await raised(town, number, 3))["case"]["raisedTo"] == "COUNTY"
    assert codes_of((await raised(town, number, 4))["errors"]) == ["TOP_LEVEL"]
    steps = (await town.ask("query($n: String!) { case(number: $n) { timeline { type data } } }", n=number)).data
    levels = [one["data"] for one in steps["case"]["timeline"] if one["type"] == "case.level_raised"]
    assert [(one["from"], one["to"]) for one in levels] == [
        ("GRID", "VILLAGE"), ("VILLAGE", "TOWN"), ("TOWN", "COUNTY"),
    ]  # fmt: skip


async def test_settled_where_it_was_raised_to(shared_server: Server) -> None:
    server = shared_server
    case = (await server.do("reportCase", CASE, **MATTER, place=PLACE))["case"]
    leader = server.as_("grid_leader", grid=case["grid"]["code"][:12])
    await raised(leader, case["number"], 1)
    settled = await leader.do(
        "handleInGrid",
        CASE,
        number=case["number"],
        expectedVersion=2,
        text="村里调解解决。",
        idempotencyKey=str(uuid4()),
    )
    assert settled["case"]["settledLevel"] == "VILLAGE"
    again = await raised(leader, case["number"], 3)
    assert codes_of(again["errors"]) == ["ILLEGAL_TRANSITION"]
