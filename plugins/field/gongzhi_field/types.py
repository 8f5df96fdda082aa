"""Field types: changes and conflicts as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import Connection, Node, column, connection, entity, one
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_condition
from gongzhi.declare.sql import Sql

from . import rules
from .models import ChangeRow, ConflictRow, Keep

describe_enum(
    Keep,
    "Keep",
    "Which of two values stays (保留哪个).",
    MINE="The one that came too late (采用离线值)",
    THEIRS="The one that is there (保留现有值)",
)


@entity(ChangeRow, visible=rules.visible_history, through="case", order=("at",), filter={"field": None})
class CaseChange(Node):
    """A field of a case that got another value (字段变更)."""

    case: Case | None = one("The case (诉求).")
    field: str = column("The field, such as title or status (字段).")
    before: str | None = column("What it was (原值).")
    after: str | None = column("What it became (新值).")
    occurred_at: datetime.datetime = column("When it was written, by the clock of the phone (填写时间).")
    at: datetime.datetime = column("When we heard of it (接收时间).")
    role: str | None = column("The role of whoever wrote it (角色).")


@entity(
    ConflictRow,
    visible=rules.visible_history,
    through="case",
    order=("received_at",),
    filter={"open": compare_condition(lambda at: Sql("{0} is null", at.rows.resolved_at), "Undecided (是否未处理)")},
)
class CaseConflict(Node):
    """A change that was kept but not made: somebody else had changed the same field meanwhile (同步冲突)."""

    case: Case | None = one("The case (诉求).")
    field: str = column("The field, such as title or status (字段).")
    base: str | None = column("What the phone had seen (所见值).")
    mine: str | None = column("What it was to become (离线值).")
    theirs: str | None = column("What somebody else had made of it (现有值).")
    by: str | None = column("The role of whoever did (对方角色).")
    at: datetime.datetime = column("When they did (对方时间).")
    occurred_at: datetime.datetime = column("When the change was written, by the clock of the phone (填写时间).")
    received_at: datetime.datetime = column("When we heard of it (接收时间).")
    role: str | None = column("The role of whoever wrote the change (填写人角色).")
    kept: Keep | None = column("Which value stays; null until somebody has decided (裁定).")
    resolved_at: datetime.datetime | None = column("When that was decided (裁定时间).")


EXTENSIONS = (
    extend(
        Case,
        changes=connection(
            "How its fields changed, the last first; for staff, and whoever wrote them (字段变更).",
            on="case",
            order="-at",
            type=Connection[CaseChange] | None,
            requires=None,
        ),
        conflicts=connection(
            "Changes that met others and were not made, the last first (同步冲突).",
            on="case",
            order="-received_at",
            type=Connection[CaseConflict] | None,
            requires=None,
        ),
    ),
)
