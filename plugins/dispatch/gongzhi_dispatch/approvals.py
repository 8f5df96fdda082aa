"""Approvals: what one asks and another decides (more time, a hold, voiding, closing what concerns ourselves)."""

from __future__ import annotations

from datetime import datetime, timedelta

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.cases import machine
from gongzhi.core.cases.commands import CaseInput, ReasonedCaseInput
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.steps import (
    DISINTERESTED,
    HANDLES,
    CasePayload,
    advance_case,
    find_case,
    of_case,
    on_case,
    on_step,
    record_event,
    record_step,
    require_entrusted,
    save_case,
)
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_states
from gongzhi.runtime.checks import check_text, duplicate, invalid_input, not_found
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from . import deadlines
from .lookups import NUMBER, OTHER_UNIT, REASON, WHY, acting_units, find_lead_order, load_with_case
from .models import ApprovalKind, ApprovalRow, ApprovalState
from .notices import notify_dispatch
from .work_types import Approval

APPROVE = "dispatch.approve"
ASK = "dispatch.request_voiding"
REQUESTED, APPROVED, REFUSED = "case.approval_requested", "case.approval_given", "case.approval_refused"
EXTENDED = "case.extended"
DECIDED = "case.approval_decided"
"""What the notice of either is called."""


@strawberry.type(description="The request for more time, or why it was not taken (延期申请结果).")
class RequestExtensionPayload:
    extension: Approval | None = result_field("The request (申请).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.type(description="The request, or why it was not taken (申请结果).")
class ApprovalPayload:
    approval: Approval | None = result_field("The request (申请).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="A request for more time (延期申请).")
class RequestExtensionInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    expected_version: int = input_field(EXPECTED)
    until: datetime = input_field("Until when (申请期限).")
    reason: str = free_text(WHY, length=(1, REASON))


@command(
    "Ask for more time, before the term is over (申请延期).",
    requires="cases.handle",
    action=on_case("申请延期", machine.WITH_UNIT, *HANDLES),
)
async def request_extension(call: Call, input: RequestExtensionInput) -> RequestExtensionPayload:
    case = await find_case(call, input)
    order = await find_lead_order(case)
    if order is None:
        raise not_found("No unit has the case.", "该诉求没有主办工单。", "number")
    # Not afterwards: a term that is over cannot be made to have been kept.
    if call.now >= order.due_at:
        raise invalid_input("The term is over: ask before it ends.", "期限已过，延期须在到期前申请。", "number")
    until = check_term_end(call, input.until, deadlines.EXTENSION)
    # In working time: a later moment on a day off may be no later deadline.
    if not (await deadlines.extra_time(call, case, order, until)).amount:
        raise invalid_input("It is due later than that anyway.", "申请期限应晚于当前期限。", "until")
    return RequestExtensionPayload(
        extension=await request_approval(call, case, ApprovalKind.EXTENSION, input.reason, until)
    )


@strawberry.input(description="A request to put a case on hold (挂账申请).")
class RequestSuspensionInput(RequestExtensionInput):
    pass


@command(
    "Ask to put a case on hold for a time (申请挂账).",
    requires="cases.handle",
    action=on_case("申请挂账", machine.SUSPEND.sources, *HANDLES),
)
async def request_suspension(call: Call, input: RequestSuspensionInput) -> ApprovalPayload:
    case = await find_case(call, input)
    until = check_term_end(call, input.until, deadlines.SUSPENSION)
    return ApprovalPayload(approval=await request_approval(call, case, ApprovalKind.SUSPENSION, input.reason, until))


@command(
    "Ask to void a case (申请作废).", requires=ASK, action=on_case("申请作废", machine.OPEN, require_entrusted(ASK))
)
async def request_voiding(call: Call, input: ReasonedCaseInput) -> ApprovalPayload:
    case = await find_case(call, input)
    return ApprovalPayload(approval=await request_approval(call, case, ApprovalKind.VOIDING, input.reason))


@command(
    "Ask to close a complaint about a unit or the platform (申请结案).",
    requires="cases.close",
    action=on_case("申请结案", machine.CLOSE.sources, require_entrusted("cases.close")),
)
async def request_closing(call: Call, input: ReasonedCaseInput) -> ApprovalPayload:
    # Closing what concerns a unit or the platform is decided by somebody else: no office acquits itself.
    case = await find_case(call, input)
    return ApprovalPayload(approval=await request_approval(call, case, ApprovalKind.CLOSING, input.reason))


@strawberry.type(description="What was decided, and the case after it (审批结果).")
class DecideApprovalPayload:
    approval: Approval | None = result_field("The request (申请).")
    case: Case | None = result_field("The case (诉求).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="A decision on a request (审批).")
class DecideApprovalInput:
    idempotency_key: str = input_field(KEY)
    approval: ID = input_field("The request (申请).")
    approve: bool = input_field("Whether to agree (是否同意).")
    reason: str | None = free_text("Why; to be given with a refusal (审批意见).", length=(0, REASON), default=UNSET)


OVER = Text("It has been decided, or has lapsed.", "该申请已审批或已失效。")
# Who asked is not asked here: `require_independence` looks for whoever appointed whom as well.
DECIDE = Action(
    Approval,
    (of_case(require_entrusted(APPROVE)), of_case(DISINTERESTED), OTHER_UNIT),
    (require_states((ApprovalState.PENDING,), OVER, code="DUPLICATE"),),
)


@command(
    "Agree to a request, or refuse it; somebody other than who asked (审批).",
    requires=APPROVE,
    two_persons=True,
    action=DECIDE,
)
async def decide_approval(call: Call, input: DecideApprovalInput) -> DecideApprovalPayload:
    case, approval = await load_with_case(call, Approval, input.approval, "approval")
    # Nor whoever asked: of the unit that asks nobody comes so far.
    await require_independence(call, "approval", approval.requested_by)
    if input.reason or not input.approve:
        # To refuse takes a reason; to agree may have one.
        approval.decision = check_text(input.reason or "", REASON, "reason")
    approval.state = ApprovalState.APPROVED if input.approve else ApprovalState.REFUSED
    approval.decided_at, approval.decided_by = call.now, call.viewer.account.name
    await approval.save()
    # Notices and the timeline before the step, which may end the case.
    await notify_dispatch(call, case, DECIDED, accounts=[approval.requested_by])
    await record_event(call, case, APPROVED if input.approve else REFUSED, kind=approval.kind)
    if input.approve:
        await carry_out_approval(call, case, approval)
        await save_case(case)
    return DecideApprovalPayload(approval=ref(Approval, approval.id), case=ref(Case, case.id))


async def carry_out_approval(call: Call, case: CaseRow, approval: ApprovalRow) -> None:
    """Do what was asked: the step of a suspension, voiding or closing, or the extension."""
    steps = {
        ApprovalKind.SUSPENSION: machine.SUSPEND,
        ApprovalKind.VOIDING: machine.VOID,
        ApprovalKind.CLOSING: machine.CLOSE,
    }
    if approval.kind in steps:
        await record_step(call, case, steps[approval.kind])
    elif approval.until and (order := await find_lead_order(case)):
        await deadlines.extend_handling(call, case, order, approval.until)
        await record_event(call, case, EXTENDED)


@command(
    "Take a case up again that was on hold (恢复办理).",
    requires="cases.handle",
    action=on_step(machine.RESUME, *HANDLES),
)
async def resume_case(call: Call, input: CaseInput) -> CasePayload:
    case = await find_case(call, input)
    return await advance_case(call, case, machine.RESUME, note=input.note)


# what the commands share


async def ask_for_closing(call: Call, case: CaseRow, reason: str) -> None:
    """Put closing a case before somebody who decides, unless it is there already: somebody may have asked by hand."""
    if await ApprovalRow.exists(case=case, kind=ApprovalKind.CLOSING, state=ApprovalState.PENDING):
        return
    await request_approval(call, case, ApprovalKind.CLOSING, reason)


async def request_approval(
    call: Call, case: CaseRow, kind: ApprovalKind, reason: str, until: datetime | None = None
) -> Approval:
    """Create a request for somebody else to decide; one of a kind at a time."""
    # The case is locked by whoever calls, so two cannot both find none; a partial unique index holds it as well.
    if await ApprovalRow.exists(case=case, kind=kind, state=ApprovalState.PENDING):
        raise duplicate("The same was asked already and is not decided.", "已有同类申请待审批。", "number")
    approval = await ApprovalRow.create(
        case=case,
        kind=kind,
        # The unit is noted only where the caller acts for it: people of this unit may then not decide.
        unit_id=case.lead_unit_id if case.lead_unit_id in acting_units(call, "cases.view") else None,
        until=until,
        reason=check_text(reason, REASON, "reason"),
        requested_at=call.now,
        requested_by=call.viewer.account.name,
    )
    await notify_dispatch(call, case, REQUESTED, office=case.grid_id)
    await record_event(call, case, REQUESTED, kind=kind)
    made: Approval = ref(Approval, approval.id)
    return made


def check_term_end(call: Call, until: datetime, most: timedelta) -> datetime:
    """Check the end of a term, which must lie ahead, and not too far."""
    if not call.now < require_offset(until, "until") <= call.now + most:
        days = most.days
        raise invalid_input(f"It must lie ahead, by {days} days at most.", f"期限应在今后 {days} 日之内。", "until")
    return until


EXTENSIONS = (
    extend(
        Mutation,
        request_extension=request_extension,
        request_suspension=request_suspension,
        request_voiding=request_voiding,
        request_closing=request_closing,
        decide_approval=decide_approval,
        resume_case=resume_case,
    ),
)
