"""Whistle calls of the demo county: one under way with a joint plan, one that was assessed, one that waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.columns import NEVER
from gongzhi.runtime.checks import CHINA, today
from gongzhi.runtime.commands import Call
from gongzhi.values.codes import Kind

from .models import AssessmentRow, Direction, PlanRow, SummonsRow, TaskRow, WhistleKind, WhistleRow, WhistleState

WITHIN = timedelta(hours=4)
ASKED_BY = "demo.town"


@dataclass(frozen=True)
class Story:
    """A call as it is told: what each unit was to do, and whether it did."""

    days: int
    """How long ago."""
    kind: WhistleKind
    state: WhistleState
    matter: str
    plan: str
    tasks: Mapping[str, tuple[str, str | None]]
    """By the letters of a department's code: its task, and what it did."""
    outcome: str | None = None


STORIES = (
    Story(
        20, WhistleKind.TOUGH, WhistleState.CLOSED, "集镇占道经营与排水堵塞，多部门管辖交叉。",
        "先清淤，再划线，后管理。",
        {"CGJ": ("清理占道摊点并划线", "已清理并划线"), "SLJ": ("疏通排水沟渠", "已疏通，水流正常")},
        "占道已清，排水通畅，纳入日常巡查。",
    ),
    Story(
        2, WhistleKind.ROUTINE, WhistleState.CALLED, "村道塌方处堆放建材，影响通行。", "先移杆，再清运，后修复路面。",
        {"JTJ": ("修复塌方路面", None), "GDGS": ("移除危险电杆", "已移杆并恢复供电")},
    ),
    Story(1, WhistleKind.TOUGH, WhistleState.PENDING, "老旧水塔存在安全隐患，需联合鉴定。", "", {"YJJ": ("", None)}),
)  # fmt: skip


async def add_demo_whistles(call: Call, county: GridRow) -> None:
    """Tell each story in a village of its own, unless they were told before."""
    villages = await GridRow.filter(kind=Kind.VILLAGE, county_id=county.id, valid_to=None).order_by("code").limit(3)
    if await WhistleRow.exists(asked_by=ASKED_BY):
        return
    for story, village in zip(STORIES, villages, strict=False):
        codes = {f"{county.code}-{letters}": letters for letters in story.tasks}
        units = await UnitRow.filter(code__in=list(codes), valid_to=None).order_by("code")
        await tell_story(call, story, village, {codes[one.code]: one for one in units})


async def tell_story(call: Call, story: Story, village: GridRow, units: Mapping[str, UnitRow]) -> None:
    """Write a call down as it stands today, with what its units did."""
    begun = datetime.combine(today(call), time(9), CHINA) - timedelta(days=story.days)
    waits, closed = story.state is WhistleState.PENDING, story.state is WhistleState.CLOSED
    over = begun + timedelta(hours=12)
    whistle = await WhistleRow.create(
        grid=village,
        kind=story.kind,
        state=story.state,
        matter=story.matter,
        check_in_within="PT4H",
        asked_at=begun,
        asked_by=ASKED_BY,
        called_at=None if waits else begun,
        outcome=story.outcome,
        closed_at=over if closed else None,
        version=1 if waits else 2,
    )
    await SummonsRow.bulk_create([make_summons(whistle, unit, begun, waits) for unit in units.values()])
    if not waits:
        await write_plan(story, whistle, units, begun)
    if closed:
        await AssessmentRow.bulk_create(make_assessments(whistle, list(units.values()), over))


def make_summons(whistle: WhistleRow, unit: UnitRow, begun: datetime, waits: bool) -> SummonsRow:
    """Call one unit; it came within the hour, unless the call waits for the town."""
    if waits:
        return SummonsRow(whistle=whistle, unit=unit, warn_at=NEVER, due_at=NEVER)
    return SummonsRow(
        whistle=whistle,
        unit=unit,
        warn_at=begun + timedelta(hours=3),
        due_at=begun + WITHIN,
        checked_in_at=begun + timedelta(hours=1),
        checked_in_by=f"demo.{unit.code}",
    )


async def write_plan(story: Story, whistle: WhistleRow, units: Mapping[str, UnitRow], begun: datetime) -> None:
    """Write the joint plan down, and which of its tasks are done."""
    at, over = begun + timedelta(hours=3), begun + timedelta(hours=12)
    plan = await PlanRow.create(whistle=whistle, version=1, text=story.plan, at=at, account=ASKED_BY)
    for letters, unit in units.items():
        text, result = story.tasks[letters]
        await TaskRow.create(
            whistle=whistle,
            plan=plan,
            unit=unit,
            text=text,
            due_at=begun + timedelta(days=6),
            done_at=over if result else None,
            done_by=f"demo.{unit.code}" if result else None,
            result=result,
        )


def make_assessments(whistle: WhistleRow, units: Sequence[UnitRow], at: datetime) -> list[AssessmentRow]:
    """Have both sides give each other five."""
    return [
        AssessmentRow(whistle=whistle, unit=unit, direction=direction, rating=5, at=at)
        for unit in units
        for direction in Direction
    ]
