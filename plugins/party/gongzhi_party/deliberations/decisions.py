"""Decisions: what follows from a count; the decision, how it is carried out, made public and evaluated."""

from __future__ import annotations

import datetime
from datetime import timedelta

import strawberry
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.steps import record_event
from gongzhi.core.cases.timeline import record_on_timeline
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import CHINA, invalid_input, is_given, not_found, today
from gongzhi.runtime.commands import EXPECTED, KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Refusal, Text
from gongzhi_resolutions.models import Body, ResolutionRow
from gongzhi_resolutions.records import create_resolution
from strawberry import ID, UNSET

from ..actions import AS_PERSON, CONCERNED
from ..activities.minutes import PartyTaskInput, create_task
from ..events import DecisionLinked
from ..lookups import load_own_person
from ..models import (
    DeliberationRow,
    DeliberationState,
    EvaluationRow,
    ExecutionRow,
    MeetingRow,
    MeetingState,
    ProposalRow,
)
from ..visibility import DELIBERATE
from .agenda import (
    DeliberationPayload,
    load_deliberation,
    on_deliberation,
    save_deliberation,
)
from .types import MatterEvaluation, MatterProposal

SETTLED = (DeliberationState.DECIDED, DeliberationState.PUBLICISED)
PUBLIC_DAYS = 7
DELIBERATED = "case.deliberated"


@strawberry.input(description="What is decided on a count (形成决议).")
class DecideMatterInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("Which (议事).")
    expected_version: int = input_field(EXPECTED)
    proposal: ID = input_field("The proposal that was carried (通过的方案).")
    body: Body = input_field("Who decided (决议主体).")
    adopts: list[str] = input_field("The rules it adopts, such as points.village/3 (通过的规则).", default_factory=list)


@command(
    "Put on record what was decided: what more than half of the votes carry (形成决议).",
    requires=DELIBERATE,
    action=on_deliberation(DeliberationState.COUNTED),
)
async def decide_matter(call: Call, input: DecideMatterInput) -> DeliberationPayload:
    row = await load_deliberation(call, input.deliberation)
    proposal: ProposalRow = await call.find(MatterProposal, "proposal", id=key_of(MatterProposal)(input.proposal))
    if proposal.deliberation_id != row.id:
        raise not_found("It was not voted on here.", "该方案不属于本次议事。", "proposal")
    votes = (proposal.votes_for or 0, proposal.votes_against or 0, proposal.abstentions or 0)
    # Abstentions count as votes cast: more than half of all of them must be for it (Organic Law of the Villagers'
    # Committees).
    if votes[0] * 2 <= sum(votes):
        raise Refusal("NOT_CARRIED", "More than half of the votes must be for it.", "赞成票未过半数。", ("proposal",))
    if len(input.adopts) > 20 or not all(0 < len(one) <= 100 for one in input.adopts):
        raise invalid_input("20 rules at most, by their names.", "最多 20 条规则名称。", "adopts")
    grid = await GridRow.get(id=row.grid_id)
    body = Body(input.body)
    # What a room decided is of the day of the meeting, not of the day it was confirmed.
    day = await decision_day(call, row)
    # A resolution and not a row of ours: rules of other plugins ask whether there is one, and not who held the vote.
    made_of: ResolutionRow = await create_resolution(
        call, grid, body, row.title, proposal.text, day, input.adopts, votes=votes
    )
    row.resolution_id, row.decided_at, row.state = made_of.id, call.now, DeliberationState.DECIDED
    # The case's timeline gets the decision, since that is where it came from.
    if row.case_id:
        case = await CaseRow.select_for_update().get(id=row.case_id)
        await record_event(call, case, DELIBERATED, resolution=str(made_of.id))
    return await save_deliberation(row)


async def decision_day(call: Call, row: DeliberationRow) -> datetime.date:
    """Return the day of a decision: that of the meeting, if it was taken in the room."""
    meeting = await MeetingRow.get_or_none(deliberation=row, state=MeetingState.CONFIRMED)
    return meeting.held_at.astimezone(CHINA).date() if meeting else today(call)


