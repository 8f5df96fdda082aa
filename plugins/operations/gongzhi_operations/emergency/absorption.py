"""Absorption: an emergency of a larger area takes over those that wait or hold within it."""

from __future__ import annotations

from uuid import UUID

from gongzhi.runtime.commands import Call

from .ending import build_report
from .events import Absorbed
from .models import EmergencyRow, EmergencyState
from .notices import notify_staff, tell_county

ABSORBED_MOST = 20
# The larger area first: whoever confirms holds the lock of the larger one while they wait for those within it, so any
# other order could let two transactions wait for each other. What ended meanwhile is left out once its lock is free.
OPEN = """
select id from emergency.emergency where id = any($1::uuid[]) and state in ('PENDING', 'ACTIVE') and ends_at > $2
order by num_nonnulls(county_id, town_id, village_id, grid_1_id, grid_2_id, grid_3_id), id for update
"""


async def load_absorbable(call: Call, keys: list[UUID]) -> list[EmergencyRow]:
    """Return those of these emergencies that wait or hold, locked, in the order in which they began."""
    rows = await call.fetch(OPEN, keys, call.now)
    return await EmergencyRow.filter(id__in=[row["id"] for row in rows]).order_by("starts_at", "id")


async def absorb_emergencies(call: Call, larger: EmergencyRow) -> None:
    """Take over what the larger one names. What was ended or decided in the meantime stays as it is.

    What waited needs no confirmation any more, since two persons have seen to the larger one or somebody above has.
    """
    for row in await load_absorbable(call, larger.absorbs):
        # What only waited has done nothing there could be a report of.
        held = row.state == EmergencyState.ACTIVE
        row.state, row.absorbed_by_id = EmergencyState.ABSORBED, larger.id
        row.ended_at, row.ended_by = call.now, call.viewer.account.name
        if held:
            row.report = await build_report(call, row, call.now)
        row.version += 1
        await row.save()
        call.publish(Absorbed(row.id, larger.id), row)
        # Where powers held everybody is told; of what waited only those knew who could confirm it.
        await (notify_staff if held else tell_county)(call, row, "emergency.absorbed")
