"""Schedules: sums to the fen, against published tables, numpy-financial, and a plain way of doing the same."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy_financial
import pytest
from gongzhi.values.errors import Refusal
from gongzhi_credit.loans.daycount import DayCount, add_months, count_days
from gongzhi_credit.loans.irr import annualised_rate
from gongzhi_credit.loans.schedules import Method, Terms, new_schedule
from gongzhi_credit.money import round_ratio, to_fen, to_millionths, to_percent, to_yuan
from hypothesis import given, settings
from hypothesis import strategies as st

START = date(2026, 1, 31)
TERMS = st.builds(
    Terms,
    principal=st.integers(100, 10_000_000_00),
    rate=st.integers(0, 240_000),
    starts_on=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    months=st.integers(1, 120),
    method=st.sampled_from(Method),
    count=st.sampled_from(DayCount),
    every=st.sampled_from((1, 3, 12)),
)


def terms(yuan: int, percent: str, months: int, method: Method, **more: object) -> Terms:
    asked = {"starts_on": START, "count": DayCount.THIRTY_360, **more}
    return Terms(yuan * 100, int(Decimal(percent) * 10_000), months=months, method=method, **asked)  # type: ignore[arg-type]


@settings(deadline=None)
@given(TERMS, st.integers(0, 6))
def test_schedule_sums_to_the_fen(terms: Terms, grace: int) -> None:
    """Nothing below zero, all principal comes back, and days follow upon each other."""
    terms = Terms(**{**vars(terms), "grace": min(grace, -(-terms.months // terms.every) - 1)})
    if terms.method is Method.BULLET:
        terms = Terms(**{**vars(terms), "grace": 0})
    made = new_schedule(terms)
    assert sum(one.principal for one in made) == terms.principal
    assert all(one.principal >= 0 and one.interest >= 0 for one in made)
    assert [one.no for one in made] == list(range(1, len(made) + 1))
    assert all(one.due_on < other.due_on for one, other in zip(made, made[1:], strict=False))
    assert made[-1].due_on == add_months(terms.starts_on, terms.months, terms.starts_on.day)
    assert all(one.principal == 0 for one in made[: terms.grace])
    if terms.count is not DayCount.THIRTY_360:
        assert sum(one.days for one in made) == (made[-1].due_on - terms.starts_on).days


@settings(deadline=None)
@given(TERMS)
def test_interest_is_exact_of_what_is_owed(terms: Terms) -> None:
    """Each interest is within half a fen of the rational number it stands for."""
    left = terms.principal
    for one in new_schedule(terms):
        exact = Fraction(left * terms.rate * one.days, 1_000_000 * terms.count.year)
        assert abs(one.interest - exact) <= Fraction(1, 2)
        left -= one.principal


@settings(deadline=None)
@given(st.integers(1_000_00, 1_000_000_00), st.integers(1_0000, 20_0000), st.integers(2, 60))
def test_equal_instalments_are_equal(principal: int, rate: int, months: int) -> None:
    """All but the last are the same, and the last differs by less than a fen for each of them."""
    made = new_schedule(Terms(principal, rate, START, months, Method.EQUAL_INSTALMENT, DayCount.THIRTY_360))
    assert len({one.total for one in made[:-1]}) <= 1
    assert abs(made[-1].total - made[0].total) <= 2 * months
    expected = -numpy_financial.pmt(rate / 12_000_000, months, principal)
    assert abs(made[0].total - expected) <= 0.51


@pytest.mark.parametrize(
    ("yuan", "percent", "months", "first"),
    [(1_000_000, "4.9", 360, 5307_27), (1_000_000, "4.9", 240, 6544_44), (500_000, "3.25", 120, 4885_95)],
)
def test_published_equal_instalments(yuan: int, percent: str, months: int, first: int) -> None:
    """The monthly payments that banks' tables show."""
    assert new_schedule(terms(yuan, percent, months, Method.EQUAL_INSTALMENT))[0].total == first


def test_published_equal_principal() -> None:
    """A million at 4.9 per cent over thirty years: 6 861.11 first, 737 041.67 of interest."""
    made = new_schedule(terms(1_000_000, "4.9", 360, Method.EQUAL_PRINCIPAL))
    assert made[0].total == 6861_11
    assert abs(sum(one.interest for one in made) - 737_041_67) <= 360, "half a fen each time at most"


