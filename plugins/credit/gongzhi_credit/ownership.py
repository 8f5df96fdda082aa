"""Ownership: only the person themselves, or whoever speaks for them, may act on what is theirs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from gongzhi.core.people.models import PersonRow
from gongzhi.declare.entity import key_of
from gongzhi.runtime.commands import Call, not_allowed
from gongzhi_rights.representation import require_speaker


async def load_own_row(call: Call, cls: type, id: str, *path: str) -> Any:
    """Return a row of one's own, locked. Raises Refusal for what is not there, not seen, or another's."""
    row = await call.find(cls, *path, id=key_of(cls)(id))
    person = await PersonRow.get_or_none(id=row.person_id) if row.person_id else None
    if person is None:
        # Erased people own nothing any more, and nobody acts for them.
        raise not_allowed(path[0])
    await require_speaker(call, person, path=path[0])
    return row


async def lock_person(id: UUID) -> None:
    """Lock somebody for what they may have one of at a time: of two requests at once the second sees the first."""
    await PersonRow.filter(id=id).select_for_update(no_key=True)
