"""Ledgers as they are stored: whatever is booked in whatever order, parts sum to the whole, entries to the balance."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOAN = """
select l.principal, l.outstanding, l.penalty, l.settled_at is not null settled, l.next_due_on, l.reckoned_on,
 (select coalesce(sum(i.principal), 0) from credit.instalment i where i.loan_id=l.id) planned,
 (select coalesce(sum(i.paid_principal), 0) from credit.instalment i where i.loan_id=l.id) paid_principal,
 (select coalesce(sum(i.paid_interest), 0) from credit.instalment i where i.loan_id=l.id) paid_interest,
 (select min(i.due_on) from credit.instalment i where i.loan_id=l.id
  and i.paid_principal+i.paid_interest<i.principal+i.interest) open_from,
 (select coalesce(sum(r.amount), 0) from credit.repayment r where r.loan_id=l.id) paid,
 (select coalesce(sum(r.principal), 0) from credit.repayment r where r.loan_id=l.id) booked_principal,
 (select coalesce(sum(r.interest), 0) from credit.repayment r where r.loan_id=l.id) booked_interest,
 (select coalesce(sum(r.penalty), 0) from credit.repayment r where r.loan_id=l.id) booked_penalty,
 (select count(*) from credit.repayment r where r.loan_id=l.id) payments, a.state
