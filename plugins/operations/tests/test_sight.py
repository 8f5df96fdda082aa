"""Who reads what of joint work: a unit what it is called to, a place its own, the public the register."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from gongzhi.values.errors import Text
from gongzhi_operations.emergency import notices as emergency_notices
from gongzhi_operations.whistles import notices as whistle_notices
from gongzhi_server.testing import Clock, Server, published_events

from .actors import POWER, VILLAGE, WATER, Offices, opening

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER_TOWN = "610921110"
MATTER = "占道堆料，须多部门处理"
WHISTLES = """{ whistles(first: 30) { nodes { id matter state outcome units { unit { code } }
  plan { text tasks { text result } } assessments { unit { code } direction rating comment } } } }"""


async def called(offices: Offices, **more: Any) -> str:
    given = {"kind": "ROUTINE", "matter": MATTER, "grid": VILLAGE, "units": [POWER, WATER], **more}
    return str((await offices.do(offices.town, "callWhistle", "whistle { id }", **given))["whistle"]["id"])


async def whistles(caller: Server) -> dict[str, Any]:
    return {one["id"]: one for one in (await caller.ask(WHISTLES)).data["whistles"]["nodes"]}


def outsiders(server: Server) -> list[Server]:
    return [
        server,
        server.as_("resident"),
        server.as_("department_handler", unit="610921-JTJ"),  # which was not called
        server.as_("town_dispatcher", grid=OTHER_TOWN),
        server.as_("grid_worker", grid=OTHER_TOWN),
    ]


async def test_a_call_is_its_units_and_its_places(offices: Offices, clock: Clock) -> None:
    """Whole, with the plan and what came of it; nobody else learns that there was one."""
    opening(clock)
    whistle = await called(offices)
    due = (clock() + timedelta(days=2)).isoformat()
    tasks = [{"unit": POWER, "text": "移杆", "dueAt": due}, {"unit": WATER, "text": "疏通", "dueAt": due}]
    given = {"whistle": whistle, "expectedVersion": 1, "text": "先移杆后疏通", "tasks": tasks}
    await offices.do(offices.town, "planWhistle", "whistle { id }", **given)
    insiders = [offices.town, offices.county, offices.village, offices.unit(POWER), offices.unit(WATER)]
    for caller in insiders:
        seen = (await whistles(caller))[whistle]
        assert (seen["matter"], seen["state"]) == (MATTER, "CALLED")
        assert seen["plan"] == {"text": "先移杆后疏通", "tasks": seen["plan"]["tasks"]}
        assert {one["text"] for one in seen["plan"]["tasks"]} == {"移杆", "疏通"}
        assert {one["unit"]["code"] for one in seen["units"]} == {POWER, WATER}
    for caller in outsiders(offices.server):
        assert whistle not in await whistles(caller)
        assert (await caller.ask("query($id: ID!) { node(id: $id) { id } }", id=whistle)).data["node"] is None


async def test_a_unit_reads_nothing_said_of_others(offices: Offices) -> None:
    """What it said itself and what was said of it; the place reads all."""
    whistle = await called(offices)
    closing = {"whistle": whistle, "expectedVersion": 1, "outcome": "已清运"}
    await offices.do(offices.town, "closeWhistle", "whistle { id }", **closing)
    said = [(offices.town, POWER, 5), (offices.town, WATER, 1), (offices.unit(POWER), POWER, 4)]
    for caller, unit, rating in said:
        given = {"whistle": whistle, "unit": unit, "rating": rating, "comment": f"评 {rating}"}
        await offices.do(caller, "assessWhistle", "whistle { id }", **given)
    expected = {
        POWER: {("OF_UNIT", 5), ("OF_CALLER", 4)},
        WATER: {("OF_UNIT", 1)},
    }
    for unit, mine in expected.items():
        seen = (await whistles(offices.unit(unit)))[whistle]["assessments"]
        assert {(one["direction"], one["rating"]) for one in seen} == mine
        assert {one["unit"]["code"] for one in seen} == {unit}
    everything = (await whistles(offices.town))[whistle]["assessments"]
    assert {(one["unit"]["code"], one["direction"], one["rating"]) for one in everything} == {
        (unit, *one) for unit, mine in expected.items() for one in mine
    }


async def test_a_case_stays_with_who_sees_it(offices: Offices) -> None:
    """A unit that is called about a case learns the matter, and not the case."""
    number = await offices.case()
    whistle = await called(offices, grid=None, case=number, units=[WATER])
    asked = "query($id: ID!) { node(id: $id) { ... on Whistle { matter case { number } } } }"
    for caller, case in ((offices.town, {"number": number}), (offices.unit(WATER), None)):
        assert (await caller.ask(asked, id=whistle)).data["node"] == {"matter": MATTER, "case": case}


EMERGENCIES = "{ emergencies(first: 100) { nodes { id state reason powers { code } marks { command } report } } }"


async def emergencies(caller: Server) -> dict[str, Any]:
    return {one["id"]: one for one in (await caller.ask(EMERGENCIES)).data["emergencies"]["nodes"]}


async def test_the_register_is_public_and_a_request_is_not(offices: Offices, clock: Clock) -> None:
    """What holds is read by a stranger; what waits and what was refused by those who declare there."""
    row, until = "emergency { id state }", (clock() + timedelta(hours=3)).isoformat()
    given = {"powers": ["EMERGENCY_WHISTLE"], "reason": "暴雨红色预警", "until": until}
    holds = (await offices.do(offices.county, "declareEmergency", row, grid=VILLAGE, **given))["emergency"]["id"]
    town = offices.server.as_("town_dispatcher", grid="610921102", sub="declares")
    waits = (await offices.do(town, "declareEmergency", row, grid="610921102", **given))["emergency"]["id"]
    colleague = offices.server.as_("town_dispatcher", grid="610921102", sub="colleague")
    for caller in (offices.server, offices.server.as_("resident"), offices.unit(POWER), offices.village):
        seen = await emergencies(caller)
        assert seen[holds]["state"] == "ACTIVE" and seen[holds]["reason"] == "暴雨红色预警"
        assert waits not in seen
    for caller in (town, colleague, offices.county):
        assert (await emergencies(caller))[waits]["state"] == "PENDING"
    await offices.do(colleague, "confirmEmergency", row, emergency=waits, confirm=False)
    assert waits not in await emergencies(offices.server)
    assert (await emergencies(town))[waits]["state"] == "REFUSED"


async def test_powers_are_a_public_list(offices: Offices) -> None:
    """Each with the law that says so, and the mutations that it changes are there."""
    asked = """{ emergencyPowers(first: 50) { nodes { code name description basis commands } }
      __schema { mutationType { fields { name } } } }"""
    found = (await offices.server.ask(asked)).data
    powers = {one["code"]: one for one in found["emergencyPowers"]["nodes"]}
    assert {"EMERGENCY_WHISTLE", "DIRECT_DISPATCH"} <= powers.keys()
    mutations = {one["name"] for one in found["__schema"]["mutationType"]["fields"]}
    for power in powers.values():
        assert power["basis"] and power["description"] and {*power["commands"]} <= mutations


async def test_events_say_no_matter(offices: Offices, clock: Clock, shared_database: str) -> None:
    """Ids, codes and times go to other systems; matters, plans, comments and reasons stay where they are."""
    opening(clock)
    secrets = ["秘密事由", "秘密方案", "秘密任务", "秘密结果", "秘密评语", "秘密督办", "秘密回复"]
    matter, plan, task, outcome, comment, reason, reply = secrets
    whistle = await called(offices, matter=matter, units=[POWER])
    await offices.do(offices.unit(POWER), "checkInToWhistle", "whistle { id }", whistle=whistle)
    due = (clock() + timedelta(days=2)).isoformat()
    planned = {"whistle": whistle, "expectedVersion": 1, "text": plan}
    row = "whistle { plan { tasks { id } } }"
    made = await offices.do(
        offices.town, "planWhistle", row, **planned, tasks=[{"unit": POWER, "text": task, "dueAt": due}]
    )
    [job] = made["whistle"]["plan"]["tasks"]
    await offices.do(offices.unit(POWER), "completeWhistleTask", "whistle { id }", task=job["id"], result=outcome)
    closing = {"whistle": whistle, "expectedVersion": 2, "outcome": outcome}
    await offices.do(offices.town, "closeWhistle", "whistle { id }", **closing)
    rating = {"whistle": whistle, "unit": POWER, "rating": 3, "comment": comment}
    await offices.do(offices.town, "assessWhistle", "whistle { id }", **rating)
    asked = {"number": await offices.case(), "level": "REMINDER", "reason": reason}
    supervision = (await offices.do(offices.town, "superviseCase", "supervision { id }", **asked))["supervision"]["id"]
    answer = {"supervision": supervision, "expectedVersion": 1, "text": reply}
    await offices.do(offices.unit(POWER), "answerSupervision", "supervision { id }", **answer)
    published = await published_events(shared_database)
    ours = [one for one in published if f"Whistle:{one.data.get('whistle')}" == whistle]
    steps = ["called", "checked_in", "planned", "task_done", "closed", "assessed"]
    assert [one.type for one in ours] == [f"whistle.{step}" for step in steps]
    assert ours[1].data["late"] is False and ours[3].data["late"] is False
    connection = await asyncpg.connect(shared_database)
    try:
        written = await connection.fetchval(
            "select string_agg(t, ' ') from (select o::text as t from events.outbox o "
            "union all select n::text from notices.notice n) x"
        )
    finally:
        await connection.close()
    assert [one for one in secrets if one in written] == []


async def test_late_is_told_as_it_was(offices: Offices, clock: Clock, shared_database: str) -> None:
    """A unit that comes after its time came late, and the level above is told once that it had not come."""
    whistle = await called(offices, kind="EMERGENCY", checkInWithin="PT30M", units=[POWER, WATER])
    clock.move(minutes=31)
    for _ in range(2):
        await offices.server.worker.drain()
    await offices.do(offices.unit(POWER), "checkInToWhistle", "whistle { id }", whistle=whistle)
    ours = [one for one in await published_events(shared_database) if f"Whistle:{one.data.get('whistle')}" == whistle]
    escalated = sorted(str(one.data["unit"]) for one in ours if one.type == "whistle.escalated")
    assert escalated == sorted([POWER, WATER])
    [came] = [one for one in ours if one.type == "whistle.checked_in"]
    assert (came.data["unit"], came.data["late"]) == (POWER, True)


@pytest.mark.parametrize("said", [whistle_notices.SAID, emergency_notices.SAID])
async def test_notices_are_said_in_both_languages(said: dict[str, tuple[Text, Text]]) -> None:
    """And say the same holes in both."""
    for kind, texts in said.items():
        for text in texts:
            assert text.en.isascii() and text.zh and not text.zh.isascii(), kind
            assert text.en.count("{") == text.zh.count("{"), kind
