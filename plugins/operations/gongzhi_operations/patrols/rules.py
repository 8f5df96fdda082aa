"""Visibility of patrols: who may see them."""

from __future__ import annotations

from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table

VIEW = "patrols.view"


def visible_patrols(patrol: Table, viewer: ViewerScope) -> Alternatives:
    """Select patrols in the grids one serves, and one's own."""
    seen = viewer.within(patrol, VIEW)
    return widen_rows(seen, Sql("{0}={1}", patrol.patroller_id, viewer.person)) if viewer.known() else seen
