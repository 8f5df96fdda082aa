"""Batches: carrying out one entry after the other, each in a transaction of its own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

import strawberry
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.types import Case
from gongzhi.core.people.types import Visit
from gongzhi.declare.bounds import read_input
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.plans import DECIDED, GUARD, MOST
from gongzhi.runtime.checks import check_moment, invalid_input, is_given, not_found
from gongzhi.runtime.commands import (
    COMMAND,
    Command,
    Problem,
    describe_refusal,
    input_field,
    internal_error,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.context import Context, Info
from gongzhi.runtime.screening import TextWarning, screen_input
from gongzhi.values.errors import Refusal, Refusals
from gongzhi_operations.patrols.types import Patrol
from strawberry import UNSET

from .entries import SORTS, SyncEntryInput
from .types import CaseConflict

logger = logging.getLogger(__name__)

ENTRIES = 50
"""The most entries of a batch."""
NAME = 100
OLDEST = timedelta(days=366)


class SyncState(StrEnum):
    """What came of an entry."""

    APPLIED = "APPLIED"
    CONFLICT = "CONFLICT"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


describe_enum(
    SyncState,
    "SyncState",
    "What came of an entry (条目结果).",
    APPLIED="It is done; of an entry that was sent again, it was done before (已生效)",
    CONFLICT="Somebody else had changed the same before; what was sent is kept beside it (有冲突)",
    REFUSED="It cannot be done; see errors. Sending it again changes nothing (被拒绝)",
    FAILED="It could not be done now, by our fault; send it again later (暂时失败)",
)


@strawberry.input(description="What a phone has written without a network (离线批次).")
class SyncInput:
    idempotency_key: str = input_field(
        "A name for the batch. What is carried out once is each entry, by its own key: a batch may be cut up and sent "
        "again in parts (批次标识)."
    )
    entries: list[SyncEntryInput] = input_field("They are carried out in this order (条目).", items=(1, ENTRIES))
    account: str | None = input_field(
        "The account whose entries these are; to any other the whole batch is refused (所属账户).",
        longest=NAME,
        default=UNSET,
    )


@strawberry.type(description="What came of an entry (条目结果).")
class SyncResult:
    client_id: str = strawberry.field(description="The entry's name (本地标识).")
    state: SyncState = strawberry.field(description="What came of it (结果).")
    case: Case | None = result_field("The case it is about (诉求).")
    visit: Visit | None = result_field("The visit that was recorded (走访).")
    patrol: Patrol | None = result_field("The patrol that was recorded (巡查).")
    conflict: list[CaseConflict] = strawberry.field(
        description="What could not be changed, with what is there instead (冲突).",
        default_factory=list,
        metadata={MOST: 5},
    )
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.type(description="What came of a batch (同步结果).")
class SyncPayload:
    results: list[SyncResult] | None = strawberry.field(
        description="What came of each entry, in their order (各条目结果).", default=None, metadata={MOST: ENTRIES}
    )
    errors: list[Problem] = problems()


class Batch:
    """A batch under way. `cases` are those that its entries are about, by the entries' names."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.cases: dict[str, str] = {}

    async def result(self, entry: SyncEntryInput) -> SyncResult:
        """Return what comes of an entry; whatever goes wrong is its own."""
        try:
            return await self.carry_out_entry(entry)
        except Refusal as refusal:
            return self.refuse_entry(entry, SyncState.REFUSED, refusal)
        except Refusals as several:
            return self.refuse_entry(entry, SyncState.REFUSED, *several.refusals)
        except Exception as error:  # the entries behind it may have nothing to do with it
            # The type alone: the text of an error may hold what somebody wrote.
            logger.error("an entry of a batch failed: %s; the device may send it again", type(error).__name__)
            return self.refuse_entry(entry, SyncState.FAILED, internal_error())

    async def carry_out_entry(self, entry: SyncEntryInput) -> SyncResult:
        check_entry(entry)
        context = self.context
        [(name, input)] = [(name, value) for name in SORTS if is_given(value := getattr(entry.change, name))]
        # A phone's clock is believed within bounds, and noted beside the server's own.
        command = SORTS[name].perform_at(check_moment(context.viewer.now, entry.occurred_at, OLDEST, "occurredAt"))
        # The mutation's guard does not stand before a batch, so the permission is asked for here, entry by entry.
        if command.requires and not context.viewer.can(command.requires):
            raise Refusal("FORBIDDEN", "You may not do this.", "您无权进行此操作。")
        payload = await context.perform(command, self.resolve_case_number(input))
        case, conflicts = getattr(payload, "case", None), getattr(payload, "conflicts", None) or []
        if case is not None:
            # By number, for later entries of the batch that are about the case this one reported.
            self.cases[entry.client_id] = await context.value(CaseRow, "number", case.key)
        state = SyncState.CONFLICT if conflicts else SyncState.REFUSED if payload.errors else SyncState.APPLIED
        return SyncResult(
            client_id=entry.client_id,
            state=state,
            case=case,
            visit=getattr(payload, "visit", None),
            patrol=getattr(payload, "patrol", None),
            conflict=conflicts,
            # Words that should not be on file are warned of here too, as when the mutation is sent alone.
            warnings=[] if payload.errors else screen_input(input, context.viewer.language),
            errors=payload.errors,
        )

    def refuse_entry(self, entry: SyncEntryInput, state: SyncState, *refusals: Refusal) -> SyncResult:
        errors = [describe_refusal(refusal, self.context.viewer.language) for refusal in refusals]
        return SyncResult(client_id=entry.client_id, state=state, errors=errors)

    def resolve_case_number(self, input: Any) -> Any:
        """Return the input with the number of the case in place of the entry that reported it."""
        if not hasattr(input, "entry"):
            return input
        if is_given(input.number) == is_given(input.entry):
            raise invalid_input("Say either number or entry.", "编号和本批条目请二选一。", "number")
        if not is_given(input.entry):
            return input
        if input.entry not in self.cases:
            raise not_found("No earlier entry of this name has a case.", "本批中没有该条目对应的诉求。", "entry")
        return replace(input, number=self.cases[input.entry], entry=None)


