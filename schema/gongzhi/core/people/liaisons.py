"""Liaisons: where somebody begins or ends to keep in touch with a household, whoever arranged it."""

from __future__ import annotations

from uuid import UUID

from tortoise.expressions import F

from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call

from .models import HouseholdRow, LiaisonRow, Line


async def begin_liaison(call: Call, household: UUID, person: UUID, line: Line) -> LiaisonRow:
    """Put somebody in the place of whoever kept in touch with a household until today."""
    await LiaisonRow.filter(household_id=household, until=None).update(until=today(call))
    liaison = await LiaisonRow.create(household_id=household, person_id=person, line=line, since=today(call))
    # The helper is shown with the household, so its version grows.
    await HouseholdRow.filter(id=household).update(version=F("version") + 1)
    return liaison


async def finish_liaison(call: Call, liaison: UUID) -> None:
    """End somebody's keeping in touch with a household today, if it has not ended."""
    found = await LiaisonRow.get(id=liaison)
    await LiaisonRow.filter(id=liaison, until=None).update(until=today(call))
    await HouseholdRow.filter(id=found.household_id).update(version=F("version") + 1)


HELPED = """
select exists(
    select from people.liaison l join people.membership m on m.household_id=l.household_id
    join people.person p on p.id=m.person_id
    where l.person_id=$1 and m.person_id=$2 and p.restricted_at is null and p.erased_at is null
    and (l.until is null or l.until>$3) and (m.until is null or m.until>$3)
) as helped
"""


async def is_helper_of(call: Call, person: UUID | None) -> bool:
    """Return whether the caller is the named helper of the household that somebody belongs to, by whichever line.

    Whoever had their data restricted is nobody's to help by this.
    """
    mine = call.viewer.account.person
    if mine is None or person is None:
        return False
    [row] = await call.fetch(HELPED, mine, person, today(call))
    return bool(row["helped"])
