"""Actions: who may do something to what they see of credit, beyond those who speak for its person."""

from __future__ import annotations

from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Requirement, require_rows
from pypika_tortoise.queries import Table

from .visibility import LEND


def require_lender(permission: str = LEND) -> Requirement:
    """Return the requirement that one acts for the lender's unit itself: in a grid, its role opens nothing."""

    def lent_rows(row: Table, viewer: ViewerScope) -> Alternatives:
        return [Sql("{0}={1}", row.lender_id, unit) for unit in viewer.units(permission)]

    return require_rows(lent_rows)
