"""A whistle call over HTTP: called, come to or not, planned, closed, and assessed from both sides."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from gongzhi_server.testing import Clock

from .actors import POWER, TOWN_HALL, VILLAGE, WATER, Offices, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHISTLE = (
    "whistle { id kind state version calledAt emergency { id } "
    "units { unit { code } dueAt checkedInAt escalatedAt light } }"
)
READ = """query($id: ID!) { node(id: $id) { ... on Whistle { state matter units { unit { code } checkedInAt escalatedAt
  light } plan { version text tasks { unit { code } text } } plans { version } outcome
  assessments { unit { code } direction rating comment } } } }"""


async def called(offices: Offices, **more: Any) -> Any:
    given = {"kind": "EMERGENCY", "matter": "山洪转移", "grid": VILLAGE, "units": [POWER, WATER], **more}
    return (await offices.do(offices.town, "callWhistle", WHISTLE, **given))["whistle"]


async def read(caller: Any, id: str) -> Any:
    return (await caller.ask(READ, id=id)).data["node"]


async def test_emergency_story(offices: Offices, clock: Clock) -> None:
    whistle = await called(offices, checkInWithin="PT30M")
    assert whistle["state"] == "CALLED" and {one["light"] for one in whistle["units"]} == {"GREEN"}
    due = {datetime.fromisoformat(one["dueAt"]) for one in whistle["units"]}
    assert due == {clock() + timedelta(minutes=30)}
    assert await offices.told(offices.unit(POWER), "whistle.called", whistle["id"]) == 1
    clock.move(minutes=10)
    came = await offices.do(offices.unit(POWER), "checkInToWhistle", WHISTLE, whistle=whistle["id"])
    assert {one["unit"]["code"]: bool(one["checkedInAt"]) for one in came["whistle"]["units"]} == {
        POWER: True,
        WATER: False,
    }
    again = await offices.unit(POWER).do("checkInToWhistle", WHISTLE, whistle=whistle["id"])
    assert refused(again) == [("DUPLICATE", ["whistle"])]
    clock.move(minutes=21)
    await offices.server.worker.drain()
    units = {one["unit"]["code"]: one for one in (await read(offices.town, whistle["id"]))["units"]}
    assert units[WATER]["light"] == "RED" and units[WATER]["escalatedAt"]
    assert units[POWER]["light"] == "GREEN" and units[POWER]["escalatedAt"] is None
    assert (
        await offices.told(offices.county, "whistle.escalated", whistle["id"]) == 2
    )  # as the county's office, and the town's
    clock.move(minutes=5)
    await offices.server.worker.drain()
    assert await offices.told(offices.county, "whistle.escalated", whistle["id"]) == 2
    late = await offices.do(offices.unit(WATER), "checkInToWhistle", WHISTLE, whistle=whistle["id"])
    assert [one["light"] for one in late["whistle"]["units"] if one["unit"]["code"] == WATER] == ["RED"]


async def test_plan_and_assessments(offices: Offices, clock: Clock) -> None:
    whistle = await called(offices, kind="ROUTINE", checkInWithin="P1D", matter="占道堆料")
    task = {"unit": POWER, "text": "移杆", "dueAt": (clock() + timedelta(days=3)).isoformat()}
    given = {"whistle": whistle["id"], "text": "先移杆后清运", "tasks": [task]}
    planned = await offices.do(offices.town, "planWhistle", WHISTLE, expectedVersion=1, **given)
    stale = await offices.town.do("planWhistle", WHISTLE, expectedVersion=1, **given)
    assert refused(stale) == [("STALE_VERSION", ["expectedVersion"])]
    strange = [{**task, "unit": TOWN_HALL}]
    wrong = await offices.town.do("planWhistle", WHISTLE, expectedVersion=2, **{**given, "tasks": strange})
    assert refused(wrong) == [("NOT_FOUND", ["tasks", "0", "unit"])]
    await offices.do(offices.town, "planWhistle", WHISTLE, expectedVersion=2, **{**given, "text": "先清运后移杆"})
    seen = await read(offices.unit(POWER), whistle["id"])
    assert seen["plan"] == {"version": 2, "text": "先清运后移杆", "tasks": [{"unit": {"code": POWER}, "text": "移杆"}]}
    assert [one["version"] for one in seen["plans"]] == [2, 1]
    await tasks_done(offices, whistle["id"], given, task)
    early = await offices.town.do("assessWhistle", WHISTLE, whistle=whistle["id"], unit=POWER, rating=5)
    assert refused(early) == [("ILLEGAL_TRANSITION", ["whistle"])]
    version = planned["whistle"]["version"] + 3
    closing = {"whistle": whistle["id"], "expectedVersion": version, "outcome": "已清运"}
    assert refused(await offices.unit(POWER).do("assessWhistle", WHISTLE, whistle="Whistle:1", unit=POWER, rating=9))
    await offices.do(offices.town, "closeWhistle", WHISTLE, **closing)
    for caller, rating in ((offices.town, 4), (offices.unit(POWER), 3), (offices.unit(WATER), 2)):
        unit = WATER if rating == 2 else POWER
        assessed = {"whistle": whistle["id"], "unit": unit, "rating": rating}
        await offices.do(caller, "assessWhistle", WHISTLE, **assessed)
    everything = {(one["unit"]["code"], one["direction"], one["rating"]) for one in (
        await read(offices.town, whistle["id"]))["assessments"]}  # fmt: skip
    assert everything == {(POWER, "OF_UNIT", 4), (POWER, "OF_CALLER", 3), (WATER, "OF_CALLER", 2)}
    theirs = (await read(offices.unit(WATER), whistle["id"]))["assessments"]
    assert [one["direction"] for one in theirs] == ["OF_CALLER"]


TASKS = "query($id: ID!) { node(id: $id) { ... on Whistle { plan { tasks { id text doneAt result } } } } }"


async def tasks_done(offices: Offices, id: str, given: Any, task: Any) -> None:
    """By the unit's own people, once, of the plan as it stands; a new version leaves done what was done."""
    [mine] = (await offices.town.ask(TASKS, id=id)).data["node"]["plan"]["tasks"]
    done = {"task": mine["id"], "result": "已移杆，请打13800138000"}
    assert refused(await offices.unit(WATER).do("completeWhistleTask", WHISTLE, **done)) == [("FORBIDDEN", ["task"])]
    payload = await offices.do(
        offices.unit(POWER), "completeWhistleTask", "whistle { id } warnings { field concern }", **done
    )
    assert payload["warnings"] == [{"field": "result", "concern": "PHONE"}]
    assert await offices.told(offices.town, "whistle.task_done", id) == 1
    assert refused(await offices.unit(POWER).do("completeWhistleTask", WHISTLE, **done)) == [("DUPLICATE", ["task"])]
    more = [task, {**task, "text": "清运"}]
    await offices.do(offices.town, "planWhistle", WHISTLE, expectedVersion=3, **{**given, "tasks": more})
    tasks = (await offices.town.ask(TASKS, id=id)).data["node"]["plan"]["tasks"]
    assert [(one["text"], bool(one["doneAt"])) for one in tasks] == [("移杆", True), ("清运", False)]
    [before] = [one["id"] for one in tasks if one["text"] == "清运"]
    await offices.do(offices.town, "planWhistle", WHISTLE, expectedVersion=4, **{**given, "tasks": more})
    late = await offices.unit(POWER).do("completeWhistleTask", WHISTLE, task=before, result="已清运")
    assert refused(late) == [("NOT_FOUND", ["task"])]


