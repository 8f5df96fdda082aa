"""Taking back and giving after all: what is reversed, what is claimed twice, and who hears of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from .test_claims import claim, codes
from .test_redeeming import REDEEMED, fund, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOWN = "610921100"
ENTRIES = "entries(orderBy: POSTED_AT_ASC) { nodes { id amount kind expiresOn reversed } }"


async def entries(village: Any, at: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await village.account(at, ENTRIES))["entries"]["nodes"]
    return found


async def reverse(village: Any, entry: dict[str, Any]) -> Any:
    return await village.manager.do("reversePoints", "entry { amount expiresOn }", entry=entry["id"], reason="误记")


async def notices(caller: Any) -> list[str]:
    answer = await caller.ask("{ me { notices(first: 50) { nodes { kind } } } }")
    return [one["kind"] for one in answer.data["me"]["notices"]["nodes"]]


async def spend(village: Any) -> None:
    """Six of ten points, at the counter."""
    reward = await fund(village)
    code = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]["code"]
    assert (await settle(village, code))["statement"] == {"total": 6, "count": 1}


@pytest.mark.asyncio(loop_scope="function")  # nights are worked through once
async def test_what_comes_back_lasts_as_long_as_what_is_given(village: Any, run_jobs: Any) -> None:
    """Points that were wrongly spent come back with a term, are told of before it ends, and expire with it."""
    await spend(village)
    village.server.clock.move(days=31)
    _, spent = await entries(village)
    assert (await reverse(village, spent))["entry"] == {"amount": 6, "expiresOn": "2027-07-31"}
    assert await village.account(asks="balance expiring { amount on }") == {
        "balance": 10, "expiring": [{"amount": 4, "on": "2027-06-30"}, {"amount": 6, "on": "2027-07-31"}],
    }  # fmt: skip
    shop = await village.fetch("select balance from points.account where kind='MERCHANT'")
    assert shop == [(0,)], "the shop gives them back"
    assert await village.fetch("select state from points.redemption") == [("SETTLED",)], "what was handed out stays so"
    village.server.clock.time = datetime(2027, 7, 30, 20, tzinfo=UTC)
    assert not (await run_jobs()).failed
    assert (await village.account(asks="balance"))["balance"] == 0


@pytest.mark.asyncio(loop_scope="function")  # nights are worked through once
async def test_what_wrongly_expired_comes_back(village: Any, run_jobs: Any) -> None:
    await village.earn(await village.rule(), "2026-06-30")
    village.server.clock.time = datetime(2027, 6, 29, 20, tzinfo=UTC)
    assert not (await run_jobs()).failed
    _, expired = await entries(village)
    assert (expired["amount"], expired["kind"]) == (-5, "EXPIRED")
    assert (await reverse(village, expired))["entry"] == {"amount": 5, "expiresOn": "2028-06-30"}
    village.server.clock.move(days=1)
    assert not (await run_jobs()).failed
    assert (await village.account())["balance"] == 5, "and is not taken again the next night"


async def test_without_a_term_nothing_expires(village: Any) -> None:
    """A programme whose points last for ever gives back what lasts for ever; the shop's points have no term either."""
    await village.fetch("update points.programme set lasts_months=null where id=$1", village.key)
    await spend(village)
    _, spent = await entries(village)
    assert (await reverse(village, spent))["entry"] == {"amount": 6, "expiresOn": None}
    lasting = "select from points.entry e join points.account a on a.id=e.account_id where a.programme_id=$1"
    assert await village.fetch(lasting, village.key) != []
    assert await village.fetch(f"{lasting} and e.expires_on is not null", village.key) == []


async def test_taking_back_is_final(village: Any) -> None:
    """Neither of the two is reversed again, from whichever side, and what has been spent cannot be taken back."""
    await village.earn(await village.rule(), "2026-06-30")
    [wrong] = await entries(village)
    assert codes(await reverse(village, wrong)) == []
    wrong, back = await entries(village)
    assert (wrong["reversed"], back["kind"], back["amount"], back["expiresOn"]) == (True, "REVERSED", -5, None)
    for entry in (wrong, back):
        assert codes(await reverse(village, entry)) == ["ALREADY_REVERSED"]


async def test_spent_points_are_not_taken_back(village: Any) -> None:
    await spend(village)
    earned, _ = await entries(village)
    assert codes(await reverse(village, earned)) == ["INSUFFICIENT_POINTS"]
    assert (await village.account(asks="balance held")) == {"balance": 4, "held": 0}


async def refuse(village: Any, one: dict[str, Any]) -> None:
    given = {"claim": one["id"], "approve": False, "expectedVersion": one["version"], "note": "照片不清"}
    assert codes(await village.worker.do("decidePointsClaim", "claim { id }", **given)) == []


