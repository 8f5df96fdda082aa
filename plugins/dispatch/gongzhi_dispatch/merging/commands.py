"""Merging cases about the same matter (并单): every requester keeps their number, gets the answer and may rate it."""

from __future__ import annotations

from dataclasses import replace

import strawberry
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow, Status
from gongzhi.core.cases.steps import (
    CasePayload,
    find_case,
    on_case,
    on_step,
    record_event,
    record_settlement,
    record_step,
    require_disinterested,
    require_entrusted,
    save_case,
)
from gongzhi.core.cases.types import Case
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, input_field, not_allowed
from gongzhi.values.codes import Series

from ..lookups import NUMBER, REASON, WHY
from ..models import MergeRow

JOIN = "dispatch.merge_cases"
JOINED, PARTED, ANSWERED, MOST = "case.joined", "case.parted", "case.answered_with", 50


@strawberry.input(description="Cases that become part of another (并单).")
class MergeCasesInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field("The number of the case that stays (主诉求编号).")
    expected_version: int = input_field(EXPECTED)
    merge: list[str] = input_field(
        "The numbers of the reported cases that become part of it (被并诉求编号).", items=(1, MOST)
    )


@command(
    "Make reported cases part of another about the same matter (并单).",
    requires=JOIN,
    action=replace(on_case("并入其他诉求", machine.OPEN, require_entrusted(JOIN)), field="number"),
)
async def merge_cases(call: Call, input: MergeCasesInput) -> CasePayload:
    numbers = sorted(set(input.merge))
    if input.number in numbers:
        raise invalid_input("Name other cases.", "请列出其他诉求。", "merge")
    locked = {
        number: await call.find(Case, "number" if number == input.number else "merge", number=number)
        for number in sorted([*numbers, input.number])  # in one order, so that two merges do not wait for each other
    }
    main = locked[input.number]
    for number in numbers:
        await join_case(call, locked[number], main)
    await record_event(call, main, JOINED, numbers=numbers)
    return await save_case(main)


async def join_case(call: Call, case: CaseRow, main: CaseRow) -> None:
    """Make one case part of another of the same county; what is sealed stays by itself."""
    await require_disinterested(call, case)
    if not call.may(JOIN, case) or case.county_id != main.county_id:
        raise not_allowed("merge")
    if Series.SEALED in (case.series, main.series) or case.accused_unit_id != main.accused_unit_id:
        raise invalid_input(
            "Tip-offs, and complaints about a unit, are not merged.", "举报和针对单位的投诉不得并单。", "merge"
        )
    # One level only: an answer goes from a case to its parts, not from part to part.
    if await MergeRow.exists(into=case, undone_at=None):
        raise invalid_input(
            "Other cases are part of it: unmerge them first.", "其下已有并入的诉求，请先撤销。", "merge"
        )
    await record_step(call, case, machine.MERGE, into=main.number)
    # A row of ours, for the table of cases is the core's; undone, it stays as history.
    await MergeRow.create(case=case, into=main, merged_at=call.now, merged_by=call.viewer.account.name)
    # Merged into a case that is answered already, it gets the answer at once.
    if main.status == Status.REPLIED:
        await answer_case(call, case, main)
    await save_case(case)


@strawberry.input(description="A case that is to stand by itself again (撤销并单).")
class UnmergeCaseInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    expected_version: int = input_field(EXPECTED)
    reason: str = input_field(WHY, length=(1, REASON))


@command(
    "Have a merged case stand by itself again, as it was reported (撤销并单).",
    requires=JOIN,
    action=on_step(machine.UNMERGE, require_entrusted(JOIN)),
)
async def unmerge_case(call: Call, input: UnmergeCaseInput) -> CasePayload:
    case = await find_case(call, input)
    merge = await MergeRow.filter(case=case, undone_at=None).first()
    if merge is None:
        raise not_found("The case is part of no other.", "该诉求未并入其他诉求。", "number")
    # The step first, which refuses what cannot stand by itself again.
    await record_step(call, case, machine.UNMERGE, input.reason)
    merge.undone_at = call.now
    await merge.save()
    # What it got from the other is not its own.
    answer = "reply", "replied_at", "settled_at", "settled_level", "closed_at", "rating", "solved", "rating_comment"
    case.update_from_dict(dict.fromkeys(answer))
    await record_event(call, await CaseRow.get(id=merge.into_id), PARTED, numbers=[case.number])
    return await save_case(case)


async def answer_merged_cases(call: Call, main: CaseRow) -> None:
    """Give the answer to those whose cases are part of this one, too."""
    merged = await call.fetch("select case_id from dispatch.merge where into_id = $1 and undone_at is null", main.id)
    if not merged:
        return
    keys = [row["case_id"] for row in merged]
    # By number, as merging locks them.
    for case in await CaseRow.filter(id__in=keys).select_for_update().order_by("number"):
        await answer_case(call, case, main)
        await save_case(case)


async def answer_case(call: Call, case: CaseRow, main: CaseRow) -> None:
    assert main.reply and main.settled_level
    record_settlement(call, case, main.reply, main.settled_level)
    await record_event(call, case, ANSWERED, main.reply, into=main.number)


async def main_of(call: Call, case: CaseRow) -> CaseRow | None:
    """Return the answered case that this one is part of, locked; None if there is none."""
    merge = await MergeRow.filter(case=case, undone_at=None).first()
    if merge is None or case.status != Status.MERGED:
        return None
    return await CaseRow.filter(id=merge.into_id, status=Status.REPLIED).select_for_update().first()


EXTENSIONS = (extend(Mutation, merge_cases=merge_cases, unmerge_case=unmerge_case),)
