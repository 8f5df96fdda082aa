"""What is refused: who may not, what is not there, what is too late, and what nobody can make sense of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from gongzhi_server.testing import Clock, Server

from .actors import COUNTY, POWER, TOWN, TOWN_HALL, VILLAGE, WATER, Offices, opening, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHISTLE = "whistle { id state version }"
SUPERVISION = "supervision { id state version }"
OTHER_TOWN = "610921110"
LONG = "字" * 2_001


async def called(offices: Offices, **more: Any) -> dict[str, Any]:
    given = {"kind": "ROUTINE", "matter": "占道堆料", "grid": VILLAGE, "units": [POWER], **more}
    payload = await offices.do(offices.town, "callWhistle", WHISTLE, **given)
    return dict(payload["whistle"])


async def planned(offices: Offices, whistle: dict[str, Any], due: str) -> str:
    """The id of the one task of a plan."""
    given = {"whistle": whistle["id"], "expectedVersion": whistle["version"], "text": "清运"}
    selection = "whistle { version plan { tasks { id } } }"
    payload = await offices.do(
        offices.town, "planWhistle", selection, **given, tasks=[{"unit": POWER, "text": "移杆", "dueAt": due}]
    )
    whistle["version"] = payload["whistle"]["version"]
    return str(payload["whistle"]["plan"]["tasks"][0]["id"])


INPUTS: dict[str, dict[str, Any]] = {
    "callWhistle": {"kind": "ROUTINE", "matter": "堆料", "grid": VILLAGE, "units": [POWER]},
    "decideWhistle": {"whistle": "Whistle:1", "approve": True},
    "checkInToWhistle": {"whistle": "Whistle:1"},
    "planWhistle": {"whistle": "Whistle:1", "expectedVersion": 1, "text": "清运",
                    "tasks": [{"unit": POWER, "text": "移杆", "dueAt": "2026-07-01T08:00:00+08:00"}]},
    "completeWhistleTask": {"task": "WhistleTask:1", "result": "已办"},
    "closeWhistle": {"whistle": "Whistle:1", "expectedVersion": 1, "outcome": "已办"},
    "superviseCase": {"number": "1", "level": "REMINDER", "reason": "催问"},
    "answerSupervision": {"supervision": "Supervision:1", "expectedVersion": 1, "text": "已办"},
    "liftSupervision": {"supervision": "Supervision:1", "expectedVersion": 1, "reason": "已办"},
    "setSupervisionRule": {
        "county": COUNTY, "level": "REMINDER", "overdue": "PT4H", "reply": "P2D", "basis": "规定",
    },
    "setGovernanceCenter": {"grid": COUNTY, "name": "综治中心"},
    "closeGovernanceCenter": {"grid": COUNTY, "expectedVersion": 1},
    "declareEmergency": {
        "grid": TOWN, "powers": ["EMERGENCY_WHISTLE"], "reason": "暴雨", "until": "2026-06-30T12:00:00+08:00",
    },
    "confirmEmergency": {"emergency": "Emergency:1", "confirm": True},
    "endEmergency": {"emergency": "Emergency:1", "expectedVersion": 1},
    "recordPatrol": {"grid": VILLAGE, "at": "2026-06-30T09:00:00+08:00", "found": "正常"},
}  # fmt: skip
"""Each command with what it is given, by somebody who may."""


@pytest.mark.parametrize("mutation", [one for one in INPUTS if one != "answerSupervision"])
async def test_not_for_everybody(shared_server: Server, mutation: str) -> None:
    """Neither a stranger, nor a resident, nor an auditor, who reads everything, may do any of it."""
    name = mutation[0].upper() + mutation[1:]
    document = f"mutation($i: {name}Input!) {{ {mutation}(input: $i) {{ errors {{ code }} }} }}"
    for caller in (shared_server, shared_server.as_("resident"), shared_server.as_("auditor", grid=COUNTY)):
        answer = await caller.ask(document, i={"idempotencyKey": str(uuid4()), **INPUTS[mutation]})
        assert answer.codes in (["FORBIDDEN"], ["UNAUTHENTICATED"]), answer.body


MISSING = [
    ("decideWhistle", "town", "whistle"),
    ("checkInToWhistle", "power", "whistle"),
    ("planWhistle", "town", "whistle"),
    ("completeWhistleTask", "power", "task"),
    ("closeWhistle", "town", "whistle"),
    ("superviseCase", "town", "number"),
    ("answerSupervision", "power", "supervision"),
    ("liftSupervision", "town", "supervision"),
    ("confirmEmergency", "town", "emergency"),
    ("endEmergency", "town", "emergency"),
]


@pytest.mark.parametrize(("mutation", "who", "field"), MISSING, ids=[one[0] for one in MISSING])
async def test_nothing_there(offices: Offices, mutation: str, who: str, field: str) -> None:
    """What is made up, and what is an id of something else, is not there."""
    caller = offices.unit(POWER) if who == "power" else offices.town
    for id in (INPUTS[mutation][field], "Grid:1", "", "nonsense"):
        payload = await caller.do(mutation, "", **{**INPUTS[mutation], field: id})
        assert refused(payload) == [("NOT_FOUND", [field])], id


# whistles


async def test_units_of_a_call(offices: Offices) -> None:
    """One to thirty, each once."""
    many = [f"610921-{at}" for at in range(31)]
    given = {"kind": "ROUTINE", "matter": "堆料", "grid": VILLAGE}
    payload = await offices.town.do("callWhistle", WHISTLE, **given, units=many)
    assert refused(payload) == [("BAD_USER_INPUT", ["units"])]
    selection = "whistle { units { unit { code } } }"
    made = await offices.do(offices.town, "callWhistle", selection, **given, units=[POWER, WATER, POWER])
    assert sorted(one["unit"]["code"] for one in made["whistle"]["units"]) == sorted([POWER, WATER])


async def test_place_of_a_call(offices: Offices) -> None:
    """A case or a grid, and not both; a grid of a county, where one may call."""
    number = await offices.case()
    given = {"kind": "ROUTINE", "matter": "堆料", "units": [POWER]}
    for place, code, path in (
        ({}, "BAD_USER_INPUT", ["grid"]),
        ({"grid": VILLAGE, "case": number}, "BAD_USER_INPUT", ["grid"]),
        ({"grid": "61"}, "FORBIDDEN", ["grid"]),
        ({"case": "610921-nothing"}, "NOT_FOUND", ["case"]),
    ):
        payload = await offices.town.do("callWhistle", WHISTLE, **given, **place)
        assert refused(payload) == [(code, path)], place


async def test_no_call_about_a_tip_off(offices: Offices) -> None:
    """Everybody who is called would know of it; nor is the accused called to its own case."""
    matter = {"category": "utilities.electricity", "channel": "WEB", "title": "举报", "description": "收费不公"}
    sealed = await offices.server.do(
        "reportCase", "case { number }", kind="TIP_OFF", against=WATER, grid=f"{VILLAGE}-020202", **matter
    )
    assert sealed["errors"] == [], sealed
    given = {"kind": "ROUTINE", "matter": "收费", "units": [POWER], "case": sealed["case"]["number"]}
    payload = await offices.county.do("callWhistle", WHISTLE, **given)
    assert refused(payload) in ([("SEALED_CASE", ["case"])], [("NOT_FOUND", ["case"])])
    open_case = await offices.server.do(
        "reportCase", "case { number }", kind="COMPLAINT", against=WATER, grid=f"{VILLAGE}-020202", **matter
    )
    assert open_case["errors"] == [], open_case
    given = {**given, "case": open_case["case"]["number"], "units": [POWER, WATER]}
    payload = await offices.county.do("callWhistle", WHISTLE, **given)
    assert refused(payload) == [("CONFLICT_OF_INTEREST", ["units"])]


async def test_check_in_of_whom_nobody_called(offices: Offices) -> None:
    whistle = await called(offices)
    for caller, more in ((offices.unit(WATER), {}), (offices.unit(POWER), {"unit": WATER})):
        payload = await caller.do("checkInToWhistle", WHISTLE, whistle=whistle["id"], **more)
        assert refused(payload) in ([("NOT_FOUND", ["whistle"])], [("NOT_FOUND", ["unit"])])


async def test_plans_that_are_none(offices: Offices, clock: Clock) -> None:
    """The whole plan is refused, and the fault is named by the place of the task."""
    whistle = await called(offices)
    ahead, past = [(clock() + timedelta(days=days)).isoformat() for days in (1, -1)]
    task = {"unit": POWER, "text": "移杆", "dueAt": ahead}
    given = {"whistle": whistle["id"], "expectedVersion": 1, "text": "清运", "tasks": [task]}
    for change, path in (
        ({"tasks": []}, ["tasks"]),
        ({"tasks": [task] * 51}, ["tasks"]),
        ({"text": " "}, ["text"]),
        ({"tasks": [task, {**task, "text": ""}]}, ["tasks", "1", "text"]),
        ({"tasks": [task, {**task, "dueAt": past}]}, ["tasks", "1", "dueAt"]),
        ({"tasks": [{**task, "dueAt": ahead[:19]}]}, ["tasks", "0", "dueAt"]),
    ):
        payload = await offices.town.do("planWhistle", WHISTLE, **{**given, **change})
        assert refused(payload) == [("BAD_USER_INPUT", path)], change
    away = offices.server.as_("town_dispatcher", grid=OTHER_TOWN)
    assert refused(await away.do("planWhistle", WHISTLE, **given)) == [("NOT_FOUND", ["whistle"])]
    seen = await offices.town.ask(
        "query($id: ID!) { node(id: $id) { ... on Whistle { plan { version } } } }", **whistle
    )
    assert seen.data["node"]["plan"] is None


async def test_closed_is_closed(offices: Offices, clock: Clock) -> None:
    """Nobody comes, plans, works or closes any more; only then is it assessed, by those who were there."""
    whistle = await called(offices)
    task = await planned(offices, whistle, (clock() + timedelta(days=1)).isoformat())
    closing = {"whistle": whistle["id"], "expectedVersion": whistle["version"]}
    empty = await offices.town.do("closeWhistle", WHISTLE, outcome=" ", **closing)
    assert refused(empty) == [("BAD_USER_INPUT", ["outcome"])]
    long = await offices.town.do("closeWhistle", WHISTLE, outcome=LONG, **closing)
    assert refused(long) == [("BAD_USER_INPUT", ["outcome"])]
    await offices.do(offices.town, "closeWhistle", WHISTLE, outcome="已清运", **closing)
    over = [("ILLEGAL_TRANSITION", ["whistle"])]
    power, given = offices.unit(POWER), {"whistle": whistle["id"]}
    closing["expectedVersion"] += 1
    assert refused(await offices.town.do("closeWhistle", WHISTLE, outcome="又", **closing)) == over
    assert refused(await power.do("checkInToWhistle", WHISTLE, **given)) == over
    assert refused(await power.do("completeWhistleTask", WHISTLE, task=task, result="已办")) == [(over[0][0], ["task"])]
    again = {
        **given,
        "expectedVersion": whistle["version"] + 1,
        "text": "清运",
        "tasks": INPUTS["planWhistle"]["tasks"],
    }
    assert refused(await offices.town.do("planWhistle", WHISTLE, **again)) == over
    for change, code, path in (
        ({"rating": 0}, "BAD_USER_INPUT", ["rating"]),
        ({"rating": 6}, "BAD_USER_INPUT", ["rating"]),
        ({"unit": WATER}, "NOT_FOUND", ["unit"]),
        ({"comment": LONG}, "BAD_USER_INPUT", ["comment"]),
    ):
        payload = await offices.town.do("assessWhistle", WHISTLE, **{**given, "unit": POWER, "rating": 4, **change})
        assert refused(payload) == [(code, path)], change
    await offices.do(offices.town, "assessWhistle", WHISTLE, **given, unit=POWER, rating=4)
    twice = await offices.town.do("assessWhistle", WHISTLE, **given, unit=POWER, rating=5)
    assert refused(twice) == [("DUPLICATE", ["unit"])]


async def test_a_request_is_decided_once(offices: Offices) -> None:
    """By the town, which is not the village that asked, nor another town; what is refused reaches no unit."""
    given = {"kind": "TOUGH", "matter": "危桥", "grid": VILLAGE, "units": [POWER]}
    asked = (await offices.do(offices.village, "callWhistle", WHISTLE, **given))["whistle"]
    word = {"whistle": asked["id"], "approve": False}
    away = offices.server.as_("town_dispatcher", grid=OTHER_TOWN)
    assert refused(await away.do("decideWhistle", WHISTLE, **word)) == [("NOT_FOUND", ["whistle"])]
    before = await offices.told(offices.unit(POWER), "whistle.called")
    no = await offices.do(offices.town, "decideWhistle", WHISTLE, **word)
    assert no["whistle"]["state"] == "REFUSED"
    assert refused(await offices.town.do("decideWhistle", WHISTLE, **word)) == [("DUPLICATE", ["whistle"])]
    assert await offices.told(offices.unit(POWER), "whistle.called") == before
    assert await offices.told(offices.village, "whistle.decided", asked["id"]) == 1
    late = await offices.unit(POWER).do("checkInToWhistle", WHISTLE, whistle=asked["id"])
    assert refused(late) == [("NOT_FOUND", ["whistle"])]


# supervision


async def test_supervising_badly(offices: Offices, clock: Clock) -> None:
    opening(clock)
    given = {"number": await offices.case(), "level": "REMINDER", "reason": "群众催问"}
    for change, code, path in (
        ({"reason": " "}, "BAD_USER_INPUT", ["reason"]),
        ({"reason": LONG}, "BAD_USER_INPUT", ["reason"]),
        ({"replyWithin": "tomorrow"}, "BAD_USER_INPUT", ["replyWithin"]),
        ({"replyWithin": "PT0M"}, "BAD_USER_INPUT", ["replyWithin"]),
        ({"number": "610921-nothing"}, "NOT_FOUND", ["number"]),
    ):
        payload = await offices.town.do("superviseCase", SUPERVISION, **{**given, **change})
        assert refused(payload) == [(code, path)], change
    away = offices.server.as_("town_dispatcher", grid=OTHER_TOWN)
    assert refused(await away.do("superviseCase", SUPERVISION, **given)) == [("NOT_FOUND", ["number"])]


async def test_nothing_to_ask_of_a_closed_case(offices: Offices) -> None:
    matter = {"kind": "HELP", "channel": "WEB", "category": "utilities.electricity", "title": "灯", "description": "灯"}
    reported = await offices.server.do("reportCase", "case { number }", **matter, grid=f"{VILLAGE}-020202")
    number = reported["case"]["number"]
    given = {"number": number, "expectedVersion": 1, "reason": "不属本县职责"}
    await offices.do(offices.county, "declineCase", "case { status }", **given)
    payload = await offices.town.do("superviseCase", SUPERVISION, number=number, level="REMINDER", reason="催问")
    assert [code for code, _ in refused(payload)] == ["ILLEGAL_TRANSITION"]


async def test_answered_and_lifted_once(offices: Offices, clock: Clock) -> None:
    """By the unit that was asked and by who may ask so loudly; a level that is answered may be asked again."""
    opening(clock)
    number = await offices.case()
    asked = {"number": number, "level": "LISTED", "reason": "久拖不决"}
    made = (await offices.do(offices.county, "superviseCase", SUPERVISION, **asked))["supervision"]
    given = {"supervision": made["id"], "expectedVersion": made["version"]}
    power = offices.unit(POWER)
    assert refused(await power.do("answerSupervision", SUPERVISION, text=" ", **given)) == [
        ("BAD_USER_INPUT", ["text"])
    ]
    assert refused(await offices.town.do("liftSupervision", SUPERVISION, reason="已办", **given)) == [
        ("FORBIDDEN", ["supervision"])
    ]
    assert refused(await offices.county.do("liftSupervision", SUPERVISION, reason="", **given)) == [
        ("BAD_USER_INPUT", ["reason"])
    ]
    await offices.do(power, "answerSupervision", SUPERVISION, text="明日换杆。", **given)
    again = {**given, "expectedVersion": 2}
    assert refused(await power.do("answerSupervision", SUPERVISION, text="又", **again)) == [
        ("DUPLICATE", ["supervision"])
    ]
    second = (await offices.do(offices.county, "superviseCase", SUPERVISION, **asked))["supervision"]
    assert second["id"] != made["id"]
    await offices.do(offices.county, "liftSupervision", SUPERVISION, reason="已办", **again)
    assert refused(
        await offices.county.do("liftSupervision", SUPERVISION, reason="又", **{**given, "expectedVersion": 3})
    ) == [("DUPLICATE", ["supervision"])]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"county": "999999"}, "NOT_FOUND", ["county"]),
        ({"county": VILLAGE}, "BAD_USER_INPUT", ["county"]),
        ({"overdue": "4 hours"}, "BAD_USER_INPUT", ["overdue"]),
        ({"overdue": "-PT4H"}, "BAD_USER_INPUT", ["overdue"]),
        ({"reply": ""}, "BAD_USER_INPUT", ["reply"]),
        ({"basis": " "}, "BAD_USER_INPUT", ["basis"]),
        ({"basis": "据" * 301}, "BAD_USER_INPUT", ["basis"]),
    ],
)
async def test_bad_rules(offices: Offices, change: dict[str, Any], code: str, path: list[str]) -> None:
    admin = offices.server.as_("administrator", sub="admin")
    asked = "{ supervisionRules(first: 50) { nodes { id until } } }"
    before = (await admin.ask(asked)).data
    payload = await admin.do("setSupervisionRule", "rule { id }", **{**INPUTS["setSupervisionRule"], **change})
    assert refused(payload) == [(code, path)]
    assert (await admin.ask(asked)).data == before, "what holds goes on"


async def test_rules_of_another_county_are_not_ones_own(offices: Offices) -> None:
    """An administrator of a town decides nothing for the county."""
    admin = offices.server.as_("administrator", grid=TOWN)
    payload = await admin.do("setSupervisionRule", "rule { id }", **INPUTS["setSupervisionRule"])
    assert refused(payload) == [("FORBIDDEN", ["county"])]


# centres


async def test_centres_that_are_none(offices: Offices) -> None:
    admin = offices.server.as_("administrator", grid=COUNTY)
    grid = f"{VILLAGE}-020202"
    for change, code, path in (
        ({"grid": grid}, "BAD_USER_INPUT", ["grid"]),  # a grid of a village has none
        ({"grid": "nowhere"}, "NOT_FOUND", ["grid"]),
        ({"grid": VILLAGE, "expectedVersion": 1}, "NOT_FOUND", ["grid"]),  # closed meanwhile
        ({"grid": VILLAGE, "units": [f"610921-{at}" for at in range(101)]}, "BAD_USER_INPUT", ["units"]),
        ({"grid": VILLAGE, "units": [TOWN_HALL, "610921-none"]}, "NOT_FOUND", ["units"]),
        ({"grid": VILLAGE, "name": "名" * 101}, "BAD_USER_INPUT", ["name"]),
        ({"grid": VILLAGE, "address": "址" * 201}, "BAD_USER_INPUT", ["address"]),
    ):
        given = {"name": "综治中心", **change}
        payload = await admin.do("setGovernanceCenter", "center { version }", **given)
        assert refused(payload) == [(code, path)], change
    payload = await admin.do("closeGovernanceCenter", "center { version }", grid=VILLAGE, expectedVersion=1)
    assert refused(payload) == [("NOT_FOUND", ["grid"])]


# emergencies


async def test_emergencies_end_once(offices: Offices, clock: Clock) -> None:
    """By whoever may declare there, at the version they saw."""
    row = "emergency { id state version endedAt }"
    until = (clock() + timedelta(hours=2)).isoformat()
    given = {"grid": "610921104", "powers": ["EMERGENCY_WHISTLE"], "reason": "暴雨", "until": until}
    made = (await offices.do(offices.county, "declareEmergency", row, **given))["emergency"]
    assert made["state"] == "ACTIVE"
    word = {"emergency": made["id"], "confirm": False}
    assert refused(await offices.county.do("confirmEmergency", row, **word)) == [("DUPLICATE", ["emergency"])]
    ending = {"emergency": made["id"], "expectedVersion": made["version"] + 1}
    assert refused(await offices.county.do("endEmergency", row, **ending)) == [("STALE_VERSION", ["expectedVersion"])]
    ending["expectedVersion"] -= 1
    assert refused(await offices.town.do("endEmergency", row, **ending)) == [("FORBIDDEN", ["emergency"])]
    await offices.do(offices.county, "endEmergency", row, **ending)
    ending["expectedVersion"] += 1
    assert refused(await offices.county.do("endEmergency", row, **ending)) == [("DUPLICATE", ["emergency"])]


async def test_refused_emergency_gives_no_power(offices: Offices, clock: Clock) -> None:
    row = "emergency { id state }"
    until = (clock() + timedelta(hours=2)).isoformat()
    town = offices.server.as_("town_dispatcher", grid="610921102", sub="declares")
    given = {"grid": "610921102", "powers": ["EMERGENCY_WHISTLE"], "reason": "暴雨", "until": until}
    made = (await offices.do(town, "declareEmergency", row, **given))["emergency"]
    colleague = offices.server.as_("town_dispatcher", grid="610921102", sub="refuses")
    no = await offices.do(colleague, "confirmEmergency", row, emergency=made["id"], confirm=False)
    assert no["emergency"]["state"] == "REFUSED"
    yes = await colleague.do("confirmEmergency", row, emergency=made["id"], confirm=True)
    assert refused(yes) == [("DUPLICATE", ["emergency"])]
    asked = {"kind": "EMERGENCY", "matter": "山洪", "grid": "610921102", "units": [POWER]}
    leader = offices.server.as_("grid_leader", grid="610921102")
    whistle = (await offices.do(leader, "callWhistle", WHISTLE, **asked))["whistle"]
    assert whistle["state"] == "PENDING"
