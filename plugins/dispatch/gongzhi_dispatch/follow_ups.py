"""Follow-ups (回访): staff other than the unit ask the requester, and what is not solved is taken up again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import strawberry
from gongzhi.core.cases import machine
from gongzhi.core.cases.commands import SOLVED
from gongzhi.core.cases.models import CaseRow, CategoryRow, RatingSource
from gongzhi.core.cases.ratings import keep_rating, refuse_involved
from gongzhi.core.cases.steps import (
    DISINTERESTED,
    PLATFORM,
    find_case,
    on_case,
    record_event,
    record_step,
    require_entrusted,
    run_reactions,
    save_case,
)
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import check_text, invalid_input
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
from strawberry import UNSET

from .lookups import NUMBER, REASON, rows_of_other_units
from .models import Contact, FollowUpRow
from .work_types import FollowUp

FOLLOW = "dispatch.follow_up"
FOLLOWED = "case.followed_up"
ANSWERED = machine.REOPEN.sources

# Nobody asks about the work of their own unit.
OTHERS = replace(DISINTERESTED, rows=rows_of_other_units("lead_unit_id"))
FOLLOWING = on_case("回访", ANSWERED, require_entrusted(FOLLOW), OTHERS)


@strawberry.type(description="What was asked, and the case after it (回访结果).")
class FollowUpPayload:
    follow_up: FollowUp | None = result_field("What was asked (回访).")
    case: Case | None = result_field("The case (诉求).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="What the requester said when asked (回访记录).")
class RecordFollowUpInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    expected_version: int = input_field(EXPECTED)
    contact: Contact = input_field("How they were asked (回访方式).")
    reached: bool = input_field("Whether they were reached (是否联系上).")
    solved: bool | None = input_field("Whether they say it is solved (是否解决).", default=UNSET)
    rating: int | None = input_field("How they rate it; 1 is worst, 5 is best (评分).", between=(1, 5), default=UNSET)
    note: str | None = free_text("What they said (备注).", length=(0, REASON), default=UNSET)


@command(
    "Record that the requester was asked; never by the unit that answered (登记回访).",
    requires=FOLLOW,
    action=FOLLOWING,
)
async def record_follow_up(call: Call, input: RecordFollowUpInput) -> FollowUpPayload:
    read_answers(input)
    case = await find_case(call, input)
    # Nobody asks about their own work, whatever unit they are in by now.
    await refuse_involved(call, case)
    entry = await keep_follow_up(call, case, input)
    return FollowUpPayload(follow_up=ref(FollowUp, entry.id), case=ref(Case, case.id))


async def keep_follow_up(call: Call, case: CaseRow, input: Any, recording: str | None = None) -> FollowUpRow:
    """Keep what the requester of an answered case said, do as they say, and save the case.

    Whether the caller may is asked before. `input` answers as `RecordFollowUpInput` does; `recording` is what another
    system calls the recording of them. Raises Refusal.
    """
    solved, rating = read_answers(input)
    if case.status not in ANSWERED:
        raise FOLLOWING.when[0].refusal(case, ("number",))
    entry = await FollowUpRow.create(
        case=case,
        at=call.now,
        contact=input.contact,
        reached=input.reached,
        rating=rating,
        solved=solved,
        note=check_text(input.note, REASON, "note") if input.note else None,
        account=call.viewer.account.name,
        role=call.viewer.role,
        recording=recording,
    )
    # Each answer keeps its own rating, with who told it.
    if rating is not None or solved is not None:
        await keep_rating(call, case, case.lead_unit_id, RatingSource.FOLLOW_UP, rating, solved)
    await record_event(call, case, FOLLOWED, contact=input.contact, reached=input.reached, solved=solved, rating=rating)
    if input.reached:  # the requester has been asked, whatever they said
        await run_reactions(call, machine.RATED, case)
    await apply_answers(call, case, solved, rating)
    await save_case(case)
    return entry


def read_answers(input: Any) -> tuple[bool | None, int | None]:
    """Return what the requester said; nobody speaks for one who was not reached."""
    solved = None if input.solved is UNSET else input.solved
    rating = None if input.rating is UNSET else input.rating
    if rating is not None and not 1 <= rating <= 5:
        raise invalid_input("The rating is from 1 to 5.", "评分应为 1 至 5。", "rating")
    if not input.reached and (solved is not None or rating is not None):
        raise invalid_input("Who was not reached has not said anything.", "未联系上时不得填写评价。", "reached")
    return solved, rating


async def apply_answers(call: Call, case: CaseRow, solved: bool | None, rating: int | None) -> None:
    """Do as the requester says; a rating of their own is never written over."""
    if case.rating is None and rating is not None and solved is not None:
        case.rating, case.solved = rating, solved
    if solved is False:
        await record_step(call, case, machine.REOPEN)
    # A case that is about a unit or the platform closes by decision, never by a rating that staff wrote down.
    elif solved and (case.rating or 0) >= SOLVED and not await is_contested(case):
        await record_step(call, case, machine.CLOSE)


async def is_contested(case: CaseRow) -> bool:
    """Return whether the case is about a unit or the platform itself, so that nobody closes it alone."""
    about = await CategoryRow.get(id=case.category_id)
    return case.accused_unit_id is not None or about.code == PLATFORM


EXTENSIONS = (extend(Mutation, record_follow_up=record_follow_up),)
