"""Publishing: what is done with a bulletin, whoever has it published: an office, a ledger of affairs, a warning."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.commands import Call

from .events import Published
from .models import Audience, BulletinKind, BulletinRow, ReachRow, WarningRow
from .telling import Change, enqueue_telling


async def create_bulletin(
    call: Call,
    grid: GridRow,
    kind: BulletinKind,
    title: str,
    text: str,
    *,
    audience: Audience = Audience.PUBLIC,
    until: datetime | None = None,
    reaches: Sequence[int] = (),
    warning: WarningRow | None = None,
) -> BulletinRow:
    """Publish a bulletin for a grid, or for those that it `reaches`, and have people told. Who may is asked before."""
    row = await BulletinRow.create(
        grid=grid,
        kind=kind,
        audience=audience,
        title=title,
        text=text,
        published_at=call.now,
        until=until,
        account=call.viewer.account.name,
        warning=warning,
    )
    # At least the grid where it lies, or nobody would be reached.
    await ReachRow.bulk_create([ReachRow(bulletin=row, grid_id=one) for one in reaches or [grid.id]])
    call.publish(Published(bulletin=row.id, kind=kind), row)
    # In the background: what is told to a county takes longer than a mutation may.
    enqueue_telling(call, row, Change.PUBLISHED)
    return row
