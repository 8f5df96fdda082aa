"""Naming: find the person whom the input of a command names by an id."""

from __future__ import annotations

from gongzhi.declare.entity import key_of
from gongzhi.runtime.commands import Call

from .models import PersonRow
from .types import Person


async def find_nameable(call: Call, id: str, permission: str, *path: str) -> PersonRow:
    """Find somebody whom the caller sees, or who lives where they hold the permission; the row is locked.

    Whoever runs a programme need not see people's files to name somebody for it. Whose data are restricted is named
    by nobody who does not see them. Raises Refusal NOT_FOUND at the path for everybody else.
    """
    key = key_of(Person)(id)
    # Looked up without the rule: to name somebody takes no right to see them.
    row = await PersonRow.get_or_none(id=key, restricted_at=None, erased_at=None) if key else None
    found: PersonRow = await call.find(Person, *path, shown=row is not None and call.may(permission, row), id=key)
    return found
