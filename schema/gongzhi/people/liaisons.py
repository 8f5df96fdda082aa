"""Liaisons: who keeps in touch with a household begins and ends here, whoever arranged it."""

from __future__ import annotations

from uuid import UUID

from tortoise.expressions import F

from ..checks import today
from ..commands import Call
from .models import HouseholdRow, LiaisonRow, Line


async def begin_liaison(call: Call, household: UUID, person: UUID, line: Line) -> LiaisonRow:
    """Put somebody in the place of whoever kept in touch with a household until today."""
    await LiaisonRow.filter(household_id=household, until=None).update(until=today(call))
    liaison = await LiaisonRow.create(household_id=household, person_id=person, line=line, since=today(call))
    await HouseholdRow.filter(id=household).update(version=F("version") + 1)
    return liaison


async def finish_liaison(call: Call, liaison: UUID) -> None:
    """End somebody's keeping in touch with a household today, if it has not ended."""
    found = await LiaisonRow.get(id=liaison)
    await LiaisonRow.filter(id=liaison, until=None).update(until=today(call))
    await HouseholdRow.filter(id=found.household_id).update(version=F("version") + 1)
