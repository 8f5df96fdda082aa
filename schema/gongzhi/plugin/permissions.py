"""Permissions: those and the roles that the core and plugins declare, as data."""

from __future__ import annotations

from dataclasses import dataclass

from gongzhi.values.errors import Text


@dataclass(frozen=True)
class Permission:
    """Something an account may be granted. Names read `plugin.verb_noun`, of a package of the core as well."""

    name: str
    description: str
    roles: frozenset[str] = frozenset()
    """The stock roles that hold it."""
    guarded: bool = False
    """Nobody gives a role that has it alone: a second person confirms it."""
    names_people: bool = False
    """Its mutations take people's ids, so whoever holds it may look people up by name (`findPeopleToName`)."""


@dataclass(frozen=True)
class Role:
    """A bundle of permissions that an office needs."""

    name: str
    chinese: str
    description: str
    civic: bool = False
    """Residents hold it, in matters of their village. It puts them above nobody: a worker renews their password."""

    @property
    def label(self) -> Text:
        """What people call it."""
        return Text(self.name.replace("_", " "), self.chinese)


def permission(name: str, description: str, *roles: Role, guarded: bool = False) -> Permission:
    """Declare a permission that these roles hold."""
    return Permission(name, description, frozenset(role.name for role in roles), guarded)
