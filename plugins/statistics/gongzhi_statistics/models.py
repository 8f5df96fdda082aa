"""Tables of figures: what each case counts for, the sums by place and day, and early signs.

Days are calendar days in China. `sealed` is the visibility class: tip-offs, and whatever else is against
a unit, are counted apart from all the rest.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.core.accounts.models import NAME
from gongzhi.core.cases.models import SettlementLevel
from gongzhi.declare.columns import Located, primary_key
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


class SignState(StrEnum):
    """Where an early sign stands."""

    OPEN = "OPEN"
    PATROL_PROPOSED = "PATROL_PROPOSED"
    WHISTLED = "WHISTLED"
    DISMISSED = "DISMISSED"
    ENDED = "ENDED"


class SignDismissal(StrEnum):
    """Why nothing is done about an early sign."""

    FALSE_ALARM = "FALSE_ALARM"
    KNOWN = "KNOWN"


class SignRow(Located):
    """Like cases that came together in a village or town: the numbers it rests on, and what people made of it.

    Of a place and a subject one is under way at a time. The numbers are those of the week in which there were most.
    """

    id = primary_key()
    category: Any = fields.ForeignKeyField("cases.CategoryRow", related_name=False, on_delete=fields.RESTRICT)
    category_id: int
    # Beside the subject's key, for it is the same in all editions of the catalogue.
    code = fields.CharField(max_length=60)
    state = fields.CharEnumField(SignState, max_length=15)
    edition = fields.CharField(max_length=10)
    since = fields.DateField()
    until = fields.DateField()
    counted = fields.IntField()
    earlier = fields.IntField()
    expected = fields.FloatField()
    threshold = fields.IntField()
    villages = fields.SmallIntField()
    found_at = fields.DatetimeField()
    # When it was found the last time: a sign that nobody decides about ends some time after it is no longer one.
    seen_at = fields.DatetimeField()
    proposed_at = fields.DatetimeField(null=True)
    note = fields.CharField(max_length=2000, null=True)
    whistle: Any = fields.ForeignKeyField(
        "whistles.WhistleRow", null=True, related_name=False, on_delete=fields.SET_NULL
    )
    whistle_id: Any
    dismissal = fields.CharEnumField(SignDismissal, max_length=11, null=True)
    # Null where nobody looked.
    confirmed = fields.BooleanField(null=True)
    outcome = fields.CharField(max_length=2000, null=True)
    decided_by = fields.CharField(max_length=NAME, null=True)
    # The town's sign that it became a part of.
    absorbed_by: Any = fields.ForeignKeyField(
        "statistics.SignRow", null=True, related_name=False, on_delete=fields.SET_NULL
    )
    absorbed_by_id: Any
    ended_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "statistics"
        table = "sign"


class SignCaseRow(Model):
    """A case that an early sign rests on."""

    id = fields.BigIntField(primary_key=True)
    sign: Any = fields.ForeignKeyField("statistics.SignRow", related_name=False, on_delete=fields.CASCADE)
    sign_id: Any
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE, db_index=True)
    case_id: Any

    class Meta:
        schema = "statistics"
        table = "sign_case"
        unique_together = (("sign", "case"),)


class DatasetKind(StrEnum):
    """What an open dataset tells."""

    CASES = "CASES"
    LEVELS = "LEVELS"


class DatasetState(StrEnum):
    """Where an open dataset stands."""

    PROPOSED = "PROPOSED"
    PUBLISHED = "PUBLISHED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class DatasetRow(Located):
    """A table of a county's quarter, as it was when somebody proposed to publish it; it never changes."""

    id = primary_key()
    kind = fields.CharEnumField(DatasetKind, max_length=6)
    state = fields.CharEnumField(DatasetState, max_length=9)
    since = fields.DateField()
    until = fields.DateField()
    licence = fields.CharField(max_length=20)
    rows: Any = fields.JSONField()
    proposed_at = fields.DatetimeField()
    proposed_by = fields.CharField(max_length=NAME, null=True)
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=NAME, null=True)
    reason = fields.CharField(max_length=2000, null=True)
    withdrawn_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "statistics"
        table = "dataset"
