"""An emergency over HTTP: two people, named powers, an end by itself, and a report for everybody."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gongzhi.emergency.ending import FEW
from gongzhi_server.testing import Clock, serving

from .offices import COUNTY, POWER, TOWN, VILLAGE, WATER, Offices, refused

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROW = "emergency { id state startsAt endsAt version powers { code commands } previous { id } }"
REGISTER = """query($g: String!) { emergencies(filter: { grid: { within: $g } }, first: 50) {
  nodes { id state reason report marks { power command about } } } }"""
WHISTLE = "whistle { id state emergency { id } }"


def declared(clock: Clock, hours: float, **more: Any) -> dict[str, Any]:
    until = (clock() + timedelta(hours=hours)).isoformat()
    return {"powers": ["EMERGENCY_WHISTLE"], "reason": "暴雨红色预警", "until": until, **more}


async def register(caller: Any, grid: str) -> list[Any]:
    nodes: list[Any] = (await caller.ask(REGISTER, g=grid)).data["emergencies"]["nodes"]
    return nodes


async def test_emergency_story(offices: Offices, clock: Clock) -> None:
    """Declared by the town for itself, so somebody else confirms it; the village then needs no approval."""
    call = {"kind": "EMERGENCY", "matter": "山洪转移", "grid": VILLAGE, "units": [POWER]}
    made = (await offices.do(offices.town, "declareEmergency", ROW, grid=TOWN, **declared(clock, 2)))["emergency"]
    assert made["state"] == "PENDING"
    assert made["powers"] == [{"code": "EMERGENCY_WHISTLE", "commands": ["callWhistle"]}]
    assert await register(offices.server, TOWN) == []
    asked = await offices.do(offices.village, "callWhistle", WHISTLE, **call)
    assert asked["whistle"] == {**asked["whistle"], "state": "PENDING", "emergency": None}
    own = await offices.town.do("confirmEmergency", ROW, emergency=made["id"], confirm=True)
    assert refused(own) == [("FOUR_EYES", ["emergency"])]
    colleague = offices.server.as_("town_dispatcher", grid=TOWN, sub="a colleague")
    confirmed = await offices.do(colleague, "confirmEmergency", ROW, emergency=made["id"], confirm=True)
    assert confirmed["emergency"]["state"] == "ACTIVE"
    assert await offices.told(offices.town, "emergency.confirmed") == 1
    blown = (await offices.do(offices.village, "callWhistle", WHISTLE, **call))["whistle"]
    assert (blown["state"], blown["emergency"]) == ("CALLED", {"id": made["id"]})
    tough = await offices.do(offices.village, "callWhistle", WHISTLE, **{**call, "kind": "TOUGH"})
    assert tough["whistle"]["state"] == "PENDING"
    clock.move(hours=2)
    late = await offices.do(offices.village, "callWhistle", WHISTLE, **call)
    assert late["whistle"]["state"] == "PENDING"  # over, although nobody has noted it
    await offices.server.worker.drain()
    [entry] = await register(offices.server, TOWN)
    assert (entry["state"], entry["marks"]) == ("ENDED", [])
    assert entry["report"]["powers"] == [{"power": "EMERGENCY_WHISTLE", "command": "callWhistle", "count": 1}]
    happened = {one["type"]: one["count"] for one in entry["report"]["events"]}
    assert {"whistle.called", "emergency.confirmed"} <= happened.keys()  # other tests' are among them
    assert all(count is None or count >= FEW for count in happened.values())
    [marked] = [one for one in await register(offices.county, TOWN) if one["id"] == made["id"]]
    assert marked["marks"] == [{"power": "EMERGENCY_WHISTLE", "command": "callWhistle", "about": blown["id"]}]
    assert await offices.told(offices.town, "emergency.ended") == 1


async def test_direct_dispatch(offices: Offices, clock: Clock) -> None:
    """A case that was returned too often is the county's to designate, but for an emergency."""
    number = await offices.case(handling=False)
    version, leads = 3, (POWER, WATER)
    for lead, following in zip(leads, (WATER, None), strict=True):
        objection = await offices.do(
            offices.unit(lead), "objectToDispatch", "objection { id }",
            number=number, expectedVersion=version, grounds="非我单位",
        )  # fmt: skip
        ruling = {"objection": objection["objection"]["id"], "ruling": "UPHELD", "reason": "成立"}
        await offices.do(offices.county, "ruleOnObjection", "case { version }", **ruling)
        version += 1
        if following:
            given = {"number": number, "expectedVersion": version, "leadUnit": following}
            await offices.do(offices.town, "dispatchCase", "case { version }", **given)
            version += 1
    given = {"number": number, "expectedVersion": version, "leadUnit": POWER}
    assert refused(await offices.town.do("dispatchCase", "case { status }", **given)) == [("RETURN_CAP", ["number"])]
    wanted = declared(clock, 1, powers=["DIRECT_DISPATCH"])
    made = (await offices.do(offices.county, "declareEmergency", ROW, grid=TOWN, **wanted))["emergency"]
    assert made["state"] == "ACTIVE"  # declared from above
    done = await offices.do(offices.town, "dispatchCase", "case { id status }", **given)
    assert done["case"]["status"] == "DISPATCHED"
    ended = await offices.do(offices.town, "endEmergency", ROW, emergency=made["id"], expectedVersion=1)
    assert ended["emergency"]["state"] == "ENDED"
    [entry] = [one for one in await register(offices.town, TOWN) if one["id"] == made["id"]]
    assert entry["marks"] == [{"power": "DIRECT_DISPATCH", "command": "dispatchCase", "about": done["case"]["id"]}]