@strawberry.input(description="How a decision is carried out (落实决议).")
class ExecuteMatterInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("Which (议事).")
    expected_version: int = input_field(EXPECTED)
    case: str | None = input_field("By which case, by number (诉求编号).", default=UNSET)
    task: PartyTaskInput | None = input_field("By which task (事项).", default=UNSET)


@command(
    "Link a decision to what carries it out: a case, a task, or both (落实决议).",
    requires=DELIBERATE,
    action=on_deliberation(*SETTLED),
)
async def execute_matter(call: Call, input: ExecuteMatterInput) -> DeliberationPayload:
    row = await load_deliberation(call, input.deliberation)
    if not is_given(input.case) and not is_given(input.task):
        raise invalid_input("Name a case or a task.", "请指定诉求或事项。", "task")
    if await ExecutionRow.filter(deliberation=row).count() >= 50:
        raise Refusal(
            "TOO_MANY", "A decision has 50 cases and tasks at most.", "每项决议最多关联 50 项。", ("deliberation",)
        )
    # Only what the caller sees can be linked, or a link would tell of cases.
    case = await call.find(Case, "case", number=input.case) if is_given(input.case) else None
    task = (
        await create_task(call, input.task, DELIBERATE, ("task",), deliberation=row) if is_given(input.task) else None
    )
    await ExecutionRow.create(deliberation=row, case=case, task=task, at=call.now)
    if case:
        # Whoever handles the case, and whoever asked for it, reads on it that the village has decided so.
        await record_on_timeline(call, case, DecisionLinked(deliberation=row.id))
    return await save_deliberation(row)


@strawberry.input(description="When a result is made public (公示结果).")
class PublicizeMatterInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("Which (议事).")
    expected_version: int = input_field(EXPECTED)
    days: int = input_field(
        f"How long, {PUBLIC_DAYS} days at least (公示天数).", between=(PUBLIC_DAYS, 90), default=PUBLIC_DAYS
    )


@command(
    "Make a decision and its result public for some days (公示).",
    requires=DELIBERATE,
    action=on_deliberation(DeliberationState.DECIDED),
)
async def publicize_matter(call: Call, input: PublicizeMatterInput) -> DeliberationPayload:
    row = await load_deliberation(call, input.deliberation)
    # A result is public for a week at least.
    # Both days are public ones, so the first of them counts.
    row.public_from, row.public_to = today(call), today(call) + timedelta(days=input.days - 1)
    row.state = DeliberationState.PUBLICISED
    # Null where staff raised it, or whoever did has been forgotten since.
    if row.raised_by_id:
        about = NoticeDraft(
            "party.matter_decided",
            Text("A matter you raised was decided", "您提出的议题已有结果"),
            Text(f"The result is public until {row.public_to}.", f"结果公示至 {row.public_to}。"),
            f"Deliberation:{row.id}",
        )
        await send_notice(call, about, persons=[row.raised_by_id])
    return await save_deliberation(row)


@strawberry.input(description="What somebody makes of a result (成效评价).")
class EvaluateMatterInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("Which (议事).")
    score: int = input_field("1 is worst, 5 is best (评分).", between=(1, 5))


@strawberry.type(description="What was said, or why nothing was done (评价结果).")
class MatterEvaluationPayload:
    evaluation: MatterEvaluation | None = result_field("What was said (评价).")
    errors: list[Problem] = problems()


# One answer each; the figure is shown from ten on.
EVALUATING = on_deliberation(
    DeliberationState.PUBLICISED,
    who=(AS_PERSON, CONCERNED),
    once=Text("You have said so already.", "您已评价。"),
    table="evaluation",
)


@command(
    "Say what one makes of a public result; whoever lives there, once (成效评价).", requires=None, action=EVALUATING
)
async def evaluate_matter(call: Call, input: EvaluateMatterInput) -> MatterEvaluationPayload:
    row, person = await load_deliberation(call, input.deliberation), await load_own_person(call)
    said = await EvaluationRow.create(deliberation=row, person=person, score=input.score)
    return MatterEvaluationPayload(evaluation=ref(MatterEvaluation, said.id))


EXTENSIONS = (
    extend(
        Mutation,
        decide_matter=decide_matter,
        execute_matter=execute_matter,
        publicize_matter=publicize_matter,
        evaluate_matter=evaluate_matter,
    ),
)
