"""Tables of figures: what each case counts for, and the sums by place and day.

Days are calendar days in China. `sealed` is the visibility class: tip-offs, and whatever else is against
a unit, are counted apart from all the rest.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.core.cases.models import SettlementLevel
from tortoise import fields
from tortoise.models import Model


class Dimension(StrEnum):
    """What a sum is broken down by; `value` is the key of the subject, channel or unit, or a number.

    In SETTLED it is ten times the subject's key and the number of the level at which its cases were settled.
    """

    ALL = "ALL"
    CATEGORY = "CATEGORY"
    CHANNEL = "CHANNEL"
    LEVEL = "LEVEL"
    SETTLED = "SETTLED"
    RESPONSE = "RESPONSE"
    HANDLING = "HANDLING"
    UNIT = "UNIT"
    ANSWER = "ANSWER"


class FactRow(Model):
    """What a case counts for. `response` and `handling` are the steps of durations (`statistics.step`).

    `ratings` are those of all its answers that count, `heard` whether its last answer is among them.
    """

    case_id = fields.UUIDField(primary_key=True)
    sealed = fields.BooleanField()
    county_id = fields.IntField(null=True)
    town_id = fields.IntField(null=True)
    village_id = fields.IntField(null=True)
    category_id = fields.IntField()
    channel_id = fields.IntField()
    lead_unit_id = fields.IntField(null=True)
    reported_on = fields.DateField()
    completed_on = fields.DateField(null=True)
    gone_on = fields.DateField(null=True)
    due_on = fields.DateField(null=True)
    timely = fields.BooleanField()
    extended = fields.BooleanField()
    heard = fields.BooleanField()
    level = fields.CharEnumField(SettlementLevel, max_length=7, null=True)
    response = fields.IntField(null=True)
    handling = fields.IntField(null=True)
    orders: Any = fields.JSONField(null=True)
    ratings: Any = fields.JSONField(null=True)

    class Meta:
        schema = "statistics"
        table = "fact"


class RollupRow(Model):
    """The sum of what cases count for in a county, town or village on a day, or `monthly` in the month it begins.

    In the dimension UNIT work orders are counted: `reported` are those issued, `gone` those returned. ANSWER counts
    the cases a unit answered for. `answered` and `scored` are the answers of which somebody said whether the matter is
    solved, and how good they were; `heard` are the cases settled whose last answer is among them.
    """

    id = fields.BigIntField(primary_key=True)
    grid_id = fields.IntField()
    dimension = fields.CharEnumField(Dimension, max_length=8)
    sealed = fields.BooleanField()
    monthly = fields.BooleanField(default=False)
    day = fields.DateField()
    value = fields.IntField()
    reported = fields.IntField()
    completed = fields.IntField()
    gone = fields.IntField()
    due = fields.IntField()
    met = fields.IntField()
    timely = fields.IntField()
    extended = fields.IntField()
    answered = fields.IntField()
    solved = fields.IntField()
    scored = fields.IntField()
    satisfied = fields.IntField()
    heard = fields.IntField()

    class Meta:
        schema = "statistics"
        table = "rollup"
        unique_together = (("grid_id", "dimension", "sealed", "monthly", "day", "value"),)


class ChangedRow(Model):
    """A case of which something has changed that it counts for, noted by triggers on whatever tells of it."""

    id = fields.BigIntField(primary_key=True)
    case_id = fields.UUIDField(db_index=True)

    class Meta:
        schema = "statistics"
        table = "changed"
