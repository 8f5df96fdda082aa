"""Supervision types: supervisions and rules as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.cases.models import Light
from gongzhi.core.cases.rules import rows_of_held_cases
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.types import Grid
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import Connection, Node, column, connection, entity, expression, one, visible_to_all
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_code, compare_condition
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from gongzhi_deadlines.worktime import Unit as Measure

from . import rules
from .models import Level, RuleRow, State, SupervisionRow

describe_enum(
    Level,
    "SupervisionLevel",
    "How loudly an answer is asked for (督办级别).",
    REMINDER="A reminder (催办)",
    SUPERVISION="A supervision (督办)",
    LISTED="A supervision on the county's list (挂牌督办)",
)
describe_enum(
    State,
    "SupervisionState",
    "Where a supervision stands (督办状态).",
    OPEN="The unit has to answer (待回复)",
    ANSWERED="The unit has answered (已回复)",
    LIFTED="It was lifted (已解除)",
)


@entity(
    RuleRow,
    visible=visible_to_all,
    order=("since",),
    filter={
        "level": None,
        "current": compare_condition(lambda at: Sql("{0} is null", at.rows.until), "In force (是否有效)"),
    },
)
class SupervisionRule(Node):
    """When a case whose time is over is supervised, and how long the unit has to answer (督办规则)."""

    county: Grid | None = one("The county whose rule it is; null for those without one of their own (县).")
    level: Level = column("The level (级别).")
    overdue: int = column("So long after the deadline, as the next field counts (超期时长).")
    overdue_unit: Measure = column("What it is counted in (单位).")
    reply: int = column("So long the unit has to answer (回复时限).")
    reply_unit: Measure = column("What it is counted in (单位).")
    basis: str = column("The rule or decision that says so (依据).")
    since: datetime.datetime = column("Since when (启用时间).")
    until: datetime.datetime | None = column("Until when; null for what holds now (停用时间).")


def supervision_light(at: Frame) -> Sql:
    """Judge the light when the unit answered, or it was lifted, or now."""
    return Sql(
        "(case when coalesce({0},{1},{2})>={3} then 'RED' when coalesce({0},{1},{2})>={4} then 'AMBER' "
        "else 'GREEN' end)",
        at.row.replied_at,
        at.row.lifted_at,
        at.viewer.now,
        at.row.reply_due_at,
        at.row.warn_at,
    )


@entity(
    SupervisionRow,
    visible=rules.visible_supervisions,
    held=rows_of_held_cases,
    order=("issued_at", "reply_due_at"),
    filter={
        "level": None,
        "state": None,
        "issued_at": None,
        "reply_due_at": None,
        "unit": compare_code("unit_id", "unit", "units"),
    },
)
class Supervision(Node):
    """Somebody above wants to know what is done about a case (催办、督办、挂牌督办)."""

    case: Case | None = one("The case, if you may see it (诉求).")
    case_number: str = expression(
        "The case's number, by which whoever may not see it can speak of it (诉求编号).",
        lambda at: Sql("(select c.number from cases.case c where c.id={0})", at.row.case_id),
    )
    unit: Unit | None = one("The unit that is asked; null for the dispatchers, while no unit has it (被督办单位).")
    level: Level = column("How loudly (级别).")
    state: State = column("Where it stands (状态).")
    rule: SupervisionRule | None = one("The rule it comes from; null if somebody asked (规则).")
    reason: str | None = column("Why somebody asked (督办事由).")
    issued_at: datetime.datetime = column("When (发出时间).")
    reply_due_at: datetime.datetime = column("By when the unit has to answer (回复期限).")
    light: Light = expression("How the time to answer stands (红绿灯).", supervision_light)
    reply: str | None = column("What the unit answered (回复).")
    replied_at: datetime.datetime | None = column("When (回复时间).")
    lifted_at: datetime.datetime | None = column("When it was lifted (解除时间).")
    lifted_why: str | None = column("Why it was lifted (解除理由).")
    version: int = column("Which version it is (版本).")


EXTENSIONS = (
    extend(
        Query,
        supervisions=connection(
            "What is supervised, the most urgent first; `level: LISTED` is the county's list (督办件).",
            order="reply_due_at",
            type=Connection[Supervision] | None,
            requires=None,
        ),
        supervision_rules=connection(
            "When cases are supervised by themselves (督办规则).",
            order="since",
            type=Connection[SupervisionRule] | None,
            requires=None,
        ),
    ),
    extend(
        Case,
        supervisions=connection(
            "How it is supervised (督办情况).",
            on="case",
            order="issued_at",
            type=Connection[Supervision] | None,
            requires=None,
        ),
    ),
)
