"""Viewer: who asks, and what they may."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol
from uuid import UUID

from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Term

from gongzhi.declare.sql import Alternatives
from gongzhi.values.codes import Kind
from gongzhi.values.errors import Language


@dataclass(frozen=True)
class ViewerGrant:
    """Permissions held in the subtree of a grid, for a unit, or (with neither) everywhere."""

    role: str
    permissions: frozenset[str]
    # With the grid, so that rules name the ancestor column without looking the grid up.
    kind: Kind | None = None
    grid: int | None = None
    unit: int | None = None
    until: datetime | None = None
    """When it ends, if that is known already."""

    @property
    def everywhere(self) -> bool:
        return self.grid is None and self.unit is None


def narrow_grants(
    grants: Iterable[ViewerGrant], keep: Callable[[ViewerGrant], ViewerGrant | None]
) -> tuple[ViewerGrant, ...]:
    """Return what is left of somebody's grants. Whoever works for a unit goes on to, but with no permission for it.

    Rules keep people from what is held against their own unit by asking for whom they work (`ViewerScope.units`), so a
    viewer with fewer grants would see more. Whatever builds a viewer from a part of an account's grants does it here.
    """
    left: list[ViewerGrant] = []
    bars: list[ViewerGrant] = []
    for grant in grants:
        kept = keep(grant)
        if kept is not None:
            left.append(kept)
        # A grant without permissions still says for which unit they work.
        if grant.unit is not None and (kept is None or kept.unit != grant.unit):
            bars.append(replace(grant, permissions=frozenset()))
    return (*left, *bars)


@dataclass(frozen=True)
class ViewerAccount:
    """Who signed in, and what they were granted. One object serves as long as the token does."""

    name: str | None = None
    person: UUID | None = None
    grants: tuple[ViewerGrant, ...] = ()
    expires: datetime | None = None
    """When whoever is connected must sign in again."""
    id: UUID | None = None
    """Its key in the table of accounts; None for a stranger, and for a token to try things out with."""
    api_key: UUID | None = None
    """The API key that was shown, if it was one."""
    # Neither shown nor compared: it must not get into a log by way of a repr, and says nothing of who it is.
    credential: object = field(default=None, repr=False, compare=False)
    """What the server knows them by."""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """From where the key counts; none: from everywhere."""
    owes_factor: bool = False
    """Whether all rights are withheld until the account has a second factor."""

    @cached_property
    def granted(self) -> frozenset[str]:
        """Every permission held somewhere."""
        return frozenset().union(*(grant.permissions for grant in self.grants))

    @cached_property
    def answers(self) -> dict[Hashable, Hashable]:
        """What the server has asked of this account before."""
        return {}


@dataclass(frozen=True)
class Viewer:
    """One caller of the API at one moment. `now` is the contract's clock: nothing else tells the time."""

    account: ViewerAccount
    now: datetime
    language: Language = "en"
    purpose: str | None = None
    """What the operation is for, if the caller says; it is told to the people whose files are looked at."""
    glass: UUID | None = None
    """The broken glass they look through, if they say so (`gongzhi.core.access`)."""

    def can(self, permission: str) -> bool:
        return permission in self.account.granted

    @property
    def role(self) -> str | None:
        """The role an act is recorded under."""
        grants = self.account.grants
        return grants[0].role if grants else None


class ViewerScope(Protocol):
    """The viewer as a statement sees it.

    What `can`, `known` and `within` answer decides the statement's text, so it becomes part of the key the
    statement is kept under. The other attributes are parameters, bound when the statement runs.
    """

    @property
    def now(self) -> Term:
        """The moment of the operation, a timestamptz."""

    @property
    def today(self) -> Term:
        """Its day in China, a date."""

    @property
    def person(self) -> Term:
        """The person the account belongs to, a uuid; null for one that belongs to nobody."""

    @property
    def account(self) -> Term:
        """The account's name, a text."""

    def can(self, permission: str) -> bool:
        """Return whether the viewer holds the permission anywhere."""

    @property
    def glass(self) -> Term:
        """The key of the glass the viewer broke, a uuid."""

    def broken(self) -> bool:
        """Return whether the viewer looks through a broken glass."""

    def covers(self, wider: str, permission: str) -> bool:
        """Return whether the viewer holds `wider` wherever they hold `permission`."""

    def known(self) -> bool:
        """Return whether the account belongs to a person."""

    def within(self, table: Table, permission: str) -> Alternatives:
        """Return the located rows in the grids in which the viewer holds the permission."""

    def units(self, permission: str | None = None) -> list[Term]:
        """Return the keys of the units for which the viewer holds the permission; without one, anything."""
