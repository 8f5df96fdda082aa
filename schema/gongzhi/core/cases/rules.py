"""Rules: who may see cases, in one place."""

from __future__ import annotations

from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion, Term

from gongzhi.core.units.rules import spares_unit
from gongzhi.declare.sql import Alternatives, Sql, any_of, narrow_rows, widen_rows
from gongzhi.declare.viewer import ViewerScope

VIEW = "cases.view"
SEALED = "cases.view_sealed"
NOTES = "cases.view_notes"
HANDLE = "cases.handle"


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
    for unit in viewer.units():
        seen = narrow_rows(seen, spares_unit(case.accused_unit_id, unit))
    return widen_rows(seen, *_mine(case, viewer)) if viewer.known() else seen


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


def rows_of_held_cases(row: Table, viewer: ViewerScope, permission: str = NOTES) -> Alternatives:
    """Return the rows of cases on which a permission is held; reading staff notes, if no other is given."""
    case = Table("case", schema="cases", alias="noted")
    allowed = permitted_cases(case, viewer, permission)
    if not allowed:
        return allowed
    return [Sql("exists(select from cases.case noted where {0}={1} and ({2}))", case.id, row.case_id, any_of(*allowed))]


def _of_unit(case: Table, unit: Term) -> list[Criterion]:
    # The array is made once, so that cases are found by their keys.
    helped = Sql("{0}=any(array(select s.case_id from cases.support s where s.unit_id={1}))", case.id, unit)
    return [Sql("{0}={1}", case.lead_unit_id, unit), helped]


def _mine(case: Table, viewer: ViewerScope) -> list[Criterion]:
    return [
        Sql("{0}={1}", case.requester_id, viewer.person),
        Sql("{0}={1}", case.filed_by_id, viewer.person),
    ]