async def approve(village: Any, one: dict[str, Any]) -> list[str]:
    given = {"claim": one["id"], "approve": True, "expectedVersion": one["version"]}
    return codes(await village.worker.do("decidePointsClaim", "claim { id }", **given))


async def object_to(village: Any, one: dict[str, Any]) -> dict[str, Any]:
    raised = await village.resident().do("objectToPoints", "objection { id }", claim=one["id"], reason="确已打扫")
    assert codes(raised) == []
    return {"objection": raised["objection"]["id"], "uphold": True, "answer": "属实"}


async def test_refused_claim_that_is_made_anew_pays_once(village: Any) -> None:
    """Somebody objects to a refusal and claims the act again with better proof: one of the two gives points."""
    rule = await village.rule()
    first = (await claim(village, rule))["claim"]
    await refuse(village, first)
    objection = await object_to(village, first)
    second = (await claim(village, rule, text="附照片说明"))["claim"]
    assert await approve(village, second) == []
    late = await village.leader.do("decidePointsObjection", "objection { state }", **objection)
    assert [(one["code"], one["path"]) for one in late["errors"]] == [("DUPLICATE", ["objection"])]
    assert (await village.account())["balance"] == 5
    dismissed = objection | {"uphold": False, "answer": "已另行认定"}
    done = await village.leader.do("decidePointsObjection", "objection { state }", **dismissed)
    assert done["objection"] == {"state": "DISMISSED"}, "it is answered all the same"


async def test_claim_that_waits_is_not_paid_after_the_objection(village: Any) -> None:
    rule = await village.rule()
    first = (await claim(village, rule))["claim"]
    await refuse(village, first)
    objection = await object_to(village, first)
    second = (await claim(village, rule, text="附照片说明"))["claim"]
    assert codes(await village.leader.do("decidePointsObjection", "objection { id }", **objection)) == []
    assert await approve(village, second) == ["DUPLICATE"]
    assert (await village.account())["balance"] == 5
    await refuse(village, second)
    assert codes(await claim(village, rule)) == ["DUPLICATE"], "the act is on the account"


async def test_objection_to_a_refusal_has_its_rules_term(village: Any) -> None:
    rule = await village.rule(objectionDays=7)
    made = (await claim(village, rule))["claim"]
    asked = {"claim": made["id"], "reason": "确已打扫"}
    early = await village.resident().do("objectToPoints", "objection { id }", **asked)
    assert codes(early) == ["NOT_REFUSED"]
    await refuse(village, made)
    village.server.clock.time = datetime(2026, 7, 7, 16, tzinfo=UTC)
    assert codes(await village.resident().do("objectToPoints", "objection { id }", **asked)) == ["TERM_OVER"]
    village.server.clock.time = datetime(2026, 7, 7, 15, 59, tzinfo=UTC)
    assert codes(await village.resident().do("objectToPoints", "objection { id }", **asked)) == []
    assert codes(await village.resident().do("objectToPoints", "objection { id }", **asked)) == ["DUPLICATE"]


async def test_whoever_decided_does_not_decide_again(village: Any) -> None:
    """On an objection somebody decides who had no part in it and gains nothing by it."""
    rule = await village.rule()
    made = (await claim(village, rule))["claim"]
    refusal = {"claim": made["id"], "approve": False, "expectedVersion": made["version"], "note": "不清"}
    assert codes(await village.leader.do("decidePointsClaim", "claim { id }", **refusal)) == []
    decided = await object_to(village, made)
    assert codes(await village.leader.do("decidePointsObjection", "objection { id }", **decided)) == [
        "CONFLICT_OF_INTEREST"
    ]
    family = village.server.as_("grid_leader", grid=TOWN, person=str(village.people[0]))
    assert codes(await family.do("decidePointsObjection", "objection { id }", **decided)) == ["CONFLICT_OF_INTEREST"]
    assert (await village.worker.ask(
        "mutation($input: DecidePointsObjectionInput!) { decidePointsObjection(input: $input) { errors { code } } }",
        input={"idempotencyKey": "x", **decided},
    )).codes == ["FORBIDDEN"]  # fmt: skip
    other = village.server.as_("points_manager", grid=TOWN)
    assert codes(await other.do("decidePointsObjection", "objection { id }", **decided)) == []
    assert codes(await other.do("decidePointsObjection", "objection { id }", **decided)) == ["ILLEGAL_TRANSITION"]


# households and groups


async def family(village: Any) -> list[Any]:
    """Two of one household, the head first, in the place of the first two residents."""
    [row] = await village.fetch(
        "select h.head_id, min(m.person_id::text)::uuid other from people.household h "
        "join grids.grid g on g.id=h.town_id "
        "join people.membership m on m.household_id=h.id and m.until is null and m.person_id<>h.head_id "
        "where g.code=$1 group by h.id order by h.id limit 1",
        TOWN,
    )
    village.people[:2] = [row["head_id"], row["other"]]
    return list(row)


