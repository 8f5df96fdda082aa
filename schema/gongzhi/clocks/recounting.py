"""New rules or a new calendar: open clocks are reckoned anew, and keep the time that is spent."""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby

from ..cases.models import CaseRow
from ..commands import Call
from .models import ClockRow, Why
from .rules import Rule, Standing, standing
from .running import due, matter, move, renew, ruled

MOST = 500
"""Cases whose clocks are reckoned anew at a time."""

STALE = (
    "select distinct s.county_id, k.case_id from clocks.clock k join cases.case s on s.id = k.case_id "
    "join calendars.calendar c on c.id = k.calendar_id "
    "where k.stopped_at is null and k.calendar_version <> c.version order by s.county_id, k.case_id limit $1"
)
OPEN = (
    "select distinct k.case_id from clocks.clock k join cases.case s on s.id = k.case_id "
    "where s.county_id = $1 and k.stopped_at is null"
)


async def recount(call: Call, county: int, why: Why) -> int:
    """Reckon every open clock of a county; how many deadlines moved."""
    keys = [row["case_id"] for row in await call.fetch(OPEN, county)]
    return await anew(call, await standing(call.fetch, county), keys, why)


async def catch_up(call: Call) -> int:
    """Reckon clocks whose calendar has changed since, some hundreds at a time; how many cases have such clocks."""
    found = await call.fetch(STALE, MOST)
    for county, rows in groupby(found, key=lambda row: row["county_id"]):
        await anew(call, await standing(call.fetch, county), {row["case_id"] for row in rows}, Why.CALENDAR)
    return len(found)


async def anew(call: Call, by: Standing, keys: Collection[object], why: Why) -> int:
    """Reckon the clocks of these cases. The cases are locked first, as every step of a case does."""
    cases = await CaseRow.filter(id__in=keys).order_by("id").select_for_update()
    running = await ClockRow.filter(case_id__in=keys, stopped_at=None).order_by("case_id")
    clocks = {key: list(own) for key, own in groupby(running, key=lambda clock: clock.case_id)}
    moved = 0
    for case in cases:
        for clock in clocks.get(case.id, ()):
            rule = await successor(by, case, clock) if why is Why.RULES else None
            moved += await move(call, by, clock, rule or await ruled(by, clock), why)
        due(case, clocks.get(case.id, ()))
    await renew(cases)
    return moved


async def successor(by: Standing, case: CaseRow, clock: ClockRow) -> Rule | None:
    """The rule that now fits the clock's stage; None where the new rules have no term for it."""
    return by.rule(clock.stage, await matter(case))
