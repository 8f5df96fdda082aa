"""Models: the tables of deadlines, which are the rules, who chose which, and the clocks that run by them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.core.cases.models import CaseKind, Urgency
from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.models import Model

from gongzhi_deadlines.worktime import Unit


class Stage(StrEnum):
    """What a clock waits for; `stages.py` says from when to when."""

    RESPOND = "RESPOND"
    ACCEPT = "ACCEPT"
    DISPATCH = "DISPATCH"
    CONTACT = "CONTACT"
    HANDLE = "HANDLE"
    REPLY = "REPLY"
    FOLLOW_UP = "FOLLOW_UP"
    GRACE = "GRACE"
    EXTERNAL = "EXTERNAL"


class RuleSetKind(StrEnum):
    """What a set of rules is for."""

    COUNTY = "COUNTY"
    TOWN = "TOWN"
    LIMITS = "LIMITS"


class RuleSetRow(Model):
    """An edition of a set of rules. It never changes; a county that edits its rules makes the next edition.

    A county chooses among sets of the kind COUNTY (`ChoiceRow`). Of a town's rules, and of the limits within which a
    county's towns may have them, the last edition is in force; one without rules takes back those before it.
    """

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40)
    edition = fields.IntField()
    name = fields.CharField(max_length=100)
    county: Any = fields.ForeignKeyField("grids.GridRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    county_id: int | None
    kind = fields.CharEnumField(
        RuleSetKind, max_length=6, default=RuleSetKind.COUNTY, db_default=RuleSetKind.COUNTY.value
    )
    town: Any = fields.ForeignKeyField("grids.GridRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    town_id: int | None
    since = fields.DatetimeField()
    account = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "clocks"
        table = "rule_set"
        unique_together = (("code", "edition"),)


class RuleRow(Model):
    """How long a stage may take. Of the rules of a set, the first by rank that fits a case is the one for it."""

    id = fields.IntField(primary_key=True)
    set: Any = fields.ForeignKeyField("clocks.RuleSetRow", related_name=False, on_delete=fields.CASCADE)
    set_id: int
    rank = fields.SmallIntField()
    stage = fields.CharEnumField(Stage, max_length=9)
    kind = fields.CharEnumField(CaseKind, max_length=10, null=True)
    category = fields.CharField(max_length=60, null=True)
    urgency = fields.CharEnumField(Urgency, max_length=9, null=True)
    channel = fields.CharField(max_length=40, null=True)
    amount = fields.SmallIntField()
    unit = fields.CharEnumField(Unit, max_length=14)
    next_day = fields.BooleanField(default=False)
    basis = fields.CharField(max_length=300)
    any_hour = fields.BooleanField(default=False, db_default=False)
    """Whether reminders are sent at night and on holidays, too, as they are in every emergency."""

    class Meta:
        schema = "clocks"
        table = "rule"
        unique_together = (("set", "rank"),)


class ChoiceRow(Located):
    """By which rules a county works, from when to when; its grid is the county."""

    id = primary_key()
    set: Any = fields.ForeignKeyField("clocks.RuleSetRow", related_name=False, on_delete=fields.RESTRICT)
    set_id: int
    since = fields.DatetimeField()
    until = fields.DatetimeField(null=True)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "clocks"
        table = "choice"


class ClockRow(Model):
    """The time of one stage of a case. It runs until `stopped_at`; what it took and ought to have taken stays.

    `warn_at` and `due_at` follow from rule, calendar and course; both are infinity while a pause keeps them from
    coming. `counted` are the seconds spent up to `counted_at`, from where a statement goes on counting, in working
    time if it is `working`; null while nothing is to be counted. `unit` is who was responsible when it started.
    """

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    stage = fields.CharEnumField(Stage, max_length=9)
    # Without a rule another system has set the deadline: nothing here moves it, and no pause keeps it from coming.
    rule: Any = fields.ForeignKeyField("clocks.RuleRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    rule_id: int | None
    calendar: Any = fields.ForeignKeyField("calendars.CalendarRow", related_name=False, on_delete=fields.RESTRICT)
    calendar_id: int
    calendar_version = fields.IntField()
    unit: Any = fields.ForeignKeyField("units.UnitRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    unit_id: int | None
    started_at = fields.DatetimeField()
    warn_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    stopped_at = fields.DatetimeField(null=True)
    pauses: Any = fields.JSONField()
    extensions: Any = fields.JSONField()
    working = fields.BooleanField()
    allowed = fields.BigIntField()
    counted = fields.BigIntField(default=0)
    counted_at = fields.DatetimeField(null=True)
    reminded = fields.SmallIntField(default=0)

    class Meta:
        schema = "clocks"
        table = "clock"


class Why(StrEnum):
    """Why a deadline moved."""

    RULES = "RULES"
    CALENDAR = "CALENDAR"
    EXTENDED = "EXTENDED"
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"


class TraceRow(Model):
    """A deadline that moved: why, from when to when."""

    id = primary_key()
    clock: Any = fields.ForeignKeyField("clocks.ClockRow", related_name=False, on_delete=fields.CASCADE)
    clock_id: Any
    at = fields.DatetimeField()
    why = fields.CharEnumField(Why, max_length=8)
    before = fields.DatetimeField()
    after = fields.DatetimeField()
    data: Any = fields.JSONField()
    account = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "clocks"
        table = "trace"
