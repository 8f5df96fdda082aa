"""Rules: who may read what is written of looks, in one place."""

from __future__ import annotations

from gongzhi.core.access.rules import OVERSEE
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table


def visible_own_looks(look: Table, viewer: ViewerScope) -> Alternatives:
    """Return the looks at one's own file."""
    # An index on arrays of people finds those that contain one.
    return [Sql("{0} @> array[{1}]", look.persons, viewer.person)] if viewer.known() else []


def visible_own_acts(act: Table, viewer: ViewerScope) -> Alternatives:
    """Return what was done to oneself."""
    return [Sql("{0} @> array[{1}]", act.persons, viewer.person)] if viewer.known() else []


def visible_looks(look: Table, viewer: ViewerScope) -> Alternatives:
    """Return one's own looks, those at files of people one watches over, and those in vain for such grids."""
    areas = viewer.within(Table("person", schema="people", alias="watched"), OVERSEE)
    offices = viewer.within(Table("grid", schema="grids", alias="office"), OVERSEE)
    # None means everywhere: whoever watches over everything reads every look.
    if areas is None or offices is None:
        return None
    text = "exists(select from people.person watched where watched.id=any({0}) and {1})"
    # A look that found nobody lies in no person's grid, but in the one that was searched.
    in_vain = "{0}='{{}}' and exists(select from grids.grid office where office.id={1} and {2})"
    return [
        Sql("{0}={1}", look.account, viewer.account),
        *(Sql(text, look.persons, area) for area in areas),
        *(Sql(in_vain, look.persons, look.grid_id, place) for place in offices),
    ]


def visible_alerts(alert: Table, viewer: ViewerScope) -> Alternatives:
    """Return alerts about the files of people one watches over."""
    return viewer.within(alert, OVERSEE)


def visible_glasses(glass: Table, viewer: ViewerScope) -> Alternatives:
    """Return the glasses that one broke oneself."""
    return [Sql("{0}={1}", glass.account, viewer.account)]
