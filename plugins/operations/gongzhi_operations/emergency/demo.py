"""Demo emergency: one of the demo county that is over, for the public register (a rainstorm three weeks ago)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.checks import CHINA, today
from gongzhi.runtime.commands import Call
from gongzhi.values.codes import Kind

from .ending import sum_report
from .models import EmergencyRow, EmergencyState

DECLARED_BY = "demo.county"
HAPPENED = (
    "select e.type, count(*) as count from cases.event e join cases.case c on c.id = e.case_id "
    "where e.at >= $1 and e.at < $2 and c.town_id = $3 and c.series <> 'SEALED' group by e.type order by e.type"
)


async def add_demo_emergency(call: Call, county: GridRow) -> None:
    """Declare and end an emergency in the first town; no power was used, and the report counts the timelines."""
    town = await GridRow.filter(kind=Kind.TOWN, county_id=county.id, valid_to=None).order_by("code").first()
    if town is None or await EmergencyRow.exists(declared_by=DECLARED_BY):
        return
    begun = datetime.combine(today(call) - timedelta(days=21), time(0), CHINA)
    ended = begun + timedelta(days=2)
    happened = await call.fetch(HAPPENED, begun, ended, town.id)
    await EmergencyRow.create(
        grid=town,
        state=EmergencyState.ENDED,
        powers=["EMERGENCY_WHISTLE"],
        reason="暴雨红色预警，低洼处住户连夜转移。",
        declared_at=begun,
        declared_by=DECLARED_BY,
        starts_at=begun,
        ends_at=ended,
        ended_at=ended,
        report=sum_report(begun, ended, happened, []),
        version=2,
    )
