"""Recalculation: with new rules or a new calendar, open clocks are reckoned anew and keep the time they spent."""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby

from gongzhi.core.cases.deadlines import save_deadlines
from gongzhi.core.cases.models import CaseRow, CategoryRow, ChannelRow
from gongzhi.core.cases.steps import MOVED, run_reactions
from gongzhi.runtime.commands import Call

from .models import ClockRow, RuleRow, RuleSetKind, Why
from .rules import Matter, Rule, Standing, load_standing, read_rule
from .running import move_deadline, set_next_deadline
from .storage import save_clocks

MOST = 500
"""Cases whose clocks are reckoned anew at a time."""

# Counties in turn: one whose cases cannot be reckoned, and are found again each time, leaves room for the others.
STALE = """
select county_id, case_id from (
  select county_id, case_id, row_number() over (partition by county_id order by case_id) as turn from (
    select distinct s.county_id, k.case_id from clocks.clock k join cases.case s on s.id = k.case_id
    join calendars.calendar c on c.id = k.calendar_id
    where k.stopped_at is null and k.calendar_version <> c.version) stale
  order by turn, county_id limit $1) found
order by county_id, case_id
"""
OPEN = (
    "select distinct k.case_id from clocks.clock k join cases.case s on s.id = k.case_id "
    "where s.county_id = $1 and k.stopped_at is null"
)


async def recalculate_county(call: Call, county: int, why: Why) -> int:
    """Reckon every open clock of a county, and return how many deadlines moved."""
    keys = [row["case_id"] for row in await call.fetch(OPEN, county)]
    return await recalculate_cases(call, await load_standing(call.fetch, county), keys, why)


async def catch_up(call: Call) -> int:
    """Reckon clocks whose calendar has changed, some hundreds at a time, and return of how many cases."""
    done, found = 0, await call.fetch(STALE, MOST)
    for county, rows in groupby(found, key=lambda row: row["county_id"]):
        keys = {row["case_id"] for row in rows}
        async with call.attempt(f"Grid:{county}"):
            await recalculate_cases(call, await load_standing(call.fetch, county), keys, Why.CALENDAR)
            done += len(keys)
    return done


async def recalculate_cases(call: Call, by: Standing, keys: Collection[object], why: Why) -> int:
    """Reckon the clocks of these cases. The cases are locked first, as every step of a case does.

    Clocks that started by a town's rule keep it, and no other gets one: towns' rules are for clocks that start.
    """
    # Steps lock their case before its clocks; several cases are locked in the order of their keys, so that two
    # recalculations wait for each other and never in a ring.
    cases = await CaseRow.filter(id__in=keys).order_by("id").select_for_update()
    # In the order that grouping needs.
    running = await ClockRow.filter(case_id__in=keys, stopped_at=None).order_by("case_id")
    clocks = {key: list(own) for key, own in groupby(running, key=lambda clock: clock.case_id)}
    matters = await load_matters(cases) if why is Why.RULES else {}
    # Also those of sets that the county has left, by which clocks still run.
    left = await RuleRow.filter(id__in={clock.rule_id for clock in running}).select_related("set")
    rules: dict[int | None, Rule] = {row.id: read_rule(vars(row)) for row in left}
    of_towns = {row.id for row in left if row.set.kind is RuleSetKind.TOWN}
    traces = []
    for case in cases:
        for clock in clocks.get(case.id, ()):
            # A calendar that changed moves deadlines, and gives no clock another rule.
            chosen_anew = matters and clock.rule_id is not None and clock.rule_id not in of_towns
            new = by.county_rule(clock.stage, matters[case.id]) if chosen_anew else None
            traces.append(move_deadline(call, by, clock, new or rules.get(clock.rule_id), why))
        set_next_deadline(case, clocks.get(case.id, ()))
    moved = list(filter(None, traces))
    await save_clocks(call, running, traces=moved)
    await save_deadlines(call, cases)
    await run_reactions(call, MOVED, cases, moved=bool(moved))
    return len(moved)


async def load_matters(cases: Collection[CaseRow]) -> dict[object, Matter]:
    """Return what rules look at in these cases."""
    categories = dict(await CategoryRow.all().values_list("id", "code"))
    channels = dict(await ChannelRow.all().values_list("id", "code"))
    return {
        case.id: Matter(case.kind, categories[case.category_id], case.urgency, channels[case.channel_id])
        for case in cases
    }
