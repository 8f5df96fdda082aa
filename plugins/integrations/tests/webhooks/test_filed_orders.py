"""What a hotline may do about the orders that it filed, from the call to what the caller says about the answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from gongzhi_server.testing import Server, codes_of

from .conftest import Desk, enrol
from .test_intake import intake

COUNTY, UNIT = "610921", "610921-GDGS"
STEP = "case { number status version }"
FILED = "query($n: String!) { filedOrder(externalNumber: $n) { externalNumber receiptCode case { number status } } }"
FOLLOWED = "followUp { reached rating solved } case { status }"
STAFF = """
query($n: String!) {
  case(number: $n) {
    rating solved dueAt
    followUps(first: 5) { nodes { recording note rating } }
    supervisions(first: 5) { nodes { level reason state } }
    clocks { stage dueAt stoppedAt light explanation rule { id } }
  }
}
"""


async def advance(caller: Server, mutation: str, case: dict[str, Any], **more: Any) -> dict[str, Any]:
    payload = await caller.do(mutation, STEP, number=case["number"], expectedVersion=case["version"], **more)
    assert payload["errors"] == [], payload
    return dict(payload["case"])


async def file(desk: Desk, number: str, **more: Any) -> dict[str, Any]:
    """File an order; its case."""
    [result] = (await intake(desk, {"externalNumber": number, **more}))["results"]
    assert result["errors"] == [], result
    return {"number": result["case"]["number"], "version": 1}


async def answer(desk: Desk, case: dict[str, Any]) -> dict[str, Any]:
    """Have a case answered by its unit."""
    dispatcher, handler = people(desk)
    case = await advance(dispatcher, "acceptCase", case)
    case = await advance(dispatcher, "dispatchCase", case, leadUnit=UNIT)
    case = await advance(handler, "handleCase", case)
    return await advance(handler, "replyToCase", case, text="线路已修复。")


def people(desk: Desk) -> tuple[Server, Server]:
    return desk.server.as_("county_dispatcher", grid=COUNTY), desk.server.as_("department_handler", unit=UNIT)


async def ask_staff(desk: Desk, number: str) -> dict[str, Any]:
    found = await people(desk)[0].ask(STAFF, n=number)
    return dict(found.data["case"])


async def test_loop_closes(desk: Desk) -> None:
    """Pressed for, answered, not solved, answered again, and rated: each by the system's own number."""
    case = await file(desk, "L-1")
    found = (await desk.system.ask(FILED, n="L-1")).data["filedOrder"]
    assert found["case"] == {"number": case["number"], "status": "REPORTED"}
    opened = await desk.server.ask(
        "query($n: String!, $r: String!) { caseByReceipt(number: $n, receiptCode: $r) { status } }",
        n=case["number"], r=found["receiptCode"],
    )  # fmt: skip
    assert opened.data["caseByReceipt"] == {"status": "REPORTED"}
    pressed = await desk.system.do(
        "pressForFiledOrder", "supervision { level state }", externalNumber="L-1", reason="来电人再次催问"
    )
    assert pressed == {"supervision": {"level": "REMINDER", "state": "OPEN"}, "errors": []}
    again = await desk.system.do("pressForFiledOrder", "supervision { id }", externalNumber="L-1", reason="再次催问")
    assert codes_of(again["errors"]) == ["DUPLICATE"]
    case = await answer(desk, case)
    heard = {"externalNumber": "L-1", "reached": True, "recording": "rec-1"}
    unsolved = await desk.system.do("followUpFiledOrder", FOLLOWED, **heard, solved=False, rating=2, note="没修好")
    assert unsolved == {
        "followUp": {"reached": True, "rating": 2, "solved": False}, "case": {"status": "HANDLING"}, "errors": [],
    }  # fmt: skip
    desk.clock.move(minutes=5)  # each answer has a rating of its own, and is known by its moment
    handler = people(desk)[1]
    [now] = (await handler.ask("query($n: String!) { case(number: $n) { version } }", n=case["number"])).data.values()
    await advance(handler, "replyToCase", {**case, **now}, text="已重新检修。")
    solved = await desk.system.do(
        "followUpFiledOrder", FOLLOWED, **{**heard, "recording": "rec-2"}, solved=True, rating=5
    )
    assert solved["errors"] == [] and solved["case"] == {"status": "CLOSED"}
    told = await ask_staff(desk, case["number"])
    assert {(one["recording"], one["rating"]) for one in told["followUps"]["nodes"]} == {("rec-1", 2), ("rec-2", 5)}
    assert [one["reason"] for one in told["supervisions"]["nodes"]] == ["来电人再次催问"]
    sources = await desk.connection.fetch(
        "select r.source, r.rating, r.counts from cases.rating r join cases.case c on c.id = r.case_id "
        "where c.number = $1 order by r.rating", case["number"],
    )  # fmt: skip
    assert [(row["source"], row["rating"]) for row in sources] == [("FOLLOW_UP", 2), ("FOLLOW_UP", 5)]


