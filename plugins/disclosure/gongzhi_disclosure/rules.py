"""Rules: who may read what is written of looks, in one place."""

from __future__ import annotations

from gongzhi.core.access.rules import OVERSEE
from gongzhi.declare.sql import Alternatives, Sql, bind
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table

AUDIT = "disclosure.audit"
"""Lets one read what was done, by whom and on what; of it no values are kept."""


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


OFFICIAL = """(({role} is null or not {role}=any({civic})) and not exists(
  select from cases.case c where c.kind='TIP_OFF' and c.id=any(array(
    select substr(one, 6)::uuid from unnest({objects}) one where one ~ '^Case:[0-9a-f-]{{36}}$'))))"""
"""What was done in an office or on the console. Whoever reported misconduct is not found by their acts."""


def visible_acts(act: Table, viewer: ViewerScope) -> Alternatives:
    """Return what was done in offices of grids, and for units at home there, whose audit the viewer follows."""
    office = Table("grid", schema="grids", alias="office")
    areas = viewer.within(office, AUDIT)
    civic = bind(lambda variables, context: list(context.civic), "text[]")
    official = Sql(OFFICIAL, role=act.role, civic=civic, objects=act.objects)
    if areas is None:
        return [official]
    text = (
        "{0} and exists(select from grids.grid office where {1} and office.id="
        "coalesce({2},(select u.grid_id from units.unit u where u.id={3})))"
    )
    return [Sql(text, official, area, act.grid_id, act.unit_id) for area in areas]


def visible_alerts(alert: Table, viewer: ViewerScope) -> Alternatives:
    """Return alerts about the files of people one watches over."""
    return viewer.within(alert, OVERSEE)


def visible_glasses(glass: Table, viewer: ViewerScope) -> Alternatives:
    """Return the glasses that one broke oneself."""
    return [Sql("{0}={1}", glass.account, viewer.account)]