async def test_village_needs_approval(offices: Offices) -> None:
    given = {"kind": "TOUGH", "matter": "危桥", "grid": VILLAGE, "units": [POWER]}
    asked = (await offices.do(offices.village, "callWhistle", WHISTLE, **given))["whistle"]
    assert (asked["state"], asked["calledAt"]) == ("PENDING", None)
    assert await read(offices.unit(POWER), asked["id"]) is None
    early = await offices.unit(POWER).do("checkInToWhistle", WHISTLE, whistle=asked["id"])
    assert refused(early) == [("NOT_FOUND", ["whistle"])]
    agreed = await offices.do(offices.town, "decideWhistle", WHISTLE, whistle=asked["id"], approve=True)
    assert agreed["whistle"]["state"] == "CALLED" and agreed["whistle"]["calledAt"]
    assert (await read(offices.unit(POWER), asked["id"]))["matter"] == "危桥"
    routine = await offices.do(offices.village, "callWhistle", WHISTLE, **{**given, "kind": "ROUTINE"})
    assert routine["whistle"]["state"] == "CALLED"


async def test_case_keeps_its_whistle_among_staff(offices: Offices) -> None:
    number = await offices.case()
    await called(offices, grid=None, case=number)
    asked = "query($n: String!) { case(number: $n) { whistles { totalCount } timeline(last: 20) { type audience } } }"
    seen = (await offices.town.ask(asked, n=number)).data["case"]
    assert seen["whistles"]["totalCount"] == 1
    assert {"type": "case.whistled", "audience": "STAFF"} in seen["timeline"]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"checkInWithin": "soon"}, ["checkInWithin"]),
        ({"checkInWithin": "P1DT1H", "kind": "TOUGH"}, ["checkInWithin"]),
        ({"checkInWithin": "PT0M"}, ["checkInWithin"]),
        ({"matter": " "}, ["matter"]),
        ({"units": []}, ["units"]),
        ({"units": ["no-such"]}, ["units"]),
        ({"grid": None}, ["grid"]),
        ({"grid": "610921110"}, ["grid"]),
    ],
)
async def test_bad_calls(offices: Offices, given: dict[str, Any], path: list[str]) -> None:
    base = {"kind": "EMERGENCY", "matter": "山洪", "grid": VILLAGE, "units": [POWER]}
    payload = await offices.town.do("callWhistle", WHISTLE, **{**base, **given})
    assert [one["path"] for one in payload["errors"]] == [path] and payload["whistle"] is None


async def test_nobody_approves_their_own_call(offices: Offices) -> None:
    """Whoever asked as a village's leader does not decide on it as the town's dispatcher; no unit hears of it yet."""
    given = {"kind": "TOUGH", "matter": "危桥", "grid": VILLAGE, "units": [POWER, WATER]}
    asked = (await offices.do(offices.village, "callWhistle", WHISTLE, **given))["whistle"]
    same = offices.server.as_("town_dispatcher", grid="610921101", sub="village")
    for approve in (True, False):
        payload = await same.do("decideWhistle", WHISTLE, whistle=asked["id"], approve=approve)
        assert refused(payload) == [("FOUR_EYES", ["whistle"])]
    for unit in (POWER, WATER):
        assert await offices.told(offices.unit(unit), "whistle.called", asked["id"]) == 0
    assert (await read(offices.town, asked["id"]))["state"] == "PENDING"
    agreed = await offices.do(offices.town, "decideWhistle", WHISTLE, whistle=asked["id"], approve=True)
    assert agreed["whistle"]["version"] == asked["version"] + 1
    for unit in (POWER, WATER):
        assert await offices.told(offices.unit(unit), "whistle.called", asked["id"]) == 1
    late = await same.do("decideWhistle", WHISTLE, whistle=asked["id"], approve=True)
    assert refused(late) == [("DUPLICATE", ["whistle"])]
