"""Who may read what is written of looks, in one place."""

from __future__ import annotations

from pypika_tortoise.queries import Table

from ..people.rules import OVERSEE
from ..sql import Alternatives, Sql
from ..viewer import Lens

REVEAL = "people.reveal"
FIND = "people.find"
BREAK_GLASS = "people.break_glass"


def told(look: Table, viewer: Lens) -> Alternatives:
    """Looks at one's own file."""
    return [Sql("{0} @> array[{1}]", look.persons, viewer.person)] if viewer.known() else []


def looks(look: Table, viewer: Lens) -> Alternatives:
    """One's own looks, and those at the files of people one watches over."""
    person = Table("person", schema="people", alias="watched")
    areas = viewer.within(person, OVERSEE)
    if areas is None:
        return None
    text = "exists(select from people.person watched where watched.id=any({0}) and {1})"
    return [Sql("{0}={1}", look.account, viewer.account), *(Sql(text, look.persons, area) for area in areas)]


def alerts(alert: Table, viewer: Lens) -> Alternatives:
    """Those about the files of people one watches over."""
    return viewer.within(alert, OVERSEE)


def glasses(glass: Table, viewer: Lens) -> Alternatives:
    """Those that one broke oneself."""
    return [Sql("{0}={1}", glass.account, viewer.account)]
