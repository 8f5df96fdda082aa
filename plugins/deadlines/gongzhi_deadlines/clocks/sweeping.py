"""Sweep: what time alone brings about, which is new calendars, reminders, and cases whose grace is over.

A sweep does some hundreds of things at most. Run it often; run twice, it does nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gongzhi.core.cases import machine
from gongzhi.core.cases.deadlines import record_reminders
from gongzhi.core.cases.models import CaseRow, SettlementLevel, Status, Urgency
from gongzhi.core.cases.steps import GRACE_OVER, PLATFORM, advance_case, run_reactions
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text

from ..calendars.reading import parse_calendar
from .models import ClockRow, Stage
from .recalculation import catch_up
from .reminders import OVER, Reminder, RunningClock, due_reminders

MOST = 500
"""Reminders, or cases to close, of one sweep."""

# Cases are locked with their clocks, and those that a step or another sweep has are skipped: they are there next time.
DUE = (
    "select k.id as clock, k.stage, k.warn_at, k.due_at, k.reminded, s.id as case, s.number, s.series, s.lead_unit_id, "
    "s.town_id, s.county_id, s.accused_unit_id, s.urgency, u.code, g.kind "
    "from clocks.clock k join cases.case s on s.id = k.case_id left join clocks.rule r on r.id = k.rule_id "
    "left join units.unit u on u.id = s.lead_unit_id left join grids.grid g on g.id = u.grid_id "
    "where k.stopped_at is null and k.stage <> 'GRACE' "
    f"and (k.calendar_id = any($2::int[]) or r.any_hour or s.urgency = '{Urgency.EMERGENCY}') "
    "and ((k.reminded < 80 and k.warn_at <= $1) or (k.reminded < 100 and k.due_at <= $1)) "
    "order by k.due_at, k.id limit $3 for update of s, k skip locked"
)
OVERDUE_GRACE = (
    "select k.id as clock, k.due_at, s.id, q.contested from clocks.clock k join cases.case s on s.id = k.case_id "
    "join cases.category g on g.id = s.category_id "
    f"cross join lateral (select s.accused_unit_id is not null or g.code = '{PLATFORM}' as contested) q "
    "where k.stage = 'GRACE' and k.stopped_at is null and k.due_at <= $1 and s.status = 'REPLIED' "
    f"and not (q.contested and k.reminded >= {OVER}) "
    "and ($3::uuid is null or (k.due_at, k.id) > ($4::timestamptz, $3)) "
    "order by k.due_at, k.id limit $2 for update of s skip locked"
)
WHY = "答复后宽限期满，诉求人未提出异议，提请结案。"
UNASSIGNED = SettlementLevel.TOWN


@dataclass(frozen=True)
class Swept:
    """What a sweep did: cases whose clocks follow a new calendar, reminders sent, cases closed or put up to be."""

    recounted: int
    reminded: int
    closed: int


@job("clocks.sweep", every=timedelta(minutes=1))
async def run_sweep(call: Call, run: JobRun) -> None:
    await sweep_once(call)


async def sweep_all(call: Call) -> None:
    """Send reminders, close what nobody contests any more, follow new calendars (时限巡检)."""
    total, done = Swept(0, 0, 0), await sweep_once(call)
    # Each turn does some hundreds of things; the last one finds nothing to do.
    while done != Swept(0, 0, 0):
        total = Swept(total.recounted + done.recounted, total.reminded + done.reminded, total.closed + done.closed)
        done = await sweep_once(call)
    print(f"{total.reminded} reminders sent (提醒), {total.closed} cases closed (结案).")
    print(f"{total.recounted} cases follow a new calendar (重算).")


async def sweep_once(call: Call) -> Swept:
    """Follow new calendars, remind, and close what is unopposed, in the transaction that is open."""
    # Calendars first, so that reminders go by deadlines that hold.
    return Swept(await catch_up(call), await send_reminders(call), await close_unopposed(call))


async def send_reminders(call: Call) -> int:
    """Remind whoever has a case, in the working hours of its county or at any hour; each clock and threshold once."""
    # The rows stay locked until the transaction ends, so `reminded` is set once for what was told once.
    rows = await call.fetch(DUE, call.now, await open_calendars(call), MOST)
    due = list(due_reminders(map(read_clock, rows), call.now))
    for reminder in due:
        await send_reminder(call, reminder)
    cases = {case.id: case for case in await CaseRow.filter(id__in={one.of.case for one in due})}
    await record_reminders(call, [(cases[one.of.case], one.event, one.of.unit) for one in due])
    for threshold in {reminder.threshold for reminder in due}:
        keys = [one.of.clock for one in due if one.threshold == threshold]
        await ClockRow.filter(id__in=keys).update(reminded=threshold)
    return len(due)


async def open_calendars(call: Call) -> list[int]:
    """Return the calendars whose offices are open now."""
    # Parsed calendars are remembered, so this costs one statement.
    rows = await call.fetch("select id, content from calendars.calendar")
    return [row["id"] for row in rows if parse_calendar(row["content"]).open(call.now)]


def read_clock(row: dict[str, Any]) -> RunningClock:
    """Return the clock of a row of `DUE`; a unit that serves no area is the county's."""
    level = SettlementLevel.__members__.get(row["kind"] or "", SettlementLevel.COUNTY)
    return RunningClock(
        clock=row["clock"],
        case=row["case"],
        number=row["number"],
        sealed=row["series"] == "SEALED",
        stage=Stage(row["stage"]),
        warn_at=row["warn_at"],
        due_at=row["due_at"],
        reminded=row["reminded"],
        unit=row["lead_unit_id"],
        unit_code=row["code"],
        level=level if row["lead_unit_id"] else UNASSIGNED,
        town=row["town_id"],
        county=row["county_id"],
        accused=row["accused_unit_id"],
        emergency=row["urgency"] == Urgency.EMERGENCY,
    )


