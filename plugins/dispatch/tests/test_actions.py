"""What may be done to cases and work orders, as their desks are told it from the first step to the last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from gongzhi_server.testing import Server

from .actors import POWER, SAFETY, WATER, Desks

pytestmark = pytest.mark.asyncio(loop_scope="module")
ASKED = """query($n: String!) { case(number: $n) { actions { name label allowed reason }
  workOrders { nodes { id role unit { code } actions { name allowed reason } } } } }"""
DESK = {"acceptCase", "dispatchCase", "handleCase", "replyToCase", "closeCase", "requestSuspension", "resumeCase"}


async def told(caller: Server, number: str) -> dict[str, str]:
    """What a desk is told of the steps of a case: yes, or why not."""
    found = (await caller.ask(ASKED, n=number)).data["case"]["actions"]
    assert all(one["allowed"] == (one["reason"] is None) for one in found)
    return {one["name"]: one["reason"] or "yes" for one in found if one["name"] in DESK}


async def open_to(caller: Server, number: str) -> set[str]:
    return {name for name, reason in (await told(caller, number)).items() if reason == "yes"}


async def orders(caller: Server, number: str) -> dict[str, dict[str, str]]:
    """What a unit is told of each work order of a case."""
    found = (await caller.ask(ASKED, n=number)).data["case"]["workOrders"]["nodes"]
    return {one["unit"]["code"]: {act["name"]: act["reason"] or "yes" for act in one["actions"]} for one in found}


async def test_each_desk_is_told_what_it_may_do_next(desks: Desks) -> None:
    """The town until a unit has the case, then the unit, and nobody else; at each step what the machine allows."""
    number, power, water = (await desks.reported())["number"], desks.unit(POWER), desks.unit(WATER)
    assert await open_to(desks.town, number) == {"acceptCase"}
    await desks.step(desks.town, "acceptCase", number, 1)
    assert await open_to(desks.town, number) == {"dispatchCase"}
    await desks.step(desks.town, "dispatchCase", number, 2, leadUnit=POWER)
    assert await open_to(power, number) == {"handleCase"}
    assert (await told(power, number))["dispatchCase"] == "FORBIDDEN"
    assert (await told(power, number))["replyToCase"] == "ILLEGAL_TRANSITION"
    assert (await water.ask(ASKED, n=number)).data == {"case": None}
    await desks.step(power, "handleCase", number, 3)
    assert await open_to(power, number) == {"replyToCase", "requestSuspension"}
    await desks.step(power, "replyToCase", number, 4, text="已扶正加固。")
    assert await open_to(power, number) == set()
    assert await open_to(desks.town, number) == {"closeCase"}
    await desks.step(desks.town, "closeCase", number, 5)
    assert await open_to(desks.town, number) == set()


async def test_units_are_told_what_to_do_with_their_orders(desks: Desks) -> None:
    """The lead unit does not contribute, the helping one does once, and neither touches the other's order."""
    number = (await desks.dispatched(POWER, (SAFETY,)))["number"]
    lead, helper = await orders(desks.unit(POWER), number), await orders(desks.unit(SAFETY), number)
    assert lead[POWER] == {
        "acknowledgeOrder": "yes", "contribute": "BAD_USER_INPUT", "withdrawOrder": "FORBIDDEN",
    }  # fmt: skip
    assert helper[SAFETY]["contribute"] == "yes" and helper[POWER]["acknowledgeOrder"] == "FORBIDDEN"
    assert (await orders(desks.town, number))[SAFETY]["withdrawOrder"] == "yes"
    nodes = (await desks.unit(SAFETY).ask(ASKED, n=number)).data["case"]["workOrders"]["nodes"]
    [mine] = [one["id"] for one in nodes if one["unit"]["code"] == SAFETY]
    said: dict[str, Any] = {"order": mine, "expectedVersion": 1, "text": "已配合断电。"}
    assert (await desks.unit(SAFETY).do("contribute", "workOrder { state }", **said))["errors"] == []
    assert (await orders(desks.unit(SAFETY), number))[SAFETY]["contribute"] == "ILLEGAL_TRANSITION"


async def test_whoever_asks_is_told_that_another_decides(desks: Desks) -> None:
    """The unit that asks for more time is told so, and its town that it may decide, once."""
    number = (await desks.handling())["number"]
    until = (desks.server.clock() + timedelta(days=20)).isoformat()
    asked = {"number": number, "expectedVersion": 4, "until": until, "reason": "等料"}
    power = desks.unit(POWER)
    made = (await power.do("requestSuspension", "approval { id }", **asked))["approval"]["id"]
    query = "query($id: ID!) { node(id: $id) { ... on Approval { actions { name allowed reason } } } }"
    for caller, reason in ((power, "FORBIDDEN"), (desks.town, None)):
        [one] = (await caller.ask(query, id=made)).data["node"]["actions"]
        assert one == {"name": "decideApproval", "allowed": reason is None, "reason": reason}
    await desks.town.do("decideApproval", "case { status }", approval=made, approve=True)
    [one] = (await desks.town.ask(query, id=made)).data["node"]["actions"]
    assert one["reason"] == "DUPLICATE"
    assert await open_to(power, number) == {"resumeCase"}


async def test_a_complaint_about_a_unit_is_closed_by_two(desks: Desks) -> None:
    """Whoever closes cases is told to ask; a stranger and the auditor are told nothing that they could do."""
    about = {"kind": "COMPLAINT", "against": WATER}
    number = (await desks.accepted(**about))["number"]
    await desks.step(desks.county, "dispatchCase", number, 2, leadUnit=POWER)
    await desks.step(desks.unit(POWER), "handleCase", number, 3)
    await desks.step(desks.unit(POWER), "replyToCase", number, 4, text="已处理。")
    assert (await told(desks.county, number))["closeCase"] == "APPROVAL_NEEDED"
    found = (await desks.county.ask(ASKED, n=number)).data["case"]["actions"]
    assert {"name": "requestClosing", "label": "Request closing", "allowed": True, "reason": None} in found
    auditor = desks.server.as_("auditor", grid="610921")
    assert {one["reason"] for one in (await auditor.ask(ASKED, n=number)).data["case"]["actions"]} == {"FORBIDDEN"}


async def test_actions_are_labelled_in_the_language_of_the_caller(desks: Desks) -> None:
    number = (await desks.reported())["number"]
    for language, label in (("zh", "受理"), ("en", "Accept case")):
        caller = desks.server.as_("county_dispatcher", grid="610921")
        caller.headers["accept-language"] = language
        found = (await caller.ask(ASKED, n=number)).data["case"]["actions"]
        assert [one["label"] for one in found if one["name"] == "acceptCase"] == [label]
