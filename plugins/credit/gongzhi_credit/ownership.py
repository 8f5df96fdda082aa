"""Person lock: what somebody may have one of at a time."""

from __future__ import annotations

from uuid import UUID

from gongzhi.core.people.models import PersonRow


async def lock_person(id: UUID) -> None:
    """Lock somebody for what they may have one of at a time: of two requests at once the second sees the first."""
    await PersonRow.filter(id=id).select_for_update(no_key=True)