HOME = "{ me { person { household { points { id balance entries { nodes { id amount } } } } } } }"


async def home(caller: Any) -> dict[str, Any]:
    [found] = (await caller.ask(HOME)).data["me"]["person"]["household"]["points"]
    return dict(found)


@pytest.mark.asyncio(loop_scope="function")  # the household is the demo's
async def test_household_earns_and_spends_together(village: Any) -> None:
    """Of an act of a household one claim counts, whoever of it files it; each of it may spend, and nobody else."""
    await family(village)
    rule = await village.rule(beneficiary="HOUSEHOLD", amount=10)
    await village.open_shop()
    reward = await village.reward(price=6)
    first = await claim(village, rule, 0)
    assert codes(first) == [] and codes(await claim(village, rule, 1)) == ["DUPLICATE"]
    assert await approve(village, first["claim"]) == []
    account = await home(village.resident(1))
    assert account["balance"] == 10 and account["id"] == (await home(village.resident(0)))["id"]
    given = {"reward": reward, "account": account["id"]}
    assert codes(await village.resident(1).do("redeem", REDEEMED, **given)) == []
    assert codes(await village.resident(3).do("redeem", REDEEMED, **given)) == ["NOT_FOUND"]
    assert codes(await village.resident(0).do("redeem", REDEEMED, **given)) == ["INSUFFICIENT_POINTS"]


@pytest.mark.asyncio(loop_scope="function")  # the household is the demo's
async def test_family_decides_on_nothing_of_its_own(village: Any) -> None:
    await family(village)
    rule = await village.rule(beneficiary="HOUSEHOLD")
    made = (await claim(village, rule, 0))["claim"]
    for role, mutation, given in (
        ("grid_worker", "decidePointsClaim", {"approve": True, "expectedVersion": made["version"]}),
        ("points_reviewer", "voteOnPointsClaim", {"approve": True}),
    ):
        kin = village.server.as_(role, grid=TOWN, person=str(village.people[1]))
        done = await kin.do(mutation, "claim { id }", claim=made["id"], **given)
        assert codes(done) == ["CONFLICT_OF_INTEREST"], role


@pytest.mark.asyncio(loop_scope="function")  # nights are worked through once
async def test_head_of_a_household_hears_of_its_account(village: Any, run_jobs: Any) -> None:
    """Of an objection that was decided, an honour, and points that will expire."""
    await family(village)
    rule = await village.rule(beneficiary="HOUSEHOLD", amount=10)
    assert await approve(village, (await claim(village, rule, 1))["claim"]) == []
    account = await home(village.resident(1))
    [entry] = account["entries"]["nodes"]
    raised = await village.resident(1).do("objectToPoints", "objection { id }", entry=entry["id"], reason="应为二十分")
    decided = {"objection": raised["objection"]["id"], "uphold": False, "answer": "规则为十分"}
    assert codes(await village.leader.do("decidePointsObjection", "objection { id }", **decided)) == []
    asked = {"programme": village.programme, "code": "star", "title": "文明家庭", "criteria": "一年内获得十分。"}
    honour = await village.manager.do("addPointsHonour", "honour { id }", **asked, kind="HOUSEHOLD", least=10)
    given = {"honour": honour["honour"]["id"], "account": account["id"]}
    assert codes(await village.manager.do("awardPointsHonour", "award { id }", **given)) == []
    village.server.clock.move(days=340)
    assert not (await run_jobs()).failed
    told = await notices(village.resident(0))
    assert {"points.objection_decided", "points.honoured", "points.expiring"} <= set(told)
    assert not {"points.honoured", "points.expiring"} & set(await notices(village.resident(1))), "the head alone"


async def test_group_is_its_leaders(village: Any) -> None:
    """Its leader claims and redeems for it; a member of it does not, nor does another group's leader."""
    rule = await village.rule(beneficiary="GROUP", amount=10)
    groups = []
    for at, name in enumerate(("红马甲", "夜巡队")):
        given = {"programme": village.programme, "name": name, "leader": f"Person:{village.people[at]}"}
        made = await village.manager.do("openPointsGroup", "account { id name kind }", **given)
        assert made["account"] | {"id": ""} == {"id": "", "name": name, "kind": "GROUP"}
        groups.append(made["account"]["id"])
    assert codes(await claim(village, rule)) == ["NOT_FOUND"], "say for which group"
    assert codes(await claim(village, rule, group=groups[1])) == ["NOT_FOUND"]
    made = await claim(village, rule, group=groups[0])
    assert codes(made) == [] and await approve(village, made["claim"]) == []
    await village.open_shop()
    reward = await village.reward(price=6)
    given = {"reward": reward, "account": groups[0]}
    assert codes(await village.resident(1).do("redeem", REDEEMED, **given)) == ["NOT_FOUND"]
    done = await village.resident(0).do("redeem", REDEEMED, **given)
    assert done["account"] == {"balance": 10, "held": 6}


