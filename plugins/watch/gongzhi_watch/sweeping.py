"""Sweeping: what the clock does to watches and measures: silence changes nothing, and what the county owes is told."""

from __future__ import annotations

from datetime import timedelta

from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job

from . import telling
from .events import MeasureOverdue, WatchEnded, WatchOverdue
from .models import Ending, EntryRow, MeasureRow, MeasureState, WatchState
from .records import DECIDED, end_watch, in_days

BATCH = 200
DUE = """
select e.id from watch.entry e where e.county_id=any($1::int[]) and e.closed_at is null and (e.due_at<=$2
and (e.overdue_at is null or e.overdue_at<e.due_at) or e.person_id is null and e.state<>'PROPOSED')
order by e.id limit $3
"""
LATE = """
select m.id from watch.measure m where m.county_id=any($1::int[]) and m.state='PLANNED' and m.due_on<$2
and m.overdue_at is null order by m.id limit $3
"""
# Whoever works where a household lives now sees its watch, and nobody else does any more.
MOVED = """
update watch.{0} t set grid_id=h.grid_id from people.household h, watch.entry e
where {1} and h.id=e.household_id and e.closed_at is null and t.grid_id<>h.grid_id and t.county_id=any($1::int[])
"""


@job("watch.sweep", every=timedelta(minutes=15))
async def sweep_watches(call: Call, run: JobRun) -> None:
    """Tell what is late, end what nobody took up, and have watches go along with households that move."""
    counties = list(run.counties)
    for table, joined in (("measure", "e.id=t.watch_id"), ("entry", "e.id=t.id")):
        await call.fetch(MOVED.format(table, joined), counties)
    for found in await call.fetch(DUE, counties, call.now, BATCH):
        # What somebody has in hand is left to the next run, so that nobody waits for the other in a ring.
        row = await EntryRow.select_for_update(skip_locked=True).get_or_none(id=found["id"])
        if row is not None and row.closed_at is None:
            await settle_due(call, row)
    for found in await call.fetch(LATE, counties, today(call), BATCH):
        measure = await MeasureRow.select_for_update(skip_locked=True).get_or_none(id=found["id"])
        # Ended since it was found.
        if measure is not None and measure.state is MeasureState.PLANNED:
            measure.overdue_at = call.now
            measure.version += 1
            await measure.save()
            call.publish(MeasureOverdue(measure=measure.id), measure)
            await telling.tell_owner(call, measure, telling.MEASURE_OVERDUE)


async def settle_due(call: Call, row: EntryRow) -> None:
    """Do what follows from a day that is over, or from a consent that is gone with its person."""
    if row.person_id is None and row.state is not WatchState.PROPOSED:
        await end_watch(call, row, Ending.WITHDRAWN)
    elif row.due_at > call.now:
        return
    elif row.state is WatchState.PROPOSED:
        await end_watch(call, row, Ending.UNANSWERED)
    elif row.state is WatchState.EXIT_PROPOSED:
        # A household that says nothing is watched over as before, and looked at again.
        row.state, row.due_at = WatchState.WATCHED, await in_days(call, row, DECIDED)
    else:
        # Later than the deadline that it missed, so that only another one is told again.
        row.overdue_at = call.now
        await telling.tell_town(call, row, telling.OVERDUE)
        call.publish(WatchOverdue(watch=row.id), row)
    if row.closed_at is not None:
        call.publish(WatchEnded(watch=row.id), row)
    row.version += 1
    await row.save()
