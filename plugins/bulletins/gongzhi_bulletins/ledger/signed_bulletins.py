"""Signed bulletins: a disclosure that both committees have signed is published for its village."""

from __future__ import annotations

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.commands import Call

from ..models import AffairRow, BulletinKind, BulletinRow, DisclosureRow, DisclosureState, Rhythm
from ..publishing import create_bulletin


async def publish_disclosure(call: Call, row: DisclosureRow) -> None:
    """Publish it for the village. What it corrects stays to be read, and holds no longer. The caller saves the row."""
    affair, grid = await AffairRow.get(id=row.affair_id), await GridRow.get(id=row.grid_id)
    # At most one: a correction is drafted of what is published alone.
    earlier = await DisclosureRow.get_or_none(
        affair_id=row.affair_id, begins_on=row.begins_on, state=DisclosureState.PUBLISHED
    )
    if earlier is not None:
        earlier.state = DisclosureState.CORRECTED
        earlier.version += 1
        await earlier.save()
        # Not withdrawn: people may compare what was said with what is said now.
        await BulletinRow.filter(id=earlier.bulletin_id).update(until=call.now)
    title = describe_title(affair, row)
    bulletin = await create_bulletin(call, grid, BulletinKind.AFFAIRS, title, row.text or "")
    row.state, row.published_at, row.bulletin_id = DisclosureState.PUBLISHED, call.now, bulletin.id


def describe_title(affair: AffairRow, row: DisclosureRow) -> str:
    """Return the affair with its period, and that it is published anew."""
    # Without leading zeros, as it is written in Chinese.
    period = f"{row.begins_on:%Y年%-m月%-d日}"
    if affair.rhythm == Rhythm.MONTHLY:
        period = f"{row.begins_on:%Y年%-m月}"
    elif affair.rhythm == Rhythm.QUARTERLY:
        period = f"{row.begins_on:%Y}年第{(row.begins_on.month + 2) // 3}季度"
    return f"{affair.title}（{period}）{'更正' if row.round > 1 else ''}"
