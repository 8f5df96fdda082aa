"""Rules: who may ask for a list as a file, who may release it, and what of the list comes into it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from gongzhi.core.grids.models import GridRow
from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import Viewer, ViewerGrant, ViewerScope, narrow_grants
from gongzhi.values.codes import Kind
from pypika_tortoise.queries import Table

REQUEST = "exports.request"
RELEASE = "exports.release"


def visible_exports(export: Table, viewer: ViewerScope) -> Alternatives:
    """Return one's own exports, and those of the grids one releases them in."""
    # Whoever releases reads the query as it was asked: what they let out is the query, and no file is made before.
    return widen_rows(viewer.within(export, RELEASE), Sql("{0}={1}", export.account, viewer.account))


def narrow_to_exports(viewer: Viewer, grid: GridRow, guarded: Collection[str]) -> Viewer:
    """Return somebody as a file knows them: by the roles they may export by, in this grid, and as nobody at home.

    What nobody is given alone (`guarded`), such as to see tip-offs, goes into no file. Nothing does that they may not
    see of their own units.
    """

    def keep(grant: ViewerGrant) -> ViewerGrant | None:
        if REQUEST not in grant.permissions or not covers_grid(grant, grid):
            return None
        left = grant.permissions - set(guarded)
        # In this grid alone, however far the grant reaches.
        return ViewerGrant(grant.role, left, Kind(grid.kind), grid.id, until=grant.until)

    grants = narrow_grants(viewer.account.grants, keep)
    return replace(viewer, account=replace(viewer.account, person=None, grants=grants), glass=None)


def covers_grid(grant: ViewerGrant, grid: GridRow) -> bool:
    """Return whether a grant holds in all of a grid."""
    held = getattr(grid, f"{grant.kind.lower()}_id", None) if grant.kind is not None else None
    return grant.everywhere or (held is not None and held == grant.grid)
