"""Watching: what is not corrected in time is found by the clock, and no case of an open hazard ends beside it."""

from __future__ import annotations

from datetime import timedelta

from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.runtime.reactions import Happening, Phase, reaction
from gongzhi.values.errors import Refusal

from . import telling
from .events import HazardOverdue
from .hazards import lock_case, publish_change
from .models import HazardRow, HazardState

BATCH = 200
LATE = """
select h.id, h.case_id from safety.hazard h where h.county_id=any($1::int[]) and h.state='OPEN' and h.due_at<=$2
and (h.overdue_at is null or h.overdue_at<h.due_at) order by h.case_id, h.id limit $3
"""


@job("safety.watch", every=timedelta(minutes=15))
async def watch_hazards(call: Call, run: JobRun) -> None:
    """Tell of hazards that are late, once for each deadline; what is more waits for the next run."""
    for found in await call.fetch(LATE, list(run.counties), call.now, BATCH):
        # The case before the hazard, and cases in the order of their keys, as everybody locks them.
        case = await lock_case(found["case_id"])
        # What somebody has in hand is left to the next run, so that nobody waits for the other in a ring.
        row = await HazardRow.select_for_update(skip_locked=True, no_key=True).get_or_none(id=found["id"])
        # Corrected or extended since it was found.
        if row is None or row.state is not HazardState.OPEN or row.due_at > call.now:
            continue
        async with call.attempt(f"SafetyHazard:{row.id}"):
            await note_overdue(call, case, row)


async def note_overdue(call: Call, case: CaseRow | None, row: HazardRow) -> None:
    """Note that a hazard is late, and tell of it."""
    # Later than the deadline that it missed, so that only another one is told again.
    row.overdue_at = call.now
    row.version += 1
    await row.save()
    await publish_change(call, case, row, HazardOverdue(hazard=row.id))
    await telling.tell_overdue(call, row)


@reaction("safety.guard", machine.REPLY.event, machine.SUSPEND.event, machine.VOID.event, phase=Phase.CHECK)
async def guard_case(call: Call, happening: Happening) -> None:
    """Refuse to end or to rest the case of an open hazard: the hazard is closed, and the case follows."""
    # One statement by the key of the case, and on these steps alone: every case takes it.
    asked = "select from safety.hazard where case_id=$1 and closed_at is null"
    if await call.fetch(asked, happening.row.id):
        raise Refusal(
            "HAZARD_OPEN",
            "The case is a major hazard: close that, by proof and two persons.",
            "该诉求为重大隐患，请在隐患中凭复查照片经两人确认销号。",
            ("number",),
        )
