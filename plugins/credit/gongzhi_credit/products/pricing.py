"""Pricing: what a loan costs whom (the prime rate of the day, the product's margin, the grade's discount)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from gongzhi.values.errors import Refusal

from ..appraisal_models import AppraisalRow, AppraisalState
from ..appraisals.grading import NONE
from ..loans.irr import annualised_rate
from ..loans.schedules import Instalment, Terms, new_schedule
from ..models import PrimeRateRow, ProductRow, Tenor
from ..money import POINT, to_percent, to_yuan


@dataclass(frozen=True)
class Price:
    """A rate in millionths and what it was made of, as it is kept."""

    rate: int
    base: dict[str, Any]


async def find_prime_rate(tenor: Tenor, day: date) -> PrimeRateRow:
    """Return the prime rate that holds on a day. Raises Refusal for days before the table begins."""
    found = await PrimeRateRow.filter(tenor=tenor, since__lte=day).order_by("-since").first()
    if found is None:
        raise Refusal(
            "NO_PRIME_RATE",
            f"No prime rate is on record for {day}: record it first.",
            f"没有 {day} 适用的 LPR，请先登记。",
            ("product",),
        )
    return found


async def price_loan(product: ProductRow, grade: str | None, day: date) -> Price:
    """Return what somebody with a grade pays on a day, and what it was made of."""
    # A product without a tenor has a fixed rate.
    base = await find_prime_rate(product.tenor, day) if product.tenor else None
    offered = {one["grade"]: one["basisPoints"] for one in product.discounts}
    discount = offered.get(grade, 0) * POINT
    # A discount larger than the rate makes it nought, never less.
    rate = max(0, product.rate + (base.rate if base else 0) - discount)
    # Kept with the application, so that the rate can be explained after products and prime rates have changed.
    told = {
        "prime": str(to_percent(base.rate)) if base else None,
        "since": base.since.isoformat() if base else None,
        "margin": str(to_percent(product.rate)),
        "discount": str(to_percent(discount)),
        "grade": grade,
    }
    return Price(rate, told)


async def find_valid_appraisal(person: UUID, day: date) -> AppraisalRow | None:
    """Return the appraisal of somebody that counts on a day; None if there is none."""
    concluded = AppraisalRow.filter(person_id=person, state=AppraisalState.CONCLUDED, valid_until__gte=day)
    return await concluded.exclude(grade=NONE).order_by("-concluded_at").first()


def make_schedule(product: ProductRow, amount: int, months: int, rate: int, day: date) -> list[Instalment]:
    """Return the schedule of a loan that is paid out on a day."""
    # The grace is cut so that one period with principal is left, however short the term.
    grace = min(product.grace, -(-months // product.every) - 1)
    return new_schedule(Terms(amount, rate, day, months, product.method, product.count, product.every, grace))


def preview_schedule(made: Sequence[Instalment], amount: int, day: date) -> tuple[list[dict[str, Any]], int]:
    """Return a schedule as it is kept, and its annualised rate."""
    lines = [
        # Strings, for JSON has no decimals, and what was shown must stay as it was shown.
        {
            "dueOn": one.due_on.isoformat(),
            "principal": str(to_yuan(one.principal)),
            "interest": str(to_yuan(one.interest)),
            "total": str(to_yuan(one.total)),
        }
        for one in made
    ]
    return lines, annualised_rate(amount, day, made)
