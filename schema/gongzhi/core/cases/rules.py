"""Rules: who may see cases, in one place."""

from __future__ import annotations

from collections.abc import Callable

from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion, Term

from gongzhi.core.units.rules import spares_unit
from gongzhi.declare.sql import Alternatives, ReachedTable, Sql, any_of, narrow_rows, widen_rows
from gongzhi.declare.viewer import ViewerScope

VIEW = "cases.view"
SEALED = "cases.view_sealed"
NOTES = "cases.view_notes"
HANDLE = "cases.handle"
WORK = ("cases.accept", "cases.settle", HANDLE, "cases.dispatch")
"""Whoever holds one of these where the case lies, or for a unit that has it, works on it."""


def visible_cases(case: Table, viewer: ViewerScope) -> Alternatives:
    """Return cases in the grids one serves, one's unit's, and one's own.

    A tip-off is seen by those who hold `cases.view_sealed` there and by the unit it was given to, and never by the
    people of the unit it is against, whatever else they may see.
    """
    seen = viewer.within(case, VIEW)
    # Without the right to see tip-offs wherever cases are seen, they are seen only where it is held.
    if not viewer.covers(SEALED, VIEW):
        seen = narrow_rows(seen, Sql("{0}='ORDINARY'", case.series))
        if viewer.can(SEALED):
            seen = widen_rows(seen, *(narrow_rows(viewer.within(case, SEALED), Sql("{0}='SEALED'", case.series)) or ()))
    seen = widen_rows(seen, *(of for unit in viewer.units(VIEW) for of in _of_unit(case, unit)))
    # Behind all that staff may see and before what is one's own: who reports their unit sees the case.
    return widen_rows(disinterested_cases(case, viewer, seen), *own_cases(case, viewer))


def disinterested_cases(case: Table, viewer: ViewerScope, rows: Alternatives = None) -> Alternatives:
    """Return those of the rows that are against no unit the viewer works for, whatever else they may."""
    for unit in viewer.units():
        rows = narrow_rows(rows, spares_unit(case.accused_unit_id, unit))
    return rows


def entrusted_cases(case: Table, viewer: ViewerScope, permission: str) -> Alternatives:
    """Return cases for which one answers by a permission: in the grids it was granted in, and of the lead unit."""
    return widen_rows(viewer.within(case, permission), *_led_by(case, viewer, permission))


def handled_cases(case: Table, viewer: ViewerScope) -> Alternatives:
    """Return cases that one may handle: those of one's unit, and of the grid while no unit has them."""
    # Dispatchers act for any unit.
    if viewer.can("cases.dispatch"):
        return None
    return [Sql("{0} is null", case.lead_unit_id), *_led_by(case, viewer, HANDLE)]


def uncontested_cases(case: Table, viewer: ViewerScope) -> Alternatives:
    """Return cases that are about neither a unit nor the platform, so that somebody may close them alone."""
    platform = "{1}=(select c.id from cases.category c where c.id={1} and c.code='platform')"
    return [Sql(f"{{0}} is null and ({platform}) is not true", case.accused_unit_id, case.category_id)]


def permitted_cases(case: Table, viewer: ViewerScope, permission: str) -> Alternatives:
    """Return cases on which one holds a permission: those in the grids it was granted in, and those of the units."""
    units = [one for unit in viewer.units(permission) for one in _of_unit(case, unit)]
    return widen_rows(viewer.within(case, permission), *units)


def visible_events(event: Table, viewer: ViewerScope) -> Alternatives:
    """Return what is meant for everybody who sees the case; staff notes for whoever may read those of this case."""
    seen = rows_of_held_cases(event, viewer)
    public = Sql("{0}='PUBLIC'", event.audience)
    if seen is None:
        return None
    return [any_of(public, *seen)] if seen else [public]


def worked_cases(case: Table, viewer: ViewerScope) -> Alternatives:
    """Return cases that one works on: where they lie, for their lead unit, or for one that helps."""
    found = [permitted_cases(case, viewer, permission) for permission in WORK]
    return None if None in found else [one for rows in found for one in rows or ()]


def rows_of_held_cases(row: Table, viewer: ViewerScope, permission: str = NOTES) -> Alternatives:
    """Return the rows of cases on which a permission is held; reading staff notes, if no other is given."""
    return rows_of_cases(row, lambda case: permitted_cases(case, viewer, permission))


def rows_of_cases(row: Table, cases: Callable[[Table], Alternatives]) -> Alternatives:
    """Return the rows of certain cases."""
    if isinstance(row, ReachedTable) and row.relation == "case":
        return (allowed := cases(row.reached_from)) and [any_of(*allowed)]
    case = Table("case", schema="cases", alias="noted")
    allowed = cases(case)
    if not allowed:
        return allowed
    return [Sql("exists(select from cases.case noted where {0}={1} and ({2}))", case.id, row.case_id, any_of(*allowed))]


def _of_unit(case: Table, unit: Term) -> list[Criterion]:
    # The array is made once, so that cases are found by their keys.
    helped = Sql("{0}=any(array(select s.case_id from cases.support s where s.unit_id={1}))", case.id, unit)
    return [Sql("{0}={1}", case.lead_unit_id, unit), helped]


def _led_by(case: Table, viewer: ViewerScope, permission: str) -> list[Criterion]:
    return [Sql("{0}={1}", case.lead_unit_id, unit) for unit in viewer.units(permission)]


def asked_cases(case: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return cases in which one asks."""
    return [Sql("{0}={1}", case.requester_id, viewer.person)] if viewer.known() else []


def own_cases(case: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return cases in which one asks, or that one filed for somebody."""
    mine = (case.requester_id, case.filed_by_id)
    return [Sql("{0}={1}", column, viewer.person) for column in mine] if viewer.known() else []
