"""The annualised rate of a loan (贷款年化利率): what the borrower pays over what the borrower has had.

People's Bank of China, Notice (2021) No. 3, requires lenders to show it, and takes the internal rate of return as
the way by compound interest. Here: the monthly internal rate of return, compounded twelve times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ..money import MILLION
from .schedules import Instalment

ENOUGH = Decimal("1e-16")
STEPS = 200


class Flow(NamedTuple):
    """What is paid so many months after the loan, in fen."""

    month: int
    amount: int


def monthly_rate(received: int, flows: Sequence[Flow]) -> Decimal:
    """Find the monthly rate at which the payments are worth what was received. Raises ValueError if they are less.

    Newton's way from the right: Σ c·vᵏ grows and is convex for v > 0, so each step comes nearer.
    """
    if received <= 0 or sum(flow.amount for flow in flows) < received:
        raise ValueError("the payments do not pay back what was received")
    # v = 1, an interest of nothing, lies right of the root: the payments are at least what was received.
    value = Decimal(1)
    # A bound in place of trust; Newton needs about ten steps here.
    for _ in range(STEPS):
        worth = sum((flow.amount * value**flow.month for flow in flows), Decimal(0)) - received
        slope = sum((flow.month * flow.amount * value ** (flow.month - 1) for flow in flows), Decimal(0))
        step = worth / slope
        value -= step
        if abs(step) < ENOUGH:
            break
    return 1 / value - 1


def annualised_rate(principal: int, starts_on: date, instalments: Iterable[Instalment], *, fees: int = 0) -> int:
    """Return the rate a year in millionths; `fees` are kept back from the principal."""
    first = starts_on.year * 12 + starts_on.month
    # By months and not by days: the notice's internal rate of return takes equal periods.
    flows = [Flow(one.due_on.year * 12 + one.due_on.month - first, one.total) for one in instalments]
    rate = (1 + monthly_rate(principal - fees, flows)) ** 12 - 1
    return int((rate * MILLION).to_integral_value())
