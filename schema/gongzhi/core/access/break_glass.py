"""Break glass: files opened beyond one's scope in an emergency, for a short time."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from gongzhi.runtime.commands import Call

from .models import GlassRow

GLASS = "Glass:"
"""Begins the global id of an emergency access, which the schema calls a glass."""
WINDOW = timedelta(minutes=10)
"""How long such a file stays open."""


async def open_emergency_access(call: Call, person: UUID, reason: str) -> GlassRow:
    """Let the caller look at a person's file for a while. Whoever opens it tells the person and the officer."""
    return await GlassRow.create(
        account=call.viewer.account.name or "", person_id=person, reason=reason, at=call.now, until=call.now + WINDOW
    )


async def has_emergency_access(call: Call, person: UUID) -> bool:
    """Tell whether the request names an emergency access to this person that the caller has opened."""
    glass, account = call.viewer.glass, call.viewer.account.name
    return await GlassRow.exists(id=glass, account=account, person_id=person, until__gt=call.now)