def check_entry(entry: SyncEntryInput) -> None:
    """Refuse an entry that cannot be read. Raises Refusals."""
    try:
        read_input(entry)
    except Refusals as several:
        # What is wrong within its change is said by the command, under the entry's key.
        if own := [one for one in several.refusals if len(one.path) <= len(("change", "name"))]:
            raise Refusals(own) from None


def check_entries(entries: Sequence[SyncEntryInput]) -> None:
    """Refuse a batch that cannot be told back entry by entry."""
    if not 1 <= len(entries) <= ENTRIES:
        raise invalid_input(f"A batch has 1 to {ENTRIES} entries.", f"一批应有 1 至 {ENTRIES} 个条目。", "entries")
    names = {entry.client_id for entry in entries}
    # By its name a phone strikes an entry off its list, so two of one name could lose one.
    if len(names) < len(entries) or not all(1 <= len(name) <= NAME for name in names):
        raise invalid_input(
            f"Each entry has a name of its own, of 1 to {NAME} characters.",
            f"每个条目的本地标识须唯一，长度为 1 至 {NAME} 个字符。",
            "entries",
            "clientId",
        )


def check_account(account: str | None, caller: str | None) -> None:
    """Refuse a batch that is another account's."""
    # A phone has its entries for days; by then somebody else may be signed in on it, or nobody.
    if is_given(account) and account != caller:
        raise Refusal("FORBIDDEN", "These entries are another account's.", "这些条目属于另一账户。", ("account",))


async def resolve_sync(info: Info, input: SyncInput) -> SyncPayload | None:
    batch = Batch(info.context)
    try:
        check_account(input.account, info.context.viewer.account.name)
        check_entries(input.entries)
    except Refusal as refusal:
        return SyncPayload(errors=[describe_refusal(refusal, info.context.viewer.language)])
    # In order, and one after the other: an entry may be about the case that an earlier one reported.
    return SyncPayload(results=[await batch.result(entry) for entry in input.entries])


# Decided entry by entry: each has a guard, a key and a transaction of its own, and the batch has none.
sync = strawberry.mutation(
    resolve_sync,
    description="Send what was done without a network. Each entry is carried out once; conflicts are kept (离线同步).",
    metadata={COMMAND: Command("sync", resolve_sync, SyncPayload, None), GUARD: None, DECIDED: True},  # type: ignore[arg-type]
)
for argument in sync.arguments:
    argument.description = "What to do (输入)."
