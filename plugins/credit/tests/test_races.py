"""What two do at once: one application, one appraisal, one panel, one decision, one loan; the other is told why not."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

RELEASE = {"kinds": ["APPRAISAL"], "expiresOn": "2027-03-31"}


async def codes(town: Any, caller: Any, mutation: str, /, **given: Any) -> tuple[str, ...]:
    """What was wrong, read from this very payload: the town's own list is that of whoever came last."""
    payload = await town.tried(caller, mutation, "", **given)
    return tuple(one["code"] for one in payload["errors"])


async def count(town: Any, sql: str, *values: Any) -> int:
    [(found,)] = await town.fetch(f"select count(*) from credit.{sql}", *values)
    return int(found)


async def test_one_application_for_one_product(own_county: Any) -> None:
    """Four tries at once from a telephone that hangs, each with a key of its own."""
    town = own_county
    asked = {"product": town.product, "amount": "50000", "termMonths": 24, "purpose": "养殖", "release": RELEASE}
    found = Counter(await asyncio.gather(*(codes(town, town.resident(0), "applyForLoan", **asked) for _ in range(4))))
    assert found == {(): 1, ("DUPLICATE",): 3}
    assert await count(town, "application where person_id=$1", town.people[0]) == 1
    [(released,)] = await town.fetch("select count(*) from rights.release where person_id=$1", town.people[0])
    assert released == 1, "nothing was released twice"


async def test_same_key_is_one_application(own_county: Any) -> None:
    town = own_county
    asked = {"product": town.product, "amount": "50000", "termMonths": 24, "purpose": "养殖", "release": RELEASE}
    asked["idempotencyKey"] = str(uuid4())
    made = await asyncio.gather(
        *(town.tried(town.resident(1), "applyForLoan", "application { id }", **asked) for _ in range(4))
    )
    assert len({one["application"]["id"] for one in made}) == 1 and all(one["errors"] == [] for one in made)
    assert await count(town, "application where person_id=$1", town.people[1]) == 1


async def test_one_appraisal_at_a_time(own_county: Any) -> None:
    town = own_county
    found = Counter(await asyncio.gather(*(codes(town, town.resident(2), "requestCreditAppraisal") for _ in range(4))))
    assert found == {(): 1, ("DUPLICATE",): 3}
    assert await count(town, "appraisal where person_id=$1", town.people[2]) == 1


async def test_one_panel_is_drawn(own_county: Any) -> None:
    town = own_county
    made = await town.done(town.resident(3), "requestCreditAppraisal", "appraisal { id }")
    found = Counter(
        await asyncio.gather(*(codes(town, town.officer, "drawReviewPanel", appraisal=made["id"]) for _ in range(3)))
    )
    assert found[()] == 1 and set(found) <= {(), ("ILLEGAL_TRANSITION",), ("DUPLICATE",)}
    assert await count(town, "panel where appraisal_id=$1", town.key(made["id"])) == 1
    assert len(await town.seated(made["id"])) == 7


async def test_member_scores_once_and_a_panel_closes_once(own_county: Any) -> None:
    """Whoever presses twice has scored once; of two who close, one does, on the scores of all."""
    town = own_county
    made = (await town.done(town.resident(4), "requestCreditAppraisal", "appraisal { id }"))["id"]
    await town.done(town.officer, "drawReviewPanel", "panel { id }", appraisal=made)
    member = (await town.seated(made))[0]
    scores = [{"indicator": name, "value": 9} for name in town.weights]
    found = Counter(
        await asyncio.gather(
            *(codes(town, town.panelist(member), "scoreAppraisal", appraisal=made, scores=scores) for _ in range(3))
        )
    )
    assert found == {(): 1, ("DUPLICATE",): 2}
    sheets = "sheet s join credit.panel p on p.id=s.panel_id where p.appraisal_id=$1"
    assert await count(town, sheets, town.key(made)) == len(scores)
    await town.score(made, 9, most=6)
    minutes = {"appraisal": made, "minutes": "评议。"}
    closed = Counter(
        await asyncio.gather(*(codes(town, town.officer, "closeReviewPanel", **minutes) for _ in range(2)))
    )
    assert closed[()] == 1
    [row] = await town.fetch("select grade, score, state from credit.appraisal where id=$1", town.key(made))
    assert tuple(row) == ("A", 9000, "CONCLUDED")
    [(decisions,)] = await town.fetch(
        "select count(*) from rights.decision where person_id=$1 and rule='credit.appraisal/1'", town.people[4]
    )
    assert decisions == 1, "one finding is on record"


