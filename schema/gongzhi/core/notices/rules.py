"""Rules: whom a notice is for, in one place."""

from __future__ import annotations

from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

from gongzhi.core.units.rules import spares_unit
from gongzhi.declare.sql import Alternatives, Sql, narrow_rows
from gongzhi.declare.viewer import ViewerScope

SEALED = "cases.view_sealed"
OFFICES = (
    "accounts.confirm",
    "cases.dispatch",
    "cases.settle",
    SEALED,
    "exports.release",
    "people.edit",
    "people.oversee",
    "plugins.activate",
    "statistics.publish",
)
"""The permissions whose holders can be written to together, wherever they hold them."""

UNIT = "cases.handle"
"""The permission that whoever reads a unit's notices holds for it."""


def visible_notices(notice: Table, viewer: ViewerScope) -> Alternatives:
    """Return one's own notices, those of one's units, and those of the offices one holds there."""
    seen: list[Criterion] = [Sql("{0}={1}", notice.unit_id, unit) for unit in viewer.units(UNIT)]
    for office in OFFICES:
        if viewer.can(office):
            offices = narrow_rows(viewer.within(notice, office), Sql(f"{{0}}='{office}'", notice.office))
            # The people of a unit do not hear of a tip-off against it.
            for unit in viewer.units() if office == SEALED else ():
                offices = narrow_rows(offices, spares_unit(notice.barred_unit_id, unit))
            seen += offices or ()
    own = [Sql("{0}={1}", notice.person_id, viewer.person)] if viewer.known() else []
    return [*seen, *own, Sql("{0}={1}", notice.account, viewer.account)]
