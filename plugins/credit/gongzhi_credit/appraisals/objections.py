"""Objections: to an appraisal within 20 days, and showing an appraisal to others or taking a request back."""

from __future__ import annotations

from datetime import timedelta

import strawberry
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import CHINA, check_text, duplicate, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Refusal
from strawberry import ID

from ..appraisal_models import AppraisalState, ObjectionRow
from ..ownership import load_own_row
from .grading import NONE
from .panels import CreditAppraisalPayload
from .types import AppraisalObjection, CreditAppraisal

TERM = 20
"""Days to object, and days to answer (征信业管理条例 25)."""


@strawberry.input(description="An objection to one's appraisal (对信用评议提出异议).")
class ObjectToAppraisalInput:
    idempotency_key: str = input_field(KEY)
    appraisal: ID = input_field("The appraisal (信用评议).")
    reason: str = input_field("Why (理由).")


@strawberry.type(description="The objection, or why there is none (异议结果).")
class AppraisalObjectionPayload:
    objection: AppraisalObjection | None = result_field("The objection (异议).")
    errors: list[Problem] = problems()


@command("Object to one's appraisal within 20 days; another panel looks again (对信用评议提出异议).", requires=None)
async def object_to_appraisal(call: Call, input: ObjectToAppraisalInput) -> AppraisalObjectionPayload:
    row = await load_own_row(call, CreditAppraisal, input.appraisal, "appraisal")
    reason = check_text(input.reason, 2000, "reason")
    if row.state is not AppraisalState.CONCLUDED or row.concluded_at is None:
        raise Refusal("ILLEGAL_TRANSITION", "It is not concluded.", "评议尚未结束。", ("appraisal",))
    # One objection for each appraisal: the second panel's word is the last one here.
    if await ObjectionRow.exists(appraisal=row):
        raise duplicate(
            "It was objected to before; a court may hear it now.", "已提出过异议，可依法另行救济。", "appraisal"
        )
    last = row.concluded_at.astimezone(CHINA).date() + timedelta(days=TERM)
    if today(call) > last:
        raise Refusal(
            "TERM_OVER", f"The term for objections ended on {last}.", f"异议期限已于 {last} 届满。", ("appraisal",)
        )
    objection = await ObjectionRow.create(
        appraisal=row, reason=reason, raised_at=call.now, decide_by=today(call) + timedelta(days=TERM)
    )
    # A grade under dispute is shown to nobody else, so publication ends; the holder may publish again afterwards.
    row.state, row.published, row.version = AppraisalState.DISPUTED, False, row.version + 1
    await row.save()
    return AppraisalObjectionPayload(objection=ref(AppraisalObjection, objection.id))


@strawberry.input(description="Whether others may see one's grade (评议公示意愿).")
class PublishAppraisalInput:
    idempotency_key: str = input_field(KEY)
    appraisal: ID = input_field("The appraisal (信用评议).")
    published: bool = input_field("Whether they may (是否同意公示).")


@command("Let others see one's name and grade, or no longer; nothing hangs on it (评议公示意愿).", requires=None)
async def publish_appraisal(call: Call, input: PublishAppraisalInput) -> CreditAppraisalPayload:
    row = await load_own_row(call, CreditAppraisal, input.appraisal, "appraisal")
    # Only a grade is shown; that somebody has none is nobody's business.
    if input.published and (row.state is not AppraisalState.CONCLUDED or row.grade == NONE):
        raise Refusal("ILLEGAL_TRANSITION", "There is no grade to show.", "尚无可公示的等级。", ("appraisal",))
    row.published, row.version = input.published, row.version + 1
    await row.save()
    return CreditAppraisalPayload(appraisal=ref(CreditAppraisal, row.id))


@strawberry.input(description="A request that is taken back (撤回评议申请).")
class WithdrawAppraisalInput:
    idempotency_key: str = input_field(KEY)
    appraisal: ID = input_field("The appraisal (信用评议).")


@command("Take one's request for an appraisal back before it is concluded (撤回评议申请).", requires=None)
async def withdraw_appraisal(call: Call, input: WithdrawAppraisalInput) -> CreditAppraisalPayload:
    row = await load_own_row(call, CreditAppraisal, input.appraisal, "appraisal")
    if row.state not in (AppraisalState.REQUESTED, AppraisalState.SITTING):
        raise Refusal("ILLEGAL_TRANSITION", "It is past taking back.", "评议已有结果或已撤回。", ("appraisal",))
    # Scores that were given stay without a person, and come to nothing.
    row.state, row.version = AppraisalState.WITHDRAWN, row.version + 1
    await row.save()
    return CreditAppraisalPayload(appraisal=ref(CreditAppraisal, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        object_to_appraisal=object_to_appraisal,
        publish_appraisal=publish_appraisal,
        withdraw_appraisal=withdraw_appraisal,
    ),
)