# what is said of each movement

EXPLAIN = """query($e: ID!) { explainEntry(id: $e) { text evidence { kind } inputs { name value } rule { title } } }"""


@pytest.mark.asyncio(loop_scope="function")  # nights are worked through once
async def test_every_movement_is_explained(village: Any, run_jobs: Any) -> None:
    """Earned, spent, expired and taken back: each says why, and all of them come to the balance."""
    await spend(village)
    rule = await village.rule(code="late", amount=7)
    village.server.clock.move(days=31)
    await village.earn(rule, "2026-07-31")
    wrong = (await entries(village))[-1]
    assert codes(await reverse(village, wrong)) == []
    # What is taken back is taken from what expires first, so that what is left lasts as long as the later lot.
    village.server.clock.time = datetime(2027, 7, 30, 20, tzinfo=UTC)
    assert not (await run_jobs()).failed
    found = await entries(village)
    assert [(one["kind"], one["amount"]) for one in found] == [
        ("EARNED", 10), ("SPENT", -6), ("EARNED", 7), ("REVERSED", -7), ("EXPIRED", -4),
    ]  # fmt: skip
    assert (await village.account())["balance"] == sum(one["amount"] for one in found) == 0
    told = {}
    for one in found:
        why = (await village.resident().ask(EXPLAIN, e=one["id"])).data["explainEntry"]
        told[one["kind"]] = why
        assert why["text"].strip(), one
        assert (await village.resident(1).ask(EXPLAIN, e=one["id"])).data["explainEntry"] is None
    assert "late/1" in {one["value"] for one in told["EARNED"]["inputs"]}
    assert {one["name"] for one in told["SPENT"]["inputs"]} == {"price", "reward"}
    assert [one["name"] for one in told["REVERSED"]["inputs"]] == ["no"]
    assert told["EARNED"]["rule"] == {"title": "庭院整洁"} and told["SPENT"]["rule"] is None
    span = '(since: "2026-01-01", before: "2028-01-01")'
    said = (await village.account(asks=f"statement{span} {{ opening closing lines {{ amount balance }} }}"))[
        "statement"
    ]
    balance = said["opening"]
    for line in said["lines"]:
        balance += line["amount"]
        assert line["balance"] == balance >= 0
    assert (said["opening"], said["closing"]) == (0, balance)


# shops


@pytest.mark.asyncio(loop_scope="function")  # it counts what the town offers
async def test_shop_that_leaves(village: Any) -> None:
    """Nothing is offered any more, codes that are out are settled, and it leaves once."""
    reward = await fund(village)
    lasting = await village.reward(price=2, offeredUntil="2027-01-01")
    over = await village.reward(price=2, offeredUntil="2026-06-01")
    code = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]["code"]
    given = {"merchant": village.merchant, "expectedVersion": 1}
    assert codes(await village.manager.do("endPointsMerchant", "merchant { id }", **given)) == []
    again = await village.manager.do("endPointsMerchant", "merchant { id }", **given | {"expectedVersion": 2})
    assert codes(again) == ["MERCHANT_LEFT"]
    rows = await village.fetch("select offered_until::text from points.reward order by number")
    assert [day for (day,) in rows] == ["2026-06-30", "2026-06-30", "2026-06-01"], "what ended before keeps its day"
    listed = '{ grid(code: "610921100") { rewards { totalCount } } }'
    assert (await village.server.ask(listed)).data["grid"]["rewards"] == {"totalCount": 0}
    for one in (reward, lasting, over):
        assert codes(await village.resident().do("redeem", REDEEMED, reward=one)) == ["NOT_OFFERED"]
    stock = {"reward": lasting, "stock": 3, "offeredUntil": "2027-01-01", "expectedVersion": 1}
    assert codes(await village.shop.do("stockPointsReward", "reward { id }", **stock)) == ["MERCHANT_LEFT"]
    more = {"merchant": village.merchant, "kind": "GOODS", "title": "盐", "price": 1, "stock": 1}
    assert codes(await village.shop.do("addPointsReward", "reward { id }", **more)) == ["MERCHANT_LEFT"]
    assert (await settle(village, code))["statement"] == {"total": 6, "count": 1}


async def test_price_that_holds_is_the_one_of_the_moment(village: Any) -> None:
    """What is held keeps its price and settles at it, and stock counts what is not held."""
    reward = await fund(village)
    code = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]["code"]
    await village.fetch("update points.reward set price=9 where programme_id=$1", village.key)
    assert (await settle(village, code))["statement"] == {"total": 6, "count": 1}
    assert (await village.account(asks="balance held")) == {"balance": 4, "held": 0}
    assert await village.stocks() == [9]