async def test_longer_takes_another(offices: Offices, clock: Clock) -> None:
    first = await offices.do(offices.county, "declareEmergency", ROW, grid="610921110", **declared(clock, 2))
    again = declared(clock, 4, grid="610921110", reason="雨势未减")
    assert refused(await offices.county.do("declareEmergency", ROW, **again)) == [("DUPLICATE", ["previous"])]
    second = await offices.do(offices.county, "declareEmergency", ROW, previous=first["emergency"]["id"], **again)
    assert second["emergency"]["startsAt"] == first["emergency"]["endsAt"]
    assert second["emergency"]["previous"] == {"id": first["emergency"]["id"]}


async def test_unconfirmed_lapses(offices: Offices, clock: Clock) -> None:
    made = (await offices.do(offices.county, "declareEmergency", ROW, grid=COUNTY, **declared(clock, 60)))["emergency"]
    assert made["state"] == "PENDING"  # the county's own level: two people
    clock.move(hours=25)
    await offices.server.worker.drain()
    [state] = [one["state"] for one in await register(offices.county, COUNTY) if one["id"] == made["id"]]
    assert state == "LAPSED"


async def test_beside_another_server(offices: Offices, clock: Clock, empty: str, tmp_path: Path) -> None:
    """Whose jobs run is not for whoever started last in this process to say."""
    made = (await offices.do(offices.county, "declareEmergency", ROW, grid="610921108", **declared(clock, 1)))[
        "emergency"
    ]
    clock.move(hours=2)
    async with serving(empty, tmp_path, clock) as other:
        await other.worker.drain()
        await offices.server.worker.drain()
    [state] = [one["state"] for one in await register(offices.county, "610921108") if one["id"] == made["id"]]
    assert state == "ENDED"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"powers": []}, ["powers"]),
        ({"powers": ["EVERYTHING"]}, ["powers"]),
        ({"reason": ""}, ["reason"]),
        ({"grid": "610921105"}, ["grid"]),
        ({"until": "2026-06-01T00:00:00+08:00"}, ["until"]),
        ({"until": "2027-06-01T00:00:00+08:00"}, ["until"]),
    ],
)
async def test_bad_declarations(offices: Offices, clock: Clock, given: dict[str, Any], path: list[str]) -> None:
    base = {"grid": "610921101220", **declared(clock, 1)}
    payload = await offices.town.do("declareEmergency", ROW, **{**base, **given})
    assert [one["path"] for one in payload["errors"]] == [path] and payload["emergency"] is None
