"""Periods: which disclosures a village owes, and by when; the law's terms, and the county's days to keep them."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from gongzhi.declare.register_entries import Check
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text

SET_TERMS = "bulletins.set_terms"
DAYS = CountySetting(
    "bulletins.disclosure_days",
    "Days from the end of a month or quarter until its affairs are published (定期公开期限天数).",
    10,
    SET_TERMS,
    1,
    31,
)
MAJOR_DAYS = CountySetting(
    "bulletins.major_days", "Days until a major affair is published (重大事项公开期限天数).", 3, SET_TERMS, 0, 15
)

# Every period that has begun since the affair was declared, and is over; those that are there already stay as they are.
OPEN_PERIODS = """
insert into bulletins.disclosure (id, affair_id, grid_id, begins_on, ends_on, due_on, round, state, version)
select gen_random_uuid(), a.id, a.grid_id, p.begins::date, (p.begins + s.step)::date - 1,
  (p.begins + s.step)::date - 1 + $3::int, 1, 'DUE', 1
from bulletins.affair a
cross join lateral (select case a.rhythm when 'MONTHLY' then 'month' else 'quarter' end as unit,
  case a.rhythm when 'MONTHLY' then interval '1 month' else interval '3 months' end as step) s
cross join lateral generate_series(
  date_trunc(s.unit, a.since::timestamp), date_trunc(s.unit, $2::date::timestamp) - s.step, s.step
) p (begins)
where a.rhythm <> 'AT_ONCE' and (a.until is null or p.begins::date <= a.until) and {affairs}
on conflict (affair_id, begins_on, round) do nothing
"""
OF_COUNTY = OPEN_PERIODS.format(affairs="a.county_id = $1")
OF_AFFAIR = OPEN_PERIODS.format(affairs="a.id = $1")


@job("bulletins.open_periods", every=timedelta(days=1), offset=timedelta(minutes=10))
async def open_periods(call: Call, run: JobRun) -> None:
    """Put into the ledger what villages owe for the months and quarters that are over."""
    # County by county: each has days of its own.
    for county in run.counties:
        await call.fetch(OF_COUNTY, county, today(call), await DAYS.read(call, county))


async def open_periods_of(call: Call, affair: UUID, county: int, day: date) -> None:
    """Put into the ledger what is owed of one affair for the periods that are over by the day."""
    await call.fetch(OF_AFFAIR, affair, day, await DAYS.read(call, county))


CHECK = Check(
    "bulletins.overdue",
    "select count(*) from bulletins.disclosure d where d.round=1 and d.state in ('DUE','SIGNING') "
    "and d.due_on<(now() at time zone 'Asia/Shanghai')::date",
    Text("villages have published their affairs in time", "村务公开均按期完成"),
    Text(
        "affairs of villages that were not published in time: {0}; the list of what they publish has them, by overdue",
        "逾期未公开的村务事项：{0}；可在村务公开事项列表中按“逾期”筛选查看",
    ),
)
