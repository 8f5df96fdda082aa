"""Visibility of patrols: who may see them."""

from __future__ import annotations

from gongzhi.declare.sql import Alternatives, Sql, widen
from gongzhi.declare.viewer import Lens
from pypika_tortoise.queries import Table

VIEW = "patrols.view"


def patrols(patrol: Table, viewer: Lens) -> Alternatives:
    """Select patrols in the grids one serves, and one's own."""
    seen = viewer.within(patrol, VIEW)
    return widen(seen, Sql("{0}={1}", patrol.patroller_id, viewer.person)) if viewer.known() else seen
