"""Households: what the commands on them share, which is the row, the answer and the tier that follows."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import strawberry

from gongzhi.declare.entity import key_of, ref
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call, Problem, check_version, not_allowed, problems, result_field

from . import tiers
from .models import AwardRow, HouseholdRow, LiaisonRow, MembershipRow, TierRow
from .tiers import PEACEFUL_FAMILY, TierInputs
from .types import Household

HOUSEHOLD = "The household's id (户标识)."


@strawberry.type(description="A household as it is now, or why nothing was done (户操作结果).")
class HouseholdPayload:
    household: Household | None = result_field("The household (户).")
    errors: list[Problem] = problems()


async def find_household(call: Call, id: str) -> HouseholdRow:
    """Return the household, locked, if the caller may see it."""
    household: HouseholdRow = await call.find(Household, "household", id=key_of(Household)(id))
    return household


async def load_household(call: Call, input: Any, *permissions: str) -> HouseholdRow:
    """Return the household, locked, at the version the caller saw, where they hold these permissions."""
    household = await find_household(call, input.household)
    if not all(call.may(permission, household) for permission in permissions):
        raise not_allowed("household")
    check_version(household, input.expected_version)
    return household


async def save_household(household: HouseholdRow) -> HouseholdPayload:
    household.version += 1
    await household.save()
    return HouseholdPayload(household=ref(Household, household.id))


async def is_member(household: HouseholdRow, person: UUID | None) -> bool:
    """Return whether somebody belongs to the household."""
    return bool(person) and await MembershipRow.exists(household=household, person_id=person, until=None)


async def is_helper(household: HouseholdRow, person: UUID | None) -> bool:
    """Return whether somebody is the household's named helper."""
    return bool(person) and await LiaisonRow.exists(household=household, person_id=person, until=None)


async def load_tier_decision(call: Call, household: HouseholdRow) -> TierRow:
    """Return the last decision on the household's tier; one is made and kept where there is none."""
    found = await TierRow.filter(household=household).order_by("-decided_at", "-id").first()
    if found is None:
        found = await classify_household(call, household)
        await household.save()
    return found


async def classify_household(call: Call, household: HouseholdRow) -> TierRow:
    """Decide on the household's tier by the rule, from what is on file today. The caller saves the household."""
    years = await AwardRow.filter(household=household, kind=PEACEFUL_FAMILY).values_list("year", flat=True)
    # The whole of what the published card names, and nothing else that is on file.
    inputs = TierInputs(today(call), frozenset(household.needs), household.income_band, frozenset(years))  # type: ignore[arg-type]
    decision = tiers.decide_tier(inputs)
    next_visit = tiers.next_visit_due(decision.tier, inputs.day)
    # A decision never puts off a visit that is due already.
    household.visit_due_on = next_visit if next_visit == date.max else min(household.visit_due_on, next_visit)
    household.tier = decision.tier
    return await TierRow.create(
        household=household,
        tier=decision.tier,
        rule=decision.rule,
        inputs=inputs.json,
        reasons=[reason.json for reason in decision.reasons],
        decided_at=call.now,
        review_on=decision.review_on,
        account=call.viewer.account.name,
    )
