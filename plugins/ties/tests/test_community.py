"""Social organisations, volunteers and purchased services: on the register, off it, and accepted by two persons."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import COUNTY, OTHER_UNIT, TOWN, UNIT, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORGANISATION = """query($id: ID!) { node(id: $id) { ... on SocialOrganisation { name purpose deregisteredOn
  unit { code } served { grid { code } } purchases(first: 9) { nodes { id state } } } } }"""
REGISTERED = """query($on: Boolean!) {
  socialOrganisations(first: 100, filter: { registered: { equals: $on } }) { nodes { id } } }"""
PURCHASE = """query($id: ID!) { node(id: $id) { ... on PurchasedService { state amount result acceptedAt
  organisation { name } unit { code } } } }"""


async def test_an_organisation_and_whom_it_serves(ground: Ground) -> None:
    """Everybody reads it, also by the grids that it serves; its code has a check digit and is taken once."""
    id = await ground.organise()
    seen = (await ground.server.ask(ORGANISATION, id=id)).data["node"]
    assert (seen["unit"], seen["served"]) == ({"code": UNIT}, [{"grid": {"code": TOWN}}])
    served = "query($g: String!) { grid(code: $g) { servedBy(first: 50) { nodes { organisation { id } } } } }"
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
    kept = await ground.server.ask(REGISTERED, on=True)
    gone = await ground.server.ask(REGISTERED, on=False)
    assert {"id": id} in gone.data["socialOrganisations"]["nodes"]
    assert {"id": id} not in kept.data["socialOrganisations"]["nodes"]
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


CALLERS = ("stranger", "resident", "handler", "another unit", "town", "leader", "auditor", "deputy")


async def test_the_registers_are_read_by_everybody(ground: Ground) -> None:
    """Organisations, whom they serve and what is bought of them are public; volunteers are not, nor who accepted."""
    organisation = await ground.organise()
    ids = {"organisation": organisation, "purchase": await ground.buy(organisation)}
    ids["volunteer"] = (
        await ground.done(ground.resident(2), "registerAsVolunteer", "volunteer { id }", skills=["RESCUE"])
    )["id"]
    callers = {
        "stranger": ground.server,
        "resident": ground.resident(3),
        "handler": ground.handler,
        "another unit": ground.server.as_("department_handler", unit=OTHER_UNIT),
        "town": ground.town,
        "leader": ground.server.as_("grid_leader", grid=TOWN),
        "auditor": ground.server.as_("auditor", grid=COUNTY),
        "deputy": ground.server.as_("deputy", grid=COUNTY),
    }
    assert set(callers) == set(CALLERS)
    node = "query($id: ID!) { node(id: $id) { id } }"
    for name, caller in callers.items():
        seen = {kind for kind, id in ids.items() if (await caller.ask(node, id=id)).body["data"]["node"]}
        expected = {"organisation", "purchase"}
        [home] = await ground.fetch("select left(g.code, 9) from ties.volunteer v join grids.grid g on g.id=v.grid_id")
        if name in ("town", "leader") and home[0] == TOWN:
            expected |= {"volunteer"}
        assert seen == expected, name
    await ground.done(ground.resident(2), "leaveVolunteers", "volunteer { id }")
    events = await ground.fetch("select data::text from events.outbox where type='ties.purchase_changed'")
    assert events and all("互助" not in one["data"] for one in events), "events have ids and states alone"


async def test_one_code_at_once(ground: Ground) -> None:
    """Of two who register the same organisation at the same moment the second is told of the first."""
    given = {
        "grid": COUNTY, "uscc": next(ground.codes), "name": "晨光社", "kind": "ASSOCIATION", "purpose": "文体",
        "unit": UNIT, "served": [TOWN],
    }  # fmt: skip
    callers = (ground.keeper, ground.handler)
    sent = await asyncio.gather(
        *(one.do("registerSocialOrganisation", "organisation { id }", **given) for one in callers)
    )
    assert sorted(map(refused, sent)) == [[], [("DUPLICATE", ["uscc"])]]


async def test_removed_while_something_is_bought(ground: Ground) -> None:
    """One of them waits for the other: nothing is bought of an organisation that is off the register."""
    for _ in range(3):
        id = await ground.organise()
        asked = {
            "organisation": id, "unit": UNIT, "grid": TOWN, "title": "助学", "since": ground.day(0),
            "endsOn": ground.day(100), "amount": "8000",
        }  # fmt: skip
        bought, removed = await asyncio.gather(
            ground.handler.do("recordPurchasedService", "purchase { id }", **asked),
            ground.give(ground.handler, "removeSocialOrganisation", id),
        )
        assert sorted([refused(bought), removed], key=len)[0] == []
        seen = (await ground.server.ask(ORGANISATION, id=id)).data["node"]
        assert bool(seen["deregisteredOn"]) is (not seen["purchases"]["nodes"])


@pytest.mark.parametrize(("amount", "shown"), [("0.01", "0.01"), ("1000000000", "1000000000.00"), ("12.3", "12.30")])
async def test_amounts_are_kept_to_the_fen(ground: Ground, amount: str, shown: str) -> None:
    """What is paid is read as it was written, from one fen to a thousand million yuan; sums are sums."""
    id = await ground.buy(await ground.organise(), amount=amount)
    assert (await ground.server.ask(PURCHASE, id=id)).data["node"]["amount"] == shown
    [row] = await ground.fetch("select amount_fen from ties.purchase where id=$1", id.partition(":")[2])
    assert row["amount_fen"] == round(float(shown) * 100)


async def test_the_database_keeps_two_persons_apart(ground: Ground) -> None:
    """What no command does the database refuses as well: one who accepts what they delivered."""
    id = await ground.buy(await ground.organise())
    assert await ground.give(ground.handler, "deliverPurchasedService", id, result="已完成。") == []
    accepted = "update ties.purchase set state='ACCEPTED', accepted_at=now(), accepted_by=delivered_by where id=$1"
    with pytest.raises(Exception, match="accepted"):
        await ground.fetch(accepted, id.partition(":")[2])
