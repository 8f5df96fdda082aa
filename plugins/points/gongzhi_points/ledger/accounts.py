"""Accounts: opening them on first use, and finding those that a caller may spend from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from gongzhi.core.people.models import HouseholdRow, MembershipRow, PersonRow
from gongzhi.runtime.checks import CHINA, not_found
from gongzhi.runtime.commands import Call
from tortoise.expressions import Q
from uuid6 import uuid7

from ..models import AccountKind, AccountRow
from .posting import LedgerCall

# Raw SQL for `on conflict do nothing`: two transactions may open the same account at once. The partial unique indexes
# on the holder decide, and whoever loses reads the row of whoever won.
OPENED = """
insert into points.account (id, programme_id, kind, person_id, household_id, merchant_id, grid_id, opened_at,
 balance, held) values ($1,$2,$3,$4,$5,$6,$7,$8,0,0) on conflict do nothing
"""
# `is not distinct from`, because two of the three holders are null, and null equals nothing.
FOUND = """
select id from points.account where programme_id=$1 and kind=$2 and person_id is not distinct from $3
and household_id is not distinct from $4 and merchant_id is not distinct from $5
"""


async def open_account(desk: LedgerCall, programme: UUID, kind: AccountKind, grid: int, **holder: Any) -> UUID:
    """Return the account of this kind, opened if need be; `holder` is a person's, household's or merchant's key."""
    owner = [holder.get(name) for name in ("person", "household", "merchant")]
    found = await desk.fetch(FOUND, programme, kind.value, *owner)
    # Read first, for nearly every call finds an account; read again, for an insert that conflicts returns no key.
    if not found:
        await desk.fetch(OPENED, uuid7(), programme, kind.value, *owner, grid, desk.now)
        found = await desk.fetch(FOUND, programme, kind.value, *owner)
    key: UUID = found[0]["id"]
    return key


async def find_issuer_account(desk: LedgerCall, programme: UUID) -> UUID:
    """Return the account that a programme's points come from."""
    [found] = await desk.fetch("select id from points.account where programme_id=$1 and kind='ISSUER'", programme)
    key: UUID = found["id"]
    return key


async def find_household(call: LedgerCall, person: UUID) -> UUID | None:
    """Return the household somebody belongs to now, by the calendar of China; None if there is none."""
    present = Q(until=None) | Q(until__gt=call.now.astimezone(CHINA).date())
    found = await MembershipRow.filter(present, person_id=person).first()
    return found.household_id if found else None


async def find_holder_account(desk: LedgerCall, programme: UUID, kind: AccountKind, person: PersonRow) -> UUID:
    """Return the account that a rule for persons or households gives to. Raises Refusal without a household."""
    if kind is AccountKind.PERSON:
        return await open_account(desk, programme, kind, person.grid_id, person=person.id)
    household = await find_household(desk, person.id)
    if household is None:
        raise not_found("There is no household this could be given to.", "没有可受益的家庭户。", "rule")
    return await open_account(desk, programme, kind, person.grid_id, household=household)


async def can_spend(call: Call, account: AccountRow) -> bool:
    """Tell whether the caller may spend from an account: their own, their household's, or a group's that they lead."""
    me = call.viewer.account.person
    if me is None:
        return False
    # A group's account has its leader as `person`, so one comparison serves persons and groups.
    return account.person_id == me or (
        account.household_id is not None and account.household_id == await find_household(call, me)
    )


async def find_holders(call: Call, account: AccountRow) -> list[UUID]:
    """Return who is told of an account: its holder or leader, or the head of its household; nobody once erased."""
    if account.person_id or account.household_id is None:
        return [account.person_id] if account.person_id else []
    heads: list[UUID | None] = await HouseholdRow.filter(id=account.household_id).values_list("head_id", flat=True)  # type: ignore[assignment]
    return [one for one in heads if one]