async def test_what_nobody_can_hear_counts_for_nothing(desk: Desk) -> None:
    """Whoever filed a case hands in what the caller said with something that shows it, and no address."""
    case = await answer(desk, await file(desk, "E-1"))
    for more, path in (
        ({}, ["recording"]),
        ({"recording": "https://hotline.example.org/1"}, ["recording"]),
        ({"attachments": ["Upload:none"]}, ["attachments"]),
        ({"recording": "rec", "rating": 6}, ["rating"]),
    ):
        payload = await desk.system.do(
            "followUpFiledOrder", FOLLOWED, externalNumber="E-1", reached=True, solved=True, **more
        )
        assert payload["followUp"] is None and payload["errors"][0]["path"] == path, more
    missed = await desk.system.do("followUpFiledOrder", FOLLOWED, externalNumber="E-1", reached=False)
    assert missed["errors"] == [] and missed["case"] == {"status": "REPLIED"}
    assert (await ask_staff(desk, case["number"]))["rating"] is None


async def test_an_order_is_taken_back_in_time(desk: Desk) -> None:
    case = await file(desk, "W-1")
    taken = await desk.system.do("withdrawFiledOrder", "case { status }", externalNumber="W-1", reason="来电人撤回")
    assert taken == {"case": {"status": "WITHDRAWN"}, "errors": []}
    timeline = await desk.server.as_("county_dispatcher", grid=COUNTY).ask(
        "query($n: String!) { case(number: $n) { timeline { type note } } }", n=case["number"]
    )
    assert {"type": "case.withdrawn", "note": "来电人撤回"} in timeline.data["case"]["timeline"]
    await desk.accept((await file(desk, "W-2"))["number"])
    late = await desk.system.do("withdrawFiledOrder", "case { status }", externalNumber="W-2", reason="来电人撤回")
    assert codes_of(late["errors"]) == ["ILLEGAL_TRANSITION"]


ACTS = (
    ("withdrawFiledOrder", "case { id }", {"reason": "撤回"}),
    ("followUpFiledOrder", "case { id }", {"reached": False}),
    ("pressForFiledOrder", "supervision { id }", {"reason": "催办"}),
)


async def test_orders_of_others_are_not_there(desk: Desk) -> None:
    """Nor is anything there for who files none, whatever they may do otherwise."""
    await file(desk, "O-1")
    await enrol(desk.connection, "other", key := "gzk_" + "o" * 43)
    other, worker = desk.server.with_token(key), desk.server.as_("grid_worker", grid=COUNTY)
    try:
        for mutation, selection, given in ACTS:
            refused = await other.do(mutation, selection, externalNumber="O-1", **given)
            assert [(one["code"], one["path"]) for one in refused["errors"]] == [("NOT_FOUND", ["externalNumber"])]
            with pytest.raises(AssertionError, match="cases.intake"):
                await worker.do(mutation, selection, externalNumber="O-1", **given)
        assert (await other.ask(FILED, n="O-1")).data["filedOrder"] is None
    finally:
        await desk.connection.execute("delete from accounts.account where name = 'other'")
    asked = await worker.ask(FILED, n="O-1")
    assert asked.body["data"]["filedOrder"] is None
    assert [one["extensions"]["code"] for one in asked.body["errors"]] == ["FORBIDDEN"]


