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
from gongzhi.runtime.commands import Call, Command, given
from gongzhi_operations.patrols.commands import RecordPatrolInput, record_patrol
from strawberry import UNSET

from . import steps
from .editing import EditCaseInput, EditCasePayload, edited
from .history import Written, changed
from .steps import OfflineAcceptanceInput, OfflineReplyInput, OfflineSettlementInput, OfflineStepInput, declared


@strawberry.input(description="What was done; exactly one of these (离线事项，任选其一).", one_of=True)
class OfflineChangeInput:
    report_case: ReportCaseInput | None = given("A matter was reported (上报诉求).", default=UNSET)
    record_visit: RecordVisitInput | None = given("A household was visited (走访记录).", default=UNSET)
    record_patrol: RecordPatrolInput | None = given("A grid was looked round (巡查记录).", default=UNSET)
    add_attachments: AddAttachmentsInput | None = given("Files were added to a case (补充附件).", default=UNSET)
    edit_case: EditCaseInput | None = given("What a case says was corrected (更正诉求).", default=UNSET)
    accept_case: OfflineAcceptanceInput | None = given("A case was accepted (受理).", default=UNSET)
    handle_case: OfflineStepInput | None = given("Handling was begun (开始办理).", default=UNSET)
    handle_in_grid: OfflineSettlementInput | None = given("A case was settled on the spot (网格自处理).", default=UNSET)
    reply_to_case: OfflineReplyInput | None = given("A case was answered (答复).", default=UNSET)


@strawberry.input(description="Something that was done without a network (离线条目).")
class SyncEntryInput:
    client_id: str = given("The phone's own name for the entry, told back in the result (本地标识).")
    occurred_at: datetime.datetime = given("When it was done, by the clock of the phone (发生时间).")
    change: OfflineChangeInput = given("What was done, with an idempotency key of its own (事项).")


Carry = Callable[[Written, Any], Awaitable[Any]]


@dataclass(frozen=True)
class Sort:
    """A sort of entry. `command` is the mutation's own where the key is to hold for both ways of sending it."""

    command: Command
    carry: Carry

    def at(self, occurred_at: datetime.datetime) -> Command:
        """Return the command, for something that was done then."""

        async def function(call: Call, input: Any) -> Any:
            return await self.carry(Written(call, occurred_at), input)

        # The key and the guard stay the command's own, so an entry sent again is carried out once.
        return replace(self.command, function=function)


def same(mutation: Any) -> Sort:
    """Wrap a mutation as it is: sent alone and in a batch under one key, it is carried out once."""
    command = declared(mutation)
    return Sort(command, lambda written, input: command.function(written.call, input))


def offline(name: str, take: steps.Take, requires: str) -> Sort:
    """Wrap a step whose input says what was seen, which is another request than the mutation's."""

    async def never(call: Call, input: Any) -> EditCasePayload:
        raise NotImplementedError

    # A name of its own, so that its keys cannot answer for the mutation's.
    return Sort(Command(f"sync.{name}", never, EditCasePayload, requires), take)


async def reported(written: Written, input: Any) -> Any:
    case = await file_report(written.call, input)
    await changed(written, case, "status", None, Status.REPORTED)
    return ReportCasePayload(case=ref(Case, case.id, shown=True))


SORTS = {
    "report_case": Sort(declared(report_case), reported),
    "record_visit": same(record_visit),
    "record_patrol": same(record_patrol),
    "add_attachments": same(add_attachments),
    "edit_case": Sort(Command("edit_case", None, EditCasePayload, None, input=EditCaseInput), edited),  # type: ignore[arg-type]
    "accept_case": offline("accept_case", steps.accept, "cases.accept"),
    "handle_case": offline("handle_case", steps.handle, "cases.handle"),
    "handle_in_grid": offline("handle_in_grid", steps.settle, "cases.settle"),
    "reply_to_case": offline("reply_to_case", steps.reply, "cases.handle"),
}
