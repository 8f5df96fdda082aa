"""Rules: who may appoint whom; who may not appoint hands on what they hold, there and as long as they hold it."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import PersonRow
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.viewer import ViewerGrant
from gongzhi.runtime.checks import check_text, invalid_input
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Refusal

from .models import AccountRow, GrantRow

INVITE = "accounts.invite_residents"
EDIT = "accounts.edit"
CONFIRM = "accounts.confirm"
APPOINT = "accounts.appoint"
GRANT = "accounts.grant"
LENGTH = SHORTEST, LONGEST = 2, 64
"""How many characters an account's name has."""
CONSOLE = "console"
"""Whoever runs the deployment, at the command line."""
RESERVED = {"stranger", CONSOLE}


@dataclass(frozen=True)
class GrantPlace:
    """Where a role is held: in a grid and below, for a unit at home in the grid, or (with neither) everywhere."""

    grid: GridRow | None = None
    unit: int | None = None

    def within(self, grant: ViewerGrant) -> bool:
        """Return whether the grant reaches as far as this."""
        if grant.everywhere or (grant.unit is not None and grant.unit == self.unit):
            return True
        # A grant reaches every grid that has the grant's own among its ancestors.
        return grant.kind is not None and getattr(self.grid, f"{grant.kind.lower()}_id", None) == grant.grid

    def contains(self, other: GrantPlace) -> bool:
        """Return whether what is held here reaches as far as the other place."""
        if self.unit is not None:
            return self.unit == other.unit
        if self.grid is None:
            return True
        return getattr(other.grid, f"{self.grid.kind.lower()}_id", None) == self.grid.id


async def place_of(grant: GrantRow) -> GrantPlace:
    """Return where a grant is held."""
    # A role for a unit is held where the unit is at home.
    if grant.unit_id is not None:
        unit = await UnitRow.get(id=grant.unit_id)
        return GrantPlace(await GridRow.get(id=unit.grid_id), unit.id)
    return GrantPlace(await GridRow.get(id=grant.grid_id) if grant.grid_id is not None else None)


def covers_permissions(call: Call, permissions: Collection[str], place: GrantPlace, until: datetime | None) -> bool:
    """Return whether the caller holds all of these, there, and for as long."""
    # Each permission may be held by another grant.
    return all(
        any(grant_reaches(one, name, place, until) for one in call.viewer.account.grants) for name in permissions
    )


def holds_over_place(call: Call, permission: str, place: GrantPlace) -> bool:
    """Return whether the caller holds the permission there now, for however long."""
    return any(permission in one.permissions and place.within(one) for one in call.viewer.account.grants)


def grant_reaches(grant: ViewerGrant, permission: str, place: GrantPlace, until: datetime | None) -> bool:
    # Who holds something until a day gives nothing that lasts longer.
    lasts = grant.until is None or (until is not None and until <= grant.until)
    return permission in grant.permissions and lasts and place.within(grant)


def can_give_role(call: Call, role: str, place: GrantPlace, until: datetime | None) -> bool:
    """Return whether the caller may give the role there: they hold all of it, or they appoint."""
    return covers_permissions(call, {GRANT, *role_permissions(call, role)}, place, until) or covers_permissions(
        call, [APPOINT], place, until
    )


def gives_alone(call: Call, role: str) -> bool:
    """Return whether the caller gives the role without a second person."""
    return author_of(call) == CONSOLE or not is_guarded(call, role)


def is_guarded(call: Call, role: str) -> bool:
    """Return whether nobody gives the role alone."""
    return not role_permissions(call, role).isdisjoint(call.context.guarded)


async def load_live_grants(call: Call, account: AccountRow) -> list[GrantRow]:
    """Return the account's grants that are not over: in force, still to come, or waiting for a second person."""
    rows = await GrantRow.filter(account=account)
    # What ends where it begins was stopped or taken back before it counted.
    return [row for row in rows if row.until is None or row.until > max(row.since, call.now)]


async def holds_guarded(call: Call, account: AccountRow) -> bool:
    """Return whether the account has, or is about to have, a role that nobody gives alone."""
    return any(is_guarded(call, grant.role) for grant in await load_live_grants(call, account))


async def has_held_guarded(call: Call, account: AccountRow) -> bool:
    """Return whether the account has, had, or is about to have a role that nobody gives alone."""
    # Whatever became of it since; what was never confirmed does not count.
    given = await GrantRow.filter(account=account, proposed_at=None)
    return any(is_guarded(call, grant.role) for grant in given) or await holds_guarded(call, account)


