"""The service-tier rule: for every input there is, not for some."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from typing import Any

import pytest
from gongzhi.core.people.models import IncomeBand, Need, Tier
from gongzhi.core.people.tiers import INTERVALS, RULE, TierInputs, TierResult, add_months, decide_tier, next_visit_due
from hypothesis import given
from hypothesis import strategies as st

ORDER = [Tier.LIANXIN, Tier.FANGXIN, Tier.GUANXIN, Tier.UNCLASSIFIED]
DAY = date(2026, 6, 30)
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
TIERS = st.sampled_from(Tier)


@st.composite
def cases(draw: Any) -> TierInputs:
    day = draw(DAYS)
    years = st.frozensets(st.integers(day.year - 4, day.year))
    return TierInputs(day, draw(st.frozensets(st.sampled_from(Need))), draw(st.sampled_from(IncomeBand)), draw(years))


def tier(*needs: Need, income: IncomeBand = IncomeBand.UNKNOWN, awards: tuple[int, ...] = ()) -> Tier:
    return decide_tier(TierInputs(DAY, frozenset(needs), income, frozenset(awards))).tier


def test_published_examples_hold() -> None:
    """The examples of docs/tiers.md."""
    above, below = IncomeBand.ABOVE_MEAN, IncomeBand.BELOW_MEAN
    assert tier(Need.VISIT, income=above, awards=(2023, 2024, 2025)) is Tier.LIANXIN
    assert tier(income=above, awards=(2023, 2024, 2025)) is Tier.FANGXIN
    assert tier(income=above, awards=(2024, 2025, 2026)) is Tier.UNCLASSIFIED
    assert tier(income=below) is Tier.GUANXIN
    assert tier(income=below, awards=(2023, 2026)) is Tier.GUANXIN
    assert tier(income=below, awards=(2024,)) is Tier.UNCLASSIFIED
    assert tier(awards=(2023, 2024, 2025)) is Tier.UNCLASSIFIED


@given(cases())
def test_every_input_decided(inputs: TierInputs) -> None:
    assert decide_tier(inputs).tier in Tier


@given(cases())
def test_same_input_same_decision(inputs: TierInputs) -> None:
    again = dataclasses.replace(inputs, needs=frozenset(sorted(inputs.needs, reverse=True)))
    assert decide_tier(inputs) == decide_tier(again)


@given(cases())
def test_reasons_explain_decision(inputs: TierInputs) -> None:
    """The parts in their order up to the first that holds, which names the tier."""
    found = decide_tier(inputs)
    looked = ORDER[: ORDER.index(found.tier) + 1]
    assert [reason.rule for reason in found.reasons] == [f"{RULE}/{tier.lower()}" for tier in looked]
    assert [reason.holds for reason in found.reasons] == [False] * (len(looked) - 1) + [True]
    assert all(reason.text.en and reason.text.zh for reason in found.reasons)


@given(cases())
def test_reasons_hold_enough(inputs: TierInputs) -> None:
    """Whoever has the reasons alone comes to the same tier."""
    assert replayed(decide_tier(inputs)) == decide_tier(inputs).tier


def replayed(decision: TierResult) -> Tier:
    """The rule once more, written differently and fed with the values of the reasons."""
    values = {reason.rule.rpartition("/")[2]: reason.values for reason in decision.reasons}
    if values["lianxin"]["needs"]:
        return Tier.LIANXIN
    rich = values["fangxin"]
    if rich["incomeBand"] == "ABOVE_MEAN" and rich["peacefulFamily"] == rich["years"] and len(rich["years"]) == 3:
        return Tier.FANGXIN
    poor = values["guanxin"]
    if poor["incomeBand"] == "BELOW_MEAN" and not poor["peacefulFamily"] and len(poor["years"]) == 2:
        return Tier.GUANXIN
    return Tier.UNCLASSIFIED


@given(cases())
def test_inputs_kept_whole(inputs: TierInputs) -> None:
    """What is kept with the decision is enough to decide again."""
    kept = inputs.json
    again = TierInputs(
        date.fromisoformat(kept["day"]),
        frozenset(kept["needs"]),
        kept["incomeBand"],
        frozenset(kept["peacefulFamily"]),
    )
    assert again == inputs


@given(cases(), st.sampled_from(Need))
def test_asking_for_help_helps(inputs: TierInputs, need: Need) -> None:
    """Whoever declares a need is never refused the helper for their income or awards."""
    assert decide_tier(dataclasses.replace(inputs, needs=inputs.needs | {need})).tier is Tier.LIANXIN


def test_nothing_else_representable() -> None:
    """The rule has no room for what the card forbids: not as a field, not as a need, not as an income."""
    assert {field.name for field in dataclasses.fields(TierInputs)} == {"day", "needs", "income", "awards"}
    assert not hasattr(TierInputs(DAY), "__dict__")
    with pytest.raises(TypeError):
        TierInputs(DAY, disabled=True)  # type: ignore[call-arg]
    for forbidden in ("DISABILITY", "RELEASED", "PETITION", "ILLNESS", "POOR"):
        with pytest.raises(ValueError, match="not a valid Need"):
            TierInputs(DAY, needs=frozenset({forbidden}))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not a valid IncomeBand"):
        TierInputs(DAY, income="12000")  # type: ignore[arg-type]


@given(cases())
def test_reviewed_within_year(inputs: TierInputs) -> None:
    found = decide_tier(inputs).review_on
    assert found.year == inputs.day.year + 1
    assert (found.month, found.day) in ((inputs.day.month, inputs.day.day), (2, 28))


@given(DAYS, st.integers(0, 40))
def test_later_by_months(day: date, months: int) -> None:
    found = add_months(day, months)
    assert found.year * 12 + found.month == day.year * 12 + day.month + months
    assert found.day == day.day or (found + timedelta(days=1)).day == 1


@given(TIERS, DAYS)
def test_visits_due_by_tier(tier: Tier, day: date) -> None:
    found = next_visit_due(tier, day)
    assert found == (add_months(day, INTERVALS[tier]) if tier in INTERVALS else date.max)
    assert {Tier.LIANXIN: 28, Tier.GUANXIN: 89}.get(tier, 0) <= (found - day).days


def test_month_ends_clipped() -> None:
    assert next_visit_due(Tier.LIANXIN, date(2026, 1, 31)) == date(2026, 2, 28)
    assert next_visit_due(Tier.GUANXIN, date(2023, 11, 30)) == date(2024, 2, 29)
    assert next_visit_due(Tier.FANGXIN, DAY) == next_visit_due(Tier.UNCLASSIFIED, DAY) == date.max