async def test_scoring_and_closing_at_once(own_county: Any) -> None:
    """A score counts if it was given before the panel closed; none comes after."""
    town = own_county
    made = (await town.done(town.resident(5), "requestCreditAppraisal", "appraisal { id }"))["id"]
    await town.done(town.officer, "drawReviewPanel", "panel { id }", appraisal=made)
    await town.score(made, 9, most=5)
    late = (await town.seated(made))[0]
    scores = [{"indicator": name, "value": 0} for name in town.weights]
    scored, closed = await asyncio.gather(
        codes(town, town.panelist(late), "scoreAppraisal", appraisal=made, scores=scores),
        codes(town, town.officer, "closeReviewPanel", appraisal=made, minutes="评议。"),
    )
    assert closed == ()
    [(inputs,)] = await town.fetch(
        "select inputs::text from rights.decision where person_id=$1 and rule='credit.appraisal/1'", town.people[5]
    )
    sheets = await count(town, "sheet s join credit.panel p on p.id=s.panel_id where p.appraisal_id=$1", town.key(made))
    counted = 6 if scored == () else 5
    assert sheets == counted * len(scores) and f"{counted}" in inputs


async def test_one_objection(own_county: Any) -> None:
    town = own_county
    id = await town.appraise(6)
    asked = {"appraisal": id, "reason": "记录不全"}
    found = Counter(
        await asyncio.gather(*(codes(town, town.resident(6), "objectToAppraisal", **asked) for _ in range(3)))
    )
    assert found[()] == 1 and set(found) <= {(), ("DUPLICATE",), ("ILLEGAL_TRANSITION",)}
    assert await count(town, "objection where appraisal_id=$1", town.key(id)) == 1


async def test_member_is_in_the_pool_once(own_county: Any) -> None:
    town = own_county
    person = f"Person:{town.people[30]}"
    found = Counter(await asyncio.gather(*(codes(town, town.officer, "addPanelist", person=person) for _ in range(3))))
    assert found == {(): 1, ("DUPLICATE",): 2}
    assert await count(town, "panelist where person_id=$1 and until is null", town.people[30]) == 1


async def test_lender_decides_once(own_county: Any) -> None:
    """Lent or refused, by whoever was first; and the applicant is told of one decision."""
    town = own_county
    application = await town.send(7)
    asked = {"application": application, "reasons": ["可"], "officer": "1"}
    found = await asyncio.gather(
        codes(town, town.lender, "decideApplication", outcome="APPROVED", **asked),
        codes(town, town.second, "decideApplication", outcome="REFUSED", **asked),
    )
    assert sorted(found) == [(), ("ILLEGAL_TRANSITION",)]
    [row] = await town.fetch("select state, outcome from credit.application where id=$1", town.key(application))
    assert row["state"] == row["outcome"] == ("APPROVED" if found[0] == () else "REFUSED")
    told = "select count(*) from notices.notice where kind='credit.decided' and about=$1"
    assert (await town.fetch(told, application))[0][0] == 1


async def test_taking_back_and_deciding_at_once(own_county: Any) -> None:
    """Whichever was first: an application that was taken back is not decided on, and its release is over."""
    town = own_county
    for at in (8, 9):
        application = await town.send(at)
        asked = {"application": application, "outcome": "REFUSED", "reasons": ["可"], "officer": "1"}
        decided, back = await asyncio.gather(
            codes(town, town.lender, "decideApplication", **asked),
            codes(town, town.resident(at), "withdrawLoanApplication", application=application),
        )
        [row] = await town.fetch(
            "select a.state, r.revoked_at is null released from credit.application a "
            "join rights.release r on r.id=a.release_id where a.id=$1",
            town.key(application),
        )
        if back == ():
            assert tuple(row) == ("WITHDRAWN", False) and decided
        else:
            assert row["state"] == "REFUSED" and decided == () and back == ("ILLEGAL_TRANSITION",)


async def contracted(town: Any, at: int) -> str:
    application = await town.send(at)
    await town.decide(application)
    asked = {"contract": f"HT-race-{at}", "signedOn": "2026-06-30", "amount": "50000"}
    await town.done(town.lender, "recordLoanContract", "application { id }", application=application, **asked)
    return str(application)


