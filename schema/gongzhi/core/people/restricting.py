"""Restriction: people whose data ordinary staff no longer see, at their own request (PIPL 44)."""

from __future__ import annotations

from uuid import UUID

from gongzhi.runtime.commands import Call

from .models import PersonRow


async def restrict_person(call: Call, person: UUID) -> None:
    """Hide a person from ordinary staff from now on, if they are not hidden already."""
    await PersonRow.filter(id=person, restricted_at=None).update(restricted_at=call.now)


async def unrestrict_person(person: PersonRow) -> None:
    """Let staff see a person again, whose row is locked."""
    person.restricted_at, person.version = None, person.version + 1
    await person.save(update_fields=["restricted_at", "version"])
