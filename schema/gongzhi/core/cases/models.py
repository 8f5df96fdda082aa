"""Models: the tables of cases (诉求) and of what happened to them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import SqlDefault
from tortoise.models import Model

from gongzhi.declare.columns import NEVER, Located, primary_key
from gongzhi.values.codes import Series

# Instead of null, so that lists are ordered by one index (docs/decisions/deadlines.md).
INFINITY = SqlDefault("'infinity'")


class CaseKind(StrEnum):
    """What is asked (Beijing rules, art. 2)."""

    CONSULT = "CONSULT"
    HELP = "HELP"
    COMPLAINT = "COMPLAINT"
    TIP_OFF = "TIP_OFF"
    SUGGESTION = "SUGGESTION"


class Status(StrEnum):
    """Where a case stands; the ways between are in `machine.py`."""

    REPORTED = "REPORTED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    MERGED = "MERGED"
    DISPATCHED = "DISPATCHED"
    RETURNED = "RETURNED"
    HANDLING = "HANDLING"
    SUSPENDED = "SUSPENDED"
    REPLIED = "REPLIED"
    CLOSED = "CLOSED"
    VOIDED = "VOIDED"


class Urgency(StrEnum):
    """How soon somebody must look."""

    ROUTINE = "ROUTINE"
    URGENT = "URGENT"
    EMERGENCY = "EMERGENCY"


class Origin(StrEnum):
    """Whether somebody asked, or the matter was found before anybody had to."""

    REACTIVE = "REACTIVE"
    PROACTIVE = "PROACTIVE"


class SettlementLevel(StrEnum):
    """Where a matter was settled (小事不出村)."""

    GRID = "GRID"
    VILLAGE = "VILLAGE"
    TOWN = "TOWN"
    COUNTY = "COUNTY"


class Light(StrEnum):
    """How a clock stands."""

    GREEN = "GREEN"
    AMBER = "AMBER"
    RED = "RED"


class RatingSource(StrEnum):
    """How it is known what the requester makes of an answer."""

    ACCOUNT = "ACCOUNT"
    RECEIPT = "RECEIPT"
    FOLLOW_UP = "FOLLOW_UP"


class Audience(StrEnum):
    """Who may read an event of a case they may see."""

    PUBLIC = "PUBLIC"
    STAFF = "STAFF"


class CategoryRow(Model):
    """A subject, from a versioned table with the codes that standards have for it."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=60)
    name = fields.CharField(max_length=60)
    parent: Any = fields.ForeignKeyField(
        "cases.CategoryRow", null=True, related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    parent_id: int | None
    # A new meaning is a new edition: cases keep the subject that they were filed under.
    edition = fields.CharField(max_length=20)
    standard_ref = fields.CharField(max_length=60, null=True)
    standard_code = fields.CharField(max_length=40, null=True)
    valid_to = fields.DateField(null=True)

    class Meta:
        schema = "cases"
        table = "category"
        unique_together = (("code", "edition"),)


class ChannelRow(Model):
    """A way in which cases arrive."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=60)
    roles: Any = ArrayField("text", db_default=SqlDefault("'{}'"))
    """Of which roles whoever files by it must have one; none: everybody may."""
    by_key = fields.BooleanField(default=False, db_default=False)
    """Whether only systems with an API key file by it."""

    class Meta:
        schema = "cases"
        table = "channel"


class CounterRow(Model):
    """The last number given in a county, on a day, in a series."""

    id = fields.IntField(primary_key=True)
    county = fields.CharField(max_length=6)
    day = fields.DateField()
    series = fields.CharEnumField(Series, max_length=8)
    given = fields.IntField()

    class Meta:
        schema = "cases"
        table = "counter"
        unique_together = (("county", "day", "series"),)


class CaseRow(Located):
    """A matter that somebody raised. `warn_at` and `due_at` are set by whoever reckons deadlines (`deadlines.py`).

    Of a recording that nobody has written down yet, `title` and `description` are empty. What is
    `external` was filed by another system with its `account`, which is nobody's inbox.
    """

    id = primary_key()
    number = fields.CharField(max_length=21, unique=True)
    series = fields.CharEnumField(Series, max_length=8, default=Series.ORDINARY)
    kind = fields.CharEnumField(CaseKind, max_length=10)
    channel: Any = fields.ForeignKeyField("cases.ChannelRow", related_name=False, on_delete=fields.RESTRICT)
    channel_id: int
    category: Any = fields.ForeignKeyField("cases.CategoryRow", related_name=False, on_delete=fields.RESTRICT)
    category_id: int
    urgency = fields.CharEnumField(Urgency, max_length=9, default=Urgency.ROUTINE)
    origin = fields.CharEnumField(Origin, max_length=9, default=Origin.REACTIVE)
    title = fields.CharField(max_length=200)
    description = fields.TextField()
    status = fields.CharEnumField(Status, max_length=10)
    requester: Any = fields.ForeignKeyField(
        "people.PersonRow", null=True, related_name=False, on_delete=fields.RESTRICT
    )
    requester_id: Any
    # Whoever reported it for somebody else: it is their case as well, and their notices.
    filed_by: Any = fields.ForeignKeyField("people.PersonRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    filed_by_id: Any
    anonymous = fields.BooleanField(default=False)
    # By its name and without a foreign key: an account of another identity provider has no row here.
    account = fields.CharField(max_length=100, null=True)
    external = fields.BooleanField(default=False, db_default=False)
    longitude = fields.FloatField(null=True)
    latitude = fields.FloatField(null=True)
    # As it was sent, with its coordinate system: conversion is not exact, and another one may be better.
    place_source: Any = fields.JSONField(null=True)
    address = fields.CharField(max_length=200, null=True)
    lead_unit: Any = fields.ForeignKeyField("units.UnitRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    lead_unit_id: int | None
    # Its people take no step of the case, whatever else they may.
    accused_unit: Any = fields.ForeignKeyField(
        "units.UnitRow", null=True, related_name=False, on_delete=fields.RESTRICT
    )
    accused_unit_id: int | None
    self_handled = fields.BooleanField(default=False)
    settled_level = fields.CharEnumField(SettlementLevel, max_length=7, null=True)
    reported_at = fields.DatetimeField()
    # Never null, so that an index gives a list by what is due first.
    warn_at = fields.DatetimeField(default=NEVER, db_default=INFINITY)
    due_at = fields.DatetimeField(default=NEVER, db_default=INFINITY)
    settled_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    reply = fields.TextField(null=True)
    replied_at = fields.DatetimeField(null=True)
    # Of the answer that stands; what was said of those before is kept in `RatingRow`.
    rating = fields.SmallIntField(null=True)
    solved = fields.BooleanField(null=True)
    rating_comment = fields.CharField(max_length=2000, null=True)
    reopenings = fields.SmallIntField(default=0)
    previous: Any = fields.ForeignKeyField(
        "cases.CaseRow", null=True, related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    previous_id: Any
    version = fields.IntField(default=1)

    class Meta:
        schema = "cases"
        table = "case"


class SupportRow(Model):
    """A unit that helps the lead unit with a case."""

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT, db_index=True)
    unit_id: int

    class Meta:
        schema = "cases"
        table = "support"
        unique_together = (("case", "unit"),)


class RatingRow(Model):
    """What the requester made of one answer, whoever it was told to. `counts` says whether figures count it."""

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    # Whose answer it was: another unit may lead the case by now.
    unit: Any = fields.ForeignKeyField("units.UnitRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    unit_id: int | None
    answered_at = fields.DatetimeField()
    at = fields.DatetimeField()
    source = fields.CharEnumField(RatingSource, max_length=9)
    rating = fields.SmallIntField(null=True)
    solved = fields.BooleanField(null=True)
    comment = fields.CharField(max_length=2000, null=True)
    counts = fields.BooleanField()

    class Meta:
        schema = "cases"
        table = "rating"
        unique_together = (("case", "answered_at"),)


class EventRow(Model):
    """One step of a case: what, when, by whom, and what they noted."""

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    # No enum, since plugins put events of their own on timelines.
    type = fields.CharField(max_length=60)
    at = fields.DatetimeField()
    audience = fields.CharEnumField(Audience, max_length=6, default=Audience.PUBLIC)
    account = fields.CharField(max_length=100, null=True)
    # As of that moment: grants end, and the timeline still says in which office somebody acted.
    role = fields.CharField(max_length=60, null=True)
    unit: Any = fields.ForeignKeyField("units.UnitRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    unit_id: int | None
    # Apart from `data`, which has codes alone: what people wrote is erased with them, and the step stays.
    note = fields.TextField(null=True)
    data: Any = fields.JSONField()

    class Meta:
        schema = "cases"
        table = "event"
