"""Counting: keeping the sums up to date; whatever changes what a case counts for notes it, and it is counted anew.

The database notes it (`statistics.changed`), so that nothing that writes can forget to: commands, new rules and
calendars, sweeps, imports, erasure. Nothing in a case's facts depends on what day it is.
"""

from __future__ import annotations

from datetime import timedelta

from gongzhi.core.cases.events import EVENTS
from gongzhi.core.cases.steps import MOVED
from gongzhi.declare.events import Occurrence
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, handler, job
from gongzhi.runtime.reactions import Happening, reaction
from uuid6 import uuid7

MOST = 500
"""Notes that are followed at a time."""
TURNS = 100
"""How often a run of the job does so at most: what it has counted is lost if it is cut off for taking too long."""
# A function of the database: it takes the notes, takes the old facts back from the sums and adds the new ones, in one
# statement. Whoever counts waits for whoever counts.
FOLLOW = "select statistics.follow($1) as counted"


async def recount_noted(call: Call) -> int:
    """Count anew the cases that are noted, some hundreds at a time, and return how many there were."""
    [row] = await call.fetch(FOLLOW, MOST)
    counted: int = row["counted"]
    return counted


# `latest`: an event may be spared where a later one waits, for each run counts whatever is noted by then; and so one
# run is enough for all that are there at once.
@handler("statistics.count", *EVENTS, latest=True, batch=50, together=True)
async def count_on_event(call: Call, happened: list[Occurrence]) -> None:
    """Count what is noted as soon as something happened. An event told twice finds nothing more to count."""
    await recount_noted(call)


@job("statistics.follow", every=timedelta(minutes=1))
async def count_by_job(call: Call, run: JobRun) -> None:
    """Count what has changed without an event, such as deadlines that moved with the rules or the calendar."""
    for _ in range(TURNS):
        if not await recount_noted(call):
            return


@reaction("statistics.hurry", MOVED)
async def count_moved_deadlines(call: Call, happening: Happening) -> None:
    """Have moved deadlines counted at once, for no event tells of them."""
    if happening.facts["moved"]:
        # A key of its own each time: the change that is counted is this one, not one counted before.
        call.enqueue(count_by_job, str(uuid7()))
