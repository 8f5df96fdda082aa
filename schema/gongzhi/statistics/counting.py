"""Keeping the sums up to date: after every event of a case, and once a day where only its deadline has moved."""

from __future__ import annotations

from datetime import timedelta

from ..cases.events import EVENTS
from ..commands import Call
from ..events.event import Occurrence
from ..events.work import Run, handler, job

NIGHT = timedelta(hours=3)
# A new calendar moves deadlines, and tells nobody of each.
MOVED = """
select count(statistics.count(f.case_id)) from statistics.fact f join statistics.current c on c.case_id = f.case_id
where f.completed_on is null and f.gone_on is null and c.due_on is distinct from f.due_on
"""
# Those of before the handler had its place, such as while an upgrade was under way.
MISSED = """
select count(statistics.count(c.id)) from cases."case" c
where not exists (select from statistics.fact f where f.case_id = c.id)
"""


@handler("statistics.count", *EVENTS, latest=True)
async def counted(call: Call, happened: Occurrence) -> None:
    """Count the case anew. What it counted for before is taken back, so an event told twice changes nothing."""
    if happened.case is not None:
        await call.fetch("select statistics.count($1)", happened.case)


@job("statistics.follow", every=timedelta(days=1), offset=NIGHT)
async def followed(call: Call, run: Run) -> None:
    """Count the cases that were missed, and anew the open ones whose deadlines have moved."""
    await call.fetch(MISSED)
    await call.fetch(MOVED)
