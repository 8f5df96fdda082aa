"""Whether an emergency lets somebody do what is otherwise refused; whatever is done so is marked."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.located import LEVELS
from gongzhi.runtime.commands import Call

from .models import EmergencyRow, EmergencyState, MarkRow


class Power(StrEnum):
    """The powers that commands ask for. Which commands each changes is in the table, for everybody to read."""

    EMERGENCY_WHISTLE = "EMERGENCY_WHISTLE"
    DIRECT_DISPATCH = "DIRECT_DISPATCH"


async def power(call: Call, wanted: Power, row: Any, command: str, about: str) -> EmergencyRow | None:
    """The emergency that gives this power where a located row lies; its use is marked with what it was used on.

    None if there is none, or it is over: an emergency ends at its time whether or not anybody has noted it.
    """
    grids = [key for key in (getattr(row, level) for level in LEVELS) if key is not None]
    standing = EmergencyRow.filter(
        grid_id__in=grids, state=EmergencyState.ACTIVE, starts_at__lte=call.now, ends_at__gt=call.now
    )
    for found in await standing.order_by("starts_at", "id"):
        if wanted in found.powers:
            await mark(call, found, wanted, command, about)
            return found
    return None


async def mark(call: Call, emergency: EmergencyRow, used: Power, command: str, about: str) -> None:
    await MarkRow.create(
        emergency=emergency, power=used, command=command, about=about, at=call.now, account=call.viewer.account.name
    )
