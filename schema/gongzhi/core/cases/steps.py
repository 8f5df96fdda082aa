"""Case steps: who may take one, whether the machine allows it, and the event it leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import orjson
import strawberry
from tortoise.models import Model
from uuid6 import uuid7

from gongzhi.core.units.models import UnitRow
from gongzhi.core.units.rules import EMPLOYERS
from gongzhi.declare.columns import save_changes
from gongzhi.declare.entity import ref
from gongzhi.declare.events import Event, event_of
from gongzhi.runtime.actions import Action, Requirement, require_rows, require_states
from gongzhi.runtime.checks import check_text, invalid_input, not_found
from gongzhi.runtime.commands import Call, Problem, problems, result_field, text_warnings
from gongzhi.runtime.reactions import run_checks, run_follows
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import FIELD, Refusal, Text
from gongzhi.values.labels import join_labels, label_of

from . import machine, rules
from .events import REGISTRY
from .machine import Step
from .models import Audience, CaseRow, SettlementLevel, Status, SupportRow
from .step_notices import announce_step
from .types import Case

M = TypeVar("M", bound=Model)

NOTE = 10_000
"""The most characters of a note; an answer is one."""

RAISED = "case.level_raised"
"""The event of a case that went one level up."""

ANSWERED_WITH = "answered_with"
"""The fact by which a reaction to a rating names the case whose answer is this one's, too."""
MOVED = "case.deadlines_moved"
"""What reactions hear of cases, a list, whose deadlines were reckoned anew; `moved` is whether any changed."""
GRACE_OVER = "case.grace_over"
"""What reactions hear of an answered case whose grace is over and that nobody closes alone."""
WAITS = "case.waits"
"""What reactions hear when a case is to wait until a moment, `until`, or no longer, with None. No event tells it."""
OFFERED = "case.settlement_offered"
"""The event of a case that was settled elsewhere, at a level, and waits for its answer."""

PLATFORM = "platform"
"""The subject of complaints about this platform."""

DISINTERESTED = Requirement(
    "CONFLICT_OF_INTEREST",
    rules.disinterested_cases,
    Text("The case is against this unit, so somebody else must do this.", "该诉求针对此单位，须由其他单位和人员办理。"),
)
OWN = require_rows(rules.own_cases)


HAPPENED = (
    "insert into cases.event (id, case_id, type, at, audience, account, role, unit_id, note, data) "
    "select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], "
    "$8::int[], $9::text[], $10::jsonb[])"
)
LEVELS = """
select (
    select e.data->>'to' from cases.event e where e.case_id = $1 and e.type = $2 order by e.at desc, e.id desc limit 1
) as raised, (
    select case when e.type = $4 then e.data->>'level' end from cases.event e
    where e.case_id = $1 and e.type = any($5::text[]) order by e.at desc, e.id desc limit 1
) as offered, (
    select g.kind from units.unit u join grids.grid g on g.id = u.grid_id where u.id = $3::int
) as serves
"""
"""The level a case was raised to, the one it was settled at, and the kind of the area that a unit serves."""