from credit.loan l join credit.application a on a.id=l.application_id where l.id=$1
"""
POOL = """
select p.balance, coalesce(sum(e.amount), 0) entries, count(e.id) n from credit.pool p
left join credit.pool_entry e on e.pool_id=p.id where p.id=$1 group by p.id
"""
DEBT = "query($id: ID!) { node(id: $id) { ... on Loan { payoff version outstanding } } }"

NAMES = count(1)


@pytest.fixture(autouse=True)
def same_day(own_county: Any) -> Iterator[None]:
    """Put the clock back: the tests of this module share it."""
    before = own_county.server.clock.time
    yield
    own_county.server.clock.time = before


async def debt(town: Any, loan: str) -> Any:
    return (await town.lender.ask(DEBT, id=loan)).data["node"]


async def check_loan(town: Any, loan: str, paid: int) -> Any:
    """What must hold of a loan after each booking, in fen."""
    [row] = await town.fetch(LOAN, town.key(loan))
    assert row["planned"] == row["principal"], "all principal is in the plan, and no more"
    assert row["outstanding"] == row["principal"] - row["paid_principal"] >= 0
    assert (row["paid_principal"], row["paid_interest"]) == (row["booked_principal"], row["booked_interest"])
    assert row["paid"] == row["booked_principal"] + row["booked_interest"] + row["booked_penalty"] == paid
    assert row["settled"] == (row["state"] == "SETTLED") == (row["outstanding"] == 0 and row["open_from"] is None)
    assert row["settled"] or row["next_due_on"] == row["open_from"]
    return row


async def pay(town: Any, loan: str, amount: Decimal, number: str, **more: Any) -> list[str]:
    given = {"loan": loan, "amount": str(amount), "reference": number, **more}
    payload = await town.tried(town.lender, "recordRepayment", "", **given)
    return [one["code"] for one in payload["errors"]]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_life_of_a_loan(own_county: Any, seed: int) -> None:
    """Payments too small and too large, ahead and late, new plans, the same one again: each leaves a whole book."""
    town, chance, paid = own_county, random.Random(seed), 0
    loan = await town.borrow(seed)
    for at in range(14):
        town.server.clock.move(days=chance.choice((0, 3, 16, 31)))
        seen = await debt(town, loan)
        owed, number = Decimal(seen["payoff"]), f"HK-{seed}-{at:04}"
        if Decimal(seen["outstanding"]) == 0:
            break
        act = chance.choice(("pay", "pay", "ahead", "too much", "plan"))
        if act == "plan":
            given = {"agreement": f"CZ-{seed}-{at:04}", "termMonths": chance.choice((6, 12, 36))}
            how = chance.choice(("EQUAL_PRINCIPAL", "EQUAL_INSTALMENT", "INTEREST_FIRST"))
            await town.done(
                town.lender, "restructureLoan", "loan { id }", loan=loan, expectedVersion=seen["version"],
                repayment=how, **given,
            )  # fmt: skip
            assert Decimal((await debt(town, loan))["payoff"]) == owed, "a plan changes no debt"
        elif act == "too much":
            assert await pay(town, loan, owed + Decimal("0.01"), number) == ["EXCEEDS_DEBT"]
        else:
            amount = (owed * chance.randrange(5, 400) / 1000).quantize(Decimal("0.01"))
            more = {"ahead": chance.choice(("LOWER_INSTALMENTS", "SHORTER_TERM"))} if act == "ahead" else {}
            codes = await pay(town, loan, amount, number, **more)
            assert set(codes) <= {"SAY_WHAT_CHANGES", "NOTHING_AHEAD"}
            if not codes:
                paid += int(amount * 100)
                assert await pay(town, loan, amount, number, **more) == [], "sent again it is the same payment"
                left = Decimal((await debt(town, loan))["payoff"]) - (owed - amount)
                # Who pays the next instalment before its day pays its interest, which has not run yet; who pays ahead
                # pays for the days gone alone.
                assert abs(left) <= Decimal("0.02") if more else left >= 0
        await check_loan(town, loan, paid)
    rest = Decimal((await debt(town, loan))["payoff"])
    if rest:
        assert await pay(town, loan, rest, f"HK-{seed}-last") == []
        paid += int(rest * 100)
    row = await check_loan(town, loan, paid)
    assert row["settled"] and row["penalty"] == 0
    town.server.clock.move(days=400)
    assert Decimal((await debt(town, loan))["payoff"]) == 0, "nothing runs on what is paid back"
    assert await pay(town, loan, Decimal("0.01"), f"HK-{seed}-more") == ["EXCEEDS_DEBT"]


async def test_settling_after_a_new_plan_pays_what_had_run(own_county: Any) -> None:
    """Whoever is a quarter behind, agrees on a new plan and settles the next week owes what they owed, and a week."""
    town = own_county
    loan = await town.borrow(4)
    town.server.clock.move(days=100)
    before = await debt(town, loan)
    given = {"agreement": "CZ-000100", "termMonths": 24, "repayment": "EQUAL_PRINCIPAL"}
    await town.done(
        town.lender, "restructureLoan", "loan { id }", loan=loan, expectedVersion=before["version"], **given
    )
    assert (await debt(town, loan))["payoff"] == before["payoff"]
    assert Decimal(before["payoff"]) > 50_000 + 1_000 * Decimal("0.4")
    town.server.clock.move(days=7)
    later = Decimal((await debt(town, loan))["payoff"])
    [(rate,)] = await town.fetch("select rate from credit.loan where id=$1", town.key(loan))
    week = Decimal(50_000 * 7 * rate) / 360 / 1_000_000
    assert abs(later - Decimal(before["payoff"]) - week) <= Decimal("0.01")
    assert await pay(town, loan, later, "HK-000100") == []
    await check_loan(town, loan, int(later * 100))


async def test_payments_at_once_are_booked_one_after_the_other(own_county: Any) -> None:
    """Of five that together are more than the debt some are refused, and what is booked is not more than was owed."""
    town = own_county
    loan = await town.borrow(5)
    owed = Decimal((await debt(town, loan))["payoff"])
    third = (owed / 3).quantize(Decimal("0.01"))
    found = await asyncio.gather(
        *(pay(town, loan, third, f"HK-5-{at:04}", ahead="LOWER_INSTALMENTS") for at in range(5))
    )
    booked = Counter(tuple(codes) for codes in found)
    assert set(booked) <= {(), ("EXCEEDS_DEBT",), ("NOTHING_AHEAD",)} and 1 <= booked[()] <= 3
    await check_loan(town, loan, int(third * 100) * booked[()])


async def test_reference_is_one_payment_of_one_loan(own_county: Any) -> None:
    """Sent for two loans at once it is booked for one of them, and the other is told so."""
    town = own_county
    loans = [await town.borrow(6), await town.borrow(7)]
    found = await asyncio.gather(*(pay(town, loan, Decimal(100), "HK-000067") for loan in loans))
    assert sorted(found) == [[], ["WRONG_REFERENCE"]]
    rows = await town.fetch("select loan_id from credit.repayment where reference='HK-000067'")
    assert len(rows) == 1
    for loan, codes in zip(loans, found, strict=True):
        await check_loan(town, loan, 0 if codes else 10_000)
    late = loans[found.index([])]
    other = loans[1 - found.index([])]
    assert await pay(town, late, Decimal(100), "HK-000067") == []
    assert await pay(town, other, Decimal(100), "HK-000067") == ["WRONG_REFERENCE"]
    assert await pay(town, late, Decimal(200), "HK-000067") == ["WRONG_REFERENCE"]


async def test_nothing_is_booked_before_what_is_booked(own_county: Any) -> None:
    """A day in the past is taken as it is, but for days before the last booking, on which interest was reckoned."""
    town = own_county
    loan = await town.borrow(8)
    town.server.clock.move(days=40)
    assert await pay(town, loan, Decimal(500), "HK-000081", paidOn="2026-07-15") == []
    assert await pay(town, loan, Decimal(500), "HK-000082", paidOn="2026-07-14") == ["BAD_USER_INPUT"]
    assert await pay(town, loan, Decimal(500), "HK-000083", paidOn="2026-07-15") == []
    assert await pay(town, loan, Decimal(500), "HK-000084", paidOn="2026-08-10") == ["BAD_USER_INPUT"], "it is ahead"
    assert await pay(town, loan, Decimal(500), "HK-000085", paidOn="2026-08-09") == []
    row = await check_loan(town, loan, 150_000)
    assert row["reckoned_on"].isoformat() == "2026-08-09"


async def lose(town: Any, at: int) -> str:
    """A loan of which nothing was paid for so long that a pool bears its share; the clock is that much later."""
    loan = await town.borrow(at)
    town.server.clock.move(days=130)
    return str(loan)


async def open_pool(town: Any, share: int = 40, grid: str = "610921") -> str:
    # A name of its own: the tests of this module share the lender.
    asked = {"grid": grid, "lender": town.bank, "name": f"风险补偿金 {next(NAMES)}", "share": share}
    made = await town.done(town.officer, "openRiskPool", "pool { id }", **asked)
    return str(made["id"])


async def post(town: Any, pool: str, kind: str, amount: Any, number: str, loan: str = "") -> list[str]:
    given = {"pool": pool, "kind": kind, "amount": str(amount), "reference": number}
    payload = await town.tried(town.officer, "postToRiskPool", "", **given, **({"loan": loan} if loan else {}))
    return [one["code"] for one in payload["errors"]]


async def open_two_pools(town: Any, loan: str, number: str) -> tuple[str, str]:
    """Open one pool of the county and one of the loan's town, whose shares are 130 per cent together, and fill both."""
    [(grid,)] = await town.fetch(
        "select g.code from grids.grid g join credit.loan l on l.town_id=g.id where l.id=$1", town.key(loan)
    )
    county, local = await open_pool(town, 80), await open_pool(town, 50, grid)
    for pool in (county, local):
        assert await post(town, pool, "DEPOSIT", 50_000, f"CK-{number}") == []
    return county, local


