"""Demo: the clocks of the demo county's cases, of those under way and of those reported in the last year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import uuid5

from gongzhi.core.cases.machine import DISPATCH, OPEN
from gongzhi.runtime.sealing import KeyRing

from gongzhi_deadlines.worktime import WARNING

from ..calendars.reading import Fetch
from . import course, stages
from .default_rules import Connection
from .models import ClockRow, Stage
from .reminders import OVER
from .rules import Matter, Rule, Standing, load_standing
from .storage import GIVEN, START, columns_of_rows

YEAR = timedelta(days=365)
BATCH = 1_000
"""Cases whose clocks are written with one statement."""
CASES = """
select c.id, c.kind, g.code as category, c.urgency, h.code as channel
from cases.case c join cases.category g on g.id = c.category_id join cases.channel h on h.id = c.channel_id
where c.county_id = $1 and (c.status = any($2::text[]) or c.reported_at >= $3) order by c.id
"""
STEPS = "select case_id, type, at, unit_id from cases.event where case_id = any($1::uuid[]) order by case_id, at, id"
# A plugin writes to the core's tables where the demo county is filled, and nowhere else.
DUE = """
update cases."case" c set warn_at = r.warn_at, due_at = r.due_at
from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) r (id, warn_at, due_at) where c.id = r.id
"""
Row = Mapping[str, Any]


async def start_clocks(connection: Connection, county: int, now: datetime, keys: KeyRing) -> None:
    """Make the clocks that timelines tell of, as they stand at this moment, and have the cases due by them."""
    by = await load_standing(connection.fetch, county)
    statuses = [status.value for status in OPEN]
    found = await connection.fetch(CASES, county, statuses, now - YEAR)
    for at in range(0, len(found), BATCH):
        made = await replay_all(connection.fetch, by, found[at : at + BATCH], now)
        await connection.fetch(START, *columns_of_rows(GIVEN, made))
        await connection.fetch(DUE, *next_moments(made))


async def replay_all(fetch: Fetch, by: Standing, cases: Sequence[Row], now: datetime) -> list[ClockRow]:
    """Make the clocks of these cases."""
    steps = await fetch(STEPS, [case["id"] for case in cases])
    # The steps come by case, as grouping needs them.
    taken = {key: list(own) for key, own in groupby(steps, key=itemgetter("case_id"))}
    return [clock for case in cases for clock in replay_case(by, case, taken.get(case["id"], ()), now)]


def replay_case(by: Standing, case: Row, steps: Iterable[Row], now: datetime) -> Iterator[ClockRow]:
    """Start, stop and pause the clocks of a case as its steps do."""
    about = Matter(case["kind"], case["category"], case["urgency"], case["channel"])
    running: dict[Stage, tuple[ClockRow, Rule]] = {}
    lead: int | None = None
    for step in steps:
        event, at = step["type"], step["at"]
        lead = step["unit_id"] if event == DISPATCH.event else lead
        # Stopped first: what a step both stops and starts begins anew.
        for stage in stages.STOPS.get(event, ()):
            if stage in running:
                yield stop_clock(*running.pop(stage), by, at, now)
        hold_clocks((clock for clock, _ in running.values()), event, at)
        for stage in stages.STARTS.get(event, ()):
            rule = by.rule(stage, about)
            if rule and stage not in running:
                running[stage] = start_clock(case, stage, at, lead), rule
    # What still runs is reckoned as of now.
    for clock, rule in running.values():
        yield reckon_now(clock, rule, by, now)


def start_clock(case: Row, stage: Stage, at: datetime, lead: int | None) -> ClockRow:
    """Return a clock that starts then; its key is the same whenever the county is made."""
    unit = lead if stage in (Stage.CONTACT, Stage.HANDLE) else None
    # Of the case, the stage and the moment: loading the same county again gives the same keys.
    key = uuid5(case["id"], f"{stage.value} {at.isoformat()}")
    return ClockRow(
        id=key, case_id=case["id"], stage=stage, unit_id=unit, started_at=at, pauses=[], extensions=[], reminded=0
    )


def stop_clock(clock: ClockRow, rule: Rule, by: Standing, at: datetime, now: datetime) -> ClockRow:
    """Stop a clock then, ending a pause that lasts."""
    if course.is_paused(clock):
        course.resume_clock(clock, at)
    clock.stopped_at = at
    return reckon_now(clock, rule, by, now)


def hold_clocks(clocks: Iterable[ClockRow], event: str, at: datetime) -> None:
    """Pause the clocks at this event, or let them go on."""
    for clock in clocks:
        if event == stages.PAUSES:
            course.pause_clock(clock, at)
        elif event == stages.RESUMES and course.is_paused(clock):
            course.resume_clock(clock, at)


def reckon_now(clock: ClockRow, rule: Rule, by: Standing, now: datetime) -> ClockRow:
    """Return the clock as it stands at this moment; whoever was to be reminded has been."""
    course.reckon_clock(clock, rule, by, now)
    clock.reminded = OVER if clock.due_at <= now else WARNING if clock.warn_at <= now else 0
    return clock


def next_moments(clocks: Iterable[ClockRow]) -> list[list[Any]]:
    """Return when the cases of running clocks are to be warned of and due, for `DUE`."""
    # Clocks that nobody has to meet move no deadline of a case.
    met = [clock for clock in clocks if clock.stopped_at is None and clock.stage not in stages.HIDDEN]
    found: dict[Any, tuple[datetime, datetime]] = {}
    for clock in met:
        warns, due = found.get(clock.case_id, (clock.warn_at, clock.due_at))
        found[clock.case_id] = min(warns, clock.warn_at), min(due, clock.due_at)
    return [list(found), [warns for warns, _ in found.values()], [due for _, due in found.values()]]
