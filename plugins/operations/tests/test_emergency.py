"""An emergency over HTTP: two people, named powers, an end by itself, and a report for everybody."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gongzhi_operations.emergency.ending import FEW
from gongzhi_server.testing import Clock, published_events, serve_application

from .actors import COUNTY, POWER, TOWN, VILLAGE, WATER, Offices, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

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
    assert await entry_of(offices.server, made["id"]) is None
    asked = await offices.do(offices.village, "callWhistle", WHISTLE, **call)
    assert asked["whistle"] == {**asked["whistle"], "state": "PENDING", "emergency": None}
    own = await offices.town.do("confirmEmergency", ROW, emergency=made["id"], confirm=True)
    assert refused(own) == [("FOUR_EYES", ["emergency"])]
    colleague = offices.server.as_("town_dispatcher", grid=TOWN, sub="a colleague")
    confirmed = await offices.do(colleague, "confirmEmergency", ROW, emergency=made["id"], confirm=True)
    assert confirmed["emergency"]["state"] == "ACTIVE"
    assert await offices.told(offices.town, "emergency.confirmed", made["id"]) == 1
    blown = (await offices.do(offices.village, "callWhistle", WHISTLE, **call))["whistle"]
    assert (blown["state"], blown["emergency"]) == ("CALLED", {"id": made["id"]})
    tough = await offices.do(offices.village, "callWhistle", WHISTLE, **{**call, "kind": "TOUGH"})
    assert tough["whistle"]["state"] == "PENDING"
    clock.move(hours=2)
    late = await offices.do(offices.village, "callWhistle", WHISTLE, **call)
    assert late["whistle"]["state"] == "PENDING"  # over, although nobody has noted it
    await offices.server.worker.drain()
    [entry] = [one for one in await register(offices.server, TOWN) if one["id"] == made["id"]]
    assert (entry["state"], entry["marks"]) == ("ENDED", [])
    assert entry["report"]["powers"] == [{"power": "EMERGENCY_WHISTLE", "command": "callWhistle", "count": 1}]
    happened = {one["type"]: one["count"] for one in entry["report"]["events"]}
    assert {"whistle.called", "emergency.confirmed"} <= happened.keys()  # other tests' are among them
    assert all(count is None or count >= FEW for count in happened.values())
    [marked] = [one for one in await register(offices.county, TOWN) if one["id"] == made["id"]]
    assert marked["marks"] == [{"power": "EMERGENCY_WHISTLE", "command": "callWhistle", "about": blown["id"]}]
    assert await offices.told(offices.town, "emergency.ended", made["id"]) == 1


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


ABSORBED = "emergency { id state endedAt absorbedBy { id } absorbs { id state } }"
TOWNS = {"absorbing": "610921112", "racing": "610921107", "waiting": "610921105"}


async def villages_of(offices: Offices, town: str) -> list[str]:
    asked = "query($t: String!) { grid(code: $t) { children(first: 20) { nodes { code kind } } } }"
    found = (await offices.server.ask(asked, t=town)).data["grid"]["children"]["nodes"]
    return [one["code"] for one in found if one["kind"] == "VILLAGE"]


async def entry_of(caller: Any, id: str) -> Any:
    asked = f"query($id: ID!) {{ node(id: $id) {{ ... on Emergency {{ {ABSORBED[12:-1]} report }} }} }}"
    return (await caller.ask(asked, id=id)).data["node"]


async def test_larger_absorbs_smaller(offices: Offices, clock: Clock, shared_database: str) -> None:
    """What holds and what waits in two villages goes into the town's, with its second person's word and not before."""
    town, [first, second, *_] = TOWNS["absorbing"], await villages_of(offices, TOWNS["absorbing"])
    own, colleague = (offices.server.as_("town_dispatcher", grid=town, sub=name) for name in ("one", "two"))
    village = offices.server.as_("grid_leader", grid=first, sub="its village")
    holds = (await offices.do(own, "declareEmergency", ROW, grid=first, **declared(clock, 4)))["emergency"]
    assert holds["state"] == "ACTIVE"
    at_village = offices.server.as_("town_dispatcher", grid=second, sub="at its own level")
    waits = (await offices.do(at_village, "declareEmergency", ROW, grid=second, **declared(clock, 4)))["emergency"]
    assert waits["state"] == "PENDING"
    larger = declared(clock, 8, grid=town, powers=["DIRECT_DISPATCH"], absorbs=[holds["id"], waits["id"]])
    assert refused(await own.do("declareEmergency", ROW, **larger)) == [("BAD_USER_INPUT", ["powers"])]
    larger = {**larger, "powers": ["DIRECT_DISPATCH", "EMERGENCY_WHISTLE"], "idempotencyKey": "absorbs two"}
    made = await offices.do(own, "declareEmergency", ABSORBED, **larger)
    assert await offices.do(own, "declareEmergency", ABSORBED, **larger) == made
    id = made["emergency"]["id"]
    assert (await entry_of(own, holds["id"]))["state"] == "ACTIVE", "only a second person makes it so"
    alone = await own.do("confirmEmergency", ROW, emergency=id, confirm=True)
    assert refused(alone) == [("FOUR_EYES", ["emergency"])]
    given = {"emergency": id, "confirm": True, "idempotencyKey": "both"}
    confirmed = await offices.do(colleague, "confirmEmergency", ABSORBED, **given)
    assert await offices.do(colleague, "confirmEmergency", ABSORBED, **given) == confirmed
    taken = [{"id": one["id"], "state": "ABSORBED"} for one in (holds, waits)]
    assert confirmed["emergency"]["absorbs"] == taken

    [held, waited] = [await entry_of(own, one["id"]) for one in (holds, waits)]
    assert held["absorbedBy"] == waited["absorbedBy"] == {"id": id} and held["endedAt"]
    assert held["report"]["powers"] == [] and waited["report"] is None, "what never held has no report"
    assert (await entry_of(offices.server, holds["id"]))["absorbedBy"] == {"id": id}, "the register says so"
    assert await entry_of(offices.server, waits["id"]) is None
    assert (await entry_of(offices.server, id))["absorbs"] == taken[:1]
    assert await happened_to(shared_database, holds["id"]) == ["emergency.confirmed", "emergency.absorbed"]
    assert await happened_to(shared_database, waits["id"]) == ["emergency.declared", "emergency.absorbed"]
    for one in (holds, waits):
        assert await offices.told(own, "emergency.absorbed", one["id"]) == 1
    for one in (holds, waits):
        again = await colleague.do("confirmEmergency", ROW, emergency=one["id"], confirm=True)
        assert refused(again) == [("DUPLICATE", ["emergency"])]
    call = {"kind": "EMERGENCY", "matter": "山洪转移", "grid": first, "units": [POWER]}
    blown = (await offices.do(village, "callWhistle", WHISTLE, **call))["whistle"]
    assert blown["emergency"] == {"id": id}, "what is done now is done by the larger one's power"


async def happened_to(shared_database: str, id: str) -> list[str]:
    """What was told of an emergency, by type."""
    return [
        one.type for one in await published_events(shared_database) if f"Emergency:{one.data.get('emergency')}" == id
    ]


async def test_absorbed_once(offices: Offices, clock: Clock, shared_database: str) -> None:
    """A county's, a town's within it and the end of a village's in both, at once: all are answered, each is told."""
    town, [village, *_] = TOWNS["racing"], await villages_of(offices, TOWNS["racing"])
    own = offices.server.as_("town_dispatcher", grid=town, sub="declares")
    holds = (await offices.do(own, "declareEmergency", ROW, grid=village, **declared(clock, 4)))["emergency"]
    wanted = declared(clock, 8, grid=town, absorbs=[holds["id"]])
    made = (await offices.do(own, "declareEmergency", ROW, **wanted))["emergency"]
    wanted = declared(clock, 9, grid=COUNTY, absorbs=[holds["id"], made["id"]])
    widest = (await offices.do(offices.county, "declareEmergency", ROW, **wanted))["emergency"]
    assert (made["state"], widest["state"]) == ("PENDING", "PENDING")
    below = [offices.server.as_("town_dispatcher", grid=town, sub=f"confirms {at}") for at in range(6)]
    beyond = [offices.server.as_("county_dispatcher", grid=COUNTY, sub=f"confirms {at}") for at in range(6)]
    answers = await asyncio.gather(
        *(one.do("confirmEmergency", ROW, emergency=made["id"], confirm=True) for one in below),
        *(one.do("confirmEmergency", ROW, emergency=widest["id"], confirm=True) for one in beyond),
        own.do("endEmergency", ROW, emergency=holds["id"], expectedVersion=holds["version"]),
    )
    done = [one["emergency"]["id"] for one in answers if one["emergency"]]
    assert done.count(widest["id"]) == 1 and done.count(made["id"]) <= 1
    assert {error["code"] for one in answers for error in one["errors"]} <= {"DUPLICATE", "STALE_VERSION"}, answers
    entry = await entry_of(offices.county, holds["id"])
    told = await happened_to(shared_database, holds["id"])
    over = {"ABSORBED": "emergency.absorbed", "ENDED": "emergency.ended"}[entry["state"]]
    assert told == ["emergency.confirmed", over]
    middle = await entry_of(offices.county, made["id"])
    assert (middle["state"], middle["absorbedBy"]) == ("ABSORBED", {"id": widest["id"]})
    assert (await happened_to(shared_database, made["id"])).count("emergency.absorbed") == 1
    await offices.do(offices.county, "endEmergency", ROW, emergency=widest["id"], expectedVersion=2)


