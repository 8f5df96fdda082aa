"""Visibility of changes: staff see how a case's fields changed, and so does whoever wrote the value."""

from __future__ import annotations

from gongzhi.core.cases.rules import rows_of_held_cases
from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table


def visible_history(row: Table, viewer: ViewerScope) -> Alternatives:
    """Select changes and conflicts of cases whose staff notes one may read, and what one wrote oneself."""
    return widen_rows(rows_of_held_cases(row, viewer), Sql("{0}={1}", row.account, viewer.account))