async def check_pool(town: Any, pool: str, balance: int) -> None:
    [row] = await town.fetch(POOL, town.key(pool))
    assert row["balance"] == row["entries"] == balance >= 0


@pytest.mark.parametrize("seed", [1, 2])
async def test_pool_is_the_sum_of_its_entries(own_county: Any, seed: int) -> None:
    """Deposits, losses, recoveries, withdrawals in any order, each sent twice: never below zero or above the share."""
    town, chance, balance, borne = own_county, random.Random(seed), 0, 0
    loan, pool, share = await lose(town, 10 + seed), await open_pool(town, 40), 50_000_00 * 40 // 100
    for at in range(16):
        kind = chance.choice(("DEPOSIT", "COMPENSATION", "RECOVERY", "WITHDRAWAL"))
        fen = chance.randrange(1, 12_000_00)
        number, named = f"FC-{seed}-{at:04}", loan if kind in ("COMPENSATION", "RECOVERY") else ""
        codes = await post(town, pool, kind, Decimal(fen) / 100, number, named)
        expected = {
            "DEPOSIT": [],
            "COMPENSATION": ["ABOVE_SHARE"] if fen > share - borne else ["POOL_EMPTY"] if fen > balance else [],
            "RECOVERY": ["ABOVE_SHARE"] if fen > borne else [],
            "WITHDRAWAL": ["POOL_EMPTY"] if fen > balance else [],
        }[kind]
        assert codes == expected, (kind, fen, balance, borne)
        if not codes:
            balance += fen if kind in ("DEPOSIT", "RECOVERY") else -fen
            borne += fen * {"COMPENSATION": 1, "RECOVERY": -1}.get(kind, 0)
            assert await post(town, pool, kind, Decimal(fen) / 100, number, named) == [], "sent again it is the same"
            wrong = await post(town, pool, kind, Decimal(fen + 1) / 100, number, named)
            assert wrong == ["WRONG_REFERENCE"]
        await check_pool(town, pool, balance)


