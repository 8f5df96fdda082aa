"""Supervision by rule: of cases overdue for so long, at the highest level that fits, once for each level and clock."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta

from gongzhi.core.cases.models import CaseRow
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.runtime.locks import lock_rows
from gongzhi_deadlines.calendars import reading
from gongzhi_deadlines.worktime import Calendar, Course, Term, compute_deadline

from .models import Level, RuleRow
from .orders import issue_supervision, rules_of_county

MOST = 200
"""Supervisions of one level and county in one run."""
REACH = 366 * 24 * 60
"""So many minutes back the beginning of a term is looked for."""
# Once for each clock: what was issued since the clock started, at this level or above, counts; a case that is taken
# up again has a new clock.
OVERDUE = (
    "select s.id from clocks.clock k join cases.case s on s.id = k.case_id "
    "where k.stopped_at is null and k.stage in ('HANDLE', 'REPLY') and k.due_at <= $2 and s.county_id = $1 "
    "and not exists (select from supervision.supervision v where v.case_id = s.id and v.issued_at >= k.started_at "
    "and array_position($3::text[], v.level::text) >= array_position($3::text[], $4::text)) "
    "group by s.id order by min(k.due_at), s.id limit $5"
)
LEVELS = [level.value for level in Level]


# Looked for every five minutes, since each county opens and closes at its own hours.
@job("supervision.sweep", every=timedelta(minutes=5))
async def supervise_by_rule(call: Call, run: JobRun) -> None:
    """Supervise in the working hours of each county."""
    for county in run.counties:
        calendar = await reading.load_calendar(call.fetch, county)
        # Reminders go out in office hours; what fell due at night waits for the morning.
        if calendar.open(call.now):
            rules = await rules_of_county(call, county)
            # From the highest level down: a case that gets the highest is not asked again by a lower one in the same
            # run.
            for level in reversed(Level):
                await supervise_overdue(call, county, rules[level], calendar)


async def supervise_overdue(call: Call, county: int, rule: RuleRow, calendar: Calendar) -> None:
    """Supervise what has been overdue for as long as the rule says."""
    # One moment for the whole county, so that the list is one comparison by index and no term is reckoned for each
    # case.
    due = latest_start(calendar, overdue_term(rule), call.now)
    rows = await call.fetch(OVERDUE, county, due, LEVELS, rule.level.value, MOST)
    # `skip locked`: a case that somebody works on at this moment is found again in five minutes.
    cases = await lock_rows(CaseRow, [row["id"] for row in rows], skip_locked=True)
    answer = compute_deadline(calendar, Term(rule.reply, rule.reply_unit), Course(call.now))
    for case in cases:
        async with call.attempt(f"Case:{case.id}"):
            await issue_supervision(call, case, rule.level, answer, rule=rule)


def overdue_term(rule: RuleRow) -> Term:
    return Term(rule.overdue, rule.overdue_unit)


def latest_start(calendar: Calendar, term: Term, now: datetime) -> datetime:
    """Return the latest moment, to the minute, such that a term which began then is over now."""

    def ended(minutes: int) -> bool:
        return compute_deadline(calendar, term, Course(now - timedelta(minutes=minutes))).due <= now

    # By bisection: terms have no inverse in working time, but the end of a later beginning is never earlier.
    return now - timedelta(minutes=bisect_left(range(REACH), True, key=ended))