async def test_a_tip_off_can_be_followed_up_and_not_looked_at(desk: Desk) -> None:
    await file(desk, "T-1", kind="TIP_OFF", against="610921-GDGS")
    found = (await desk.system.ask(FILED, n="T-1")).data["filedOrder"]
    assert found["case"] is None and found["receiptCode"]
    taken = await desk.system.do("withdrawFiledOrder", "case { status }", externalNumber="T-1", reason="来电人撤回")
    assert taken["errors"] == []


async def test_cases_are_found_by_the_number_there(desk: Desk) -> None:
    first, second = await file(desk, "陕安〔2026〕77号"), await file(desk, "N-2")
    await file(desk, "N-3")
    asked = "query($f: CaseFilter!) { cases(filter: $f, first: 5) { nodes { number externalNumber } } }"
    dispatcher = people(desk)[0]
    for condition, numbers in (
        ({"equals": "陕安〔2026〕77号"}, {first["number"]}),
        ({"in": ["陕安〔2026〕77号", "N-2"]}, {first["number"], second["number"]}),
        ({"equals": "N"}, set()),
    ):
        found = (await dispatcher.ask(asked, f={"externalNumber": condition})).data["cases"]["nodes"]
        assert {one["number"] for one in found} == numbers, condition
    elsewhere = desk.server.as_("grid_worker", grid="610921103")
    assert (await elsewhere.ask(asked, f={"externalNumber": {"equals": "N-2"}})).data["cases"]["nodes"] == []


async def test_the_deadline_of_above_is_a_clock_of_its_own(desk: Desk) -> None:
    """It turns the case's light, is reminded of, and ends with the answer; nothing moves it."""
    due = desk.clock() + timedelta(hours=2)
    case = await file(desk, "D-1", dueAt=due.isoformat())
    told = await ask_staff(desk, case["number"])
    [clock] = [one for one in told["clocks"] if one["stage"] == "EXTERNAL"]
    assert datetime.fromisoformat(clock["dueAt"]) == datetime.fromisoformat(told["dueAt"]) == due
    assert clock["rule"] is None and clock["explanation"] and clock["light"] == "GREEN"
    # Another calendar moves the others, and not this one.
    await desk.connection.execute("update calendars.calendar set version = version + 1")
    desk.clock.move(minutes=100)
    await desk.server.worker.drain()
    [clock] = [one for one in (await ask_staff(desk, case["number"]))["clocks"] if one["stage"] == "EXTERNAL"]
    assert datetime.fromisoformat(clock["dueAt"]) == due and clock["light"] == "AMBER"
    reminded = await desk.connection.fetch(
        "select e.data->>'stage' as stage from cases.event e join cases.case c on c.id = e.case_id "
        "where c.number = $1 and e.type = 'case.reminded'", case["number"],
    )  # fmt: skip
    assert "EXTERNAL" in [row["stage"] for row in reminded]
    await answer(desk, case)
    [clock] = [one for one in (await ask_staff(desk, case["number"]))["clocks"] if one["stage"] == "EXTERNAL"]
    assert clock["stoppedAt"]


async def test_a_deadline_lies_ahead(desk: Desk) -> None:
    now = desk.clock()
    for bad in (now - timedelta(minutes=1), now + timedelta(days=400), now.replace(tzinfo=None) + timedelta(days=1)):
        [result] = (await intake(desk, {"externalNumber": "D-2", "dueAt": bad.isoformat()}))["results"]
        assert result["case"] is None and result["errors"][0]["path"] == ["dueAt"], bad