async def test_whole_share_sent_again_is_the_same_entry(own_county: Any) -> None:
    """The entry itself has used up the share, and is still answered as it was; another loan's is not."""
    town = own_county
    loan = await lose(town, 14)
    town.server.clock.move(days=-130)
    other = await lose(town, 15)
    pool = await open_pool(town)
    assert await post(town, pool, "DEPOSIT", 50_000, "CK-000140") == []
    for _ in range(3):
        assert await post(town, pool, "COMPENSATION", 20_000, "DC-000140", loan) == []
    assert await post(town, pool, "COMPENSATION", 20_000, "DC-000140", other) == ["WRONG_REFERENCE"]
    assert await post(town, pool, "COMPENSATION", "0.01", "DC-000141", loan) == ["ABOVE_SHARE"]
    assert await post(town, pool, "COMPENSATION", 20_000, "DC-000142", other) == []
    await check_pool(town, pool, 10_000_00)


async def test_losses_at_once_share_one_pool(own_county: Any) -> None:
    """Six who draw on it at the same moment get what is in it, and not a fen more."""
    town = own_county
    loan, pool = await lose(town, 16), await open_pool(town)
    assert await post(town, pool, "DEPOSIT", 10_000, "CK-000160") == []
    found = await asyncio.gather(*(post(town, pool, "COMPENSATION", 4_000, f"DC-16-{at:04}", loan) for at in range(6)))
    assert Counter(tuple(codes) for codes in found) == {(): 2, ("POOL_EMPTY",): 4}
    await check_pool(town, pool, 2_000_00)


