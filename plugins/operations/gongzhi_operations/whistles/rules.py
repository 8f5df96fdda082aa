"""Visibility of whistle calls: who may see them."""

from __future__ import annotations

from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table

VIEW = "whistles.view"
CALL = "whistles.call"
APPROVE = "whistles.approve"
CHECK_IN = "whistles.check_in"


def visible_whistles(whistle: Table, viewer: ViewerScope) -> Alternatives:
    """Select whistle calls in the grids one serves, and those that one's units are called by."""
    # A unit sees a call once it is made, not while it waits for approval.
    called = (
        "{0}=any(array(select s.whistle_id from whistles.summons s join whistles.whistle w on w.id=s.whistle_id "
        "where s.unit_id={1} and w.state in ('CALLED','CLOSED')))"
    )
    units = [Sql(called, whistle.id, unit) for unit in viewer.units(VIEW)]
    return widen_rows(viewer.within(whistle, VIEW), *units)


def visible_assessments(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select what was said in the grids one serves, and what was said by one's unit or of it."""
    served = Table("whistle", schema="whistles", alias="served")
    seen = viewer.within(served, VIEW)
    if seen is None:
        return None
    place = "exists(select from whistles.whistle served where {0}={1} and ({2}))"
    # No unit reads what was said of others.
    mine = [Sql("{0}={1}", row.unit_id, unit) for unit in viewer.units(VIEW)]
    return [*(Sql(place, served.id, row.whistle_id, one) for one in seen), *mine]
