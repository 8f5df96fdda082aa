"""Tables of whistle calls: calls, summonses, plans, tasks and assessments."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.models import Model


class WhistleKind(StrEnum):
    """Why units are called."""

    ROUTINE = "ROUTINE"
    TOUGH = "TOUGH"
    EMERGENCY = "EMERGENCY"


class WhistleState(StrEnum):
    """Where a whistle call stands."""

    PENDING = "PENDING"
    CALLED = "CALLED"
    REFUSED = "REFUSED"
    CLOSED = "CLOSED"


class Direction(StrEnum):
    """Who assesses whom."""

    OF_UNIT = "OF_UNIT"
    OF_CALLER = "OF_CALLER"


def _of(model: str, **options: Any) -> Any:
    return fields.ForeignKeyField(model, related_name=False, on_delete=fields.RESTRICT, **options)


def _belonging() -> Any:
    return fields.ForeignKeyField("whistles.WhistleRow", related_name=False, on_delete=fields.CASCADE)


class WhistleRow(Located):
    """Somebody calls units together about a matter. `check_in_within` is how long they have to come, as given."""

    id = primary_key()
    kind = fields.CharEnumField(WhistleKind, max_length=9)
    state = fields.CharEnumField(WhistleState, max_length=7)
    matter = fields.TextField()
    case: Any = fields.ForeignKeyField("cases.CaseRow", null=True, related_name=False, on_delete=fields.SET_NULL)
    case_id: Any
    check_in_within = fields.CharField(max_length=20)
    asked_at = fields.DatetimeField()
    asked_by = fields.CharField(max_length=100, null=True)
    called_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=100, null=True)
    emergency: Any = _of("emergency.EmergencyRow", null=True)
    emergency_id: Any
    outcome = fields.TextField(null=True)
    closed_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "whistles"
        table = "whistle"


class SummonsRow(Model):
    """One unit that is called, and whether it came. Times are `infinity` until the whistle is blown."""

    id = primary_key()
    whistle: Any = _belonging()
    whistle_id: Any
    unit: Any = _of("units.UnitRow")
    unit_id: int
    warn_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    checked_in_at = fields.DatetimeField(null=True)
    checked_in_by = fields.CharField(max_length=100, null=True)
    escalated_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "whistles"
        table = "summons"
        unique_together = (("whistle", "unit"),)


class PlanRow(Model):
    """One version of what was agreed on. It never changes: the next version takes its place."""

    id = primary_key()
    whistle: Any = _belonging()
    whistle_id: Any
    version = fields.IntField()
    text = fields.TextField()
    at = fields.DatetimeField()
    account = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "whistles"
        table = "plan"
        unique_together = (("whistle", "version"),)


class TaskRow(Model):
    """What one unit does by when, by one version of the plan, and what came of it."""

    id = primary_key()
    whistle: Any = _belonging()
    whistle_id: Any
    # By the version it was agreed in: a later plan has tasks of its own, and what was done by the earlier one stays.
    plan: Any = fields.ForeignKeyField("whistles.PlanRow", related_name=False, on_delete=fields.CASCADE)
    plan_id: Any
    unit: Any = _of("units.UnitRow")
    unit_id: int
    text = fields.TextField()
    due_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)
    done_by = fields.CharField(max_length=100, null=True)
    result = fields.TextField(null=True)

    class Meta:
        schema = "whistles"
        table = "task"


class AssessmentRow(Model):
    """What the caller makes of a unit, or a unit of the caller, once a whistle call is closed."""

    id = primary_key()
    whistle: Any = _belonging()
    whistle_id: Any
    unit: Any = _of("units.UnitRow")
    unit_id: int
    direction = fields.CharEnumField(Direction, max_length=9)
    rating = fields.SmallIntField()
    comment = fields.TextField(null=True)
    at = fields.DatetimeField()
    account = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "whistles"
        table = "assessment"
        unique_together = (("whistle", "unit", "direction"),)
