"""Tables of supervision: a county's rules, and what units were asked and answered."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import primary_key
from gongzhi_deadlines.worktime import Unit
from tortoise import fields
from tortoise.models import Model


class Level(StrEnum):
    """How loudly an answer is asked for."""

    REMINDER = "REMINDER"
    SUPERVISION = "SUPERVISION"
    LISTED = "LISTED"


class State(StrEnum):
    """Where a supervision stands."""

    OPEN = "OPEN"
    ANSWERED = "ANSWERED"
    LIFTED = "LIFTED"


class RuleRow(Model):
    """When a clock that has run out is supervised, and how long the unit has to answer. Without a county: all."""

    id = fields.IntField(primary_key=True)
    county: Any = fields.ForeignKeyField("grids.GridRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    county_id: int | None
    level = fields.CharEnumField(Level, max_length=11)
    overdue = fields.IntField()
    overdue_unit = fields.CharEnumField(Unit, max_length=14)
    reply = fields.IntField()
    reply_unit = fields.CharEnumField(Unit, max_length=14)
    basis = fields.CharField(max_length=300)
    since = fields.DatetimeField()
    until = fields.DatetimeField(null=True)
    account = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "supervision"
        table = "rule"


class SupervisionRow(Model):
    """Somebody above asks the unit that has a case what is done about it. Without a unit, its dispatchers."""

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    unit: Any = fields.ForeignKeyField("units.UnitRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    unit_id: int | None
    level = fields.CharEnumField(Level, max_length=11)
    state = fields.CharEnumField(State, max_length=8, default=State.OPEN)
    # Null when somebody asked by hand; by it a unit reads on which ground it was asked.
    rule: Any = fields.ForeignKeyField("supervision.RuleRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    rule_id: int | None
    reason = fields.TextField(null=True)
    issued_at = fields.DatetimeField()
    issued_by = fields.CharField(max_length=100, null=True)
    warn_at = fields.DatetimeField()
    reply_due_at = fields.DatetimeField()
    reply = fields.TextField(null=True)
    replied_at = fields.DatetimeField(null=True)
    replied_by = fields.CharField(max_length=100, null=True)
    lifted_at = fields.DatetimeField(null=True)
    lifted_by = fields.CharField(max_length=100, null=True)
    lifted_why = fields.TextField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "supervision"
        table = "supervision"