async def takes_two_to_enter(call: Call, account: AccountRow) -> bool:
    """Return whether one person alone must not make credentials for the account: they could sign in as its owner.

    So it is for residents, whose own matters lie behind it, and for whoever holds what nobody gives alone. Who held it
    counts as well: whoever ended the role could walk in, wait until it is given back, and have it.
    """
    return author_of(call) != CONSOLE and (account.person_id is not None or await has_held_guarded(call, account))


async def may_confirm(call: Call, place: GrantPlace) -> bool:
    """Return whether the caller has been in an office that confirms guarded roles there for longer than the term.

    What the command line gave counts at once: whoever has it has the database, and a county must begin somehow. So
    does a token for trying things out, which exists in development alone.
    """
    if not holds_over_place(call, CONFIRM, place):
        return False
    if call.viewer.account.id is None:
        return True
    limit = call.now - timedelta(days=call.context.bounds.appointed)
    for grant in await GrantRow.filter(account_id=call.viewer.account.id, proposed_at=None, since__lte=call.now):
        ended = grant.until is not None and grant.until <= call.now
        # From when it was given, if that is later: a beginning in the past makes nobody a second person.
        old = grant.granted_by == CONSOLE or max(grant.since, grant.granted_at or grant.since) <= limit
        if (
            not ended
            and old
            and CONFIRM in role_permissions(call, grant.role)
            and (await place_of(grant)).contains(place)
        ):
            return True
    return False


async def outranks_account(call: Call, account: AccountRow, only: Collection[str] | None = None) -> bool:
    """Return whether the caller holds all that the account was granted (or of that, `only` these), wherever it was.

    What residents hold by being residents, by the core or by a plugin, puts them above nobody.
    """
    for grant in await GrantRow.filter(account=account):
        # Roles that are over, and those of residents, put nobody above anybody.
        if (grant.until is not None and grant.until <= call.now) or grant.role in call.context.civic:
            continue
        held = role_permissions(call, grant.role)
        wanted = held if only is None else held & set(only)
        if not covers_permissions(call, wanted, await place_of(grant), grant.until):
            return False
    return True


async def can_appoint(call: Call, account: AccountRow) -> bool:
    """Return whether the caller could give the account, alone, all that it was granted."""
    for grant in await GrantRow.filter(account=account):
        if grant.until is not None and grant.until <= call.now:
            continue
        if not (gives_alone(call, grant.role) and can_give_role(call, grant.role, await place_of(grant), grant.until)):
            return False
    return True


async def can_vouch(call: Call, account: AccountRow) -> bool:
    """Return whether the caller may say who somebody is: who signs in as a person sees what is that person's own."""
    return account.person_id is None or call.may(INVITE, await PersonRow.get(id=account.person_id))


async def granted_permissions(call: Call, account: AccountRow) -> set[str]:
    """Return every permission the account holds somewhere now."""
    rows = await GrantRow.filter(account=account, since__lte=call.now, proposed_at=None)
    held = [row for row in rows if row.until is None or row.until > call.now]
    return {name for row in held for name in role_permissions(call, row.role)}


def role_permissions(call: Call, role: str) -> frozenset[str]:
    """Return what a role may; nothing, if its plugin is gone."""
    try:
        return call.context.held(role)
    except KeyError:
        return frozenset()


def is_own_account(call: Call, account: AccountRow) -> bool:
    """Return whether it is the account that asks."""
    return account.name == call.viewer.account.name


def require_signed_in(call: Call) -> None:
    """Refuse an API key what only whoever signed in may do: handing out credentials."""
    if call.viewer.account.api_key is not None:
        raise Refusal(
            "FORBIDDEN", "Sign in for this; an API key does not do it.", "请登录后操作，接口密钥不能用于此操作。"
        )


def author_of(call: Call) -> str:
    """Return whose act it is recorded as."""
    return call.viewer.account.name or ""


def account_name(given: str, *path: str) -> str:
    """Return the name in the one form it is kept and looked up in. Raises Refusal for what cannot be one."""
    name = canonical_name(check_text(given, LONGEST, *path))
    if len(name) < SHORTEST or not all(sign.isalnum() or sign in "._-" for sign in name) or name in RESERVED:
        raise invalid_input(
            f"An account's name has {SHORTEST} to {LONGEST} letters, digits, dots, hyphens and underscores.",
            f"账户名由 {SHORTEST} 至 {LONGEST} 个字母、汉字、数字、点、连字符或下划线组成。",
            *path,
        )
    return name


def canonical_name(name: str) -> str:
    """Return the one form of a name: no difference of case or width makes two."""
    # Twice: folding the case of a letter may give one that NFKC changes.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
