"""Demo: bulletins of the demo county and a ledger of a village. All of it is invented."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.tiers import add_months
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.values.codes import Kind

from .ledger.periods import open_periods_of
from .ledger.signed_bulletins import describe_title
from .models import (
    AffairKind,
    AffairRow,
    Audience,
    BulletinKind,
    BulletinRow,
    Capital,
    DisclosureRow,
    DisclosureState,
    FigureRow,
    FigureUnit,
    ReachRow,
    Rhythm,
)

COUNTY = "610921"
"""The demo county, by its code."""
BULLETINS = (
    (
        Kind.COUNTY,
        BulletinKind.POLICY,
        "城乡居民医保缴费开始",
        "缴费截止 12 月 31 日，可在镇便民服务中心或手机办理。",
        20,
    ),
    (
        Kind.TOWN,
        BulletinKind.SERVICE,
        "便民服务车下村安排",
        "每月 10 日、20 日、30 日上午，身份证、社保卡业务随车办理。",
        9,
    ),
    (Kind.VILLAGE, BulletinKind.NOTICE, "周三检修管网停水", "周三上午八时至十二时停水，请提前储水。", 2),
    (Kind.VILLAGE, BulletinKind.NOTICE, "秋播农资到货", "种子、化肥已到村，请带户口簿领取。", 1),
)
"""Where, what, and how many days ago."""
LINES = (
    (Capital.FUNDS, "集体经济收入", FigureUnit.YUAN, "86000", "12500", "4300.50"),
    (Capital.ASSETS, "村委会办公用房", FigureUnit.SQUARE_METRE, "320", "0", "0"),
    (Capital.RESOURCES, "机动地", FigureUnit.MU, "86.5", "0", "2"),
)


async def load_demo_bulletins(call: Call) -> None:
    """Add bulletins and a ledger to the demo county, unless they are there."""
    county = await GridRow.get_or_none(code=COUNTY, valid_to=None)
    # Loading twice changes nothing.
    if county is None or await BulletinRow.exists(county_id=county.id):
        return
    for kind, about, title, text, days in BULLETINS:
        grid = await GridRow.filter(county_id=county.id, kind=kind, valid_to=None).order_by("code").first()
        if grid is not None:
            await add_bulletin(call, grid, about, title, text, days)
    village = await GridRow.filter(county_id=county.id, kind=Kind.VILLAGE, valid_to=None).order_by("code").first()
    if village is not None:
        await add_ledger(call, village)


async def add_bulletin(call: Call, grid: GridRow, kind: BulletinKind, title: str, text: str, days: int) -> BulletinRow:
    """Add a bulletin of some days ago, of which nobody is told."""
    row = await BulletinRow.create(
        grid=grid,
        kind=kind,
        audience=Audience.PUBLIC,
        title=title,
        text=text,
        published_at=call.now - timedelta(days=days),
        account="demo",
    )
    await ReachRow.create(bulletin=row, grid=grid)
    return row


async def add_ledger(call: Call, village: GridRow) -> None:
    """Add the finance of a village for some months: the last one is owed, those before are published."""
    affair = await AffairRow.create(
        grid=village,
        kind=AffairKind.FINANCE,
        rhythm=Rhythm.MONTHLY,
        title="村集体财务收支",
        since=add_months(today(call), -4),
        declared_at=call.now - timedelta(days=120),
    )
    await open_periods_of(call, affair.id, village.county_id or 0, today(call))
    *earlier, _ = await DisclosureRow.filter(affair=affair).order_by("begins_on")
    for row in earlier:
        days = (today(call) - row.due_on).days
        bulletin = await add_bulletin(
            call, village, BulletinKind.AFFAIRS, describe_title(affair, row), "收支如下。", days
        )
        row.state, row.text, row.bulletin_id = DisclosureState.PUBLISHED, bulletin.text, bulletin.id
        # Two offices, as for any other.
        row.committee_by, row.supervision_by = "demo.committee", "demo.supervision"
        row.committee_at = row.supervision_at = row.published_at = bulletin.published_at
        await row.save()
        for number, (capital, name, unit, *amounts) in enumerate(LINES, 1):
            opening, increase, decrease = map(Decimal, amounts)
            await FigureRow.create(
                disclosure=row,
                grid=village,
                number=number,
                capital=capital,
                name=name,
                unit=unit,
                opening=opening,
                increase=increase,
                decrease=decrease,
            )
