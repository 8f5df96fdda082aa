"""Attachment commands: add files to a case that is there already."""

from __future__ import annotations

import strawberry
from strawberry import ID, UNSET

from gongzhi.core.attachments.attaching import MOST, attach
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.steps import CasePayload, own, record, saved, works
from gongzhi.core.cases.types import Case
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import text, told, wrong
from gongzhi.runtime.commands import KEY, Call, command, forbidden, given
from gongzhi.values import codes
from gongzhi.values.errors import Refusal

ATTACHED = "case.attached"
NOTE = 2_000


@strawberry.input(description="Files for a case (补充附件).")
class AddAttachmentsInput:
    idempotency_key: str = given(KEY)
    number: str = given("The case's number (编号).")
    receipt_code: str | None = given("The code on the receipt, without an account (回执码).", default=UNSET)
    attachments: list[ID] = given(f"What the uploads answered, {MOST} at most (附件标识).")
    note: str | None = given("What they show; the requester reads it (说明).", default=UNSET)


@command("Add files to an open case: its requester, or who works on it (补充附件).", requires=None)
async def add_attachments(call: Call, input: AddAttachmentsInput) -> CasePayload:
    if not input.attachments:
        raise wrong("Name at least one file.", "请至少指定一个附件。", "attachments")
    note = text(input.note, NOTE, "note") if told(input.note) else None
    secret = call.context.receipts
    # A receipt is a right to this very case, whatever else the caller may see.
    receipted = told(input.receipt_code) and codes.receipt_matches(secret, input.number, input.receipt_code)
    case: CaseRow = await call.find(Case, "number", number=input.number, shown=receipted)
    if not (receipted or own(call, case) or await works(call, case)):
        raise forbidden("number")
    if case.status not in machine.OPEN:
        raise Refusal(
            "ILLEGAL_TRANSITION", "The case is over: nothing is added to it.", "诉求已办结，不能再补充。", ("number",)
        )
    added = await attach(call, case, input.attachments)
    await record(call, case, ATTACHED, note, attachments=len(added))
    return await saved(case, shown=receipted)


EXTENSIONS = (extend(Mutation, add_attachments=add_attachments),)
