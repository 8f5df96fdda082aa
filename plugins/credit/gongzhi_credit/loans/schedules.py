"""Repayment schedules (还款计划): pure functions whose results sum to the fen.

    interest of a period = balance × rate × days / year, to the nearest fen
    equal principal      principal / n each, to the nearest fen; the last one takes the rest
    equal instalment     principal / Σ Π 1/(1 + rate × days / year), the last one takes the rest
    interest first       interest each time, principal with the last
    bullet               principal and all interest at the end

The formulas are those of textbooks and of the banks' own tables; tests compare them with numpy-financial.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from ..money import MILLION, round_ratio
from .daycount import DayCount, Period, loan_periods


class Method(StrEnum):
    """How a loan is paid back."""

    EQUAL_PRINCIPAL = "EQUAL_PRINCIPAL"
    EQUAL_INSTALMENT = "EQUAL_INSTALMENT"
    INTEREST_FIRST = "INTEREST_FIRST"
    BULLET = "BULLET"


class Instalment(NamedTuple):
    """What falls due on a day, in fen; `days` are those the interest is for."""

    no: int
    due_on: date
    principal: int
    interest: int
    days: int

    @property
    def total(self) -> int:
        return self.principal + self.interest


@dataclass(frozen=True)
class Terms:
    """What a schedule follows from: fen, millionths a year, months; `grace` periods of interest alone."""

    principal: int
    rate: int
    starts_on: date
    months: int
    method: Method
    count: DayCount = DayCount.ACT_360
    every: int = 1
    grace: int = 0


def new_schedule(terms: Terms) -> list[Instalment]:
    """Return the schedule of a new loan."""
    # A bullet is one period over the whole term.
    every = terms.months if terms.method is Method.BULLET else terms.every
    laid = loan_periods(terms.count, terms.starts_on, terms.months, every)
    return plan_instalments(terms.principal, terms.rate, laid, terms.method, terms.count, terms.grace)


def plan_instalments(
    principal: int,
    rate: int,
    periods: Sequence[Period],
    method: Method,
    count: DayCount,
    grace: int = 0,
    first: int = 1,
) -> list[Instalment]:
    """Return instalments for these periods, numbered from `first`; the last one pays what is left.

    Raises ValueError where there is no period, or none after the grace.
    """
    if not periods or not 0 <= grace < len(periods) or principal < 0 or rate < 0:
        raise ValueError("a schedule needs periods, and one of them after the grace")
    year, left, found = MILLION * count.year, principal, []
    level = equal_instalment(principal, rate, periods[grace:], count) if method is Method.EQUAL_INSTALMENT else 0
    share = round_ratio(principal, len(periods) - grace) if method is Method.EQUAL_PRINCIPAL else 0
    last = len(periods) - 1
    for at, (due_on, days) in enumerate(periods):
        # To the nearest fen in whole numbers: doubled so that a half is whole.
        interest = (2 * left * rate * days + year) // (2 * year)
        if at == last:
            # The last instalment takes what rounding left over, so that all of them sum to the principal.
            part = left
        elif at < grace:
            part = 0
        else:
            # Not below zero: where a long period's interest exceeds the level instalment, nothing is paid off in it.
            part = min(left, max(0, level - interest) if level else share)
        left -= part
        found.append(Instalment(first + at, due_on, part, interest, days))
    return found


def equal_instalment(principal: int, rate: int, periods: Sequence[Period], count: DayCount) -> int:
    """Return the equal instalment (等额本息每期还款额) to the nearest fen."""
    year, value, annuity = Decimal(MILLION * count.year), Decimal(1), Decimal(0)
    for _, days in periods:
        # Each period is discounted by its own days, so months of 28 and 31 days are right.
        value = value * year / (year + rate * days)
        annuity += value
    # As a fraction, so that rounding happens once and by the house's rule.
    numerator, denominator = (principal / annuity).as_integer_ratio()
    return round_ratio(numerator, denominator)


def accrued_interest(balance: int, rate: int, days: int, count: DayCount) -> int:
    """Return the interest on a balance for so many days."""
    return round_ratio(balance * rate * days, MILLION * count.year)
