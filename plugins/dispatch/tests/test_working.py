"""Work orders over HTTP: issued, acknowledged, contributed to, answered for jointly, and late when they are late."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg
import pytest

from .actors import CASE, MATTER, POWER, ROADS, SAFETY, WATER, Desks, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER = "workOrder { state version acknowledgedAt contribution }"
INBOX = """query($u: String!, $s: [WorkOrderState!]) { unit(code: $u) {
  workOrders(filter: { state: { in: $s } }, orderBy: DUE_AT_ASC, first: 50) {
    totalCount nodes { role case { number } }
  }
} }"""


async def test_joint_reply(desks: Desks) -> None:
    """Two units help; the lead answers for all, once both have said what they did."""
    number = (await desks.dispatched(POWER, (SAFETY, ROADS)))["number"]
    orders = (await desks.state(number))["orders"]
    assert {code: (one["role"], one["state"]) for code, one in orders.items()} == {
        POWER: ("LEAD", "ISSUED"), SAFETY: ("SUPPORT", "ISSUED"), ROADS: ("SUPPORT", "ISSUED"),
    }  # fmt: skip
    taken = await desks.unit(POWER).do("acknowledgeOrder", ORDER, order=orders[POWER]["id"], expectedVersion=1)
    assert taken["workOrder"]["state"] == "ACKNOWLEDGED" and taken["workOrder"]["acknowledgedAt"]
    await desks.step(desks.unit(POWER), "handleCase", number, 3)
    early = await desks.unit(POWER).do("replyToCase", CASE, number=number, expectedVersion=4, text="已处理。")
    assert refused(early) == ["CONTRIBUTION_MISSING"] and "2" in early["errors"][0]["message"]
    helped = await desks.unit(SAFETY).do(
        "contribute", ORDER, order=orders[SAFETY]["id"], expectedVersion=1, text="已设警戒线。"
    )
    assert helped["workOrder"]["state"] == "DONE" and helped["workOrder"]["contribution"] == "已设警戒线。"
    await desks.town.do("withdrawOrder", ORDER, order=orders[ROADS]["id"], expectedVersion=1, reason="道路未受影响")
    await desks.step(desks.unit(POWER), "replyToCase", number, 4, text="已处理。")
    found = await desks.state(number)
    assert {code: one["state"] for code, one in found["orders"].items()} == {
        POWER: "DONE", SAFETY: "DONE", ROADS: "WITHDRAWN",
    }  # fmt: skip
    query = "query($n: String!) { case(number: $n) { timeline(last: 1) { type data } } }"
    [answer] = (await desks.county.ask(query, n=number)).data["case"]["timeline"]
    assert answer["type"] == "case.replied" and answer["data"]["jointly"] == [SAFETY]


async def test_orders_of_others(desks: Desks) -> None:
    number = (await desks.dispatched(POWER, (SAFETY,)))["number"]
    order = (await desks.state(number))["orders"][POWER]["id"]
    stranger = await desks.unit(WATER).do("acknowledgeOrder", ORDER, order=order, expectedVersion=1)
    nothing = await desks.unit(WATER).do(
        "acknowledgeOrder", ORDER, order="WorkOrder:00000000-0000-7000-8000-000000000000", expectedVersion=1
    )
    assert refused(stranger) == refused(nothing) == ["NOT_FOUND"]
    helper = await desks.unit(SAFETY).do("acknowledgeOrder", ORDER, order=order, expectedVersion=1)
    assert refused(helper) == ["FORBIDDEN"]
    await desks.unit(POWER).do("acknowledgeOrder", ORDER, order=order, expectedVersion=1)
    stale = await desks.unit(POWER).do("acknowledgeOrder", ORDER, order=order, expectedVersion=1)
    again = await desks.unit(POWER).do("acknowledgeOrder", ORDER, order=order, expectedVersion=2)
    assert refused(stale) == ["STALE_VERSION"] and refused(again) == ["ILLEGAL_TRANSITION"]


async def test_unit_inbox(desks: Desks) -> None:
    waiting = ["ISSUED", "ACKNOWLEDGED", "HANDLING"]
    before = (await desks.unit(WATER).ask(INBOX, u=WATER, s=waiting)).data["unit"]["workOrders"]["totalCount"]
    number = (await desks.dispatched(POWER, (WATER,)))["number"]
    after = (await desks.unit(WATER).ask(INBOX, u=WATER, s=waiting)).data["unit"]["workOrders"]
    assert after["totalCount"] == before + 1
    assert {"role": "SUPPORT", "case": {"number": number}} in after["nodes"]
    other = (await desks.unit(ROADS).ask(INBOX, u=WATER, s=waiting)).data["unit"]["workOrders"]
    assert number not in [one["case"]["number"] for one in other["nodes"]]


async def test_requesters_see_no_orders(desks: Desks) -> None:
    found = await desks.dispatched(POWER)
    query = "query($number: String!, $receiptCode: String!) { caseByReceipt(number: $number, receiptCode: $receiptCode)"
    shown = await desks.server.ask(query + " { workOrders { totalCount } objections { totalCount } } }", **found)
    assert shown.data["caseByReceipt"] == {"workOrders": {"totalCount": 0}, "objections": {"totalCount": 0}}


async def test_lights_of_orders(desks: Desks) -> None:
    number = (await desks.handling(POWER))["number"]
    due = datetime.fromisoformat((await desks.state(number))["orders"][POWER]["dueAt"])
    for moment, light in ((desks.server.clock(), "GREEN"), (due - timedelta(hours=1), "AMBER"), (due, "RED")):
        desks.server.clock.time = moment
        assert (await Desks(desks.server).state(number))["orders"][POWER]["light"] == light
    later = Desks(desks.server)
    await later.step(later.unit(POWER), "replyToCase", number, 4, text="已扶正。")
    assert (await later.state(number))["orders"][POWER]["light"] == "RED"


async def test_reopened_order(desks: Desks) -> None:
    """A matter that is not solved goes back to the same unit, on the same order."""
    found = await desks.replied()
    unsolved = await desks.server.do("rateCase", CASE, **found, rating=1, solved=False)
    assert unsolved["case"]["status"] == "HANDLING"
    order = (await desks.state(found["number"]))["orders"][POWER]
    assert order["state"] == "HANDLING"


async def test_those_concerned_are_told(desks: Desks, shared_database: str) -> None:
    """Units of their work, dispatchers of what waits for them, requesters of their answer: by number, never by name."""
    person = await fetched(shared_database, "select id from people.person order by id limit 1")
    inbox = "{ me { notices(first: 100) { nodes { title body about } } } }"
    resident = desks.server.as_("resident", person=str(person))
    number = (await resident.do("reportCase", "case { number }", **MATTER))["case"]["number"]
    await desks.step(desks.county, "acceptCase", number, 1)
    await desks.step(desks.town, "dispatchCase", number, 2, leadUnit=POWER, supportUnits=[SAFETY])
    await desks.unit(POWER).do(
        "objectToDispatch", "objection { id }", number=number, expectedVersion=3, grounds="不属我单位职责"
    )
    await desks.step(desks.unit(POWER), "handleCase", number, 3)
    order = (await desks.state(number))["orders"][SAFETY]["id"]
    await desks.unit(SAFETY).do("contribute", ORDER, order=order, expectedVersion=1, text="已设警戒线。")
    await desks.step(desks.unit(POWER), "replyToCase", number, 4, text="已扶正。")
    for reader, title in (
        (desks.unit(POWER), "A case for your unit"), (desks.unit(SAFETY), "A case for your unit"),
        (desks.town, "An objection to your dispatch"), (resident, "Your case was answered"),
    ):  # fmt: skip
        told = [one for one in (await reader.ask(inbox)).data["me"]["notices"]["nodes"] if number in one["body"]]
        assert title in [one["title"] for one in told] and all(one["about"].startswith("Case:") for one in told)


async def fetched(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()
