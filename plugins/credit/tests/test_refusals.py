"""Bad input: each is refused with its reason, and nothing is half-written."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")
TABLES = ("application", "document", "loan", "instalment", "repayment", "pool_entry")


async def rows(town: Any) -> dict[str, int]:
    counted = ", ".join(f"(select count(*) from credit.{name}) {name}" for name in TABLES)
    [found] = await town.fetch(f"select {counted}, (select count(*) from rights.release) release")
    return dict(found)


async def expect_refusal(town: Any, caller: Any, mutation: str, selection: str, **given: Any) -> list[str]:
    """The codes of a refusal that left nothing behind, each with a message in both languages."""
    before = await rows(town)
    codes: list[str] = await town.refused(caller, mutation, selection, **given)
    assert await rows(town) == before and all(one["message"] for one in town.errors)
    return codes


async def test_loans_have_bounds(town: Any) -> None:
    release = {"kinds": ["APPRAISAL"], "expiresOn": "2027-03-31"}
    usual = {"product": town.product, "amount": "50000", "termMonths": 24, "purpose": "养殖", "release": release}

    async def tried(**more: Any) -> list[str]:
        return await expect_refusal(town, town.resident(10), "applyForLoan", "application { id }", **{**usual, **more})

    assert await tried(amount="100000.01") == ["AMOUNT_OUTSIDE_PRODUCT"]
    assert await tried(amount="4999.99") == ["AMOUNT_OUTSIDE_PRODUCT"]
    assert await tried(amount="50000.001") == await tried(purpose=" ") == ["BAD_USER_INPUT"]
    assert await tried(termMonths=18) == ["TERM_OUTSIDE_PRODUCT"]
    assert await tried(amount="1", termMonths=18) == ["AMOUNT_OUTSIDE_PRODUCT", "TERM_OUTSIDE_PRODUCT"]
    assert await tried(release={**release, "expiresOn": "2026-06-29"}) == ["BAD_USER_INPUT"]
    assert await tried(release={**release, "kinds": ["everything"]}) == ["BAD_USER_INPUT"]
    assert await tried(product=f"LoanProduct:{uuid4()}") == ["NOT_FOUND"]
    later = await town.offer(startsOn="2026-07-01")
    assert await tried(product=later) == ["NOT_OFFERED"]
    elsewhere = await town.fetch(
        "select g.code from grids.grid g where g.kind='VILLAGE' and g.valid_to is null and g.id<>(select p.village_id "
        "from people.person p where p.id=$1) limit 1",
        town.people[10],
    )
    assert await tried(product=await town.offer(grid=elsewhere[0]["code"])) == ["NOT_OFFERED"]
    await town.apply(10)
    assert await tried() == ["DUPLICATE"]


async def test_products_have_bounds(town: Any) -> None:
    usual = {
        "lender": town.bank, "grid": "610921", "code": "x1", "name": "贷", "purpose": "生产", "amountFrom": "1000",
        "amountTo": "2000", "termMonths": [12], "repayment": "BULLET", "margin": "4",
    }  # fmt: skip

    async def tried(**more: Any) -> list[str]:
        return await expect_refusal(town, town.officer, "addLoanProduct", "product { id }", **{**usual, **more})

    assert await tried(amountTo="999") == ["BAD_USER_INPUT"]
    assert await tried(margin="24.01", termMonths=[0]) == ["BAD_USER_INPUT"] * 2
    assert await tried(margin="-1") == ["BAD_USER_INPUT"], "a fixed rate is not below zero"
    assert await tried(lender=town.other_bank) == ["NOT_FOUND"], "not a lender here"
    assert await tried(overdueSurcharge=51) == ["BAD_USER_INPUT"]
    assert await tried(code="sanzhi") == ["DUPLICATE"]
    rate = {"since": "2026-06-20", "tenor": "ONE_YEAR", "rate": "2.90", "source": "公告"}
    assert await expect_refusal(
        town, town.officer, "addLoanPrimeRate", "primeRate { id }", **rate | {"since": "2025-05-20"}
    ) == ["BAD_USER_INPUT"]
    assert await expect_refusal(
        town, town.officer, "addLoanPrimeRate", "primeRate { id }", **rate | {"since": "2026-07-01"}
    ) == ["BAD_USER_INPUT"]


async def test_release_ends_what_the_lender_reads(town: Any) -> None:
    """Revoked, the lender neither sees the application nor decides on it, and is told why."""
    application = await town.send(11)
    release = (await town.fetch("select release_id r from credit.application where id=$1", town.key(application)))[0][
        "r"
    ]
    seen = "query($id: ID!) { node(id: $id) { ... on LoanApplication { number release { claims { text } } } } }"
    assert (await town.lender.ask(seen, id=application)).data["node"]["release"]
    more = {"application": application, "documents": ["流水"]}
    given = {"statements": ["points.honours"]}
    supplement = ("requestLoanSupplement", "application { id }")
    assert await expect_refusal(town, town.lender, *supplement, **more, **given) == ["NOT_RELEASED"]
    assert await expect_refusal(
        town, town.lender, *supplement, application=application, documents=["体检健康证明"]
    ) == ["BANNED_INPUT"]
    await town.done(town.resident(11), "revokeRelease", "release { revokedAt }", release=f"Release:{release}")
    assert (await town.lender.ask(seen, id=application)).data["node"] is None
    assert (await town.lender.ask("{ lenderDesk { nodes { id } } }")).data["lenderDesk"]["nodes"].count(
        {"id": application}
    ) == 0
    decide = {"application": application, "outcome": "APPROVED", "reasons": ["可"], "officer": "1"}
    assert await expect_refusal(town, town.lender, "decideApplication", "application { id }", **decide) == [
        "RELEASE_REVOKED"
    ]
    assert await expect_refusal(town, town.rival, "decideApplication", "application { id }", **decide) == ["NOT_FOUND"]
    mine = (await town.resident(11).ask(seen, id=application)).data["node"]
    assert mine["release"]["claims"] == [], "their own release they still see"


async def test_release_runs_out(town: Any) -> None:
    application = await town.send(12, release={"kinds": ["APPRAISAL"], "expiresOn": "2026-07-02"})
    town.server.clock.move(days=3)
    decide = {"application": application, "outcome": "APPROVED", "reasons": ["可"], "officer": "1"}
    assert await expect_refusal(town, town.lender, "decideApplication", "application { id }", **decide) == [
        "RELEASE_EXPIRED"
    ]
    town.server.clock.move(days=1)
    await town.server.worker.drain()
    [row] = await town.fetch("select state from credit.application where id=$1", town.key(application))
    assert row["state"] == "EXPIRED"


async def test_consent_that_is_over_stops_it(town: Any) -> None:
    draft = (await town.apply(13))["id"]
    await town.hand_in(draft, 13)
    await town.consent(13)
    await town.done(town.resident(13), "submitLoanApplication", "application { id }", application=draft)
    await town.done(town.resident(13), "withdrawConsent", "consent { id }", purpose="credit.loan", recipient=town.bank)
    [row] = await town.fetch("select state from credit.application where id=$1", town.key(draft))
    assert row["state"] == "WITHDRAWN"
    assert await expect_refusal(
        town, town.resident(13), "sendLoanApplication", "application { id }", application=draft
    ) == ["ILLEGAL_TRANSITION"]


async def test_decisions_need_reasons_and_a_person(town: Any) -> None:
    application = await town.send(14)
    usual = {"application": application, "outcome": "REFUSED", "reasons": ["负债偏高"], "officer": "0042"}

    async def tried(**more: Any) -> list[str]:
        return await expect_refusal(town, town.lender, "decideApplication", "application { id }", **{**usual, **more})

    assert await tried(reasons=[]) == ["BAD_USER_INPUT"]
    assert await tried(reasons=[" "], officer="") == ["BAD_USER_INPUT"] * 2
    assert await tried(outcome="APPROVED", annualRate="9.9") == ["RATE_ABOVE_OFFER"]
    assert await tried(outcome="APPROVED", amount="60000") == ["BAD_USER_INPUT"]
    assert await tried(outcome="APPROVED", termMonths=13) == ["TERM_OUTSIDE_PRODUCT"]
    assert await tried(expectedVersion=99) == ["STALE_VERSION"]
    await town.decide(application, "REFUSED", reasons=["负债偏高"])
    assert await tried() == ["ILLEGAL_TRANSITION"]


async def test_money_goes_out_once_and_as_decided(town: Any) -> None:
    application = await town.send(15)
    both = {"application": application, "reference": "FK-000001"}
    assert await expect_refusal(town, town.lender, "prepareDisbursement", "application { id }", **both) == [
        "ILLEGAL_TRANSITION"
    ]
    await town.decide(application, amount="20000", offerUntil="2026-07-10")
    contract = {"application": application, "contract": "HT-000001", "signedOn": "2026-06-30", "amount": "50000"}
    record = ("recordLoanContract", "application { id }")
    assert await expect_refusal(town, town.lender, *record, **contract) == ["BAD_USER_INPUT"]
    town.server.clock.move(days=11)
    assert await expect_refusal(town, town.lender, *record, **contract | {"amount": "20000"}) == ["OFFER_OVER"]
    town.server.clock.move(days=-11)
    await town.done(town.lender, *record, **contract | {"amount": "20000"})
    approve = ("approveDisbursement", "loan { id }")
    assert await expect_refusal(town, town.second, *approve, **both) == ["NOT_PREPARED"]
    await town.done(town.lender, "prepareDisbursement", "application { id }", **both)
    assert await expect_refusal(town, town.lender, *approve, **both) == ["FOUR_EYES"]
    assert await expect_refusal(town, town.second, *approve, **both | {"reference": "FK-000002"}) == ["WRONG_REFERENCE"]
    assert await expect_refusal(town, town.rival, *approve, **both) == ["NOT_FOUND"]
    loan = await town.done(town.second, *approve, **both)
    assert await expect_refusal(town, town.second, *approve, **both) == ["ILLEGAL_TRANSITION"]
    pay = {"loan": loan["id"], "reference": "HK-000001", "amount": "100"}

    async def tried(**more: Any) -> list[str]:
        return await expect_refusal(town, town.lender, "recordRepayment", "loan { id }", **{**pay, **more})

    assert await tried(amount="20000.01") == ["EXCEEDS_DEBT"]
    assert await tried(amount="5000") == ["SAY_WHAT_CHANGES"] and "ahead" in town.errors[0]["message"]
    assert await tried(amount="-1") == ["BAD_USER_INPUT"]
    assert await tried(reference="x y") == ["BAD_USER_INPUT"]
    assert await tried(paidOn="2026-07-01") == ["BAD_USER_INPUT"]
    assert await tried(paidOn="2026-06-29") == ["BAD_USER_INPUT"]
    assert await expect_refusal(town, town.rival, "recordRepayment", "loan { id }", **pay) == ["NOT_FOUND"]
    await town.done(town.lender, "recordRepayment", "loan { id }", **pay)
    assert await tried(amount="200") == ["WRONG_REFERENCE"]
    with pytest.raises(Exception, match="append-only"):
        await town.fetch("update credit.repayment set amount=1 where loan_id=$1", town.key(loan["id"]))


async def test_strangers_may_nothing(town: Any) -> None:
    application = await town.send(16)
    for caller in (town.resident(17), town.rival, town.server.as_("grid_worker", grid="610921"), town.server):
        answer = await caller.ask("query($id: ID!) { node(id: $id) { id } }", id=application)
        assert answer.data["node"] is None
    assert await expect_refusal(
        town, town.resident(17), "withdrawLoanApplication", "application { id }", application=application
    ) == ["NOT_FOUND"]