@strawberry.type(description="A case as it is now, or why nothing was done (诉求操作结果).")
class CasePayload:
    case: Case | None = result_field("The case (诉求).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


def on_step(taken: Step, *who: Requirement) -> Action:
    """Return what a command does to cases whose status allows a step (`on_case`)."""
    return on_case(taken.chinese, taken.sources, *who)


def on_case(chinese: str, statuses: Collection[Status], *who: Requirement) -> Action:
    """Return what a command, called so in Chinese, does to cases in these statuses, by those whom `who` lets.

    Whatever else they may, the people of the unit that a case is against do nothing to it.
    """
    return Action(Case, (*who, DISINTERESTED), (require_status(chinese, statuses),))


def require_status(chinese: str, statuses: Collection[Status]) -> Requirement:
    return require_states(statuses, lambda case: status_text(case, chinese, statuses), "status")


def require_entrusted(permission: str) -> Requirement:
    """Return the requirement that the caller holds a permission where the case lies, or for the unit that leads."""
    return require_rows(lambda case, viewer: rules.entrusted_cases(case, viewer, permission))


HANDLES = (require_entrusted(rules.HANDLE), require_rows(rules.handled_cases))


def of_case(requirement: Requirement) -> Requirement:
    """Return what is required of the case that a row belongs to."""
    return replace(
        requirement,
        rows=lambda row, viewer: rules.rows_of_cases(row, lambda case: requirement.rows(case, viewer)),
    )


async def find_case(call: Call, input: Any) -> CaseRow:
    """Find and lock the case that an input names by `number`, as the command's action allows. Raises Refusal."""
    case: CaseRow = await call.find(Case, "number", number=input.number)
    return case


async def require_disinterested(call: Call, case: CaseRow) -> None:
    """Refuse the people of the unit that the case is against, whatever else they may."""
    # Whatever they hold for the unit: working for it is enough to be barred.
    units = [grant.unit for grant in call.viewer.account.grants if grant.unit is not None]
    if await is_accused(call, case, units):
        raise conflict_of_interest("number")


async def is_accused(call: Call, case: CaseRow, units: Sequence[int]) -> bool:
    """Return whether the case is against one of these units, or against one that one of them is a part of."""
    if case.accused_unit_id is None or not units:
        return False
    rows = await call.fetch(EMPLOYERS.format("any($1::int[])"), list(units))
    return case.accused_unit_id in {row["id"] for row in rows}


def conflict_of_interest(*path: str) -> Refusal:
    return DISINTERESTED.refusal(None, path)


async def advance_case(
    call: Call, case: CaseRow, taken: Step, note: str | None = None, unit: UnitRow | None = None,
    shown: bool = False, **data: Any,
) -> CasePayload:  # fmt: skip
    """Take a step that the case's status allows, let reactions refuse or follow it, save the case, and answer with it.

    Whether the caller may is asked by `find_case`. Raises Refusal.
    """
    await record_step(call, case, taken, note, unit, **data)
    return await save_case(case, shown)


async def record_step(
    call: Call, case: CaseRow, taken: Step, note: str | None = None, unit: UnitRow | None = None, **data: Any
) -> None:
    """Take a step that the machine allows, and record it; the case is not saved."""
    if case.status not in taken.sources:
        raise require_status(taken.chinese, taken.sources).refusal(case, ("number",))
    # Whoever accepts a recording has listened to it.
    if taken is machine.ACCEPT and not case.title:
        raise title_required()
    # Before anything is changed, so that a refusal leaves all as it was.
    data = await run_checks(call, taken.event, case, **{"from": case.status, "to": taken.target, **data})
    case.status = taken.target
    if taken is machine.CLOSE:
        case.closed_at = call.now
    if taken is machine.REOPEN:
        case.settled_at = None
        case.reopenings += 1
    if taken is machine.RETURN:
        # The unit that gives it back has it no longer, nor have those that helped.
        case.lead_unit_id = None
        await SupportRow.filter(case=case).delete()
    await record_event(call, case, taken, note, unit, **data)


async def set_support(case: CaseRow, units: Sequence[UnitRow]) -> None:
    """Have these units help with the case, and no others."""
    await SupportRow.filter(case=case).delete()
    await SupportRow.bulk_create([SupportRow(case=case, unit=unit) for unit in units])


async def remove_support(case: CaseRow, unit: int) -> None:
    """Have a unit help with the case no more."""
    await SupportRow.filter(case=case, unit_id=unit).delete()


async def save_case(case: CaseRow, shown: bool = False) -> CasePayload:
    # It grows with every change, so that whoever saw an older version is refused.
    case.version += 1
    await save_changes(case)
    return CasePayload(case=ref(Case, case.id, shown=shown))


async def record_event(
    call: Call, case: CaseRow, taken: Step | str, note: str | None = None, unit: UnitRow | None = None, **data: Any
) -> None:
    """Append to the timeline and publish the event; where no unit is named, it is that of whoever did it.

    What is declared internal is a staff note on the timeline as well. Reactions to the event follow.
    """
    kind = await write_timeline(call, case, taken, note, unit, **data)
    await run_reactions(call, kind, case, **data)


async def run_reactions(call: Call, event: str, row: Any, /, **facts: Any) -> None:
    """Let reactions follow what happened to a row that is there, or to several."""
    for later in await run_follows(call, event, row, **facts):
        await later()


async def write_timeline(
    call: Call, case: CaseRow, taken: Step | str, note: str | None = None, unit: UnitRow | None = None, **data: Any
) -> str:
    """Append to the timeline and publish the event, without reactions, and return its type."""
    kind = taken.event if isinstance(taken, Step) else taken
    declared = REGISTRY.find(kind)
    id = await write_event(call, case, declared, data, note, unit.id if unit else None)
    call.publish(event_of(declared, {"number": case.number, **data}), case, id)
    announce_step(call, case, kind, data.get("to") if kind == RAISED else None)
    return kind


async def record_reports(call: Call, cases: Sequence[CaseRow]) -> None:
    """Record that cases were reported, with one statement for all of them; reactions to it have run before."""
    declared = REGISTRY.find(machine.REPORT.event)
    # A report without a name has none on the timeline either.
    lines = [_line(call, case, declared, {}, unnamed=declared.unnamed or case.anonymous) for case in cases]
    await _write_lines(call, lines)
    for case, line in zip(cases, lines, strict=True):
        call.publish(event_of(declared, {"number": case.number}), case, line[0])
        announce_step(call, case, declared.type)


async def write_event(
    call: Call, case: CaseRow, declared: type[Event], facts: Mapping[str, Any], note: str | None = None,
    unit: int | None = None,
) -> UUID:  # fmt: skip
    """Write a line of the timeline and return its id, which the event is to have as well.

    It is for staff alone, if the event is internal, and without who did it, if it is unnamed.
    """
    line = _line(call, case, declared, facts, note, unit, unnamed=declared.unnamed)
    await _write_lines(call, [line])
    return line[0]


def _line(
    call: Call, case: CaseRow, declared: type[Event], facts: Mapping[str, Any], note: str | None = None,
    unit: int | None = None, *, unnamed: bool,
) -> tuple[UUID, *tuple[Any, ...]]:  # fmt: skip
    """Return the values of one line of a timeline, its id first."""
    # For which of their units somebody acts is not said, so it is the first.
    acting = next((grant.unit for grant in call.viewer.account.grants if grant.unit), None)
    audience = Audience.STAFF if declared.internal else Audience.PUBLIC
    account, role = call.viewer.account.name, call.viewer.role
    # An unnamed event hides role and unit as well, a report without a name the account alone.
    if declared.unnamed:
        role = acting = None
    if unnamed:
        account = None
    said = check_text(note, NOTE, "note") if note else None
    data = orjson.dumps(facts, default=str).decode()
    # In the order of the columns of `HAPPENED`.
    return (
        uuid7(), case.id, declared.type, call.now, audience.value, account, role, unit or acting, said, data,
    )  # fmt: skip


async def _write_lines(call: Call, lines: Sequence[tuple[Any, ...]]) -> None:
    # One array a column: one statement for however many lines.
    await call.fetch(HAPPENED, *(list(column) for column in zip(*lines, strict=True)))


def title_required() -> Refusal:
    """Return the refusal for accepting a recording that nobody has given a title."""
    return invalid_input("Listen to the recording and give the case a title.", "请先收听录音并拟定标题。", "title")


def status_text(case: CaseRow, chinese: str, statuses: Collection[Status]) -> Text:
    """Return what is said of a case whose status does not allow something."""
    now, allowed = label_of(case.status), join_labels(statuses)
    # The step that leads there tells what has to be done first.
    before = next((one for one in machine.STEPS if case.status in one.sources and one.target in statuses), None)
    needed = f"须先{before.chinese}才能{chinese}" if before else f"不能{chinese}；须为{allowed.zh}的诉求"
    return Text(
        f"This cannot be done with the case as it is ({now.en}); it must be: {allowed.en}.", f"诉求{now.zh}，{needed}。"
    )


def record_settlement(call: Call, case: CaseRow, text: str, level: SettlementLevel) -> None:
    case.reply, case.replied_at, case.settled_at, case.settled_level = text, call.now, call.now, level
    # The rating was of the answer before.
    case.rating = case.solved = case.rating_comment = None


async def level_of(call: Call, case: CaseRow) -> SettlementLevel:
    """Return the level that answers: of the area the lead unit serves, or that the case was raised to, if higher."""
    return _level_reached(await _levels(call, case))


async def settling_level(call: Call, case: CaseRow) -> SettlementLevel:
    """Return the level at which an answer settles the case: the one offered, unless the case went on after that."""
    row = await _levels(call, case)
    return SettlementLevel(row["offered"]) if row["offered"] else _level_reached(row)


async def _levels(call: Call, case: CaseRow) -> dict[str, Any]:
    # What overtakes an offer: a later one, a higher level, and that the case was taken up again.
    overtaking = [OFFERED, RAISED, machine.REOPEN.event]
    [row] = await call.fetch(LEVELS, case.id, RAISED, case.lead_unit_id, OFFERED, overtaking)
    return row


def _level_reached(row: dict[str, Any]) -> SettlementLevel:
    above = SettlementLevel(row["raised"] or SettlementLevel.GRID)
    return max(above, _serving(row["serves"]), key=list(SettlementLevel).index)


def _serving(kind: str | None) -> SettlementLevel:
    # A unit that serves another kind of area serves the county; without a unit it is the grid itself.
    return SettlementLevel.__members__.get(kind or SettlementLevel.GRID.name, SettlementLevel.COUNTY)


def is_own_case(call: Call, case: CaseRow) -> bool:
    """Return whether the caller is who asked, or filed it for them."""
    person = call.viewer.account.person
    return person is not None and person in (case.requester_id, case.filed_by_id)


async def works_on_case(call: Call, case: CaseRow) -> bool:
    """Return whether the caller works on the case: where it lies, for its lead unit, or for one that helps."""
    if any(call.may(permission, case) for permission in rules.WORK):
        return True
    # Units that only help work on the case, too.
    units = [grant.unit for grant in call.viewer.account.grants if grant.unit and grant.permissions & set(rules.WORK)]
    return bool(units) and await SupportRow.exists(case_id=case.id, unit_id__in=units)


async def find_by_code(model: type[M], code: str, path: str, **more: Any) -> M:
    """Return the newest row with this code. Raises Refusal if no row has it."""
    return (await find_by_codes(model, [code], path, **more))[code]


async def find_by_codes(model: type[M], wanted: Sequence[str], path: str, **more: Any) -> Mapping[str, M]:
    """Return the rows with these codes, the newest of each. Raises Refusal for a code that no row has."""
    # The newest last, which is the one that stays under its code.
    found = await model.filter(code__in=list(set(wanted)), **more).order_by("id")
    rows = {row.code: row for row in found}  # type: ignore[attr-defined]
    if len(rows) < len(set(wanted)):
        raise not_found(f"{FIELD}: nothing has this code.", f"{FIELD}：没有此代码。", path)
    return rows
