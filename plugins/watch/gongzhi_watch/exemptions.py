"""Exemptions: an error in good faith is put before reviewers, who answer each published condition; two decide alike."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.accounts.models import NAME
from gongzhi.core.accounts.rules import require_signed_in
from gongzhi.core.people.naming import find_nameable
from gongzhi.core.units.commands import find_unit
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.bounds import SHORT_CODE
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty, require_states, tell_state
from gongzhi.runtime.checks import check_past_day, invalid_input, is_given, not_found
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    not_allowed,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from . import telling
from .error_types import ErrorExemption
from .events import ErrorChanged
from .models import (
    TEXT,
    AffectedRow,
    AnswerRow,
    ErrorRow,
    ErrorState,
    ItemRow,
    Outcome,
    ReviewRow,
    StatementKind,
    StatementRow,
    Subject,
)
from .records import county_code, load_rule, seal
from .rules import ASK_FOR_UNIT, ASKED_FOR, OBJECTS, REVIEWS

TERM = datetime.timedelta(days=30)
"""How long reviewers have, and how long somebody may object."""
AFFECTED, AGREEING = 10, 2
EXEMPTION = "The record's id (容错事项标识)."
AS_IT_IS = tell_state(Text("record", "该容错事项"))
OF_UNIT = (
    "select from accounts.account a join accounts.holding h on h.account_id=a.id where a.name=$1 and h.unit_id=$2 "
    "and (h.until is null or h.until>$3)"
)
IN_COUNTY = "select from grids.grid g where g.id=any($1::int[]) and (g.id=$2 or g.county_id=$2)"


@strawberry.type(description="The record of the error, or why nothing was done (容错事项结果).")
class ErrorExemptionPayload:
    exemption: ErrorExemption | None = result_field("The record (容错事项).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="An error in good faith that is put before review (申请容错认定).")
class RequestErrorExemptionInput:
    idempotency_key: str = input_field(KEY)
    official: str | None = input_field(
        "Who made it, by account, if their unit asks; oneself if not said (当事人账户).",
        length=(1, NAME),
        default=UNSET,
    )
    unit: str = input_field("Of which unit, by code (所在单位编码).")
    occurred_on: datetime.date = input_field("When it happened (发生日期).")
    facts: str = free_text("What happened (事实经过).", length=(1, TEXT))
    correction: str = free_text("What was done to put it right (纠正措施).", length=(1, TEXT))
    affected: list[ID] = input_field(
        "Who was affected: they are told, and read all of it (受影响人员标识).", items=AFFECTED, default_factory=list
    )


@command(
    "Put an error before review, as whoever made it or as their unit (申请容错认定).",
    requires=None,
)
async def request_error_exemption(call: Call, input: RequestErrorExemptionInput) -> ErrorExemptionPayload:
    # No key of a program: whoever puts an error before review says so themselves.
    require_signed_in(call)
    unit = await find_unit(input.unit, "unit")
    official = await find_official(call, input.official, unit)
    day = check_past_day(call, input.occurred_on, "occurredOn")
    people = await find_affected(call, input.affected, unit)
    rule = await load_rule(unit.county_id, Subject.ERRORS, "unit")
    row = ErrorRow(
        # In the county, whatever the unit's own place: who reviews it stands above the unit.
        grid_id=unit.county_id,
        county_id=unit.county_id,
        rule_id=rule.id,
        official=official,
        unit_id=unit.id,
        asked_by=call.viewer.account.name,
        occurred_on=day,
        state=ErrorState.ASKED,
        asked_at=call.now,
        due_at=call.now + TERM,
    )
    # Before those whom it concerns, who point at it.
    await row.save(force_create=True)
    await AffectedRow.bulk_create(AffectedRow(exemption_id=row.id, person_id=one) for one in people)
    await keep_statement(call, row, StatementKind.FACTS, input.facts)
    await keep_statement(call, row, StatementKind.CORRECTION, input.correction)
    await telling.tell_involved(call, row, telling.ERROR_ASKED, people)
    return publish(call, row)


async def find_official(call: Call, given: Any, unit: UnitRow) -> str:
    """Return whose error it is: the caller's own, in office, or somebody's of the unit for which the caller asks."""
    account = call.viewer.account
    if not is_given(given) or given == account.name:
        offices = [one for one in account.grants if one.role not in call.context.civic]
        grids = [one.grid for one in offices if one.grid is not None]
        mine = any(one.unit == unit.id for one in offices)
        # A grid worker has no unit of their own, and names the one that they work for.
        if not mine and (not grids or not await call.fetch(IN_COUNTY, grids, unit.county_id)):
            raise not_allowed("unit")
        return account.name or ""
    if not any(one.unit == unit.id and ASK_FOR_UNIT in one.permissions for one in account.grants):
        raise not_allowed("official")
    if not await call.fetch(OF_UNIT, given, unit.id, call.now):
        raise not_found("The unit has nobody of this name.", "该单位没有此账户。", "official")
    return str(given)


async def find_affected(call: Call, given: Sequence[ID], unit: UnitRow) -> list[UUID]:
    """Return the people who were affected, each of whom the caller may name."""
    if len(set(given)) < len(given):
        raise invalid_input("Name each person once.", "每人只填一次。", "affected")
    # One by one, so that the refusal names the place; there are ten at most.
    people: list[UUID] = []
    for at, one in enumerate(given):
        person = await find_nameable(call, one, ASK_FOR_UNIT, "affected", str(at))
        if person.county_id != unit.county_id or person.id == call.viewer.account.person:
            raise invalid_input("Name others, of the county.", "请填写本县的其他人员。", "affected", str(at))
        people.append(person.id)
    return people


async def keep_statement(call: Call, row: ErrorRow, kind: StatementKind, text: str, person: UUID | None = None) -> None:
    """Keep what was said of an error, sealed; of somebody who was affected the person, and no account."""
    account = None if person else call.viewer.account.name
    said = StatementRow(exemption_id=row.id, kind=kind, at=call.now, account=account, person_id=person)
    seal(call, await county_code(row.county_id), "statement", said, text)
    await said.save(force_create=True)


def publish(call: Call, row: ErrorRow) -> ErrorExemptionPayload:
    call.publish(ErrorChanged(error=row.id, state=row.state, outcome=row.outcome), row)
    return ErrorExemptionPayload(exemption=ref(ErrorExemption, row.id))


async def load_error(call: Call, id: str) -> ErrorRow:
    row: ErrorRow = await call.find(ErrorExemption, "exemption", id=key_of(ErrorExemption)(id))
    return row


async def save_error(call: Call, row: ErrorRow) -> ErrorExemptionPayload:
    row.version += 1
    await row.save()
    return publish(call, row)


async def people_of(row: ErrorRow) -> list[UUID]:
    found = await AffectedRow.filter(exemption_id=row.id).values_list("person_id", flat=True)
    return list(found)  # type: ignore[arg-type]


@strawberry.input(description="Whether a condition is met (条件认定).")
class ErrorAnswerInput:
    code: str = input_field("Which condition, by code (条目编码).", pattern=SHORT_CODE)
    met: bool = input_field("Whether it is met (是否符合).")
    reason: str = free_text("Why (理由).", length=(1, TEXT))


@strawberry.input(description="What a reviewer finds of an error (容错复核).")
class ReviewErrorExemptionInput:
    idempotency_key: str = input_field(KEY)
    exemption: ID = input_field(EXEMPTION)
    expected_version: int = input_field(EXPECTED)
    answers: list[ErrorAnswerInput] = input_field("Each condition of the rule, once (各项条件).", items=(1, 30))


@command(
    "Answer each published condition for an error, with the reason; all of them met is exempt, and two who find the "
    "same decide (容错复核).",
    requires=None,
    two_persons=True,
    action=Action(ErrorExemption, REVIEWS, (require_states((ErrorState.ASKED,), AS_IT_IS),)),
)
async def review_error_exemption(call: Call, input: ReviewErrorExemptionInput) -> ErrorExemptionPayload:
    row = await load_error(call, input.exemption)
    earlier = await ReviewRow.filter(exemption_id=row.id)
    # By person, also from who was appointed by the official or by another reviewer.
    await require_independence(call, "exemption", row.official, row.asked_by, *(one.account for one in earlier))
    items = {one.code: one for one in await ItemRow.filter(rule_id=row.rule_id)}
    if {one.code for one in input.answers} != items.keys() or len(input.answers) > len(items):
        raise invalid_input(
            "Answer each condition of the rule once.", "请逐项回答规则的全部条件，每项一次。", "answers"
        )
    outcome = Outcome.EXEMPT if all(one.met for one in input.answers) else Outcome.NOT_EXEMPT
    # Written before it is counted: of two at once the version decides, and a unique index holds one a reviewer.
    review = await ReviewRow.create(
        exemption_id=row.id, round=row.round, account=call.viewer.account.name, outcome=outcome, at=call.now
    )
    await keep_answers(call, row, review, input.answers, items)
    # Where two differ a third decides; nobody has more than one voice.
    alike = sum(one.outcome is outcome and one.round == row.round for one in earlier) + 1
    if alike >= AGREEING:
        row.state, row.outcome, row.decided_at, row.closed_at = ErrorState.DECIDED, outcome, call.now, call.now
        await telling.tell_involved(call, row, telling.ERROR_DECIDED, await people_of(row))
    return await save_error(call, row)


async def keep_answers(
    call: Call, row: ErrorRow, review: ReviewRow, answers: Sequence[ErrorAnswerInput], items: dict[str, ItemRow]
) -> None:
    """Keep what a reviewer answers to each condition, the reasons sealed."""
    county = await county_code(row.county_id)
    rows = []
    for one in answers:
        item = items[one.code]
        answer = AnswerRow(review_id=review.id, item_id=item.id, number=item.number, met=one.met)
        seal(call, county, "answer", answer, one.reason)
        rows.append(answer)
    await AnswerRow.bulk_create(rows)


@strawberry.input(description="Why a decision on an error is not right (对容错认定提出异议).")
class ObjectToErrorExemptionInput:
    idempotency_key: str = input_field(KEY)
    exemption: ID = input_field(EXEMPTION)
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("Why it is not right (异议理由).", length=(1, TEXT))


NOT_OBJECTED = require_empty(
    "objected_at", Text("Other reviewers have looked at it: this stands.", "已由其他人员重新复核，此认定为最终结果。")
)
IN_TIME = Requirement(
    "TOO_LATE",
    lambda row, viewer: [Sql(f"{{0}}+interval '{TERM.days} days'>{{1}}", row.decided_at, viewer.now)],
    Text(f"An objection takes {TERM.days} days at most.", f"异议须在认定后 {TERM.days} 日内提出。"),
)


@command(
    "Object once to how an error was decided, as whoever made it or was affected; other reviewers look at it anew "
    "(对容错认定提出异议).",
    requires=None,
    action=Action(ErrorExemption, OBJECTS, (require_states((ErrorState.DECIDED,), AS_IT_IS), NOT_OBJECTED, IN_TIME)),
)
async def object_to_error_exemption(call: Call, input: ObjectToErrorExemptionInput) -> ErrorExemptionPayload:
    row = await load_error(call, input.exemption)
    # Nothing of the first round is taken over, but that its reviewers are not asked again.
    row.state, row.round, row.outcome, row.objected_at = ErrorState.ASKED, row.round + 1, None, call.now
    row.decided_at, row.closed_at, row.due_at = None, None, call.now + TERM
    people = await people_of(row)
    own = call.viewer.account.name == row.official
    await keep_statement(call, row, StatementKind.OBJECTION, input.text, None if own else call.viewer.account.person)
    await telling.tell_involved(call, row, telling.ERROR_OBJECTED, people)
    return await save_error(call, row)


@strawberry.input(description="A request for a review that is taken back (撤回容错申请).")
class WithdrawErrorExemptionInput:
    idempotency_key: str = input_field(KEY)
    exemption: ID = input_field(EXEMPTION)
    expected_version: int = input_field(EXPECTED)


FIRST_ROUND = require_empty(
    "objected_at", Text("Somebody has objected, and has a right to the outcome.", "已有人提出异议，须继续复核。")
)


@command(
    "Take back a request for a review, before it is decided (撤回容错申请).",
    requires=None,
    action=Action(ErrorExemption, ASKED_FOR, (require_states((ErrorState.ASKED,), AS_IT_IS), FIRST_ROUND)),
)
async def withdraw_error_exemption(call: Call, input: WithdrawErrorExemptionInput) -> ErrorExemptionPayload:
    row = await load_error(call, input.exemption)
    # The record stays for its time: those who were told of it may ask what became of it.
    row.state, row.closed_at = ErrorState.WITHDRAWN, call.now
    return await save_error(call, row)


EXTENSIONS = (
    extend(
        Mutation,
        request_error_exemption=request_error_exemption,
        review_error_exemption=review_error_exemption,
        object_to_error_exemption=object_to_error_exemption,
        withdraw_error_exemption=withdraw_error_exemption,
    ),
)
