"""Clocks at their edges: the last day of an offer, a release, a grade, a draft; the first of a rate and of age."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="module")

RELEASE = {"kinds": ["APPRAISAL"], "expiresOn": "2027-03-31"}


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def same_day(own_county: Any) -> AsyncIterator[None]:
    """Put the clock back, and the jobs that went with it: the tests of this module share both."""
    before = own_county.server.clock.time
    yield
    own_county.server.clock.time = before
    await own_county.fetch("delete from events.job where due_at>$1", before)


def last_second(town: Any, month: int, day: int, year: int = 2026) -> None:
    """Set the clock to the last second of a day in China."""
    town.server.clock.time = datetime(year, month, day, 15, 59, 59, tzinfo=UTC)


def first_second(town: Any, month: int, day: int, year: int = 2026) -> None:
    """Set the clock to the first second of the day after this one in China."""
    town.server.clock.time = datetime(year, month, day, 16, 0, 0, tzinfo=UTC)


async def codes(town: Any, caller: Any, mutation: str, /, **given: Any) -> list[str]:
    payload = await town.tried(caller, mutation, "", **given)
    return [one["code"] for one in payload["errors"]]


async def state(town: Any, application: str) -> str:
    [row] = await town.fetch("select state from credit.application where id=$1", town.key(application))
    return str(row["state"])


async def test_offer_stands_through_its_last_day(own_county: Any) -> None:
    town = own_county
    made = []
    for at in (0, 1):
        application = await town.send(at)
        await town.decide(application, offerUntil="2026-07-10")
        made.append(application)
    contract = {"signedOn": "2026-07-10", "amount": "50000"}
    last_second(town, 7, 10)
    first = await codes(town, town.lender, "recordLoanContract", application=made[0], contract="HT-000001", **contract)
    assert first == []
    first_second(town, 7, 10)
    late = await codes(town, town.lender, "recordLoanContract", application=made[1], contract="HT-000002", **contract)
    assert late == ["OFFER_OVER"]
    town.server.clock.move(hours=1)
    await town.server.worker.drain()
    assert await state(town, made[1]) == "EXPIRED" and await state(town, made[0]) == "CONTRACTED"
    [row] = await town.fetch(
        "select r.revoked_at from rights.release r join credit.application a on a.release_id=r.id where a.id=$1",
        town.key(made[1]),
    )
    assert row["revoked_at"], "what was released for it is released no longer"


async def test_release_holds_through_its_last_day(own_county: Any) -> None:
    town = own_county
    release = {"kinds": ["APPRAISAL"], "expiresOn": "2026-07-10"}
    first, second = [await town.send(at, release=release) for at in (2, 3)]
    asked = {"outcome": "APPROVED", "reasons": ["可"], "officer": "1"}
    last_second(town, 7, 10)
    assert await codes(town, town.lender, "decideApplication", application=first, **asked) == []
    first_second(town, 7, 10)
    assert await codes(town, town.lender, "decideApplication", application=second, **asked) == ["RELEASE_EXPIRED"]


async def test_draft_waits_for_sixty_days(own_county: Any) -> None:
    town = own_county
    draft = (await town.apply(4))["id"]
    town.server.clock.move(days=59, hours=12)
    await town.server.worker.drain()
    assert await state(town, draft) == "DRAFT"
    town.server.clock.move(days=2)
    await town.server.worker.drain()
    assert await state(town, draft) == "EXPIRED"
    assert await codes(town, town.resident(4), "submitLoanApplication", application=draft) != []
    told = "select count(*) from notices.notice where kind='credit.expired' and about=$1"
    assert (await town.fetch(told, draft))[0][0] == 1
    again = {"product": town.product, "amount": "50000", "termMonths": 24, "purpose": "养殖", "release": RELEASE}
    assert await codes(town, town.resident(4), "applyForLoan", **again) == [], "one may apply again"


async def test_grade_counts_through_its_last_day(own_county: Any) -> None:
    """The discount of a grade is had on the last day it is valid, and not on the day after; nor is anything dearer."""
    town = own_county
    release = {"kinds": ["APPRAISAL"], "expiresOn": "2027-12-31"}
    await town.appraise(5, 10)
    [(until,)] = await town.fetch("select valid_until from credit.appraisal where person_id=$1", town.people[5])
    assert until.isoformat() == "2027-06-30"
    product, rates = await town.offer(), []
    for move in (last_second, first_second):
        move(town, 6, 30, 2027)
        asked = {"product": product, "amount": "50000", "termMonths": 12, "purpose": "养殖", "release": release}
        made = await town.done(town.resident(5), "applyForLoan", "application { id annualRate }", **asked)
        rates.append(Decimal(made["annualRate"]))
        await town.done(town.resident(5), "withdrawLoanApplication", "application { id }", application=made["id"])
    assert rates == [Decimal("3.4"), Decimal("4")]


async def test_prime_rate_holds_from_its_day(own_county: Any) -> None:
    """What was sent keeps the rate that was shown; a draft is priced anew when it is sent."""
    town = own_county
    sent, draft = await town.send(6), (await town.apply(7))["id"]
    await town.hand_in(draft, 7)
    await town.consent(7)
    town.server.clock.move(days=20)
    asked = {"since": "2026-07-20", "tenor": "ONE_YEAR", "rate": "2.50", "source": "公告"}
    assert await codes(town, town.officer, "addLoanPrimeRate", **asked) == []
    assert await codes(town, town.officer, "addLoanPrimeRate", **asked) == ["BAD_USER_INPUT"], "once"
    for step in ("submitLoanApplication", "sendLoanApplication"):
        await town.done(town.resident(7), step, "application { id }", application=draft)
    rows = await town.fetch(
        "select person_id, rate, base->>'since' since from credit.application where id=any($1::uuid[])",
        [town.key(sent), town.key(draft)],
    )
    found = {row["person_id"]: (row["rate"], row["since"]) for row in rows}
    assert found[town.people[6]] == (40_000, "2025-05-20") and found[town.people[7]] == (35_000, "2026-07-20")
    # The lender may come down to it, and never goes above what was shown.
    decide = {"application": sent, "outcome": "APPROVED", "reasons": ["可"], "officer": "1"}
    assert await codes(town, town.lender, "decideApplication", annualRate="4.0001", **decide) == ["RATE_ABOVE_OFFER"]
    assert await codes(town, town.lender, "decideApplication", annualRate="3.5", **decide) == []
    await town.fetch("delete from credit.prime_rate where since='2026-07-20'")


@pytest.mark.parametrize(("at", "born", "allowed"), [(8, "2008-06-30", True), (9, "2008-07-01", False)])
async def test_loans_are_for_adults(own_county: Any, at: int, born: str, allowed: bool) -> None:
    """From the eighteenth birthday on, by the day in China."""
    town = own_county
    await town.fetch("update people.person set birth_date=$2::text::date where id=$1", town.people[at], born)
    asked = {"product": town.product, "amount": "50000", "termMonths": 24, "purpose": "养殖", "release": RELEASE}
    last_second(town, 6, 30)
    assert await codes(town, town.resident(at), "applyForLoan", **asked) == ([] if allowed else ["NOT_OF_AGE"])
    if not allowed:
        assert town.errors[0]["path"] == ["person"]
        first_second(town, 6, 30)
        assert await codes(town, town.resident(at), "applyForLoan", **asked) == []


async def test_objection_is_heard_through_the_twentieth_day(own_county: Any) -> None:
    town = own_county
    made = [await town.appraise(at) for at in (10, 11)]
    last_second(town, 7, 20)
    assert await codes(town, town.resident(10), "objectToAppraisal", appraisal=made[0], reason="记录不全") == []
    first_second(town, 7, 20)
    late = await codes(town, town.resident(11), "objectToAppraisal", appraisal=made[1], reason="记录不全")
    assert late == ["TERM_OVER"] and "2026-07-20" in town.errors[0]["message"]


async def test_product_is_offered_from_its_first_day(own_county: Any) -> None:
    """And on the last one before it ends."""
    town = own_county
    product = await town.offer(startsOn="2026-07-05", endsOn="2026-07-07")
    asked = {"product": product, "amount": "50000", "termMonths": 24, "purpose": "养殖", "release": RELEASE}
    found = []
    for move, day, at in ((last_second, 4, 12), (first_second, 4, 12), (last_second, 6, 13), (first_second, 6, 14)):
        move(town, 7, day)
        found.append(await codes(town, town.resident(at), "applyForLoan", **asked))
    assert found == [["NOT_OFFERED"], [], [], ["NOT_OFFERED"]]


async def test_borrowers_are_written_to_at_each_step_once(own_county: Any) -> None:
    """A week before, a day before, a day after, then by months; run twice a day, or not for days, it is told once."""
    town = own_county
    loan = await town.borrow(15)
    told = []
    began = town.server.clock.time
    # The instalment is due on the thirtieth day.
    for day in (22, 23, 23, 24, 28, 29, 30, 31, 31, 45, 60, 61, 89, 95, 119, 120, 121):
        town.server.clock.time = began
        town.server.clock.move(days=day)
        await town.server.worker.drain()
        [(count,)] = await town.fetch("select count(*) from notices.notice where about=$1 and kind='credit.due'", loan)
        told.append(count)
    assert told == [0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6]
    rows = await town.fetch("select days from credit.reminder where loan_id=$1 order by days", town.key(loan))
    assert [row["days"] for row in rows] == [-7, -1, 1, 30, 60, 90]
