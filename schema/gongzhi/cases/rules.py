"""Who may see cases, in one place."""

from __future__ import annotations

from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

from ..sql import Alternatives, Sql, every, narrow, widen
from ..viewer import Lens

VIEW = "cases.view"
SEALED = "cases.view_sealed"
NOTES = "cases.view_notes"


def cases(case: Table, viewer: Lens) -> Alternatives:
    """Cases in the grids one serves, one's unit's, and one's own.

    A tip-off is seen by those who hold `cases.view_sealed` there and by the unit it was given to, and never by the
    unit it is against.
    """
    seen = viewer.within(case, VIEW)
    if not viewer.covers(SEALED, VIEW):
        seen = narrow(seen, Sql("{0}='ORDINARY'", case.series))
        if viewer.can(SEALED):
            seen = widen(seen, *(narrow(viewer.within(case, SEALED), Sql("{0}='SEALED'", case.series)) or ()))
    units = [one for unit in viewer.units(VIEW) for one in _of_unit(case, unit)]
    mine = _mine(case, viewer) if viewer.known() else []
    return widen(seen, *units, *mine) if units or mine else seen


def events(event: Table, viewer: Lens) -> Alternatives:
    """What is meant for everybody who sees the case, and for staff their notes."""
    return None if viewer.can(NOTES) else [Sql("{0}='PUBLIC'", event.audience)]


def _of_unit(case: Table, unit: object) -> list[Criterion]:
    accused = Sql("{0} is distinct from {1}", case.accused_unit_id, unit)
    helped = Sql("{0}=any(array(select s.case_id from cases.support s where s.unit_id={1}))", case.id, unit)
    return [every(Sql("{0}={1}", case.lead_unit_id, unit), accused), every(helped, accused)]


def _mine(case: Table, viewer: Lens) -> list[Criterion]:
    return [
        Sql("{0}={1}", case.requester_id, viewer.person),
        Sql("{0}={1}", case.filed_by_id, viewer.person),
    ]
