"""Conclusions: putting a finding into force after the panel, or after a person has looked at it, and its card."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from gongzhi.core.people.tiers import add_months
from gongzhi.declare.register_entries import Card
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

from ..applications.states import resume_waiting
from ..appraisal_models import AppraisalRow, AppraisalState, ModelRow, ObjectionRow, ObjectionState
from .grading import NONE

GRADED, NO_GRADE, LOWEST = "GRADED", "NO_GRADE", "LOWEST_GRADE"


async def conclude_appraisal(
    call: Call, row: AppraisalRow, model: ModelRow, before: str | None, *, reviewed: bool
) -> None:
    """Close an appraisal, and the objection it answers; without a review it waits for a person."""
    row.version += 1
    # No grade is never given by the rule alone (PIPL 24): a person decides first.
    if not reviewed:
        row.state = AppraisalState.IN_REVIEW
        await row.save()
        return
    row.state, row.concluded_at = AppraisalState.CONCLUDED, call.now
    # Without a grade there is nothing to be valid, and nobody waits a year to ask again.
    row.valid_until = None if row.grade == NONE else add_months(today(call), model.months)
    await row.save()
    await resume_waiting(call, row)
    # After an objection this finding is the second panel's, and so the answer.
    objection = await ObjectionRow.get_or_none(appraisal=row, state=ObjectionState.OPEN)
    if objection:
        await answer_objection(call, objection, row, before)


async def answer_objection(call: Call, objection: ObjectionRow, row: AppraisalRow, before: str | None) -> None:
    """Answer an objection with what another panel came to."""
    same = row.grade == before
    objection.state = ObjectionState.DISMISSED if same else ObjectionState.UPHELD
    objection.answer = (
        f"另一评判团维持原等级（{row.grade}）。" if same else f"另一评判团评定等级由 {before} 变更为 {row.grade}。"
    )
    objection.decided_at = call.now
    await objection.save()


async def apply_review(call: Call, decision: Mapping[str, Any], outcome: str) -> None:
    """Put into force what a person decided on review: the finding stands, or the lowest grade takes its place."""
    row = await AppraisalRow.filter(decision_id=decision["id"]).select_for_update().get_or_none()
    # The person's data may have been erased between decision and review.
    if row is None:
        return
    model = await ModelRow.get(id=row.model_id)
    before = row.grade
    # The reviewer may give the lowest grade and no better one: any other is for a panel to find.
    if outcome == LOWEST and row.grade == NONE:
        row.grade = model.bands[-1]["grade"]
    if outcome == NO_GRADE:
        row.grade = NONE
    await conclude_appraisal(call, row, model, before, reviewed=True)


CARD = Card(
    "credit.appraisal",
    "1",
    purpose=Text(
        "Grades the conduct in village affairs of somebody who asks for it, for better terms of a loan",
        "对自愿申请人在村级治理中的表现评定等级，用于贷款优惠",
    ),
    basis=Text(
        "At the person's request, by scorecards that an assembly adopted; PIPL 13(1)(1), 24; Credit Reporting "
        "Regulation 13, 14",
        "本人申请，依据村民（代表）会议通过的评议模型；《个人信息保护法》第十三条、第二十四条；《征信业管理条例》第十三条、第十四条",
    ),
    inputs=(
        Text(
            "secret scores, 0 to 10, of panel members for each indicator",
            "评判团成员对各项指标的不记名评分（0 至 10 分）",
        ),
        Text("the scorecard's weights and bands, in the version in force", "现行评议模型的权重和等级分数线"),
    ),
    formula=Text(
        "Of each indicator the mean without a fifth of the scores at each end, rounded down; times its weight; the "
        "sum is the score, and the grade is the band it falls into. Every scorecard is public.",
        "各项指标去掉最高、最低各五分之一（向下取整，不足五份的不去）后取平均，乘以权重，求和得总分，按分数线确定等级。各版本模型公开。",
    ),
    owner=Text("the office that runs credit appraisals", "信用评议工作办公室"),
    since=date(2026, 1, 1),
    limits=Text(
        "It knows what neighbours on the panel think of a person's own conduct, and nothing else: not religion, "
        "health, petitions, complaints, mediation, relatives, means or past sentences. It refuses nobody a loan: "
        "the lender's people decide.",
        "仅反映评判团对本人行为的评价。不使用宗教、健康、信访、投诉、调解、亲属、收入财产、前科等信息。"
        "评议不构成拒贷，贷款由贷款机构人员审批决定。",
    ),
    contact=Text(
        "Object within 20 days, or ask for a review by a person",
        "二十日内提出异议，或申请人工复核",
    ),
    outcomes=(GRADED, NO_GRADE, LOWEST),
    apply=apply_review,
)
