"""Look-ups: what an input names. Whoever keeps an organisation need not see people's files to name somebody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from gongzhi.core.people.models import HouseholdRow, MembershipRow, PersonRow
from gongzhi.core.people.naming import find_nameable
from gongzhi.core.people.types import Household, Person
from gongzhi.declare.entity import key_of
from gongzhi.declare.located import LEVELS
from gongzhi.runtime.checks import not_found
from gongzhi.runtime.commands import Call, not_allowed


async def find_resident(call: Call, id: str, permission: str, *path: str) -> PersonRow:
    """Return somebody who lives where the caller holds the permission, or whom the caller may see."""
    return await find_nameable(call, id, permission, *path)


async def find_home(call: Call, id: str, permission: str, *path: str) -> HouseholdRow:
    """Return a household where the caller holds the permission, or that the caller may see."""
    row: HouseholdRow = await find_within(call, Household, id, permission, *path)
    return row


async def find_within(call: Call, cls: type, id: str, permission: str, *path: str) -> Any:
    """Return the row, locked. What lies elsewhere is not told from what is not there."""
    key = key_of(cls)(id)
    row = await cls.__entity__.model.get_or_none(id=key) if key else None  # type: ignore[attr-defined]
    # One look-up for both answers: who is elsewhere and who is not there are refused in the same words.
    return await call.find(cls, *path, shown=row is not None and call.may(permission, row), id=key)


async def find_permitted(call: Call, cls: type, id: str, permission: str, *path: str) -> Any:
    """Return a located row, locked, where the caller holds the permission."""
    row = await call.find(cls, *path, id=key_of(cls)(id))
    if not call.may(permission, row):
        raise not_allowed(path[0])
    return row


def require_person(call: Call) -> UUID:
    """Return the person who asks. Raises Refusal for an account that belongs to nobody."""
    person = call.viewer.account.person
    if person is None:
        raise not_found("Sign in as the person it is about.", "请以本人身份登录。")
    return person


async def load_own_person(call: Call) -> PersonRow:
    """Return the file of the person who asks, locked. Raises Refusal, too, where they live and the plugin is off."""
    row: PersonRow = await call.find(Person, id=require_person(call))
    return row


async def lives_in(person: UUID | None, household: UUID) -> bool:
    """Tell whether somebody belongs to a household now."""
    return person is not None and await MembershipRow.exists(household_id=household, person_id=person, until=None)


def lives_in_grid(person: PersonRow, grid: int) -> bool:
    """Tell whether somebody lives in a grid or below it."""
    # By the columns that the database filled in, so this costs no statement.
    return grid in {person.grid_id, *(getattr(person, level) for level in LEVELS)}
