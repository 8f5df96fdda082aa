"""Supervising by rule: cases whose time is over for so long, the loudest level that fits, once a level and clock."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta

from gongzhi.core.cases.models import CaseRow
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import Run, job
from gongzhi.runtime.locks import lock_rows
from gongzhi.values.worktime import Calendar, Course, Term, reckon
from gongzhi_deadlines.calendars import reading

from .issuing import issue, ruled
from .models import Level, RuleRow

MOST = 200
"""Supervisions of one level and county in one run."""
REACH = 366 * 24 * 60
"""So many minutes back the beginning of a term is looked for."""
OVERDUE = (
    "select s.id from clocks.clock k join cases.case s on s.id = k.case_id "
    "where k.stopped_at is null and k.stage in ('HANDLE', 'REPLY') and k.due_at <= $2 and s.county_id = $1 "
    "and not exists (select from supervision.supervision v where v.case_id = s.id and v.issued_at >= k.started_at "
    "and array_position($3::text[], v.level::text) >= array_position($3::text[], $4::text)) "
    "group by s.id order by min(k.due_at), s.id limit $5"
)
LEVELS = [level.value for level in Level]


@job("supervision.sweep", every=timedelta(minutes=5))
async def swept(call: Call, run: Run) -> None:
    """In the working hours of each county."""
    for county in run.counties:
        calendar = await reading.load_calendar(call.fetch, county)
        if calendar.open(call.now):
            rules = await ruled(call, county)
            for level in reversed(Level):
                await supervise(call, county, rules[level], calendar)


async def supervise(call: Call, county: int, rule: RuleRow, calendar: Calendar) -> None:
    """Supervise what has been overdue for as long as the rule says."""
    due = since(calendar, overdue(rule), call.now)
    rows = await call.fetch(OVERDUE, county, due, LEVELS, rule.level.value, MOST)
    cases = await lock_rows(CaseRow, [row["id"] for row in rows], skip_locked=True)
    answer = reckon(calendar, Term(rule.reply, rule.reply_unit), Course(call.now))
    for case in cases:
        await issue(call, case, rule.level, answer, rule=rule)


def overdue(rule: RuleRow) -> Term:
    return Term(rule.overdue, rule.overdue_unit)


def since(calendar: Calendar, term: Term, now: datetime) -> datetime:
    """The latest moment, to the minute, such that a term which began then is over now."""

    def ended(minutes: int) -> bool:
        return reckon(calendar, term, Course(now - timedelta(minutes=minutes))).due <= now

    return now - timedelta(minutes=bisect_left(range(REACH), True, key=ended))
