"""Entries: what can stand in a batch, and which command carries it out."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import strawberry
from gongzhi.core.cases.attachment_commands import AddAttachmentsInput, add_attachments
from gongzhi.core.cases.models import Status
from gongzhi.core.cases.reporting import ReportCaseInput, ReportCasePayload, file_report, report_case
from gongzhi.core.cases.types import Case
from gongzhi.core.people.care_commands import RecordVisitInput, record_visit
from gongzhi.declare.entity import ref
from gongzhi.runtime.commands import Call, Command, input_field
from gongzhi_operations.patrols.commands import RecordPatrolInput, record_patrol
from strawberry import UNSET

from . import steps
from .editing import EDIT, EditCaseInput, EditCasePayload, edit_fields
from .history import OfflineWriter, record_change
from .steps import OfflineAcceptanceInput, OfflineReplyInput, OfflineSettlementInput, OfflineStepInput, command_of


@strawberry.input(description="What was done; exactly one of these (离线事项，任选其一).", one_of=True)
class OfflineChangeInput:
    report_case: ReportCaseInput | None = input_field("A matter was reported (上报诉求).", default=UNSET)
    record_visit: RecordVisitInput | None = input_field("A household was visited (走访记录).", default=UNSET)
    record_patrol: RecordPatrolInput | None = input_field("A grid was looked round (巡查记录).", default=UNSET)
    add_attachments: AddAttachmentsInput | None = input_field("Files were added to a case (补充附件).", default=UNSET)
    edit_case: EditCaseInput | None = input_field("What a case says was corrected (更正诉求).", default=UNSET)
    accept_case: OfflineAcceptanceInput | None = input_field("A case was accepted (受理).", default=UNSET)
    handle_case: OfflineStepInput | None = input_field("Handling was begun (开始办理).", default=UNSET)
    handle_in_grid: OfflineSettlementInput | None = input_field(
        "A case was settled on the spot (网格自处理).", default=UNSET
    )
    reply_to_case: OfflineReplyInput | None = input_field("A case was answered (答复).", default=UNSET)


@strawberry.input(description="Something that was done without a network (离线条目).")
class SyncEntryInput:
    client_id: str = input_field("The phone's own name for the entry, told back in the result (本地标识).", longest=100)
    occurred_at: datetime.datetime = input_field("When it was done, by the clock of the phone (发生时间).")
    change: OfflineChangeInput = input_field("What was done, with an idempotency key of its own (事项).")


Carry = Callable[[OfflineWriter, Any], Awaitable[Any]]


@dataclass(frozen=True)
class EntrySort:
    """A sort of entry. `command` is the mutation's own where the key is to hold for both ways of sending it."""

    command: Command
    carry: Carry

    def perform_at(self, occurred_at: datetime.datetime) -> Command:
        """Return the command, for something that was done then."""

        async def function(call: Call, input: Any) -> Any:
            return await self.carry(OfflineWriter(call, occurred_at), input)

        # The key and the guard stay the command's own, so an entry sent again is carried out once.
        return replace(self.command, function=function)


def as_mutation(mutation: Any) -> EntrySort:
    """Wrap a mutation as it is: sent alone and in a batch under one key, it is carried out once."""
    command = command_of(mutation)
    return EntrySort(command, lambda written, input: command.function(written.call, input))


async def never(call: Call, input: Any) -> EditCasePayload:
    """Stand for the function of a command that is carried out in another way."""
    raise NotImplementedError


def as_offline_step(name: str, take: steps.Take, requires: str) -> EntrySort:
    """Wrap a step whose input says what was seen, which is another request than the mutation's."""
    # A name of its own, so that its keys cannot answer for the mutation's.
    return EntrySort(Command(f"sync.{name}", never, EditCasePayload, requires), take)


async def report_offline(written: OfflineWriter, input: Any) -> Any:
    case = await file_report(written.call, input)
    await record_change(written, case, "status", None, Status.REPORTED)
    return ReportCasePayload(case=ref(Case, case.id, shown=True))


SORTS = {
    "report_case": EntrySort(command_of(report_case), report_offline),
    "record_visit": as_mutation(record_visit),
    "record_patrol": as_mutation(record_patrol),
    "add_attachments": as_mutation(add_attachments),
    "edit_case": EntrySort(
        Command("edit_case", never, EditCasePayload, None, input=EditCaseInput, action=EDIT), edit_fields
    ),
    "accept_case": as_offline_step("accept_case", steps.accept, "cases.accept"),
    "handle_case": as_offline_step("handle_case", steps.handle, "cases.handle"),
    "handle_in_grid": as_offline_step("handle_in_grid", steps.settle, "cases.settle"),
    "reply_to_case": as_offline_step("reply_to_case", steps.reply, "cases.handle"),
}
