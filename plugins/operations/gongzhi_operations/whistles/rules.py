"""Who may see whistle calls, in one place."""

from __future__ import annotations

from gongzhi.declare.sql import Alternatives, Sql, widen
from gongzhi.declare.viewer import Lens
from pypika_tortoise.queries import Table

VIEW = "whistles.view"
CALL = "whistles.call"
APPROVE = "whistles.approve"
CHECK_IN = "whistles.check_in"


def whistles(whistle: Table, viewer: Lens) -> Alternatives:
    """Those in the grids one serves, and those that one's units are called by."""
    called = (
        "{0}=any(array(select s.whistle_id from whistles.summons s join whistles.whistle w on w.id=s.whistle_id "
        "where s.unit_id={1} and w.state in ('CALLED','CLOSED')))"
    )
    units = [Sql(called, whistle.id, unit) for unit in viewer.units(VIEW)]
    return widen(viewer.within(whistle, VIEW), *units)


def assessments(row: Table, viewer: Lens) -> Alternatives:
    """What was said in the grids one serves, and what was said by one's unit or of it: no unit reads of others."""
    served = Table("whistle", schema="whistles", alias="served")
    seen = viewer.within(served, VIEW)
    if seen is None:
        return None
    place = "exists(select from whistles.whistle served where {0}={1} and ({2}))"
    mine = [Sql("{0}={1}", row.unit_id, unit) for unit in viewer.units(VIEW)]
    return [*(Sql(place, served.id, row.whistle_id, one) for one in seen), *mine]
