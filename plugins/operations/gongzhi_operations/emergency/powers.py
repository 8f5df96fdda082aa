"""Powers of emergencies: what they grant that is otherwise refused; every use is marked."""

from __future__ import annotations

from gongzhi.declare.located import LEVELS
from gongzhi.runtime.commands import Call
from gongzhi.runtime.waivers import WaiverRequest, grantor

from .models import EmergencyRow, EmergencyState, MarkRow

POWERS = {"whistles.approval": "EMERGENCY_WHISTLE", "dispatch.designation": "DIRECT_DISPATCH"}
"""The power that grants each waiver. Which commands each changes is in the table, for everybody to read."""


@grantor(*POWERS)
async def grant_power(call: Call, request: WaiverRequest) -> str | None:
    """Grant what an emergency gives the power for where the row lies, and mark that it was used.

    None if there is none, or it is over: an emergency ends at its time whether or not anybody has noted it.
    """
    # An emergency of a grid holds for all that lies in it, so the row's own levels are asked for.
    grids = [key for key in (getattr(request.row, level) for level in LEVELS) if key is not None]
    # By the clock and not by the state alone: a power ends on time even if the job that notes it is late.
    standing = EmergencyRow.filter(
        grid_id__in=grids, state=EmergencyState.ACTIVE, starts_at__lte=call.now, ends_at__gt=call.now
    )
    # The earliest that gives the power grants it, so a repeated look names the same one.
    for found in await standing.order_by("starts_at", "id"):
        if POWERS[request.waiver.name] in found.powers:
            # Marked here and not by the caller, so that no use goes without a mark.
            await record_mark(call, found, request)
            return f"Emergency:{found.id}"
    return None


async def record_mark(call: Call, emergency: EmergencyRow, request: WaiverRequest) -> None:
    await MarkRow.create(
        emergency=emergency,
        power=POWERS[request.waiver.name],
        command=request.waiver.mutation,
        about=request.about,
        at=call.now,
        account=call.viewer.account.name,
    )
