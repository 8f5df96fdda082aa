"""Visibility of supervision: who may see how cases are supervised."""

from __future__ import annotations

from gongzhi.core.cases.rules import NOTES, permitted_cases, visible_cases
from gongzhi.declare.sql import Alternatives, Sql, all_of, any_of
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

VIEW = "supervision.view"


def visible_supervisions(supervision: Table, viewer: ViewerScope) -> Alternatives:
    """Select supervisions of cases whose notes one may read, and those of the places one oversees.

    Who oversees sees no case, so nothing tells them of a tip-off or of a case against a unit, whoever they work for.
    """
    case = Table("case", schema="cases", alias="supervised")
    seen, noted = visible_cases(case, viewer), permitted_cases(case, viewer, NOTES)
    if seen is None and noted is None:
        return None
    # Neither tip-offs nor cases against a unit for those who oversee, whichever unit is meant.
    plain = Sql("{0}='ORDINARY' and {1} is null", case.series, case.accused_unit_id)
    of_case = "exists(select from cases.case supervised where {0}={1} and {2})"
    found = (intersect_rows(seen, noted), intersect_rows(viewer.within(case, VIEW), [plain]))
    return [Sql(of_case, case.id, supervision.case_id, one) for one in found if one is not None]


def intersect_rows(*rows: Alternatives) -> Criterion | None:
    """Return what is among all of these rows; None if nothing can be."""
    # Told apart: no rows at all (an empty list) and every row (None).
    if any(one is not None and not one for one in rows):
        return None
    return all_of(*(any_of(*one) for one in rows if one is not None))
