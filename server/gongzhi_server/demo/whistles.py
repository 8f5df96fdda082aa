"""Whistle calls of the last weeks: one under way with a joint plan, one that was assessed, one that waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from gongzhi.core.whistles.models import Direction, WhistleKind, WhistleState
from gongzhi.values.codes import Kind
from gongzhi.values.worktime import NEVER

from . import clock
from .bodies import Bodies
from .chance import uuid7
from .grids import Tree

TABLES: Mapping[str, tuple[str, ...]] = {
    "whistles.whistle": (
        "id", "grid_id", "kind", "state", "matter", "check_in_within", "asked_at", "asked_by", "called_at", "outcome",
        "closed_at", "version",
    ),
    "whistles.summons": ("id", "whistle_id", "unit_id", "warn_at", "due_at", "checked_in_at", "checked_in_by"),
    "whistles.plan": ("id", "whistle_id", "version", "text", "at", "account"),
    "whistles.task": ("id", "whistle_id", "plan_id", "unit_id", "text", "due_at", "done_at", "done_by", "result"),
    "whistles.assessment": ("id", "whistle_id", "unit_id", "direction", "rating", "at", "account"),
}  # fmt: skip
"""The tables and their columns, in the order in which they are written."""
WITHIN = 4 * clock.HOUR
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


def rows(random: Random, tree: Tree, bodies: Bodies, horizon: int) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each of the tables."""
    found: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
    for story, village in zip(STORIES, tree.of(Kind.VILLAGE), strict=False):
        for table, row in _told(random, story, village.id, bodies, horizon):
            found[table].append(row)
    return found


def _told(
    random: Random, story: Story, grid: int, bodies: Bodies, horizon: int
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    start = horizon - story.days * clock.DAY + 9 * clock.HOUR
    asked, came, agreed, over = (clock.utc(start + hours * clock.HOUR) for hours in (0, 1, 3, 12))
    waiting, closed = story.state is WhistleState.PENDING, story.state is WhistleState.CLOSED
    id = uuid7(random, asked)
    yield "whistles.whistle", (
        id, grid, story.kind, story.state, story.matter, "PT4H", asked, ASKED_BY, None if waiting else asked,
        story.outcome, over if closed else None, 1 if waiting else 2,
    )  # fmt: skip
    plan = uuid7(random, agreed)
    units = {letters: bodies.department(letters) for letters in story.tasks}
    due = clock.utc(start + WITHIN)
    for body in units.values():
        times = (NEVER, NEVER, None, None) if waiting else (agreed, due, came, f"demo.{body.code}")
        yield "whistles.summons", (uuid7(random, asked), id, body.id, *times)
    if waiting:
        return
    yield "whistles.plan", (plan, id, 1, story.plan, agreed, ASKED_BY)
    ends = clock.utc(start + 6 * clock.DAY)
    for letters, (text, result) in story.tasks.items():
        done = (over, f"demo.{units[letters].code}", result) if result else (None, None, None)
        yield "whistles.task", (uuid7(random, agreed), id, plan, units[letters].id, text, ends, *done)
    if closed:
        for body in units.values():
            yield "whistles.assessment", _assessed(random, id, body.id, Direction.OF_UNIT, over)
            yield "whistles.assessment", _assessed(random, id, body.id, Direction.OF_CALLER, over)


def _assessed(random: Random, whistle: UUID, unit: int, direction: Direction, at: Any) -> tuple[Any, ...]:
    return (uuid7(random, at), whistle, unit, direction, 5, at, None)