async def test_pools_together_bear_no_more_than_the_loss(own_county: Any) -> None:
    """80 per cent from the county and 50 from the town: the town's pool pays the 20 that are left."""
    town = own_county
    loan = await lose(town, 18)
    county, local = await open_two_pools(town, loan, "000180")
    assert await post(town, county, "COMPENSATION", 40_000, "DC-000180", loan) == []
    given = {"pool": local, "kind": "COMPENSATION", "amount": "10000.01", "reference": "DC-000181", "loan": loan}
    [refused] = (await town.tried(town.officer, "postToRiskPool", "", **given))["errors"]
    assert (refused["code"], refused["path"]) == ("ABOVE_SHARE", ["amount"])
    assert "40000.00" in refused["message"] and "10000.00" in refused["message"]
    assert await post(town, local, "COMPENSATION", 10_000, "DC-000182", loan) == []
    assert await post(town, local, "COMPENSATION", "0.01", "DC-000183", loan) == ["ABOVE_SHARE"]
    assert await post(town, local, "RECOVERY", "10000.01", "ZH-000180", loan) == ["ABOVE_SHARE"], "it paid no more"
    assert await post(town, county, "RECOVERY", 15_000, "ZH-000181", loan) == []
    assert await post(town, local, "COMPENSATION", "15000.01", "DC-000184", loan) == ["ABOVE_SHARE"], "above its half"
    assert await post(town, local, "COMPENSATION", 15_000, "DC-000185", loan) == []


async def test_pools_that_pay_at_once_bear_no_more_than_the_loss(own_county: Any) -> None:
    """Each entry is within its pool's share; together they would be 130 per cent."""
    town = own_county
    loan = await lose(town, 19)
    pools = await open_two_pools(town, loan, "000190")
    asked = [(pool, f"DC-19-{at:04}") for at in range(5) for pool in pools]
    found = await asyncio.gather(*(post(town, pool, "COMPENSATION", 5_000, number, loan) for pool, number in asked))
    assert Counter(map(tuple, found)) == {(): 10}
    more = [await post(town, pool, "COMPENSATION", 5_000, "DC-000190", loan) for pool in pools]
    assert more == [["ABOVE_SHARE"], ["ABOVE_SHARE"]]
    assert await post(town, pools[1], "RECOVERY", 5_000, "ZH-000190", loan) == []
    found = await asyncio.gather(
        *(post(town, pool, "COMPENSATION", 5_000, f"DC-19-{at}{at}{at}", loan) for at, pool in enumerate(pools))
    )
    assert sorted(found) == [[], ["ABOVE_SHARE"]]


async def test_pool_is_opened_once(own_county: Any) -> None:
    """Of two at once with one name for one lender and place, one is; another name is another pool."""
    town = own_county
    asked = {"grid": "610921", "lender": town.bank, "name": "县级补偿金", "share": 80}
    found = await asyncio.gather(*(town.tried(town.officer, "openRiskPool", "", **asked) for _ in range(2)))
    refused = [one for payload in found for one in payload["errors"]]
    assert [(one["code"], one["path"]) for one in refused] == [("DUPLICATE", ["name"])]
    assert await town.done(town.officer, "openRiskPool", "pool { id }", **{**asked, "name": "省级补偿金"})


async def test_pool_pays_when_ninety_days_are_over(own_county: Any) -> None:
    """On the ninetieth day after an instalment was due, and for no loan of another lender or place."""
    town = own_county
    loan, pool = await town.borrow(17), await open_pool(town)
    assert await post(town, pool, "DEPOSIT", 10_000, "CK-000170") == []
    town.server.clock.move(days=30 + 89)
    assert await post(town, pool, "COMPENSATION", 100, "DC-000170", loan) == ["NOT_LOST"]
    town.server.clock.move(days=1)
    assert await post(town, pool, "COMPENSATION", 100, "DC-000170", loan) == []
    [(village,)] = await town.fetch(
        "select g.code from grids.grid g where g.kind='VILLAGE' and g.valid_to is null and g.id<>(select l.village_id "
        "from credit.loan l where l.id=$1) limit 1",
        town.key(loan),
    )
    asked = {"grid": village, "lender": town.bank, "name": "别处", "share": 40}
    elsewhere = (await town.done(town.officer, "openRiskPool", "pool { id }", **asked))["id"]
    assert await post(town, elsewhere, "DEPOSIT", 10_000, "CK-000171") == []
    assert await post(town, elsewhere, "COMPENSATION", 100, "DC-000171", loan) == ["BAD_USER_INPUT"]
    assert town.errors[0]["path"] == ["loan"]
