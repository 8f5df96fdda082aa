"""What one asks and another decides, over HTTP: more time, a hold, voiding."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from .actors import CASE, POWER, Desks, opening, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

APPROVAL = "approval { id kind state unit { code } reason }"
DECIDED = "approval { state decision } case { status version }"


def ahead(desks: Desks, days: int) -> str:
    return (desks.server.clock() + timedelta(days=days)).isoformat()


async def decided(desks: Desks, approval: str, approve: bool = True, **more: object) -> Any:
    payload = await desks.town.do("decideApproval", DECIDED, approval=approval, approve=approve, **more)
    assert payload["errors"] == [], payload
    return payload


async def test_extension(desks: Desks) -> None:
    number = (await desks.handling())["number"]
    until = ahead(desks, 20)
    asked = await desks.unit(POWER).do(
        "requestExtension", "extension { id until state }", number=number, expectedVersion=4, until=until, reason="等料"
    )
    assert asked["extension"]["state"] == "PENDING"
    assert datetime.fromisoformat(asked["extension"]["until"]) == datetime.fromisoformat(until)
    before = (await desks.state(number))["orders"][POWER]
    twice = await desks.unit(POWER).do(
        "requestExtension", "extension { id }", number=number, expectedVersion=4, until=until, reason="再等"
    )
    assert refused(twice) == ["DUPLICATE"] and before["extended"] is False
    await decided(desks, asked["extension"]["id"])
    order = (await desks.state(number))["orders"][POWER]
    assert order["extended"] is True and order["dueAt"] > before["dueAt"]


async def clocks(desks: Desks, number: str) -> Any:
    asked = "query($n: String!) { case(number: $n) { dueAt clocks { stage dueAt spent allowed changes { why } } } }"
    case = (await desks.county.ask(asked, n=number)).data["case"]
    return {"dueAt": case["dueAt"], **{one["stage"]: one for one in case["clocks"]}}


async def test_extension_moves_the_clocks(desks: Desks, shared_database: str) -> None:
    """To the close of the last working day that was asked for; what time was spent stays spent, and it is counted."""
    opening(desks)
    desks = Desks(desks.server)
    number = (await desks.handling())["number"]
    desks.server.clock.move(days=2)
    desks, before = Desks(desks.server), await clocks(Desks(desks.server), number)
    until = ahead(desks, 10)  # a Sunday
    asked = await desks.unit(POWER).do(
        "requestExtension", "extension { id }", number=number, expectedVersion=4, until=until, reason="等料"
    )
    await decided(desks, asked["extension"]["id"])
    after, order = await clocks(desks, number), (await desks.state(number))["orders"][POWER]
    due = datetime.fromisoformat(until) - timedelta(days=2) + timedelta(hours=8)  # Friday, six in the afternoon
    assert datetime.fromisoformat(after["HANDLE"]["dueAt"]) == due == datetime.fromisoformat(order["dueAt"])
    assert after["dueAt"] == after["HANDLE"]["dueAt"] and order["light"] == "GREEN"
    assert datetime.fromisoformat(after["REPLY"]["dueAt"]) == due + timedelta(days=3)
    for stage in ("HANDLE", "REPLY"):
        assert after[stage]["spent"] == before[stage]["spent"] > 0
        assert after[stage]["allowed"] == before[stage]["allowed"] + 4 * 450
        assert [one["why"] for one in after[stage]["changes"]] == ["EXTENDED"]
    connection = await asyncpg.connect(shared_database)
    counted = 'select f.extended from statistics.current f join cases."case" c on c.id = f.case_id where c.number = $1'
    assert await connection.fetchval(counted, number) is True
    await connection.close()


async def test_extension_to_a_day_off(desks: Desks) -> None:
    """Until the weekend after the last day is until that day."""
    opening(desks)
    desks = Desks(desks.server)
    number = (await desks.handling())["number"]
    due = datetime.fromisoformat((await clocks(desks, number))["HANDLE"]["dueAt"])
    desks.server.clock.time = due - timedelta(days=3)  # it is due on a Monday
    later = Desks(desks.server)
    for until, refusal in ((due, ["until"]), (due + timedelta(hours=5), ["until"]), (due + timedelta(hours=14), None)):
        asked = await later.unit(POWER).do(
            "requestExtension",
            "extension { id }",
            number=number,
            expectedVersion=4,
            until=until.isoformat(),
            reason="等",
        )
        assert [one["path"] for one in asked["errors"]] == ([refusal] if refusal else [])


async def test_refused_extension(desks: Desks) -> None:
    number = (await desks.handling())["number"]
    asked = await desks.unit(POWER).do(
        "requestExtension", "extension { id }", number=number, expectedVersion=4, until=ahead(desks, 10), reason="等料"
    )
    given = {"approval": asked["extension"]["id"], "approve": False}
    unsaid = await desks.town.do("decideApproval", DECIDED, **given)
    assert [one["path"] for one in unsaid["errors"]] == [["reason"]]
    answer = await decided(desks, **given, reason="物料已到")
    assert answer["approval"] == {"state": "REFUSED", "decision": "物料已到"}
    assert (await desks.state(number))["orders"][POWER]["extended"] is False


@pytest.mark.parametrize(("days", "path"), [(1, "until"), (31, "until"), (-1, "until")])
async def test_bad_extensions(desks: Desks, days: int, path: str) -> None:
    number = (await desks.handling())["number"]
    asked = await desks.unit(POWER).do(
        "requestExtension", "extension { id }", number=number, expectedVersion=4, until=ahead(desks, days), reason="等"
    )
    assert [(one["code"], one["path"]) for one in asked["errors"]] == [("BAD_USER_INPUT", [path])]


async def test_extension_after_the_term(desks: Desks) -> None:
    number = (await desks.handling())["number"]
    desks.server.clock.move(days=8)
    later = Desks(desks.server)
    asked = await later.unit(POWER).do(
        "requestExtension", "extension { id }", number=number, expectedVersion=4, until=ahead(later, 5), reason="忘了"
    )
    assert [(one["code"], one["path"]) for one in asked["errors"]] == [("BAD_USER_INPUT", ["number"])]


async def test_suspension(desks: Desks) -> None:
    """On hold by approval; the time on hold is added to the term."""
    number = (await desks.handling())["number"]
    asked = await desks.unit(POWER).do(
        "requestSuspension", APPROVAL, number=number, expectedVersion=4, until=ahead(desks, 60), reason="雨季"
    )
    assert asked["approval"]["unit"] == {"code": POWER}
    answer = await decided(desks, asked["approval"]["id"])
    assert answer["case"]["status"] == "SUSPENDED"
    assert (await desks.state(number))["orders"][POWER]["state"] == "SUSPENDED"
    desks.server.clock.move(days=30)
    later = Desks(desks.server)
    await later.step(later.unit(POWER), "resumeCase", number, answer["case"]["version"])
    order = (await later.state(number))["orders"][POWER]
    assert order["state"] == "HANDLING" and order["light"] == "GREEN"
    assert order["dueAt"] == (await clocks(later, number))["HANDLE"]["dueAt"] > ahead(later, 0)


async def test_voiding_takes_two(desks: Desks) -> None:
    number = (await desks.handling())["number"]
    asked = await desks.town.do("requestVoiding", APPROVAL, number=number, expectedVersion=4, reason="重复录入")
    given = {"approval": asked["approval"]["id"], "approve": True}
    alone = await desks.town.do("decideApproval", DECIDED, **given)
    assert [(one["code"], one["path"]) for one in alone["errors"]] == [("FOUR_EYES", ["approval"])]
    done = await desks.county.do("decideApproval", DECIDED, **given)
    assert done["case"]["status"] == "VOIDED"
    assert (await desks.state(number))["orders"][POWER]["state"] == "WITHDRAWN"
    again = await desks.other.do("decideApproval", DECIDED, **given)
    assert refused(again) == ["DUPLICATE"]
    closed = await desks.town.do("requestVoiding", APPROVAL, number=number, expectedVersion=5, reason="再次")
    assert refused(closed) == ["ILLEGAL_TRANSITION"]


async def test_requests_lapse_with_the_answer(desks: Desks) -> None:
    number = (await desks.handling())["number"]
    asked = await desks.unit(POWER).do(
        "requestSuspension", APPROVAL, number=number, expectedVersion=4, until=ahead(desks, 60), reason="雨季"
    )
    await desks.step(desks.unit(POWER), "replyToCase", number, 4, text="已扶正。")
    late = await desks.town.do("decideApproval", DECIDED, approval=asked["approval"]["id"], approve=True)
    assert refused(late) == ["DUPLICATE"] and (await desks.state(number))["status"] == "REPLIED"


async def test_units_do_not_decide(desks: Desks) -> None:
    number = (await desks.handling())["number"]
    asked = await desks.unit(POWER).do(
        "requestSuspension", APPROVAL, number=number, expectedVersion=4, until=ahead(desks, 60), reason="雨季"
    )
    mutation = "mutation($i: DecideApprovalInput!) { decideApproval(input: $i) { errors { code } } }"
    given = {"idempotencyKey": "d", "approval": asked["approval"]["id"], "approve": True}
    assert (await desks.unit(POWER, "a colleague").ask(mutation, i=given)).codes == ["FORBIDDEN"]
    elsewhere = desks.server.as_("town_dispatcher", grid="610921110")
    assert refused(await elsewhere.do("decideApproval", DECIDED, approval=given["approval"], approve=True)) == [
        "NOT_FOUND"
    ]
    listed = "{ approvals(filter: { state: { equals: PENDING } }, last: 100) { nodes { id } } }"
    assert {"id": given["approval"]} in (await desks.town.ask(listed)).data["approvals"]["nodes"]
    assert (await elsewhere.ask(listed)).data["approvals"]["nodes"] == []
    assert refused(await desks.town.do("closeCase", CASE, number=number, expectedVersion=4)) == ["ILLEGAL_TRANSITION"]
