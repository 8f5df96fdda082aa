"""Watching: links end on the day that was agreed, and where a household's helper ends in the core's record."""

from __future__ import annotations

from datetime import timedelta

from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job

from .arranging import finish_tie, save_tie
from .models import TieRow, TieState

BATCH = 200
OVER = """
select t.id, least(l.until, t.ends_on) as day from ties.tie t left join people.liaison l on l.id=t.liaison_id
where t.county_id=any($1::int[]) and t.state='ACTIVE' and (t.ends_on<=$2 or l.until<=$2) order by t.id limit $3
"""


@job("ties.end", every=timedelta(hours=6))
async def end_ties(call: Call, run: JobRun) -> None:
    """End links whose term is over, and those of households that have another helper; what is more waits."""
    # By the earlier of the two days, so that a run that is late writes down the right one.
    for found in await call.fetch(OVER, list(run.counties), today(call), BATCH):
        # What somebody has in hand is left to the next run.
        row = await TieRow.select_for_update(skip_locked=True).get_or_none(id=found["id"], state=TieState.ACTIVE)
        if row is not None:
            await finish_tie(call, row, found["day"])
            await save_tie(row)
