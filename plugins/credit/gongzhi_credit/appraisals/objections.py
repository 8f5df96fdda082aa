"""Objections: to an appraisal within 20 days, and showing an appraisal to others or taking a request back."""

from __future__ import annotations

from datetime import timedelta

import strawberry
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_states
from gongzhi.runtime.checks import CHINA, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Refusal, Text
from gongzhi_rights.representation import SPEAKS
from strawberry import ID

from ..appraisal_models import AppraisalRow, AppraisalState, ObjectionRow
from .grading import NONE
from .panels import CreditAppraisalPayload
from .types import AppraisalObjection, CreditAppraisal

TERM = 20
"""Days to object, and days to answer (征信业管理条例 25)."""


@strawberry.input(description="An objection to one's appraisal (对信用评议提出异议).")
class ObjectToAppraisalInput:
    idempotency_key: str = input_field(KEY)
    appraisal: ID = input_field("The appraisal (信用评议).")
    reason: str = input_field("Why (理由).", length=(1, 2000))


@strawberry.type(description="The objection, or why there is none (异议结果).")
class AppraisalObjectionPayload:
    objection: AppraisalObjection | None = result_field("The objection (异议).")
    errors: list[Problem] = problems()


async def load_appraisal(call: Call, id: str) -> AppraisalRow:
    """Return the appraisal, locked, as the command's action allows."""
    row: AppraisalRow = await call.find(CreditAppraisal, "appraisal", id=key_of(CreditAppraisal)(id))
    return row


def term_text(row: AppraisalRow) -> Text:
    assert row.concluded_at is not None, "what is concluded was concluded some day"
    last = row.concluded_at.astimezone(CHINA).date() + timedelta(days=TERM)
    return Text(f"The term for objections ended on {last}.", f"异议期限已于 {last} 届满。")


OBJECTING = Action(
    CreditAppraisal,
    SPEAKS,
    (
        require_states((AppraisalState.CONCLUDED,), Text("It is not concluded.", "评议尚未结束。")),
        # One objection for each appraisal: the second panel's word is the last one here.
        Requirement(
            "DUPLICATE",
            lambda row, viewer: [Sql("not exists(select from credit.objection o where o.appraisal_id={0})", row.id)],
            Text("It was objected to before; a court may hear it now.", "已提出过异议，可依法另行救济。"),
        ),
        Requirement(
            "TERM_OVER",
            lambda row, viewer: [
                Sql(f"({{0}} at time zone 'Asia/Shanghai')::date+{TERM}>={{1}}", row.concluded_at, viewer.today)
            ],
            term_text,
        ),
    ),
)
WITHDRAWING = Action(
    CreditAppraisal,
    SPEAKS,
    (
        require_states(
            (AppraisalState.REQUESTED, AppraisalState.SITTING),
            Text("It is past taking back.", "评议已有结果或已撤回。"),
        ),
    ),
)


@command(
    "Object to one's appraisal within 20 days; another panel looks again (对信用评议提出异议).",
    requires=None,
    action=OBJECTING,
)
async def object_to_appraisal(call: Call, input: ObjectToAppraisalInput) -> AppraisalObjectionPayload:
    row = await load_appraisal(call, input.appraisal)
    objection = await ObjectionRow.create(
        appraisal=row, reason=input.reason, raised_at=call.now, decide_by=today(call) + timedelta(days=TERM)
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


@command(
    "Let others see one's name and grade, or no longer; nothing hangs on it (评议公示意愿).",
    requires=None,
    action=Action(CreditAppraisal, SPEAKS),
)
async def publish_appraisal(call: Call, input: PublishAppraisalInput) -> CreditAppraisalPayload:
    row = await load_appraisal(call, input.appraisal)
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


@command(
    "Take one's request for an appraisal back before it is concluded (撤回评议申请).", requires=None, action=WITHDRAWING
)
async def withdraw_appraisal(call: Call, input: WithdrawAppraisalInput) -> CreditAppraisalPayload:
    row = await load_appraisal(call, input.appraisal)
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
