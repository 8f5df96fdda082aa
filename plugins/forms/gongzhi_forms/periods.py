"""Periods: which days a return is about, and the returns that places owe once a period is over."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from gongzhi.declare.register_entries import Check
from gongzhi.runtime.checks import CHINA, today
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text

from .models import FormRow, Rhythm

MONTHS = {Rhythm.MONTH: 1, Rhythm.QUARTER: 3, Rhythm.YEAR: 12}


def period_of(rhythm: Rhythm, day: date) -> tuple[date, date]:
    """Return the first and the last day of the period that a day lies in; of a form that is filled once, the day."""
    if rhythm is Rhythm.ONCE:
        return day, day
    # Quarters and years of the calendar, as offices report them.
    months = MONTHS[rhythm]
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    # The last day is in it: offices write "to the 30th".
    return date(day.year, first, 1), date(day.year, last, calendar.monthrange(day.year, last)[1])


# One for each place of the level in the form's grid; those that are there stay as they are.
OPEN = """
insert into forms.return (id, form_id, code, grid_id, begins_on, ends_on, due_on, round, state, version)
select gen_random_uuid(), $1, $2, g.id, $3, $4, $4::date + $5::int, 1, 'OPEN', 1
from grids.grid g join grids.grid a on a.id=$6 and g.path <@ a.path
where g.kind=$7 and g.valid_to is null
on conflict do nothing
"""


@job("forms.open_returns", every=timedelta(days=1), offset=timedelta(minutes=20))
async def open_returns(call: Call, run: JobRun) -> None:
    """Open the returns of the periods that are over, of all forms in force."""
    for form in await FormRow.filter(
        county_id__in=run.counties, tried_at__not_isnull=True, retired_at=None, rhythm__not=Rhythm.ONCE
    ):
        # Of the last period that is over; the first of them is the one in which the form came into force.
        begins, ends = period_of(form.rhythm, period_of(form.rhythm, today(call))[0] - timedelta(days=1))
        if form.tried_at is not None and form.tried_at.astimezone(CHINA).date() <= ends:
            await call.fetch(OPEN, form.id, form.code, begins, ends, form.due_days, form.grid_id, form.level.value)


CHECK = Check(
    "forms.overdue",
    "select count(*) from forms.return r where r.state<>'SIGNED' "
    "and r.due_on<(now() at time zone 'Asia/Shanghai')::date",
    Text("all returns were signed in time", "报表均已按期签署"),
    Text(
        "returns that were not signed in time: {0}; the list of returns has them, by overdue",
        "逾期未签署的报表：{0}；可在报表列表中按“逾期”筛选查看",
    ),
)
