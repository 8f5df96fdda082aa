"""Handling commands: a unit accepts an application, returns it once for all that is missing, and decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import strawberry
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.timeline import record_on_timeline
from gongzhi.declare.columns import NEVER
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_states
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, free_text, input_field
from gongzhi.values.errors import FIELD, Refusal
from gongzhi_deadlines.clocks.led_cases import finish_case, hold_case
from strawberry import ID, UNSET

from . import telling
from .applying import APPLICATION, AS_IT_IS, ServiceApplicationPayload, load_application, save_application
from .clocks import RATING, reckon_decision
from .events import Accepted, Decided, Returned
from .lapses import raise_lapse
from .models import OPEN, ApplicationRow, Lapse, Outcome, PaperRow, PaperState, State
from .papers import unknown_paper
from .rules import HANDLE, HANDLES
from .types import ServiceApplication

NAME, WHY, REASON, UNLISTED = 100, 200, 2_000, 5


@strawberry.input(description="An application to be decided from now on (受理申请).")
class AcceptServiceApplicationInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field(APPLICATION)
    expected_version: int = input_field(EXPECTED)


@command(
    "Accept an application: the promised days run from the next day on; what is missing may follow (受理申请).",
    requires=HANDLE,
    action=Action(ServiceApplication, HANDLES, (require_states((State.SUBMITTED,), AS_IT_IS),)),
)
async def accept_service_application(call: Call, input: AcceptServiceApplicationInput) -> ServiceApplicationPayload:
    case, row = await load_application(call, input.application)
    await accept(call, case, row, call.now)
    await telling.tell_applicant(call, case, row, telling.ACCEPTED)
    return await save_application(row)


async def accept(call: Call, case: CaseRow, row: ApplicationRow, since: datetime, *, deemed: bool = False) -> None:
    """Have an application accepted since a moment, and its clock run; the caller saves it."""
    row.state, row.accepted_at, row.deemed = State.ACCEPTED, since, deemed
    row.due_at = await reckon_decision(call, row, await row.matter)
    await hold_case(call, case, row.due_at)
    await record_on_timeline(call, case, Accepted(application=row.id, deemed=deemed))


@strawberry.input(description="A paper that is missing or unfit (需补正的材料).")
class MissingPaperInput:
    code: str = input_field("Its code, of the application's papers (材料编码).")
    why: str | None = free_text(
        "What is wrong with the one that was handed in (补正原因).", length=(1, WHY), default=UNSET
    )


@strawberry.input(description="All that an application lacks (一次性告知补正).")
class ReturnServiceApplicationInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field(APPLICATION)
    expected_version: int = input_field(EXPECTED)
    missing: list[MissingPaperInput] = input_field("Every paper that is missing or unfit (需补正的材料).", items=60)
    unlisted: list[str] = input_field(
        "Papers that the catalogue does not name; asking for one is for supervision (目录外材料).",
        items=UNLISTED,
        length=(1, NAME),
        default_factory=list,
    )


@command(
    "Return an application for all that is missing, named at once; what is on file cannot be asked for, and a second "
    "time is for supervision (一次性告知补正).",
    requires=HANDLE,
    action=Action(ServiceApplication, HANDLES, (require_states((State.SUBMITTED, State.ACCEPTED), AS_IT_IS),)),
)
async def return_service_application(call: Call, input: ReturnServiceApplicationInput) -> ServiceApplicationPayload:
    case, row = await load_application(call, input.application)
    papers = list(await PaperRow.filter(application=row).order_by("number"))
    # Under the lock: what is missing may have come meanwhile.
    check_return(papers, input.missing, input.unlisted)
    by_code = {one.code: one for one in papers}
    for one in input.missing:
        paper = by_code[one.code]
        paper.state, paper.why, paper.asked_at = PaperState.MISSING, one.why or None, call.now
        # One by one: those that are asked for are few.
        await paper.save()
    await PaperRow.bulk_create(ask_unlisted(call, row, papers, input.unlisted))
    await give_back(call, case, row)
    count = len(input.missing) + len(input.unlisted)
    await telling.tell_applicant(call, case, row, telling.RETURNED, count=count)
    # Over all returns: the third slip of paper is three of them.
    extra = sum(not one.listed for one in papers) + len(input.unlisted)
    if input.unlisted:
        await raise_lapse(call, case, row, Lapse.UNLISTED_PAPER, 0, extra)
    if row.returns > 1:
        await raise_lapse(call, case, row, Lapse.RETURNED_TWICE, 1, row.returns)
    return await save_application(row)


def check_return(papers: Sequence[PaperRow], asked: Sequence[MissingPaperInput], unlisted: Sequence[str]) -> None:
    """Refuse to ask for what is on file or not wanted, for nothing, and for less than all that is missing."""
    by_code = {one.code: one for one in papers}
    for at, one in enumerate(asked):
        paper = by_code.get(one.code)
        if paper is None:
            raise unknown_paper("missing", str(at), "code")
        if paper.state == PaperState.ON_FILE:
            raise Refusal(
                "ON_FILE",
                "It is on file: it is not asked for.",
                "该信息库内已有，不得要求提交。",
                ("missing", str(at), "code"),
            )
    named = {one.code for one in asked}
    if not named and not unlisted:
        raise invalid_input("Name what is missing.", "请列明需补正的材料。", "missing")
    left = [one.name for one in papers if one.state == PaperState.MISSING and one.code not in named]
    # Administrative Licensing Law, art. 32: all of it at once, so that nobody comes again for what was not named.
    if left:
        raise Refusal(
            "INCOMPLETE_NOTICE",
            f"{FIELD}: name all that is missing at once; also: {', '.join(left)}.",
            f"{FIELD}应一次性列全，还缺：{'、'.join(left)}。",
            ("missing",),
        )


def ask_unlisted(call: Call, row: ApplicationRow, papers: Sequence[PaperRow], names: Iterable[str]) -> list[PaperRow]:
    """Return papers that the catalogue does not name, as they are asked for."""
    first = max((one.number for one in papers), default=0) + 1
    return [
        PaperRow(
            application=row,
            number=number,
            code=f"unlisted-{number}",
            name=name,
            listed=False,
            state=PaperState.MISSING,
            asked_at=call.now,
        )
        for number, name in enumerate(names, first)
    ]


async def give_back(call: Call, case: CaseRow, row: ApplicationRow) -> None:
    """Have an application wait for papers: its clock stops, and nobody presses its unit."""
    if row.state == State.ACCEPTED:
        # Before acceptance there is no clock to stop: the five days begin anew with the papers.
        row.pauses = [*row.pauses, [call.now.isoformat(), None]]
    row.state, row.due_at = State.RETURNED, NEVER
    row.returns += 1
    # While papers are awaited nobody of the county is pressed for the case.
    await hold_case(call, case, NEVER)
    await record_on_timeline(call, case, Returned(application=row.id))


@strawberry.input(description="What becomes of an application (办结申请).")
class DecideServiceApplicationInput:
    idempotency_key: str = input_field(KEY)
    application: ID = input_field(APPLICATION)
    expected_version: int = input_field(EXPECTED)
    outcome: Outcome = input_field("What is decided (办理结果).")
    reason: str | None = free_text("Why; must be given unless it is granted (理由).", length=(1, REASON), default=UNSET)


@command(
    "Decide on an application: grant or refuse what was accepted, or do not accept it; whoever is refused reads why "
    "and how to object (办结申请).",
    requires=HANDLE,
    action=Action(ServiceApplication, HANDLES, (require_states(OPEN, AS_IT_IS),)),
)
async def decide_service_application(call: Call, input: DecideServiceApplicationInput) -> ServiceApplicationPayload:
    reason = input.reason or None
    if reason is None and input.outcome != Outcome.GRANTED:
        raise invalid_input("Say why; the applicant reads it.", "请填写理由，申请人可见。", "reason")
    case, row = await load_application(call, input.application)
    # What waits for papers is not refused for their want; what was accepted is granted or refused.
    fits = row.accepted_at is None if input.outcome == Outcome.NOT_ACCEPTED else row.state == State.ACCEPTED
    if not fits:
        refusal = require_states((State.ACCEPTED,), AS_IT_IS).refusal(row, ("outcome",))
        raise refusal
    row.state, row.outcome, row.reason = State.DECIDED, input.outcome, reason
    row.decided_at, row.due_at = call.now, NEVER
    # From the decision on, whenever it is read.
    row.rate_by = call.now + timedelta(days=int(await RATING.read(call, row.county_id)))
    # Before the case ends, which others may not end while the application is open.
    payload = await save_application(row)
    await record_on_timeline(call, case, Decided(application=row.id, outcome=input.outcome))
    await finish_case(call, case, "申请已办结，结果见申请。")
    await telling.tell_applicant(call, case, row, telling.DECIDED, day=row.rate_by)
    return payload


EXTENSIONS = (
    extend(
        Mutation,
        accept_service_application=accept_service_application,
        return_service_application=return_service_application,
        decide_service_application=decide_service_application,
    ),
)