def test_interest_first_and_bullet() -> None:
    first = new_schedule(terms(100_000, "3.85", 12, Method.INTEREST_FIRST))
    assert {one.interest for one in first} == {320_83} and [one.principal for one in first[-2:]] == [0, 100_000_00]
    [bullet] = new_schedule(terms(100_000, "3.85", 12, Method.BULLET))
    assert (bullet.principal, bullet.interest, bullet.due_on) == (100_000_00, 3850_00, date(2027, 1, 31))


def test_days_are_counted_as_agreed() -> None:
    assert count_days(DayCount.THIRTY_360, date(2026, 1, 31), date(2026, 2, 28)) == 28
    assert count_days(DayCount.ACT_360, date(2024, 2, 1), date(2024, 3, 1)) == 29
    [one] = new_schedule(Terms(1_000_000_00, 36_000, date(2024, 2, 1), 1, Method.BULLET, DayCount.ACT_360))
    [other] = new_schedule(Terms(1_000_000_00, 36_500, date(2024, 2, 1), 1, Method.BULLET, DayCount.ACT_365))
    assert one.interest == other.interest == 2900_00
    assert [one.due_on.day for one in new_schedule(terms(1_000, "3", 3, Method.EQUAL_PRINCIPAL))] == [28, 31, 30]


def test_grace_pays_interest_alone() -> None:
    made = new_schedule(terms(12_000, "6", 12, Method.EQUAL_PRINCIPAL, grace=6))
    assert [one.principal for one in made] == [0] * 6 + [2000_00] * 6
    with pytest.raises(ValueError):
        new_schedule(terms(12_000, "6", 12, Method.EQUAL_PRINCIPAL, grace=12))


COSTLY = st.builds(
    Terms,
    principal=st.integers(1_000_00, 1_000_000_00),
    rate=st.integers(1_000, 240_000),
    starts_on=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    months=st.integers(1, 36),
    method=st.sampled_from(Method),
    count=st.sampled_from(DayCount),
)


@settings(deadline=None)
@given(COSTLY)
def test_annualised_rate_is_the_internal_rate(terms: Terms) -> None:
    made = new_schedule(terms)
    flows = [-terms.principal] + [0] * terms.months
    for one in made:
        at = one.due_on.year * 12 + one.due_on.month - terms.starts_on.year * 12 - terms.starts_on.month
        flows[at] = one.total
    expected = (1 + numpy_financial.irr(flows)) ** 12 - 1
    assert abs(annualised_rate(terms.principal, terms.starts_on, made) / 1_000_000 - expected) < 1e-6


def test_annualised_rate_tells_what_it_costs() -> None:
    """Six per cent, a twelfth each month, is 6.1678 per cent; a fee makes it more; nothing makes it nothing."""
    usual = terms(10_000, "6", 12, Method.EQUAL_INSTALMENT)
    assert abs(annualised_rate(usual.principal, START, new_schedule(usual)) - 61_678) <= 5
    assert annualised_rate(usual.principal, START, new_schedule(usual), fees=100_00) > 80_000
    free = terms(10_000, "0", 12, Method.EQUAL_PRINCIPAL)
    assert annualised_rate(free.principal, START, new_schedule(free)) == 0
    with pytest.raises(ValueError):
        annualised_rate(2 * usual.principal, START, new_schedule(usual))


@pytest.mark.parametrize("given", ["0", "-1", "1.001", "NaN", "Infinity", "1e30", "10000000.01"])
def test_money_is_whole_fen(given: str) -> None:
    with pytest.raises(Refusal):
        to_fen(Decimal(given), "amount")


def test_money_goes_in_and_out() -> None:
    assert to_fen(Decimal("50000.00"), "amount") == 50_000_00 and to_yuan(1) == Decimal("0.01")
    assert (
        to_millionths(Decimal("3.85"), "rate") == 38_500
        and str(to_percent(38_500)) == "3.85"
        and str(to_percent(30_000)) == "3"
    )
    assert [round_ratio(number, 2) for number in (1, 3, -1, 4)] == [1, 2, -1, 2]
    with pytest.raises(Refusal):
        to_millionths(Decimal("3.85001"), "rate")
