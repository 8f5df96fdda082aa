"""Escalation: of units that do not come in time the level above is told, once, and it stays on record."""

from __future__ import annotations

from datetime import timedelta

from gongzhi.core.units.models import UnitRow
from gongzhi.declare.events import Code
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job

from .events import Escalated
from .models import SummonsRow, WhistleRow
from .notices import notify_called

MOST = 200
# `skip locked`: a unit that checks in at this moment is not late a moment later.
LATE = (
    "select s.id from whistles.summons s join whistles.whistle w on w.id = s.whistle_id "
    "where s.checked_in_at is null and s.escalated_at is null and s.due_at <= $1 and w.state = 'CALLED' "
    "order by s.due_at, s.id limit $2 for update of s skip locked"
)


# Every minute: an emergency call may give half an hour.
@job("whistles.escalate", every=timedelta(minutes=1))
async def escalate_late_units(call: Call, run: JobRun) -> None:
    """Notify the dispatchers of the town and the county, and what the unit is a part of."""
    rows = await call.fetch(LATE, call.now, MOST)
    for summons in await SummonsRow.filter(id__in=[row["id"] for row in rows]).order_by("due_at", "id"):
        whistle, unit = await WhistleRow.get(id=summons.whistle_id), await UnitRow.get(id=summons.unit_id)
        above = [unit.parent_id] if unit.parent_id else []
        await notify_called(
            call, whistle, "whistle.escalated", units=above, offices=[whistle.town_id, whistle.county_id]
        )
        call.publish(Escalated(whistle.id, Code(unit.code)), whistle)
        # In the same transaction as the notices, so each is told once.
        summons.escalated_at = call.now
        await summons.save(update_fields=["escalated_at"])
