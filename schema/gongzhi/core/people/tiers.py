"""Service tiers: the published rule `service-tier/1` on how a household is served, worded in docs/tiers.md.

    decide_tier(TierInputs(day, needs={Need.VISIT})).tier is Tier.LIANXIN

The rule is a pure function of what the published card allows it to see. `TierInputs` has no room for anything else:
health, disability, past sentences and petitions cannot be given to it.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from gongzhi.values.errors import Text

from .models import IncomeBand, Need, Tier

RULE = "service-tier/1"
PEACEFUL_FAMILY = "PEACEFUL_FAMILY"
"""The code of the award 平安家庭."""
REVIEW = 12
"""Months until a decision is looked at again."""
INTERVALS = {Tier.LIANXIN: 1, Tier.GUANXIN: 3}
"""Months from one visit to the next; the other tiers are served when they call."""

YES, NO = Text("holds", "符合"), Text("does not hold", "不符合")
INCOMES = {
    IncomeBand.ABOVE_MEAN: Text("above the village's mean", "高于本村平均水平"),
    IncomeBand.BELOW_MEAN: Text("below the village's mean", "低于本村平均水平"),
    IncomeBand.UNKNOWN: Text("not confirmed", "未确认"),
}


@dataclass(frozen=True, slots=True)
class TierInputs:
    """All that the rule may look at: the day, wishes for service, income band, years of the award 平安家庭.

    A household that declares a wish accepts a named helper by it. Raises ValueError for what is no such value.
    """

    day: date
    needs: frozenset[Need] = frozenset()
    income: IncomeBand = IncomeBand.UNKNOWN
    awards: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        # Converted here, so that nothing gets in that the published card does not name; the dataclass is frozen, hence
        # the way.
        object.__setattr__(self, "needs", frozenset(map(Need, self.needs)))
        object.__setattr__(self, "income", IncomeBand(self.income))
        object.__setattr__(self, "awards", frozenset(map(int, self.awards)))

    @property
    def json(self) -> dict[str, Any]:
        """The inputs as they are kept with the decision."""
        return {
            "day": self.day.isoformat(),
            "needs": sorted(need.value for need in self.needs),
            "incomeBand": self.income.value,
            "peacefulFamily": sorted(self.awards),
        }

    def years(self, count: int) -> list[int]:
        """Return the last full years before the day, the first first."""
        # Without the year under way, whose awards may still come.
        return [self.day.year - back for back in range(count, 0, -1)]


@dataclass(frozen=True, slots=True)
class TierReason:
    """What one part of the rule found: whether it holds, in words, and the values it looked at."""

    rule: str
    holds: bool
    text: Text
    values: dict[str, Any]

    @property
    def json(self) -> dict[str, Any]:
        """The reason as it is kept with the decision."""
        return {
            "rule": self.rule,
            "holds": self.holds,
            "text": self.text.zh,
            "english": self.text.en,
            "values": self.values,
        }


@dataclass(frozen=True, slots=True)
class TierResult:
    """A tier, the reasons part by part in the order they were looked at, and when to look again."""

    tier: Tier
    reasons: tuple[TierReason, ...]
    review_on: date
    rule: str = RULE


def decide_tier(inputs: TierInputs) -> TierResult:
    """Apply the rule: the first part that holds decides; none of them, and the household is not classified."""
    reasons: list[TierReason] = []
    for tier, part in PARTS:
        reasons.append(part(inputs))
        if reasons[-1].holds:
            return TierResult(tier, tuple(reasons), add_months(inputs.day, REVIEW))
    return TierResult(Tier.UNCLASSIFIED, (*reasons, NONE), add_months(inputs.day, REVIEW))


def next_visit_due(tier: Tier, last: date) -> date:
    """Return when a household of this tier is to be visited after this day; `date.max` (infinity) for never."""
    months = INTERVALS.get(tier)
    return add_months(last, months) if months else date.max


def add_months(day: date, months: int) -> date:
    """Return the day so many months later, or the last day of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


# the parts, in the order of their priority


def _lianxin(inputs: TierInputs) -> TierReason:
    count, values = len(inputs.needs), {"needs": inputs.json["needs"]}
    said = Text(
        f"needs for service declared, and with them a named helper accepted: {count}",
        f"申报服务需求（申报即同意由专人联系）{count} 项",
    )
    return _reason(Tier.LIANXIN, count > 0, said, **values)


def _fangxin(inputs: TierInputs) -> TierReason:
    years = inputs.years(3)
    holds = inputs.income is IncomeBand.ABOVE_MEAN and inputs.awards.issuperset(years)
    return _compare_income(Tier.FANGXIN, holds, inputs, years)


def _guanxin(inputs: TierInputs) -> TierReason:
    years = inputs.years(2)
    holds = inputs.income is IncomeBand.BELOW_MEAN and inputs.awards.isdisjoint(years)
    return _compare_income(Tier.GUANXIN, holds, inputs, years)


def _compare_income(tier: Tier, holds: bool, inputs: TierInputs, years: list[int]) -> TierReason:
    """Return what a part found that looks at income and awards."""
    income, won = INCOMES[inputs.income], sorted(inputs.awards.intersection(years))
    said = Text(
        f"income {income.en}; Peaceful Family in {len(won)} of the years {years[0]} to {years[-1]}",
        f"收入{income.zh}，{years[0]} 至 {years[-1]} 年获评平安家庭 {len(won)} 次",
    )
    values = {"incomeBand": inputs.income.value, "years": years, "peacefulFamily": won}
    return _reason(tier, holds, said, **values)


def _reason(tier: Tier, holds: bool, said: Text, **values: Any) -> TierReason:
    verdict = YES if holds else NO
    return TierReason(_name(tier), holds, Text(f"{said.en}: {verdict.en}", f"{said.zh}：{verdict.zh}"), values)


def _name(tier: Tier) -> str:
    return f"{RULE}/{tier.lower()}"


# Whoever accepts a helper gets one, whatever their income: that part goes first.
PARTS: tuple[tuple[Tier, Callable[[TierInputs], TierReason]], ...] = (
    (Tier.LIANXIN, _lianxin),
    (Tier.FANGXIN, _fangxin),
    (Tier.GUANXIN, _guanxin),
)
NONE = TierReason(_name(Tier.UNCLASSIFIED), True, Text("no part holds", "以上各条均不符合，暂不分类"), {})
