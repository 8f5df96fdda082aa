"""Social organisations, volunteers and purchased services: on the register, off it, and accepted by two persons."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import COUNTY, OTHER_UNIT, TOWN, UNIT, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORGANISATION = """query($id: ID!) { node(id: $id) { ... on SocialOrganisation { name purpose deregisteredOn
  unit { code } served { grid { code } } purchases(first: 9) { nodes { id state } } } } }"""
PURCHASE = """query($id: ID!) { node(id: $id) { ... on PurchasedService { state amount result acceptedAt
  organisation { name } unit { code } } } }"""


async def test_an_organisation_and_whom_it_serves(ground: Ground) -> None:
    """Everybody reads it, also by the grids that it serves; its code has a check digit and is taken once."""
    id = await ground.organise()
    seen = (await ground.server.ask(ORGANISATION, id=id)).data["node"]
    assert (seen["unit"], seen["served"]) == ({"code": UNIT}, [{"grid": {"code": TOWN}}])
    served = "query($g: String!) { grid(code: $g) { servedBy(first: 9) { nodes { organisation { id } } } } }"
    found = (await ground.server.ask(served, g=TOWN)).data["grid"]["servedBy"]["nodes"]
    assert {"organisation": {"id": id}} in found
    changed = {"served": [ground.villages[0], ground.villages[1]], "purpose": "助老助残"}
    assert await ground.give(ground.handler, "editSocialOrganisation", id, **changed) == []
    seen = (await ground.server.ask(ORGANISATION, id=id)).data["node"]
    assert {one["grid"]["code"] for one in seen["served"]} == set(ground.villages[:2]) and seen["purpose"] == "助老助残"
    other = ground.server.as_("department_handler", unit=OTHER_UNIT)
    assert await ground.give(other, "removeSocialOrganisation", id) == [("FORBIDDEN", ["organisation"])]

    purchase = await ground.buy(id)
    blocked = await ground.give(ground.handler, "removeSocialOrganisation", id)
    assert blocked == [("ILLEGAL_TRANSITION", ["organisation"])], "what is bought of it is not accepted yet"
    assert await ground.give(ground.handler, "cancelPurchasedService", purchase, reason="未能实施") == []
    assert await ground.give(ground.handler, "removeSocialOrganisation", id) == []
    seen = (await ground.server.ask(ORGANISATION, id=id)).data["node"]
    assert seen["deregisteredOn"] == ground.day(0) and seen["served"] == []
    assert [one["state"] for one in seen["purchases"]["nodes"]] == ["CANCELLED"], "what it was paid for stays"
    [row] = await ground.fetch("select uscc from ties.organisation where id=$1", id.partition(":")[2])
    assert await ground.organise(uscc=row["uscc"].lower()) != id, "the code is free again"


async def test_a_purchase_takes_two_persons(ground: Ground) -> None:
    """It is published at once; whoever says that it was delivered does not accept it; sent back, it goes on."""
    organisation = await ground.organise()
    id = await ground.buy(organisation)
    seen = (await ground.server.ask(PURCHASE, id=id)).data["node"]
    assert (seen["state"], seen["amount"], seen["unit"]) == ("AGREED", "120000.50", {"code": UNIT})
    second = ground.server.as_("department_handler", unit=UNIT, sub="second")
    for accepted in (False, True):
        given = {"result": "送餐一万二千人次。"}
        assert await ground.give(ground.handler, "deliverPurchasedService", id, **given) == []
        own = await ground.give(ground.handler, "acceptPurchasedService", id, accepted=True)
        assert own == [("FOUR_EYES", ["purchase"])]
        assert await ground.told(second, "delivered", id)
        assert await ground.give(second, "acceptPurchasedService", id, accepted=accepted) == []
        seen = (await ground.server.ask(PURCHASE, id=id)).data["node"]
        state = ("ACCEPTED", "送餐一万二千人次。") if accepted else ("AGREED", None)
        assert (seen["state"], seen["result"]) == state and bool(seen["acceptedAt"]) is accepted
    over = await ground.give(ground.handler, "cancelPurchasedService", id, reason="重复")
    assert over == [("ILLEGAL_TRANSITION", ["purchase"])]
    listed = """query($u: String!) { purchasedServices(first: 9, filter: { unit: { equals: $u },
      state: { equals: ACCEPTED } }) { nodes { id } } }"""
    found = (await ground.server.ask(listed, u=UNIT)).data["purchasedServices"]["nodes"]
    assert {"id": id} in found


async def test_two_accept_at_once(ground: Ground) -> None:
    """One of them accepts it, the other is told to look again; it is accepted once."""
    id = await ground.buy(await ground.organise())
    assert await ground.give(ground.handler, "deliverPurchasedService", id, result="已完成。") == []
    callers = [ground.server.as_("department_handler", unit=UNIT, sub=sub) for sub in ("second", "third")]
    found = await asyncio.gather(*(ground.give(one, "acceptPurchasedService", id, accepted=True) for one in callers))
    assert sorted(found, key=len)[0] == [] and sorted(found, key=len)[1] in (
        [("STALE_VERSION", ["expectedVersion"])],
        [("ILLEGAL_TRANSITION", ["purchase"])],
    )


MINE = "{ me { volunteer { skills since person { name } } } }"
LISTED = "{ registeredVolunteers(first: 50) { nodes { id skills person { name } } } }"


async def test_volunteers_come_and_go_by_themselves(ground: Ground) -> None:
    """Of age, by their own word, seen by who asks them for help; what is left of one who leaves is nothing."""
    me = ground.resident(0)
    both = await asyncio.gather(
        *(me.do("registerAsVolunteer", "volunteer { id }", skills=["REPAIR", "REPAIR", "CARE"]) for _ in range(2))
    )
    assert [refused(one) for one in both] == [[], []] and both[0]["volunteer"] == both[1]["volunteer"]
    seen = (await me.ask(MINE)).data["me"]["volunteer"]
    assert seen["skills"] == ["REPAIR", "CARE"] and seen["person"] == {"name": ground.people[0]["name"]}
    helps = ground.server.as_("grid_leader", grid=COUNTY)
    [shown] = (await helps.ask(LISTED)).data["registeredVolunteers"]["nodes"]
    assert shown["skills"] == ["REPAIR", "CARE"]
    for other in (ground.server, ground.resident(1), ground.handler, ground.server.as_("auditor", grid=COUNTY)):
        assert (await other.ask(LISTED)).data["registeredVolunteers"]["nodes"] == []
    await ground.done(me, "registerAsVolunteer", "volunteer { id }", skills=["DRIVING"])
    assert (await me.ask(MINE)).data["me"]["volunteer"]["skills"] == ["DRIVING"]
    assert refused(await me.do("leaveVolunteers", "volunteer { id }")) == []
    assert (await me.ask(MINE)).data["me"]["volunteer"] is None
    again = await me.do("leaveVolunteers", "volunteer { id }")
    assert [code for code, _ in refused(again)] == ["NOT_FOUND"]
    assert (await ground.fetch("select count(*) from ties.volunteer"))[0][0] == 0


async def test_a_child_is_no_volunteer(ground: Ground) -> None:
    [child] = await ground.fetch(
        "select id from people.person where birth_date>'2012-01-01' and died_on is null order by id limit 1"
    )
    young = ground.server.as_("resident", person=str(child["id"]), sub="child")
    asked = await young.do("registerAsVolunteer", "volunteer { id }", skills=["ARTS"])
    assert refused(asked) == [("BAD_USER_INPUT", ["skills"])]
    nobody = await ground.handler.do("registerAsVolunteer", "volunteer { id }", skills=["ARTS"])
    assert [code for code, _ in refused(nobody)] == ["NOT_FOUND"], "an account of nobody's registers nobody"