async def test_money_goes_out_once(own_county: Any) -> None:
    """Three who approve at the same moment pay out one loan."""
    town = own_county
    application = await contracted(town, 10)
    both = {"application": application, "reference": "FK-000010"}
    await town.done(town.lender, "prepareDisbursement", "application { id }", **both)
    others = [town.server.as_("lender", unit=town.bank, sub=f"teller-{at}") for at in range(3, 6)]
    found = Counter(await asyncio.gather(*(codes(town, one, "approveDisbursement", **both) for one in others)))
    assert found == {(): 1, ("ILLEGAL_TRANSITION",): 2}
    assert await count(town, "loan where application_id=$1", town.key(application)) == 1
    assert await count(town, "instalment i join credit.loan l on l.id=i.loan_id where l.application_id=$1",
                       town.key(application)) == 24  # fmt: skip


async def test_one_payment_is_one_loan(own_county: Any) -> None:
    """Two applications that were prepared under one reference of the bank: the second is told that it is another's."""
    town = own_county
    made = [await contracted(town, at) for at in (11, 12)]
    for application in made:
        await town.done(
            town.lender, "prepareDisbursement", "application { id }", application=application, reference="FK-000011"
        )
    found = await asyncio.gather(
        *(codes(town, town.second, "approveDisbursement", application=one, reference="FK-000011") for one in made)
    )
    assert sorted(found) == [(), ("DUPLICATE",)]
    assert await count(town, "loan where reference='FK-000011'") == 1
    late = made[1 - found.index(())]
    [row] = await town.fetch("select state from credit.application where id=$1", town.key(late))
    assert row["state"] == "CONTRACTED", "it waits for a payment of its own"
    again = {"application": late, "reference": "FK-000012"}
    assert await codes(town, town.lender, "prepareDisbursement", **again) == ()
    assert await codes(town, town.second, "approveDisbursement", **again) == ()


async def test_whoever_prepares_last_does_not_approve(own_county: Any) -> None:
    """Prepared again by another it is that one whom the approver must differ from, also where both come at once."""
    town = own_county
    application = await contracted(town, 13)
    both = {"application": application, "reference": "FK-000013"}
    await town.done(town.lender, "prepareDisbursement", "application { id }", **both)
    prepared, approved = await asyncio.gather(
        codes(town, town.second, "prepareDisbursement", **both), codes(town, town.second, "approveDisbursement", **both)
    )
    rows = await town.fetch(
        "select prepared_by, approved_by from credit.loan where application_id=$1", town.key(application)
    )
    if rows:
        assert approved == () and rows[0]["prepared_by"] != rows[0]["approved_by"]
    else:
        assert prepared == () and approved == ("FOUR_EYES",)


async def test_versions_of_a_scorecard_follow_each_other(own_county: Any) -> None:
    """Proposed at once they are versions of their own, and no number is there twice."""
    town = own_county
    weights = [{"indicator": name, "weight": 20} for name in town.weights]
    asked = {"grid": "610921", "code": "race", "title": "版", "weights": weights, "startsOn": "2026-08-01",
             "bands": [{"grade": "A", "least": 85}]}  # fmt: skip
    found = Counter(await asyncio.gather(*(codes(town, town.officer, "proposeCreditModel", **asked) for _ in range(4))))
    assert found == {(): 4}
    rows = await town.fetch("select version from credit.model where code='race' order by version")
    assert [row["version"] for row in rows] == [1, 2, 3, 4]


async def test_product_ends_for_good(own_county: Any) -> None:
    """It may end earlier than was said, and is not offered again by ending it later."""
    town = own_county
    product = await town.offer()
    asked = {"product": product}
    assert await codes(town, town.officer, "endLoanProduct", on="2026-07-31", expectedVersion=1, **asked) == ()
    assert await codes(town, town.officer, "endLoanProduct", on="2026-08-01", expectedVersion=2, **asked) == (
        "BAD_USER_INPUT",
    )
    assert await codes(town, town.officer, "endLoanProduct", on="2026-07-01", expectedVersion=2, **asked) == ()
    town.server.clock.move(days=1)
    wish = {"amount": "50000", "termMonths": 24, "purpose": "养殖", "release": RELEASE, **asked}
    assert await codes(town, town.resident(14), "applyForLoan", **wish) == ("NOT_OFFERED",)
    assert await codes(town, town.officer, "endLoanProduct", on="2027-01-01", expectedVersion=3, **asked) == (
        "BAD_USER_INPUT",
    )
    town.server.clock.move(days=-1)
