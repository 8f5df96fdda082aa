"""Powers of emergencies: what they grant that is otherwise refused; whatever is done so is marked."""

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
    grids = [key for key in (getattr(request.row, level) for level in LEVELS) if key is not None]
    standing = EmergencyRow.filter(
        grid_id__in=grids, state=EmergencyState.ACTIVE, starts_at__lte=call.now, ends_at__gt=call.now
    )
    for found in await standing.order_by("starts_at", "id"):
        if POWERS[request.waiver.name] in found.powers:
            await mark(call, found, request)
            return f"Emergency:{found.id}"
    return None


async def mark(call: Call, emergency: EmergencyRow, request: WaiverRequest) -> None:
    await MarkRow.create(
        emergency=emergency,
        power=POWERS[request.waiver.name],
        command=request.waiver.mutation,
        about=request.about,
        at=call.now,
        account=call.viewer.account.name,
    )