async def send_reminder(call: Call, reminder: Reminder) -> None:
    hint = (
        Text("It has gone one level up; whoever is responsible stays so.", "已逐级上报，原责任单位不变。")
        if reminder.escalated
        else Text("Please see to it in time.", "请按期处理。")
    )
    kind = "clock.overdue" if reminder.threshold == OVER else "clock.warned"
    notice = NoticeDraft(kind, reminder.title, hint, f"Case:{reminder.of.case}", wakes=reminder.of.emergency)
    await send_notice(call, notice, units=reminder.units, offices=reminder.offices)


async def close_unopposed(call: Call) -> int:
    """Close answered cases whose grace is over. Nobody did it, so the event names nobody.

    A complaint about a unit or the platform is put before somebody who decides about closing it, once.
    """
    rows = await call.fetch(OVERDUE_GRACE, call.now, MOST, None, None)
    # What a plugin refuses to close is found again each time, and must not keep the place of what comes behind it.
    while not (done := await end_graces(call, rows)) and rows:
        rows = await call.fetch(OVERDUE_GRACE, call.now, MOST, rows[-1]["clock"], rows[-1]["due_at"])
    return done


async def end_graces(call: Call, rows: Sequence[Mapping[str, Any]]) -> int:
    """End the grace of these cases, which are locked, each for itself; return of how many."""
    found, done = {row["id"]: row for row in rows}, 0
    for case in await CaseRow.filter(id__in=list(found), status=Status.REPLIED):
        async with call.attempt(f"Case:{case.id}"):
            await end_grace(call, case, found[case.id])
            done += 1
    return done


async def end_grace(call: Call, case: CaseRow, row: Mapping[str, Any]) -> None:
    """Close a case, or put it before somebody who decides about that, once."""
    if row["contested"]:
        await run_reactions(call, GRACE_OVER, case, reason=WHY)
        await ClockRow.filter(id=row["clock"]).update(reminded=OVER)
    else:
        # By the same step as by hand, so that clocks, orders and notices follow as they would then.
        await advance_case(call, case, machine.CLOSE)
