"""Supervising by hand: asking, answering, lifting; and a county's own rules."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.rules import entrusted_cases, rows_of_cases
from gongzhi.core.cases.steps import (
    DISINTERESTED,
    of_case,
    on_case,
    require_entrusted,
)
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql, all_of, narrow_rows, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, require_rows, require_states
from gongzhi.runtime.checks import duplicate, invalid_input
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
from gongzhi.values.codes import Kind
from gongzhi.values.errors import Text
from gongzhi_deadlines.calendars.durations import parse_term, reckon_deadline
from gongzhi_deadlines.worktime import Term
from gongzhi_dispatch.lookups import NUMBER, load_with_case
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion
from strawberry import ID, UNSET

from .models import Level, RuleRow, State, SupervisionRow
from .orders import ANSWERED, LIFTED, issue_supervision, note_on_timeline, notify_supervised, rules_of_county
from .types import Supervision, SupervisionRule

SUPERVISE = "supervision.supervise"
LIST = "supervision.list"
EDIT = "supervision.edit_rules"
REASON = 2_000
ANSWER = 10_000
BASIS = 300


@strawberry.type(description="The supervision, or why nothing was done (督办结果).")
class SupervisionPayload:
    supervision: Supervision | None = result_field("The supervision (督办).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="Asking what is done about a case (督办).")
class SuperviseCaseInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    level: Level = input_field("How loudly (级别).")
    reason: str = free_text("Why; the unit reads it (督办事由).", length=(1, REASON))
    reply_within: str | None = input_field(
        "How long the unit has to answer, as ISO 8601 in working time; else as the rules have it (回复时限).",
        default=UNSET,
    )


SUPERVISING = on_case("督办", machine.OPEN, require_entrusted(SUPERVISE))
"""Of what is listed, more is asked: see below."""


@command(
    "Ask the unit that has a case what is done about it (催办、督办、挂牌督办).", requires=SUPERVISE, action=SUPERVISING
)
async def supervise_case(call: Call, input: SuperviseCaseInput) -> SupervisionPayload:
    # The case is locked by this, so that two cannot supervise one unit at one level at once.
    case: CaseRow = await call.find(Case, "number", number=input.number)
    if input.level == Level.LISTED and not call.may(LIST, case):
        raise not_allowed("level")
    return await press_for_answer(call, case, input.level, input.reason, input.reply_within)


async def press_for_answer(
    call: Call, case: CaseRow, level: Level, reason: str, reply_within: str | None = None
) -> SupervisionPayload:
    """Ask the unit that has an open case for an answer, within the county's own term if none is given.

    Whether the caller may is asked before. Raises Refusal.
    """
    if case.status not in machine.OPEN:
        raise SUPERVISING.when[0].refusal(case, ("number",))
    # The unit that has the case now: after it was handed on, another may be asked.
    if await SupervisionRow.exists(case=case, level=level, state=State.OPEN, unit_id=case.lead_unit_id):
        raise duplicate("The unit has yet to answer one of this level.", "同级督办尚未回复。", "level")
    if reply_within:
        reply = parse_term(reply_within, "replyWithin")
    else:
        # The county's term for this level, as a supervision by rule would have.
        rule = (await rules_of_county(call, case.county_id))[level]
        reply = Term(rule.reply, rule.reply_unit)
    due = await reckon_deadline(call, case.county_id, reply)
    supervision = await issue_supervision(call, case, level, due, reason=reason)
    # `shown`: whoever asked reads it, whatever they see of the case.
    return SupervisionPayload(supervision=ref(Supervision, supervision.id, shown=True))


@strawberry.input(description="What the unit says (督办回复).")
class AnswerSupervisionInput:
    idempotency_key: str = input_field(KEY)
    supervision: ID = input_field("The supervision (督办标识).")
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("What was done and what is to be done by when (回复).", length=(1, ANSWER))


def own_supervisions(supervision: Table, viewer: ViewerScope) -> Alternatives:
    """Return supervisions of the units that the caller acts for; where no unit has the case, its dispatchers'."""
    # Those who act for the unit, wherever else they may handle cases.
    mine = [Sql("{0}={1}", supervision.unit_id, unit) for unit in viewer.units("cases.handle")]
    waiting = rows_of_cases(supervision, lambda case: entrusted_cases(case, viewer, "cases.dispatch"))
    nobody = Sql("{0} is null", supervision.unit_id)
    return widen_rows(mine, *(narrow_rows(waiting, nobody) or ()))


def liftable_supervisions(supervision: Table, viewer: ViewerScope) -> Alternatives:
    """Return supervisions that the caller may lift: what is listed by whoever may list."""
    kinds = ((LIST, "{0}='LISTED'"), (SUPERVISE, "{0}<>'LISTED'"))
    return [
        all_of(Sql(kind, supervision.level), one)
        for permission, kind in kinds
        for one in held_supervisions(supervision, viewer, permission)
    ]


