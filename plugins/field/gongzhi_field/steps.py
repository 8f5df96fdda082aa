"""Offline steps: those taken without a network, which hold if the case still stands where the phone saw it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from gongzhi.core.cases import commands as cases_commands
from gongzhi.core.cases.models import CaseRow, SettlementLevel, Status
from gongzhi.core.cases.opening import BODY, TITLE
from gongzhi.core.cases.steps import works_on_case
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import ref
from gongzhi.runtime.checks import is_given
from gongzhi.runtime.commands import COMMAND, KEY, Command, free_text, input_field, not_allowed
from strawberry import UNSET

from .editing import UNWRITTEN, EditCasePayload
from .history import OfflineWriter, record_change, record_conflict
from .types import CaseConflict

NUMBER = "The case's number; or say `entry` (编号)."
ENTRY = "The clientId of an earlier entry of this batch, which reported the case (引用本批条目)."
SEEN = "The status that the phone saw (所见状态)."


@strawberry.input(description="A step that was taken offline (离线操作).")
class OfflineStepInput:
    idempotency_key: str = input_field(KEY)
    number: str | None = input_field(NUMBER, default=UNSET)
    entry: str | None = input_field(ENTRY, default=UNSET)
    seen: Status = input_field(SEEN)
    note: str | None = free_text("What is to be remembered of it (备注).", length=(0, BODY), default=UNSET)


@strawberry.input(description="A case that was accepted offline; of a recording, what it says (离线受理).")
class OfflineAcceptanceInput(OfflineStepInput):
    title: str | None = free_text(cases_commands.HEARD_TITLE, length=(1, TITLE), default=UNSET)
    description: str | None = free_text(cases_commands.HEARD, length=(1, BODY), default=UNSET)


@strawberry.input(description="What was done and is answered with, without a network (离线办结).")
class OfflineAnswerInput:
    idempotency_key: str = input_field(KEY)
    number: str | None = input_field(NUMBER, default=UNSET)
    entry: str | None = input_field(ENTRY, default=UNSET)
    seen: Status = input_field(SEEN)
    text: str = free_text("What was done; the requester reads it (答复内容).", length=(1, BODY))


@strawberry.input(description="An answer that was written offline (离线答复).")
class OfflineReplyInput(OfflineAnswerInput):
    level: SettlementLevel | None = input_field("Where it was settled, of an answer (化解层级).", default=UNSET)


@strawberry.input(
    description="A settlement on the spot that was written offline; of a recording, what it says (离线自处理)."
)
class OfflineSettlementInput(OfflineAnswerInput):
    title: str | None = free_text(cases_commands.HEARD_TITLE, length=(1, TITLE), default=UNSET)
    description: str | None = free_text(cases_commands.HEARD, length=(1, BODY), default=UNSET)


Take = Callable[[OfflineWriter, Any], Awaitable[EditCasePayload]]


def command_of(mutation: Any) -> Command:
    """Return the command behind a mutation."""
    found: Command = mutation.metadata[COMMAND]
    return found


def offline_step(mutation: Any, kind: type, target: Status, *fields: str) -> Take:
    """Build the taking of a step with these fields of the offline input, in place of the one that names a version."""
    command = command_of(mutation)

    async def take(written: OfflineWriter, input: Any) -> EditCasePayload:
        call = written.call
        case: CaseRow = await call.find(Case, "number", number=input.number)
        # The status is what a step depends on. A version grows with every correction, and whoever was on a hill does
        # not mind those.
        if case.status == input.seen:
            values = {name: value for name in fields if is_given(value := getattr(input, name))}
            # The version is read now, under the lock, so it always fits; the key stays the entry's.
            await call.perform(
                command, kind(idempotency_key="", number=case.number, expected_version=case.version, **values)
            )
            await record_change(written, case, "status", case.status, (await CaseRow.get(id=case.id)).status)
            return EditCasePayload(case=ref(Case, case.id))
        if not await works_on_case(call, case):
            raise not_allowed("number")
        # The same step by somebody else, with the same words: what was wanted has happened.
        if case.status == target and getattr(input, "text", case.reply) == case.reply:
            return EditCasePayload(case=ref(Case, case.id))  # it has been done already, as it was to be
        met = await record_missed(written, case, input, target)
        return EditCasePayload(case=ref(Case, case.id), conflicts=[ref(CaseConflict, row.id) for row in met])

    return take


async def record_missed(written: OfflineWriter, case: CaseRow, input: Any, target: Status) -> list[Any]:
    """Store the step as a conflict, and with it what was written for the requester."""
    rows = [await record_conflict(written, case, "status", input.seen, target, case.status)]
    # Kept, because it was written for somebody and would be lost with the step.
    if mine := getattr(input, "text", None):
        rows.append(await record_conflict(written, case, "reply", None, mine, case.reply))
    for name in UNWRITTEN:
        heard, there = getattr(input, name, None), getattr(case, name) or None
        if is_given(heard) and heard.strip() != there:
            rows.append(await record_conflict(written, case, name, None, heard, there))
    return rows


accept = offline_step(cases_commands.accept_case, cases_commands.AcceptCaseInput, Status.ACCEPTED, "note", *UNWRITTEN)
handle = offline_step(cases_commands.handle_case, cases_commands.CaseInput, Status.HANDLING, "note")
settle = offline_step(
    cases_commands.handle_in_grid, cases_commands.HandleInGridInput, Status.REPLIED, "text", *UNWRITTEN
)
reply = offline_step(cases_commands.reply_to_case, cases_commands.ReplyToCaseInput, Status.REPLIED, "text", "level")
