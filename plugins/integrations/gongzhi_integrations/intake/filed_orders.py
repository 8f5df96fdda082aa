"""Filed orders: what a system may do about the cases that it filed: look up, withdraw, follow up, press for."""

from __future__ import annotations

from typing import Annotated

import strawberry
from gongzhi.core.attachments.uploads import MOST, attach_uploads
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.reporting import receipt_code
from gongzhi.core.cases.steps import CasePayload, advance_case
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation, Query
from gongzhi.runtime.checks import invalid_input, is_given, not_found
from gongzhi.runtime.commands import (
    KEY,
    Call,
    command,
    free_text,
    input_field,
    not_allowed,
    payload_field,
    result_field,
)
from gongzhi.runtime.context import Info
from gongzhi_dispatch.follow_ups import FollowUpPayload, keep_follow_up
from gongzhi_dispatch.models import Contact
from gongzhi_dispatch.work_types import FollowUp
from gongzhi_operations.supervision.commands import SupervisionPayload, press_for_answer
from gongzhi_operations.supervision.models import Level
from strawberry import ID, UNSET

from .commands import INTAKE, check_recording
from .models import EntryRow

NUMBER = "Its number in your system (外部编号)."
REASON = 2_000
"""The most characters of a reason."""
OWN = "select case_id from intake.entry where source = $1 and number = $2"


@strawberry.type(description="An order as this deployment has it (已接入工单).")
class FiledOrder:
    external_number: str = strawberry.field(description=NUMBER)
    case: Case | None = result_field("The case, as far as you may see it (诉求).")
    receipt_code: str | None = strawberry.field(
        resolver=receipt_code,
        description="With the case's number it opens the case to the caller; keep it nowhere (回执码).",
    )


async def find_filed_order(
    info: Info, external_number: Annotated[str, strawberry.argument(description=NUMBER)]
) -> FiledOrder | None:
    """Find what one's own system filed under a number; None if there is no such order."""
    context = info.context
    # By the account's own name: another system may have given the same number to another order.
    found = await context.fetch(OWN, context.viewer.account.name, external_number)
    return FiledOrder(external_number=external_number, case=ref(Case, found[0]["case_id"])) if found else None


@strawberry.input(description="An order that is taken back (撤回工单).")
class WithdrawFiledOrderInput:
    idempotency_key: str = input_field(KEY)
    external_number: str = input_field(NUMBER)
    reason: str = free_text("Why; the caller reads it (撤回原因).", length=(1, REASON))


@command("Take back an order of one's own, before it is accepted (撤回已接入工单).", requires=INTAKE)
async def withdraw_filed_order(call: Call, input: WithdrawFiledOrderInput) -> CasePayload:
    case = await find_filed_case(call, input.external_number)
    return await advance_case(call, case, machine.WITHDRAW, note=input.reason, shown=True)


@strawberry.input(description="What the caller said when your system asked them (工单回访).")
class FollowUpFiledOrderInput:
    idempotency_key: str = input_field(KEY)
    external_number: str = input_field(NUMBER)
    contact: Contact = input_field("How they were asked (回访方式).", default=Contact.PHONE)
    reached: bool = input_field("Whether they were reached (是否联系上).")
    solved: bool | None = input_field("Whether they say it is solved (是否解决).", default=UNSET)
    rating: int | None = input_field("How they rate it (评分).", between=(1, 5), default=UNSET)
    note: str | None = free_text("What they said (备注).", length=(0, REASON), default=UNSET)
    recording: str | None = input_field(
        "What your system calls the recording of it; no address, for it is never fetched (回访录音编号).", default=UNSET
    )
    attachments: list[ID] = input_field(
        "What the uploads of other evidence answered (附件标识).", items=MOST, default_factory=list
    )


@command(
    "Hand in what the caller of an order of one's own said about the answer, with evidence: it counts as a follow-up "
    "(提交已接入工单的回访).",
    requires=INTAKE,
)
async def follow_up_filed_order(call: Call, input: FollowUpFiledOrderInput) -> FollowUpPayload:
    recording = check_recording(input.recording, "recording") if is_given(input.recording) else None
    # Who filed a case does not ask about it, unless somebody can hear, or see, what was said.
    if input.reached and not (recording or input.attachments):
        raise invalid_input(
            "Name the recording of it, or attach what shows what the caller said.",
            "请填写回访录音编号，或上传能够证明回访内容的附件。",
            "recording",
        )
    case = await find_filed_case(call, input.external_number)
    # Before the follow-up is kept, so that files that are not there leave nothing behind.
    if input.attachments:
        await attach_uploads(call, case, input.attachments)
    # `shown`: it reads what it has handed in, and no other notes of staff.
    entry = await keep_follow_up(call, case, input, recording)
    return FollowUpPayload(follow_up=ref(FollowUp, entry.id, shown=True), case=ref(Case, case.id))


@strawberry.input(description="An order that is to be pressed for (催办工单).")
class PressForFiledOrderInput:
    idempotency_key: str = input_field(KEY)
    external_number: str = input_field(NUMBER)
    reason: str = free_text("Why; the unit reads it (催办事由).", length=(1, REASON))


@command("Have whoever has an order of one's own asked what is done about it (催办已接入工单).", requires=INTAKE)
async def press_for_filed_order(call: Call, input: PressForFiledOrderInput) -> SupervisionPayload:
    # The mildest there is: what is louder is for offices to decide.
    return await press_for_answer(
        call, await find_filed_case(call, input.external_number), Level.REMINDER, input.reason
    )


async def find_filed_case(call: Call, number: str) -> CaseRow:
    """Find and lock the case that the caller's system filed under a number, where it still files. Raises Refusal."""
    entry = await EntryRow.get_or_none(source=call.viewer.account.name or "", number=number)
    if entry is None:
        raise not_found(
            "Your system has filed no order under this number.", "您的系统未以该编号接入工单。", "externalNumber"
        )
    # Also a tip-off, which it cannot look at any more: it knows what it filed.
    case: CaseRow = await call.find(Case, "externalNumber", id=entry.case_id, shown=True)
    if not call.may(INTAKE, case):
        raise not_allowed("externalNumber")
    return case


EXTENSIONS = (
    extend(
        Query,
        filed_order=payload_field(
            "What one's own system filed under a number, with the receipt for the caller (已接入工单查询).",
            find_filed_order,
            requires=INTAKE,
        ),
    ),
    extend(
        Mutation,
        withdraw_filed_order=withdraw_filed_order,
        follow_up_filed_order=follow_up_filed_order,
        press_for_filed_order=press_for_filed_order,
    ),
)
