"""Algorithm card: the one of the rule in `tiers.py`, and how a person's decision on review is put into force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from gongzhi.declare.register_entries import Card
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

from . import tiers
from .models import HouseholdRow, Tier, TierRow

REVIEWED = Text("decided by a person on review", "经人工复核认定")


async def apply_review(call: Call, decision: Mapping[str, Any], outcome: str) -> None:
    """Serve the household as a person decided, until an input changes; nothing, if one has changed since."""
    # Locked, or a decision that is made meanwhile would be overwritten.
    household = await HouseholdRow.select_for_update().get(id=decision["household_id"])
    last = await TierRow.filter(household=household).order_by("-decided_at", "-id").first()
    # The decision that was reviewed is no longer the one in force.
    if last is None or last.id != decision["id"]:
        return
    tier, day = Tier(outcome), today(call)
    following = tiers.next_visit_due(tier, day)
    # A review never puts off a visit that is due already.
    household.visit_due_on = following if following == date.max else min(household.visit_due_on, following)
    household.tier, household.version = tier, household.version + 1
    await household.save(update_fields=["tier", "visit_due_on", "version"])
    reason = tiers.TierReason(f"{tiers.RULE}/review", True, REVIEWED, {})
    await TierRow.create(
        household=household,
        tier=tier,
        rule=tiers.RULE,
        inputs=last.inputs,
        reasons=[reason.json],
        decided_at=call.now,
        review_on=tiers.add_months(day, tiers.REVIEW),
        account=call.viewer.account.name,
    )


NAME, VERSION = tiers.RULE.split("/")
CARDS = (
    Card(
        NAME,
        VERSION,
        purpose=Text("How a household is served: how often it is visited, and by whom", "确定对户的服务方式和走访频次"),
        basis=Text(
            "Personal Information Protection Law, art. 13(1)(3) and 24; needs and income by consent, art. 13(1)(1)",
            "《个人信息保护法》第十三条第一款第三项、第二十四条；服务需求和收入区间依第一款第一项取得同意",
        ),
        inputs=(
            Text("the day of the decision", "认定日期"),
            Text("needs for service that the household declares", "本户申报的服务需求"),
            Text("income band, confirmed by the village with consent", "经本户同意由村确认的收入区间"),
            Text("the years in which it was a Peaceful Family", "被评为平安家庭的年度"),
        ),
        formula=Text(
            "The first that holds: to be kept in touch with if a need is declared; at ease if income is above the "
            "village's mean and it was a Peaceful Family in each of the last 3 years; cared for if income is below the "
            "mean and it was one in none of the last 2 years; else unclassified. In full: docs/tiers.md.",
            "按顺序以最先符合的为准：申报服务需求的为连心户；收入高于本村平均且近 3 年每年为平安家庭的"
            "为放心户；收入低于平均且近 2 年均非平安家庭的为关心户；其余不分类。全文见 docs/tiers.md。",
        ),
        owner=Text("the county's office that runs the platform", "县级平台主管单位"),
        since=date(2026, 1, 1),
        limits=Text(
            "Income is compared within a village only; it knows nothing that a household does not say. It never looks "
            "at health, disability, past sentences, petitions or complaints.",
            "收入仅在本村范围内比较；本户未说明的困难无从得知。不使用健康、残疾、服刑、信访、投诉等信息。",
        ),
        contact=Text(
            "Object here, ask for a review by a person, or ask the grid worker",
            "通过平台提出异议或申请人工复核，也可向网格员提出",
        ),
        outcomes=tuple(tier.value for tier in Tier),
        apply=apply_review,
    ),
)
