"""What happens at one moment: the last points, the last piece, one claim, one code; whoever is first, the sums hold."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from gongzhi_points.ledger.lots import expire_lots
from gongzhi_points.ledger.verification import verify_ledger

from .test_claims import claim, codes
from .test_redeeming import REDEEMED, fund, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOWN = "610921100"


async def at_once(*asked: Any) -> list[str]:
    """What comes of all of these together: the codes of the refusals, sorted, with `done` for what was done."""
    payloads = await asyncio.gather(*asked)
    return sorted((codes(one) or ["done"])[0] for one in payloads)


async def verified(village: Any, desk_type: Any) -> int:
    """How many postings there are, in a ledger in which nothing is wrong."""
    connection = await asyncpg.connect(village.dsn)
    try:
        count, found = await verify_ledger(desk_type(connection), village.key)
    finally:
        await connection.close()
    assert found == []
    return count


async def test_last_points_are_redeemed_once(village: Any, desk_type: Any) -> None:
    """One holder on four phones, with points for one reward."""
    reward = await fund(village)
    asked = [village.resident().do("redeem", REDEEMED, reward=reward) for _ in range(4)]
    assert await at_once(*asked) == ["INSUFFICIENT_POINTS"] * 3 + ["done"]
    assert await village.account(asks="balance held") == {"balance": 10, "held": 6}
    assert await village.stocks() == [9], "what was refused is back on the shelf"
    assert await verified(village, desk_type) == 1


async def test_last_piece_goes_to_one(village: Any) -> None:
    """Three holders and one piece: two keep their points."""
    rule = await village.rule(amount=10)
    for at in range(3):
        await village.earn(rule, "2026-06-30", at)
    await village.open_shop()
    reward = await village.reward(price=6, stock=1)
    asked = [village.resident(at).do("redeem", REDEEMED, reward=reward) for at in range(3)]
    assert await at_once(*asked) == ["OUT_OF_STOCK", "OUT_OF_STOCK", "done"]
    assert sorted([(await village.account(at, "held"))["held"] for at in range(3)]) == [0, 0, 6]


async def test_one_code_at_two_counters(village: Any, desk_type: Any) -> None:
    reward = await fund(village)
    code = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]["code"]
    results = await asyncio.gather(*(settle(village, code, code) for _ in range(3)))
    states = sorted(one["state"] for result in results for one in result["settled"])
    assert states == ["ALREADY_SETTLED"] * 5 + ["SETTLED"]
    assert sorted(one["statement"]["total"] for one in results) == [0, 0, 6]
    assert await verified(village, desk_type) == 2


async def test_settled_or_cancelled(village: Any) -> None:
    """While the counter hands a code in, the shop's office takes it back: goods and points go one way together."""
    reward = await fund(village)
    made = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]
    settled, cancelled = await asyncio.gather(
        settle(village, made["code"]),
        village.shop.do("cancelRedemption", "redemption { state }", redemption=made["id"]),
    )
    [state] = [one["state"] for one in settled["settled"]]
    if state == "SETTLED":
        assert codes(cancelled) == ["ILLEGAL_TRANSITION"]
        expected = (4, 0, 9)
    else:
        assert state == "CANCELLED" and codes(cancelled) == []
        expected = (10, 0, 10)
    account = await village.account(asks="balance held")
    [stock] = await village.stocks()
    assert (account["balance"], account["held"], stock) == expected


@pytest.mark.asyncio(loop_scope="function")  # nights are worked through once
async def test_settled_or_expired(village: Any, run_jobs: Any) -> None:
    """The night's release and a counter at one moment, before and after the term."""
    reward = await fund(village)
    code = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]["code"]
    village.server.clock.move(days=7, minutes=30)
    taken = "2026-06-30T02:10:00Z"
    tally, settled = await asyncio.gather(run_jobs(), settle(village, code, takenAt=taken))
    assert not tally.failed
    assert [one["state"] for one in settled["settled"]] == ["SETTLED"], "to the last minute of its term"
    assert await village.account(asks="balance held") == {"balance": 4, "held": 0}


