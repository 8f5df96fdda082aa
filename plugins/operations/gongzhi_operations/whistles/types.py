"""Whistle types: whistle calls as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.cases.models import Light
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.types import Grid
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    entity,
    expression,
    many,
    one,
    pick,
    visible_to_all,
)
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql

from gongzhi_operations.emergency.types import Emergency

from . import rules
from .models import AssessmentRow, Direction, PlanRow, SummonsRow, TaskRow, WhistleKind, WhistleRow, WhistleState

describe_enum(
    WhistleKind,
    "WhistleKind",
    "Why units are called (哨类).",
    ROUTINE="Something for several units (日常哨)",
    TOUGH="Something that nobody got done alone (攻坚哨)",
    EMERGENCY="Danger; its clock runs day and night (应急哨)",
)
describe_enum(
    WhistleState,
    "WhistleState",
    "Where a whistle call stands (吹哨状态).",
    PENDING="The town has to approve it (待审批)",
    CALLED="The units are called (已吹哨)",
    REFUSED="The town refused it (未批准)",
    CLOSED="It is over (已办结)",
)
describe_enum(
    Direction,
    "AssessmentDirection",
    "Who assesses whom (评价方向).",
    OF_UNIT="The caller assesses a unit (评价报到单位)",
    OF_CALLER="A unit assesses the caller (评价吹哨方)",
)


def summons_light(at: Frame) -> Sql:
    """Judge the light when the unit came, or now."""
    return Sql(
        "(case when coalesce({0},{1})>={2} then 'RED' when coalesce({0},{1})>={3} then 'AMBER' else 'GREEN' end)",
        at.row.checked_in_at,
        at.viewer.now,
        at.row.due_at,
        at.row.warn_at,
    )


@entity(SummonsRow, visible=visible_to_all, through="whistle", order=("due_at",))
class WhistleUnit(Node):
    """A unit that is called, and whether it came (报到单位)."""

    whistle: Whistle | None = one("The whistle call (吹哨).")
    unit: Unit | None = one("The unit (单位).")
    due_at: datetime.datetime | None = column("By when it is to come; null while not approved (报到期限).")
    checked_in_at: datetime.datetime | None = column("When it came (报到时间).")
    escalated_at: datetime.datetime | None = column("When the level above was told that it had not (上报时间).")
    light: Light = expression("How its clock stands, or stood when it came (红绿灯).", summons_light)


@entity(TaskRow, visible=visible_to_all, through="whistle", order=("due_at",))
class WhistleTask(Node):
    """What one unit does by when (联合任务)."""

    whistle: Whistle | None = one("The whistle call (吹哨).")
    unit: Unit | None = one("Who does it (责任单位).")
    text: str = column("What (任务内容).")
    due_at: datetime.datetime = column("By when (期限).")
    done_at: datetime.datetime | None = column("When it was done (完成时间).")
    result: str | None = column("What was done (完成情况).")


@entity(PlanRow, visible=visible_to_all, through="whistle", order=("version",))
class WhistlePlan(Node):
    """One version of what the units agreed on (联合方案)."""

    whistle: Whistle | None = one("The whistle call (吹哨).")
    version: int = column("Which version (版本).")
    text: str = column("What is to be done (方案).")
    at: datetime.datetime = column("When it was written (时间).")
    tasks: list[WhistleTask] = many("Who does what by when (任务).", on="plan", order="due_at")


@entity(AssessmentRow, visible=rules.visible_assessments, through="whistle", order=("at",))
class WhistleAssessment(Node):
    """What one side makes of the other; a unit reads its own and nobody adds them up to a ranking (双向评价)."""

    whistle: Whistle | None = one("The whistle call (吹哨).")
    unit: Unit | None = one("The unit that is assessed, or assesses (单位).")
    direction: Direction = column("Who assesses whom (评价方向).")
    rating: int = column("1 is worst, 5 is best (评分).")
    comment: str | None = column("Why (评价内容).")
    at: datetime.datetime = column("When (时间).")


def latest_plan(at: Frame) -> Alternatives:
    return [Sql("{0}={1}", at.rows.whistle_id, at.row.id)]


@entity(
    WhistleRow,
    visible=rules.visible_whistles,
    order=("asked_at",),
    filter={"kind": None, "state": None, "asked_at": None, "grid": compare_place()},
)
class Whistle(Node):
    """Units are called together about a matter, and have a time to come in (吹哨报到)."""

    kind: WhistleKind = column("Why (哨类).")
    state: WhistleState = column("Where it stands (状态).")
    matter: str = column("What it is about; no names of people (事由).")
    grid: Grid | None = one("Where (网格).")
    case: Case | None = one("The case it is about, if it is about one that is yours to see (诉求).")
    check_in_within: str = column("How long the units have to come, as ISO 8601 (报到时限).")
    asked_at: datetime.datetime = column("When it was asked for (申请时间).")
    called_at: datetime.datetime | None = column("When it was blown (吹哨时间).")
    emergency: Emergency | None = one("The emergency by whose power it needed no approval (应急状态).")
    units: list[WhistleUnit] = many("The units that are called (报到单位).", on="whistle", order="due_at", cap=30)
    plan: WhistlePlan | None = pick("What they agreed on, as it stands (联合方案).", latest_plan, order="-version")
    plans: list[WhistlePlan] = many("All versions, the last first (方案版本).", on="whistle", order="-version")
    assessments: list[WhistleAssessment] = many(
        "What each side makes of the other (双向评价).", on="whistle", order="at"
    )
    outcome: str | None = column("What came of it (结果).")
    closed_at: datetime.datetime | None = column("When it was closed (办结时间).")
    version: int = column("Which version it is (版本).")


EXTENSIONS = (
    extend(
        Query,
        whistles=connection(
            "Whistle calls, the last first (吹哨).",
            order="-asked_at",
            type=Connection[Whistle] | None,
            requires=None,
        ),
    ),
    extend(
        Case,
        whistles=connection(
            "Whistle calls about it (吹哨).",
            on="case",
            order="-asked_at",
            type=Connection[Whistle] | None,
            requires=None,
        ),
    ),
)
