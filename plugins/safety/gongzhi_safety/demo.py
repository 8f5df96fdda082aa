"""Demo: checklists of six trades, a dozen sites of the demo county, and inspections. Laws are real, firms invented."""

from __future__ import annotations

from datetime import timedelta

from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.models import UnitRow
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi_deadlines.calendars.reading import load_calendar

from .hazards import open_hazards
from .inspecting import reckon_due
from .models import (
    AnswerRow,
    ChecklistRow,
    Finding,
    HazardLevel,
    HazardRow,
    HazardState,
    InspectionRow,
    ItemRow,
    SiteRow,
)

COUNTY, UNIT, INSPECTOR = "610921", "610921-YJJ", "demo.inspector"
"""The demo county, its emergency-management unit if it has one, and an account that nobody signs in with."""
LAW, FIRE = "《安全生产法》", "《消防法》"
EXITS = ("exits", "疏散通道、安全出口畅通，未堵塞、锁闭", f"{FIRE}第二十八条", HazardLevel.MAJOR, 3)
WIRING = ("wiring", "电气线路敷设规范，无私拉乱接、超负荷用电", f"{FIRE}第二十七条", HazardLevel.ORDINARY, 10)
GEAR = ("extinguishers", "灭火器材配置齐全、完好有效", f"{FIRE}第十六条", HazardLevel.ORDINARY, 5)
TRAINED = ("training", "从业人员经安全生产教育培训", f"{LAW}第二十八条", HazardLevel.ORDINARY, 15)
LIVING = (
    "living-apart",
    "生产、储存、经营场所与员工宿舍分开设置",
    f"{LAW}第四十二条、{FIRE}第十九条",
    HazardLevel.MAJOR,
    15,
)
TRADES: dict[str, tuple[str, tuple[tuple[str, str, str, HazardLevel, int], ...]]] = {
    "workshop": ("小作坊、小加工", (EXITS, WIRING, GEAR, LIVING, TRAINED)),
    "shop": ("小商店", (EXITS, WIRING, GEAR, LIVING)),
    "restaurant": ("小餐馆", (
        EXITS, WIRING, GEAR,
        ("gas-alarm", "使用燃气的安装可燃气体报警装置并正常使用", f"{LAW}第三十六条", HazardLevel.MAJOR, 5))),
    "rental": ("住宅内经营出租房", (
        EXITS, WIRING, GEAR,
        ("charging", "电动自行车未在室内、楼梯间停放充电", "《高层民用建筑消防安全管理规定》第三十七条",
         HazardLevel.ORDINARY, 1))),
    "building-site": ("小型建筑工地", (
        ("edges", "临边、洞口防护到位", "《建设工程安全生产管理条例》第二十八条", HazardLevel.MAJOR, 1),
        ("helmets", "作业人员正确佩戴劳动防护用品", f"{LAW}第四十五条", HazardLevel.ORDINARY, 1), WIRING, TRAINED)),
    "agritourism": ("农家乐、民宿", (EXITS, WIRING, GEAR, TRAINED)),
}  # fmt: skip
"""By trade: its name, and items with text, basis, level and working days."""
PLACES = "select id from grids.grid where county_id=$1 and kind='VILLAGE' and valid_to is null order by code limit $2"
OWNERS = """
select p.id from people.person p where p.county_id=$1 and p.birth_date<$2 and p.died_on is null
and p.erased_at is null and p.restricted_at is null order by p.id limit $3
"""
EACH = 2
"""Sites of a trade; the first one is found with hazards."""


async def load_demo_sites(call: Call) -> None:
    """Add checklists, sites and inspections to the demo county, unless they are there."""
    county = await GridRow.get_or_none(code=COUNTY, valid_to=None)
    # Loading twice changes nothing.
    if county is None or await ChecklistRow.exists(county_id=county.id):
        return
    count = EACH * len(TRADES)
    villages = [row["id"] for row in await call.fetch(PLACES, county.id, count)]
    owners = [row["id"] for row in await call.fetch(OWNERS, county.id, today(call) - timedelta(days=30 * 365), count)]
    known = await UnitRow.get_or_none(code=UNIT, valid_to=None)
    # Any will do where there is none: who supervises is invented.
    unit = known or await UnitRow.filter(county_id=county.id, valid_to=None).order_by("code").first()
    for at, (trade, (name, items)) in enumerate(TRADES.items()):
        checklist = await ChecklistRow.create(
            grid=county, trade=trade, edition=1, name=name, since=call.now - timedelta(days=200)
        )
        rows = [
            ItemRow(checklist=checklist, number=number, code=code, text=text, basis=basis, level=level, days=days)
            for number, (code, text, basis, level, days) in enumerate(items, 1)
        ]
        await ItemRow.bulk_create(rows)
        for number in range(EACH):
            place = EACH * at + number
            site = await SiteRow.create(
                grid_id=villages[place % len(villages)],
                code=f"{trade}-{number + 1:02}",
                name=f"{name} {number + 1} 号",
                trade=trade,
                address=f"主街 {place + 1} 号",
                person_id=owners[place % len(owners)] if owners else None,
                unit=unit,
                registered_at=call.now - timedelta(days=180),
            )
            # Its levels are the database's to fill in.
            await site.refresh_from_db()
            await inspect_site(call, site, checklist, rows, unmet=rows[:2] if number == 0 else [])


async def inspect_site(
    call: Call, site: SiteRow, checklist: ChecklistRow, items: list[ItemRow], unmet: list[ItemRow]
) -> None:
    """Add an inspection of a site, with a hazard for each item that is not met."""
    site.inspected_at = call.now - timedelta(hours=2)
    await site.save(update_fields=["inspected_at"])
    inspection = await InspectionRow.create(
        site=site, checklist=checklist, at=site.inspected_at, recorded_at=call.now, account=INSPECTOR
    )
    calendar = await load_calendar(call.fetch, site.county_id)
    hazards = {
        item.code: HazardRow(
            grid_id=site.grid_id,
            county_id=site.county_id,
            site_id=site.id,
            inspection_id=inspection.id,
            item_id=item.id,
            code=item.code,
            unit_id=site.unit_id,
            level=item.level,
            state=HazardState.OPEN,
            found_at=inspection.at,
            found_by=INSPECTOR,
            due_at=reckon_due(calendar, call.now, item.days),
            looked_at=inspection.at,
        )
        for item in unmet
    }
    await open_hazards(call, site, list(hazards.values()))
    await AnswerRow.bulk_create(
        AnswerRow(
            inspection=inspection,
            item_id=item.id,
            number=item.number,
            finding=Finding.NOT_MET if item.code in hazards else Finding.MET,
            hazard_id=hazards[item.code].id if item.code in hazards else None,
        )
        for item in items
    )