async def test_same_act_is_claimed_once_from_two_phones(village: Any) -> None:
    rule = await village.rule()
    assert await at_once(*(claim(village, rule) for _ in range(4))) == ["DUPLICATE"] * 3 + ["done"]


async def test_one_claim_is_decided_once(village: Any) -> None:
    """The worker approves while the leader refuses and the claimant takes it back: one of them counts."""
    rule = await village.rule()
    made = (await claim(village, rule))["claim"]
    given = {"claim": made["id"], "expectedVersion": made["version"]}
    asked = [
        village.worker.do("decidePointsClaim", "claim { state }", approve=True, **given),
        village.leader.do("decidePointsClaim", "claim { state }", approve=False, note="照片不清", **given),
        village.resident().do("withdrawPointsClaim", "claim { state }", claim=made["id"]),
    ]
    # Whoever names a version that is over is told that first.
    answers = await at_once(*asked)
    assert answers.count("done") == 1 and set(answers) - {"done"} <= {"ILLEGAL_TRANSITION", "STALE_VERSION"}
    [(state, postings)] = await village.fetch(
        "select state, (select count(*) from points.posting where programme_id=$2)::int from points.claim where id=$1",
        UUID(made["id"].partition(":")[2]),
        village.key,
    )
    assert postings == (1 if state == "APPROVED" else 0)


async def test_cap_holds_for_claims_decided_together(village: Any, desk_type: Any) -> None:
    """Under a cap of twelve, four claims of five are approved at once: five, five, and the two that are left."""
    village.server.clock.time = datetime(2026, 7, 8, 2, tzinfo=UTC)
    rule = await village.rule(cap=12, startsOn="2026-07-08")
    village.server.clock.time = datetime(2026, 7, 20, 2, tzinfo=UTC)
    claims = [(await claim(village, rule, actedOn=f"2026-07-{day}"))["claim"] for day in (10, 12, 14, 16)]
    asked = [
        village.worker.do(
            "decidePointsClaim", "claim { id }", claim=one["id"], approve=True, expectedVersion=one["version"]
        )
        for one in claims
    ]
    assert await at_once(*asked) == ["CAP_REACHED", "done", "done", "done"]
    entries = await village.account(asks="balance entries { nodes { amount } }")
    assert entries["balance"] == 12 and sorted(one["amount"] for one in entries["entries"]["nodes"]) == [2, 5, 5]
    assert await verified(village, desk_type) == 3


async def test_peers_vote_together(village: Any) -> None:
    """Two are enough, three vote at once: points are given once, and the third comes too late."""
    rule = await village.rule(approver="PEERS", peers=2)
    made = (await claim(village, rule))["claim"]
    peers = [village.server.as_("points_reviewer", grid=TOWN, person=str(village.people[at])) for at in (1, 2, 3)]
    asked = [one.do("voteOnPointsClaim", "claim { state }", claim=made["id"], approve=True) for one in peers]
    assert await at_once(*asked) == ["ILLEGAL_TRANSITION", "done", "done"]
    assert (await village.account())["balance"] == 5


async def test_reversed_once(village: Any, desk_type: Any) -> None:
    """By the office and by an objection that is upheld, at one moment."""
    await village.earn(await village.rule(), "2026-06-30")
    [entry] = (await village.account(asks="entries { nodes { id } }"))["entries"]["nodes"]
    raised = await village.resident().do("objectToPoints", "objection { id }", entry=entry["id"], reason="不是我")
    objection = {"objection": raised["objection"]["id"], "uphold": True, "answer": "属实"}
    found = await at_once(
        *(village.manager.do("reversePoints", "entry { id }", entry=entry["id"], reason="重复") for _ in range(2)),
        village.leader.do("decidePointsObjection", "objection { id }", **objection),
    )
    assert found == ["ALREADY_REVERSED", "ALREADY_REVERSED", "done"]
    assert (await village.account())["balance"] == 0
    assert await verified(village, desk_type) == 2