def held_supervisions(supervision: Table, viewer: ViewerScope, permission: str) -> Sequence[Criterion]:
    rows = rows_of_cases(supervision, lambda case: entrusted_cases(case, viewer, permission))
    return [Sql("true")] if rows is None else rows


OVER = Text("It was answered or lifted.", "该督办已回复或已解除。")
ANSWERING = Action(
    Supervision,
    (require_rows(own_supervisions), of_case(DISINTERESTED)),
    (require_states((State.OPEN,), OVER, code="DUPLICATE"),),
)
LIFTING = Action(
    Supervision,
    (require_rows(liftable_supervisions), of_case(DISINTERESTED)),
    (require_states((State.OPEN, State.ANSWERED), OVER, code="DUPLICATE"),),
)


# No one permission: a unit answers by handling cases, and where no unit has the case yet, its dispatchers do.
@command("Answer a supervision of one's unit (督办回复).", requires=None, action=ANSWERING)
async def answer_supervision(call: Call, input: AnswerSupervisionInput) -> SupervisionPayload:
    case, supervision = await load_with_case(call, Supervision, input.supervision, "supervision")
    supervision.reply, supervision.state = input.text, State.ANSWERED
    supervision.replied_at, supervision.replied_by = call.now, call.viewer.account.name
    # Whoever asked is told, and the town, which may have been asked by rule.
    await notify_supervised(call, case, supervision, ANSWERED, accounts=[supervision.issued_by], offices=[case.town_id])
    return await save_supervision(call, case, supervision, ANSWERED)


@strawberry.input(description="A supervision that is over (解除督办).")
class LiftSupervisionInput:
    idempotency_key: str = input_field(KEY)
    supervision: ID = input_field("The supervision (督办标识).")
    expected_version: int = input_field(EXPECTED)
    reason: str = free_text("Why (解除理由).", length=(1, REASON))


@command("Lift a supervision, answered or not (解除督办).", requires=SUPERVISE, action=LIFTING)
async def lift_supervision(call: Call, input: LiftSupervisionInput) -> SupervisionPayload:
    case, supervision = await load_with_case(call, Supervision, input.supervision, "supervision")
    supervision.state, supervision.lifted_why = State.LIFTED, input.reason
    supervision.lifted_at, supervision.lifted_by = call.now, call.viewer.account.name
    await notify_supervised(call, case, supervision, LIFTED, units=[supervision.unit_id])
    return await save_supervision(call, case, supervision, LIFTED)


async def save_supervision(call: Call, case: CaseRow, supervision: SupervisionRow, kind: str) -> SupervisionPayload:
    supervision.version += 1
    await supervision.save()
    await note_on_timeline(call, case, supervision, kind)
    return SupervisionPayload(supervision=ref(Supervision, supervision.id))


@strawberry.type(description="The rule, or why nothing was done (督办规则结果).")
class SupervisionRulePayload:
    rule: SupervisionRule | None = result_field("The rule (规则).")
    errors: list[Problem] = problems()


@strawberry.input(description="A county's own rule for a level (督办规则).")
class SetSupervisionRuleInput:
    idempotency_key: str = input_field(KEY)
    county: str = input_field("The county's code (县编码).")
    level: Level = input_field("The level (级别).")
    overdue: str = input_field("So long after the deadline, as ISO 8601 in working time: PT1H, P2D (超期时长).")
    reply: str = input_field("So long the unit has to answer, in the same way (回复时限).")
    basis: str = input_field("The rule or decision that says so (依据).", length=(1, BASIS))


@command(
    "Set when a county's overdue cases are supervised; what held before stays on record (督办规则).", requires=EDIT
)
async def set_supervision_rule(call: Call, input: SetSupervisionRuleInput) -> SupervisionRulePayload:
    # Locked, so that of two rules for one level one is the later.
    grid: GridRow = await find_grid(input.county, "county", lock=True)
    if grid.kind != Kind.COUNTY:
        raise invalid_input("Name a county.", "请指定县。", "county")
    if not call.may(EDIT, grid):
        raise not_allowed("county")
    overdue, reply = parse_term(input.overdue, "overdue"), parse_term(input.reply, "reply")
    # Ended and not changed: supervisions name the rule they were made by.
    await RuleRow.filter(county=grid, level=input.level, until=None).update(until=call.now)
    rule = await RuleRow.create(
        county=grid,
        level=input.level,
        overdue=overdue.amount,
        overdue_unit=overdue.unit,
        reply=reply.amount,
        reply_unit=reply.unit,
        basis=input.basis,
        since=call.now,
        account=call.viewer.account.name,
    )
    return SupervisionRulePayload(rule=ref(SupervisionRule, rule.id))


EXTENSIONS = (
    extend(
        Mutation,
        supervise_case=supervise_case,
        answer_supervision=answer_supervision,
        lift_supervision=lift_supervision,
        set_supervision_rule=set_supervision_rule,
    ),
)
