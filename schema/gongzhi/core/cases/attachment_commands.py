"""Attachment commands: add files to a case that is there already."""

from __future__ import annotations

import strawberry
from strawberry import ID, UNSET

from gongzhi.core.attachments.uploads import MOST, attach_uploads
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.rules import own_cases, worked_cases
from gongzhi.core.cases.steps import CasePayload, record_event, save_case
from gongzhi.core.cases.types import Case
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import widen_rows
from gongzhi.runtime.actions import Action, require_rows, require_states
from gongzhi.runtime.checks import is_given
from gongzhi.runtime.commands import KEY, Call, command, input_field
from gongzhi.values import codes
from gongzhi.values.errors import Text

ATTACHED = "case.attached"
NOTE = 2_000


@strawberry.input(description="Files for a case (补充附件).")
class AddAttachmentsInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field("The case's number (编号).")
    receipt_code: str | None = input_field("The code on the receipt, without an account (回执码).", default=UNSET)
    attachments: list[ID] = input_field("What the uploads answered (附件标识).", items=(1, MOST))
    note: str | None = input_field("What they show; the requester reads it (说明).", length=(1, NOTE), default=UNSET)


OVER = Text("The case is over: nothing is added to it.", "诉求已办结，不能再补充。")
ATTACH = Action(
    Case,
    (require_rows(lambda case, viewer: widen_rows(worked_cases(case, viewer), *own_cases(case, viewer))),),
    (require_states(machine.OPEN, OVER, "status"),),
)


@command("Add files to an open case: its requester, or who works on it (补充附件).", requires=None, action=ATTACH)
async def add_attachments(call: Call, input: AddAttachmentsInput) -> CasePayload:
    secret = call.context.receipts
    # A receipt is a right to this very case, whatever else the caller may see.
    receipted = is_given(input.receipt_code) and codes.receipt_matches(secret, input.number, input.receipt_code)
    case: CaseRow = await call.find(Case, "number", number=input.number, shown=receipted)
    added = await attach_uploads(call, case, input.attachments)
    await record_event(call, case, ATTACHED, input.note or None, attachments=len(added))
    return await save_case(case, shown=receipted)


EXTENSIONS = (extend(Mutation, add_attachments=add_attachments),)
