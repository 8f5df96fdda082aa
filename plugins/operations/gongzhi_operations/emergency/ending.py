"""Ending: the end of an emergency, by its time or by hand, and the report that is made of the events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.codes import Kind

from .events import Ended
from .models import EmergencyRow, EmergencyState
from .notices import notify_staff

FEW = 5
"""Fewer than so many are told to nobody: somebody could be recognised."""
WAIT = timedelta(days=1)
"""How long a second person has to confirm."""
# By the columns of grids that each event carries, and without tip-offs.
HAPPENED = (
    "select o.type, count(*) as count from events.outbox o left join cases.case c on c.id = o.case_id "
    "where o.at >= $1 and o.at < $2 and o.{level} = $3 and c.series is distinct from 'SEALED' "
    "group by o.type order by o.type"
)
USED = (
    "select power, command, count(*) as count from emergency.mark where emergency_id = $1 "
    "group by power, command order by power, command"
)
# `skip locked`: what somebody is deciding on at this moment is looked at again in a minute.
OVER = (
    "select id from emergency.emergency where state = 'ACTIVE' and ends_at <= $1 "
    "or state = 'PENDING' and (ends_at <= $1 or declared_at <= $2) order by id limit 100 for update skip locked"
)


# Powers ask the clock themselves; the job only notes the end, reports and tells.
@job("emergency.end", every=timedelta(minutes=1))
async def end_due_emergencies(call: Call, run: JobRun) -> None:
    """End what has come to its end, and let lapse what nobody confirmed."""
    rows = await call.fetch(OVER, call.now, call.now - WAIT)
    for emergency in await EmergencyRow.filter(id__in=[row["id"] for row in rows]).order_by("id"):
        if emergency.state == EmergencyState.ACTIVE:
            # At the time it was to end, not at the time of the job.
            await finish_emergency(call, emergency, emergency.ends_at, None)
        else:
            emergency.state, emergency.version = EmergencyState.LAPSED, emergency.version + 1
            await emergency.save()


async def finish_emergency(call: Call, emergency: EmergencyRow, at: datetime, account: str | None) -> None:
    """End an emergency, and publish the report of what was done with its powers."""
    emergency.state, emergency.ended_at, emergency.ended_by = EmergencyState.ENDED, at, account
    # Kept as it was made: a report that is counted anew later would find events gone that are forgotten by their term.
    emergency.report = await build_report(call, emergency, at)
    emergency.version += 1
    await emergency.save()
    call.publish(Ended(emergency.id), emergency)
    await notify_staff(call, emergency, "emergency.ended")


async def build_report(call: Call, emergency: EmergencyRow, until: datetime) -> dict[str, Any]:
    """Return what happened in the area in that time, by type, and how often each power was used.

    Of what happened, small numbers are null, and tip-offs are left out."""
    # The column of the grid's own level has the index.
    kind: Kind = (await GridRow.get(id=emergency.grid_id)).kind
    # From a fixed list of kinds, never from a caller: names of columns cannot be bound as values.
    happened = HAPPENED.format(level=f"{kind.lower()}_id")
    events = await call.fetch(happened, emergency.starts_at, until, emergency.grid_id)
    used = await call.fetch(USED, emergency.id)
    return sum_report(emergency.starts_at, until, events, used)


def sum_report(
    since: datetime, until: datetime, events: Sequence[Mapping[str, Any]], used: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the report of what happened (`type`, `count`) and of what was done by powers."""
    return {
        "from": since.isoformat(),
        "to": until.isoformat(),
        "fewest": FEW,
        "events": [{"type": row["type"], "count": visible_count(row["count"])} for row in events],
        # Uses of a power are told exactly: they are acts of offices and not of people.
        "powers": [dict(row) for row in used],
    }


def visible_count(count: int) -> int | None:
    return count if count >= FEW else None
