"""Loans after they were paid out: whatever is paid whenever, it adds up, and nothing goes below zero."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from gongzhi_credit.loans.book import Book, BookError, Prepayment, Split, new_row
from gongzhi_credit.loans.daycount import DayCount
from gongzhi_credit.loans.schedules import Method, Terms, new_schedule
from hypothesis import given, settings
from hypothesis import strategies as st

START = date(2026, 1, 15)
ACTS = st.lists(
    st.tuples(
        st.integers(0, 75),
        st.integers(1, 1200),
        st.sampled_from((None, *Prepayment, "RESTRUCTURE")),
    ),
    min_size=1,
    max_size=12,
)


def book(terms: Terms, surcharge: int = 50) -> Book:
    return Book(
        rate=terms.rate, surcharge=surcharge, count=terms.count, method=terms.method, every=terms.every,
        starts_on=terms.starts_on, rows=tuple(map(new_row, new_schedule(terms))), reckoned_on=terms.starts_on,
    )  # fmt: skip


def loan(method: Method = Method.EQUAL_INSTALMENT, months: int = 12, yuan: int = 12_000, **more: object) -> Book:
    asked = {"rate": 60_000, "starts_on": START, "count": DayCount.THIRTY_360, **more}
    return book(Terms(yuan * 100, months=months, method=method, **asked))  # type: ignore[arg-type]


def check_book(one: Book, principal: int, paid: Split) -> None:
    """What must always hold."""
    assert sum(row.principal for row in one.rows) == principal
    assert one.outstanding == principal - paid.principal >= 0
    assert sum(row.paid_interest for row in one.rows) == paid.interest
    assert one.penalty >= 0
    for row in one.rows:
        assert 0 <= row.paid_principal <= row.principal and 0 <= row.paid_interest <= row.interest
        assert row.days >= 0
    assert [row.no for row in one.rows] == sorted({row.no for row in one.rows})
    assert all(row.due_on <= other.due_on for row, other in zip(one.rows, one.rows[1:], strict=False))


@settings(deadline=None)
@given(
    st.sampled_from(Method), st.sampled_from(DayCount), st.integers(1, 36), st.sampled_from((1, 3)),
    st.integers(0, 240_000), st.integers(1_00, 500_000_00), ACTS,
)  # fmt: skip
def test_whatever_is_paid_adds_up(
    method: Method, count: DayCount, months: int, every: int, rate: int, principal: int, acts: list[tuple]
) -> None:
    one = book(Terms(principal, rate, START, months, method, count, every))
    paid, on = Split(), START
    for gap, part, ahead in acts:
        on += timedelta(days=gap)
        debt = one.payoff(on)
        if ahead == "RESTRUCTURE":
            if one.outstanding:
                one = one.restructure(on, months, rate // 2, method)
            check_book(one, principal, paid)
            continue
        amount = max(1, debt * part // 1000)
        try:
            one, split = one.pay(amount, on, ahead)
        except BookError as refused:
            assert (str(refused) == "EXCEEDS_DEBT") == (amount > debt)
            continue
        assert split.total == amount and min(split) >= 0
        paid = Split(*(a + b for a, b in zip(paid, split, strict=True)))
        check_book(one, principal, paid)
        assert one.payoff(on) == debt - amount or ahead is None
        assert one.payoff(on + timedelta(days=1)) >= one.payoff(on), "debt does not fall by waiting"
    if one.payoff(on):
        one, split = one.pay(one.payoff(on), on)
        check_book(one, principal, Split(*(a + b for a, b in zip(paid, split, strict=True))))
    assert one.settled and one.outstanding == 0 and one.payoff(on + timedelta(days=400)) == 0


def test_instalments_on_their_days_settle_the_loan() -> None:
    one, total = loan(), 0
    for row in one.rows:
        one, split = one.pay(row.principal + row.interest, row.due_on)
        assert split == Split(row.principal, row.interest, 0)
        total += split.total
    assert one.settled and total == sum(row.principal + row.interest for row in loan().rows)


def test_overdue_interest_is_on_principal_alone() -> None:
    """Thirty days late: the principal of the first instalment at six per cent raised by half."""
    one = loan(count=DayCount.ACT_360)
    first, on = one.rows[0], one.rows[0].due_on + timedelta(days=20)
    late = one.accrue_overdue(on)
    assert late.penalty == round(first.principal * 0.09 * 20 / 360) and late.accrue_overdue(on) == late
    paid, split = one.pay(late.penalty + 1, on)
    assert split == Split(0, 1, late.penalty) and paid.penalty == 0
    assert paid.overdue(on) == [paid.rows[0]]


def test_paying_ahead_lowers_or_shortens() -> None:
    one = loan(months=24)
    on, usual = one.rows[5].due_on, one.rows[0].open
    for row in one.rows[:6]:
        one, _ = one.pay(row.open, row.due_on)
    with pytest.raises(BookError, match="SAY_WHAT_CHANGES"):
        one.pay(4_000_00, on)
    lower, split = one.pay(4_000_00, on, Prepayment.LOWER_INSTALMENTS)
    shorter, _ = one.pay(4_000_00, on, Prepayment.SHORTER_TERM)
    assert split == Split(4_000_00, 0, 0)
    assert lower.rows[-1].due_on == one.rows[-1].due_on and lower.rows[-2].open < usual
    assert shorter.rows[-1].due_on < one.rows[-1].due_on and all(row.open <= usual + 2 for row in shorter.rows)
    assert lower.outstanding == shorter.outstanding == one.outstanding - 4_000_00


def test_paying_ahead_in_a_period_pays_its_days() -> None:
    """Ten of thirty days have run: that interest is paid first, and the next instalment has twenty days."""
    one = loan(Method.INTEREST_FIRST)
    on = START + timedelta(days=10)
    made, split = one.pay(6_020_00, on, Prepayment.LOWER_INSTALMENTS)
    assert split == Split(6_000_00, 20_00, 0)
    assert (made.rows[1].days, made.rows[1].interest) == (20, 20_00) and made.rows[2].interest == 30_00


def test_interest_paid_early_is_not_paid_twice() -> None:
    """Whoever has paid the running instalment whole pays less interest next, not the same days again."""
    one = loan(Method.INTEREST_FIRST)
    on = START + timedelta(days=15)
    early, _ = one.pay(one.rows[0].open, on)
    made, split = early.pay(6_000_00, on, Prepayment.LOWER_INSTALMENTS)
    assert split == Split(6_000_00, 0, 0)
    assert [row.paid_interest for row in made.rows[:4]] == [30_00, 15_00, 15_00, 0], "the days left were paid already"
    assert [row.open_interest for row in made.rows[:4]] == [0, 0, 15_00, 30_00]


def test_debt_is_what_settles() -> None:
    one, on = loan(), START + timedelta(days=45)
    debt = one.payoff(on)
    with pytest.raises(BookError, match="EXCEEDS_DEBT"):
        one.pay(debt + 1, on)
    done, split = one.pay(debt, on)
    assert done.settled and split.total == debt and split.principal == 12_000_00


def test_restructuring_carries_what_has_run() -> None:
    one = loan(months=6)
    on = one.rows[1].due_on + timedelta(days=15)
    late = one.accrue_overdue(on)
    made = one.restructure(on, 12, 30_000, Method.EQUAL_PRINCIPAL)
    carried = late.penalty + one.rows[0].interest + one.rows[1].interest + one.running(on)
    assert made.outstanding == 12_000_00 and len(made.rows) == 12
    assert made.rows[0].interest == round(12_000_00 * 0.03 / 12) + carried
    assert made.penalty == 0 and made.overdue(on) == []


def test_instalment_is_late_from_the_day_after() -> None:
    """On the day it is due it may still be paid, and nobody is chased."""
    one = loan()
    due = one.rows[0].due_on
    assert one.overdue(due) == []
    assert one.overdue(due + timedelta(days=1)) == [one.rows[0]]


def test_overdue_interest_of_a_day_counts_once() -> None:
    """However often it is reckoned: each time from the day of the last."""
    one = loan(Method.BULLET, months=1, count=DayCount.ACT_360)
    due = one.rows[-1].due_on
    day = one.accrue_overdue(due + timedelta(days=1)).penalty
    assert day == 12_000_00 * 9 // 100 // 360
    for days in (1, 2, 2, 3):
        one = one.accrue_overdue(due + timedelta(days=days))
        assert one.penalty == days * day
