"""Visibility of figures: a declared aggregate for a role in a place, or for the people of a unit."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Alternatives, Sql, any_of, widen_rows
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion

VIEW = "statistics.view"
DECIDE = "statistics.decide_signs"
PUBLISH = "statistics.publish"
SEALED = "cases.view_sealed"


def has_figures(at: Frame) -> Criterion:
    """Select counties, towns and villages, and what lies above. Below, figures would be about people."""
    return Sql("{0} in ('PROVINCE','CITY','COUNTY','TOWN','VILLAGE')", at.row.kind)


def answering_units(at: Frame) -> Criterion:
    """Select one's own unit, or one that is at home where one may see figures."""
    grid = Table("grid", schema="grids", alias="home")
    seen = at.viewer.within(grid, VIEW)
    if seen is None:
        return Sql("true")
    home = Sql("exists(select from grids.grid home where home.id={0} and ({1}))", at.row.grid_id, _any(seen))
    return any_of(home, *(Sql("{0}={1}", at.row.id, unit) for unit in at.viewer.units(VIEW)))


def served_grids(grid: Table, viewer: Any) -> Criterion:
    """Select grids in which one may see figures."""
    seen = viewer.within(grid, VIEW)
    return Sql("true") if seen is None else _any(seen)


def visible_signs(sign: Table, viewer: ViewerScope) -> Alternatives:
    """Return early signs where one may see figures, for figures are what they are made of."""
    return viewer.within(sign, VIEW)


def visible_datasets(dataset: Table, viewer: ViewerScope) -> Alternatives:
    """Return what is or was published, for everybody; what is proposed or refused, for those who may publish there."""
    # Also what was withdrawn, with the reason: whoever has used it should hear of that.
    return widen_rows(viewer.within(dataset, PUBLISH), Sql("{0} in ('PUBLISHED','WITHDRAWN')", dataset.state))


def _any(criteria: Any) -> Criterion:
    return any_of(Sql("false"), *criteria)