async def test_reversed_while_it_is_spent(village: Any) -> None:
    """What was wrongly given is taken back while its holder redeems it: never both, and never below nothing."""
    reward = await fund(village)
    [entry] = (await village.account(asks="entries { nodes { id } }"))["entries"]["nodes"]
    found = await at_once(
        village.manager.do("reversePoints", "entry { id }", entry=entry["id"], reason="重复"),
        village.resident().do("redeem", REDEEMED, reward=reward),
    )
    assert found == ["INSUFFICIENT_POINTS", "done"]
    account = await village.account(asks="balance held")
    assert account in ({"balance": 0, "held": 0}, {"balance": 10, "held": 6})


async def test_two_versions_are_adopted_together(village: Any) -> None:
    """One ends the other: on no day are two versions of a rule in force."""
    asked = {"code": "tidy", "title": "整洁", "text": "整洁。", "act": "courtyard.tidy", "amount": 5}
    asked |= {"programme": village.programme, "startsOn": "2026-07-01"}
    rules = [(await village.manager.do("proposePointsRule", "rule { id name }", **asked))["rule"] for _ in range(2)]
    for one in rules:
        await village.adopt(one["name"])
    office = village.server.as_("points_manager", grid="610921")
    found = await at_once(
        *(caller.do("adoptPointsRule", "rule { id }", rule=one["id"])
          for caller, one in zip((village.manager, office), rules, strict=True))
    )  # fmt: skip
    assert found == ["done", "done"]
    rows = await village.fetch(
        "select state, ends_on from points.rule where programme_id=$1 order by state", village.key
    )
    assert [tuple(row) for row in rows] == [("ADOPTED", None), ("ENDED", date(2026, 7, 1))]


async def test_codes_of_programmes_and_numbers_of_rewards(village: Any) -> None:
    """One form that is sent twice sets up one programme; two rewards that are added at once have two numbers."""
    asked = {"code": f"second{village.key.hex[-12:]}", "name": "二", "grid": TOWN}
    sent = [village.manager.do("addPointsProgramme", "programme { id }", **asked) for _ in range(3)]
    assert await at_once(*sent) == ["DUPLICATE", "DUPLICATE", "done"]
    await village.open_shop()
    reward = {"merchant": village.merchant, "kind": "GOODS", "title": "洗衣粉", "price": 5, "stock": 1}
    added = [village.shop.do("addPointsReward", "reward { id }", **reward) for _ in range(3)]
    assert await at_once(*added) == ["done"] * 3
    numbers = "select number from points.reward where programme_id=$1 order by 1"
    assert await village.fetch(numbers, village.key) == [(1,), (2,), (3,)]


async def test_a_night_and_a_shopper(village: Any, desk_type: Any) -> None:
    """Points expire while their holder redeems others: each lot goes one way."""
    rule = await village.rule(amount=10)
    await village.earn(rule, "2026-06-30")
    await village.open_shop()
    reward = await village.reward(price=6, stock=100)
    village.server.clock.time = datetime(2027, 1, 10, 2, tzinfo=UTC)
    await village.earn(rule, "2027-01-09")
    village.server.clock.time = datetime(2027, 6, 29, 16, 5, tzinfo=UTC)
    one = await asyncpg.connect(village.dsn)

    async def night() -> int:
        async with one.transaction():
            return await expire_lots(desk_type(one), village.key, date(2027, 6, 30))

    await asyncio.gather(night(), *(village.resident().do("redeem", REDEEMED, reward=reward) for _ in range(3)))
    await one.close()
    assert await village.account(asks="balance held") == {"balance": 10, "held": 6}
    assert await verified(village, desk_type) == 3