async def test_what_is_not_absorbed(offices: Offices, clock: Clock) -> None:
    """Only what waits or holds below; the same answer for what is elsewhere, over, made up and one's own level."""
    town, [village, *_] = TOWNS["waiting"], await villages_of(offices, TOWNS["waiting"])
    other = (await offices.do(offices.county, "declareEmergency", ROW, grid="610921103", **declared(clock, 1)))[
        "emergency"
    ]
    over = (await offices.do(offices.county, "declareEmergency", ROW, grid=village, **declared(clock, 1)))["emergency"]
    await offices.do(offices.county, "endEmergency", ROW, emergency=over["id"], expectedVersion=1)
    for id in (other["id"], over["id"], "Emergency:1", "nonsense"):
        made = await offices.county.do("declareEmergency", ROW, grid=town, **declared(clock, 1, absorbs=[id]))
        assert refused(made) == [("NOT_FOUND", ["absorbs", "0"])], id
    own = (await offices.do(offices.county, "declareEmergency", ROW, grid=town, **declared(clock, 1)))["emergency"]
    wanted = declared(clock, 2, grid=town, previous=own["id"], absorbs=[own["id"]])
    assert refused(await offices.county.do("declareEmergency", ROW, **wanted)) == [("BAD_USER_INPUT", ["absorbs"])]


async def test_unconfirmed_lapses(offices: Offices, clock: Clock) -> None:
    made = (await offices.do(offices.county, "declareEmergency", ROW, grid=COUNTY, **declared(clock, 60)))["emergency"]
    assert made["state"] == "PENDING"  # the county's own level: two people
    clock.move(hours=25)
    await offices.server.worker.drain()
    [state] = [one["state"] for one in await register(offices.county, COUNTY) if one["id"] == made["id"]]
    assert state == "LAPSED"


async def test_beside_another_server(offices: Offices, clock: Clock, empty_database: str, tmp_path: Path) -> None:
    """Whose jobs run is not for whoever started last in this process to say."""
    made = (await offices.do(offices.county, "declareEmergency", ROW, grid="610921108", **declared(clock, 1)))[
        "emergency"
    ]
    clock.move(hours=2)
    async with serve_application(empty_database, tmp_path, clock) as other:
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
