"""Emergency types: emergencies as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import Connection, Node, column, connection, entity, many, one, visible_to_all
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql
from strawberry import ID
from strawberry.scalars import JSON

from . import rules
from .models import EmergencyRow, EmergencyState, MarkRow, PowerRow

describe_enum(
    EmergencyState,
    "EmergencyState",
    "Where an emergency stands (应急状态).",
    PENDING="Somebody else has to confirm it (待确认)",
    ACTIVE="Confirmed; its powers hold from its beginning to its end (已启动)",
    ENDED="Over (已结束)",
    REFUSED="Not confirmed (未确认)",
    LAPSED="Nobody confirmed it in a day (失效)",
    ABSORBED="One of a larger area took it over (已并入)",
)


@entity(PowerRow, visible=visible_to_all, order=("code",))
class EmergencyPower(Node):
    """Something that may be done in an emergency and not otherwise (应急权力)."""

    code: str = column("Its code (代码).")
    name: str = column("Its name (名称).")
    description: str = column("What it allows (内容).")
    commands: list[str] = column("The mutations it changes (适用操作).")
    basis: str = column("The law that says so (依据).")


@entity(MarkRow, visible=rules.visible_marks, through="emergency", order=("at",))
class EmergencyMark(Node):
    """Something that was done by a power (应急处置留痕)."""

    emergency: Emergency | None = one("The emergency (应急状态).")
    power: str = column("The power's code (权力).")
    command: str = column("The mutation (操作).")
    about: ID = column("The id of what it was done to; ask `node` for it (对象).")
    at: datetime.datetime = column("When (时间).")


def granted_powers(at: Frame) -> Alternatives:
    return [Sql("{0}=any({1})", at.rows.code, at.row.powers)]


def absorbed_emergencies(at: Frame) -> Alternatives:
    return [Sql("{0}=any({1})", at.rows.id, at.row.absorbs)]


@entity(
    EmergencyRow,
    visible=rules.visible_emergencies,
    order=("starts_at",),
    filter={"state": None, "starts_at": None, "ends_at": None, "grid": compare_place()},
)
class Emergency(Node):
    """Named powers for a grid and a time. It ends by itself (平战结合、应急状态)."""

    grid: Grid | None = one("Where (网格).")
    state: EmergencyState = column("Where it stands (状态).")
    reason: str = column("Why; everybody reads it (事由).")
    powers: list[EmergencyPower] = many("What may be done (应急权力).", granted_powers, order="code", cap=20)
    declared_at: datetime.datetime = column("When it was declared (宣布时间).")
    confirmed_at: datetime.datetime | None = column("When a second person confirmed it, or one above (确认时间).")
    starts_at: datetime.datetime = column("From when (开始时间).")
    ends_at: datetime.datetime = column("When it ends by itself (自动结束时间).")
    ended_at: datetime.datetime | None = column("When it ended (结束时间).")
    previous: Emergency | None = one("The one it goes on from (延续自).")
    absorbs: list[Emergency] = many(
        "Those of areas within it that it takes over once it is confirmed (并入的应急状态).",
        absorbed_emergencies,
        order="starts_at",
        cap=20,
    )
    absorbed_by: Emergency | None = one("The one of a larger area that took it over (并入).")
    report: JSON | None = column("What was done in it, from the events: numbers only (事后报告).")
    marks: list[EmergencyMark] = many("What was done by its powers (留痕).", on="emergency", order="at")
    version: int = column("Which version it is (版本).")


EXTENSIONS = (
    extend(
        Query,
        emergencies=connection(
            "The public register of emergencies, the last first (应急状态登记簿).",
            order="-starts_at",
            type=Connection[Emergency] | None,
            requires=None,
        ),
        emergency_powers=connection(
            "What may be done in an emergency, and which mutations it changes (应急权力清单).",
            order="code",
            type=Connection[EmergencyPower] | None,
            requires=None,
        ),
    ),
)
