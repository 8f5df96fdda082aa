"""Issuing: what supervising comes to, whoever or whatever does it (the row, the timeline, the notices)."""

from __future__ import annotations

from typing import Any

from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.steps import record_event
from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.core.units.models import UnitRow
from gongzhi.runtime.commands import Call
from gongzhi.values.codes import Series
from gongzhi.values.errors import Text
from gongzhi_deadlines.worktime import Deadline

from .models import Level, RuleRow, SupervisionRow

NAMES = {
    Level.REMINDER: Text("reminder", "催办"),
    Level.SUPERVISION: Text("supervision", "督办"),
    Level.LISTED: Text("listed supervision", "挂牌督办"),
}
SUPERVISED, ANSWERED, LIFTED = "case.supervised", "case.supervision_answered", "case.supervision_lifted"
DISPATCHERS = "cases.dispatch"


async def issue_supervision(call: Call, case: CaseRow, level: Level, due: Deadline, **more: Any) -> SupervisionRow:
    """Ask the unit that has the case, or its dispatchers, for an answer; the county knows of what is listed."""
    supervision = await SupervisionRow.create(
        case=case,
        unit_id=case.lead_unit_id,
        level=level,
        issued_at=call.now,
        issued_by=call.viewer.account.name,
        warn_at=due.warns,
        reply_due_at=due.due,
        **more,
    )
    await note_on_timeline(call, case, supervision, SUPERVISED)
    # A case that no unit has waits at an office; that office answers.
    offices = [] if case.lead_unit_id else [case.town_id or case.county_id]
    if level == Level.LISTED:
        offices.append(case.county_id)
    await notify_supervised(call, case, supervision, SUPERVISED, units=[case.lead_unit_id], offices=offices)
    return supervision


async def note_on_timeline(call: Call, case: CaseRow, supervision: SupervisionRow, kind: str) -> None:
    """Record it on the case's timeline, for staff."""
    # The unit that was asked, and not the one that has the case by now.
    unit = await UnitRow.get_or_none(id=supervision.unit_id)
    await record_event(call, case, kind, unit=unit, level=supervision.level, responsible=unit and unit.code)


async def notify_supervised(
    call: Call,
    case: CaseRow,
    supervision: SupervisionRow,
    kind: str,
    *,
    units: list[int | None] | None = None,
    accounts: list[str | None] | None = None,
    offices: list[int | None] | None = None,
) -> None:
    """Notify units, accounts and offices; texts hold numbers only, and of what is sealed no office is told."""
    name, number = NAMES[supervision.level], case.number
    said = {
        SUPERVISED: Text(f"Say what is done about case {number}.", f"请在期限内说明诉求 {number} 的办理情况。"),
        ANSWERED: Text(f"The unit answered about case {number}.", f"承办单位已就诉求 {number} 作出回复。"),
        LIFTED: Text(f"It was lifted from case {number}.", f"诉求 {number} 的督办已解除。"),
    }
    title = Text(f"Case {number}: {name.en}", f"诉求 {number}：{name.zh}")
    # A tip-off may be against the very office that would be told.
    shown = case.series == Series.ORDINARY
    await send_notice(
        call,
        NoticeDraft(kind, title, said[kind], f"Supervision:{supervision.id}"),
        units=[one for one in units or () if one],
        accounts=[one for one in accounts or () if one],
        offices=[Office(DISPATCHERS, one) for one in dict.fromkeys(offices or ()) if one and shown],
    )


async def rules_of_county(call: Call, county: int | None) -> dict[Level, RuleRow]:
    """Return the rules of a county, level by level; where it has none of its own, everybody's."""
    rows = await RuleRow.filter(until=None).order_by("id")
    mine = [row for row in rows if row.county_id in (None, county)]
    # Everybody's rules come first, and a county's own replace them level by level.
    return {row.level: row for row in sorted(mine, key=lambda row: row.county_id is not None)}
