"""Tables of activities: their series, who comes, what was said, and what is to be done."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.models import Model

from .organisation import FOREVER, OWNED, PERSONAL


class Form(StrEnum):
    """What sort of activity it is."""

    MEMBERS_MEETING = "MEMBERS_MEETING"
    COMMITTEE_MEETING = "COMMITTEE_MEETING"
    GROUP_MEETING = "GROUP_MEETING"
    PARTY_LECTURE = "PARTY_LECTURE"
    PARTY_DAY = "PARTY_DAY"
    COUNCIL_DAY = "COUNCIL_DAY"
    VOTERS_DAY = "VOTERS_DAY"
    VOLUNTEERING = "VOLUNTEERING"
    PATROL = "PATROL"
    STUDY = "STUDY"
    OTHER = "OTHER"


class Audience(StrEnum):
    """Whom an activity is for."""

    BRANCH = "BRANCH"
    GRID = "GRID"
    PUBLIC = "PUBLIC"


class Shift(StrEnum):
    """What becomes of an activity that falls on a day off, by the county's calendar."""

    KEEP = "KEEP"
    SKIP = "SKIP"
    BEFORE = "BEFORE"
    AFTER = "AFTER"


class ActivityState(StrEnum):
    """Where an activity stands."""

    PLANNED = "PLANNED"
    CANCELLED = "CANCELLED"
    HELD = "HELD"


class ParticipationState(StrEnum):
    """Where somebody's coming stands."""

    SIGNED_UP = "SIGNED_UP"
    WAITING = "WAITING"
    CHECKED_IN = "CHECKED_IN"
    EXCUSED = "EXCUSED"
    WITHDRAWN = "WITHDRAWN"


class PaperKind(StrEnum):
    """What lies beside minutes."""

    PHOTO = "PHOTO"
    DOCUMENT = "DOCUMENT"


class SeriesRow(Located):
    """Activities that come again. `starts_at` is the first; the rule is RFC 5545's, in China's time."""

    id = primary_key()
    branch: Any = fields.ForeignKeyField("party.BranchRow", null=True, db_index=True, **FOREVER)
    branch_id: Any
    group: Any = fields.ForeignKeyField("party.GroupRow", null=True, db_index=True, **FOREVER)
    group_id: Any
    form = fields.CharEnumField(Form, max_length=17)
    audience = fields.CharEnumField(Audience, max_length=6)
    title = fields.CharField(max_length=100)
    description = fields.CharField(max_length=2000, null=True)
    place = fields.CharField(max_length=200)
    rule = fields.CharField(max_length=200)
    starts_at = fields.DatetimeField()
    minutes = fields.IntField()
    shift = fields.CharEnumField(Shift, max_length=6, default=Shift.AFTER)
    capacity = fields.IntField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "party"
        table = "series"


class ActivityRow(Located):
    """One activity. `original_at` is when its series' rule has it; it may have been moved since."""

    id = primary_key()
    series: Any = fields.ForeignKeyField("party.SeriesRow", null=True, **FOREVER)
    series_id: Any
    # The name of this time within its series (RFC 5545, RECURRENCE-ID), whatever becomes of `starts_at`.
    original_at = fields.DatetimeField(null=True)
    branch: Any = fields.ForeignKeyField("party.BranchRow", null=True, db_index=True, **FOREVER)
    branch_id: Any
    group: Any = fields.ForeignKeyField("party.GroupRow", null=True, db_index=True, **FOREVER)
    group_id: Any
    form = fields.CharEnumField(Form, max_length=17)
    audience = fields.CharEnumField(Audience, max_length=6)
    title = fields.CharField(max_length=100)
    description = fields.CharField(max_length=2000, null=True)
    place = fields.CharField(max_length=200)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    capacity = fields.IntField(null=True)
    state = fields.CharEnumField(ActivityState, max_length=9, default=ActivityState.PLANNED)
    reason = fields.CharField(max_length=500, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "party"
        table = "activity"
        unique_together = (("series", "original_at"),)


class ParticipationRow(Model):
    """That somebody comes, waits or came. `share`: they want their coming told to rules that reward it."""

    id = primary_key()
    activity: Any = fields.ForeignKeyField("party.ActivityRow", **OWNED)
    activity_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    person_id: Any
    state = fields.CharEnumField(ParticipationState, max_length=10)
    signed_at = fields.DatetimeField()
    checked_in_at = fields.DatetimeField(null=True)
    offline = fields.BooleanField(default=False)
    share = fields.BooleanField(default=False)
    excuse = fields.CharField(max_length=500, null=True)
    # Set back when the activity is moved, so that one is reminded of the time that holds.
    reminded_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "party"
        table = "participation"
        unique_together = (("activity", "person"),)


class MinutesRow(Model):
    """What was said and decided at an activity."""

    id = primary_key()
    activity: Any = fields.ForeignKeyField("party.ActivityRow", unique=True, **{**OWNED, "db_index": False})
    activity_id: Any
    text = fields.TextField()
    recorded_at = fields.DatetimeField()
    # Who wrote them: minutes are never changed, so it is one account for good.
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "party"
        table = "minutes"


class PaperRow(Model):
    """A photo or document beside minutes. Photos are made anew, without what the camera adds.

    `content` is the file in base64, sealed under a key of the row's own; what was kept before lies there as it is.
    """

    id = primary_key()
    minutes: Any = fields.ForeignKeyField("party.MinutesRow", **OWNED)
    minutes_id: Any
    kind = fields.CharEnumField(PaperKind, max_length=8)
    title = fields.CharField(max_length=100)
    # In the database and not with attachments: those are seen with their case, these with their minutes.
    county = fields.CharField(max_length=6, null=True)
    data_key: Any = BytesField(null=True)
    content: Any = BytesField()

    class Meta:
        schema = "party"
        table = "paper"


class TaskRow(Model):
    """What was resolved, who does it, and by when. It belongs to an activity or to a deliberation."""

    id = primary_key()
    activity: Any = fields.ForeignKeyField("party.ActivityRow", null=True, db_index=True, **FOREVER)
    activity_id: Any
    deliberation: Any = fields.ForeignKeyField("party.DeliberationRow", null=True, db_index=True, **FOREVER)
    deliberation_id: Any
    title = fields.CharField(max_length=200)
    owner: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    owner_id: Any
    due_on = fields.DateField()
    done_at = fields.DatetimeField(null=True)
    note = fields.CharField(max_length=500, null=True)
    reminded_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "party"
        table = "task"


class FeedbackRow(Model):
    """What somebody who came makes of it."""

    id = primary_key()
    activity: Any = fields.ForeignKeyField("party.ActivityRow", **OWNED)
    activity_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    person_id: Any
    score = fields.SmallIntField()
    comment = fields.CharField(max_length=500, null=True)

    class Meta:
        schema = "party"
        table = "feedback"
        unique_together = (("activity", "person"),)


class FeedKind(StrEnum):
    """Whose activities a calendar has."""

    PERSON = "PERSON"
    BRANCH = "BRANCH"
    GRID = "GRID"


class FeedRow(Model):
    """A calendar that can be read by its address alone. What is kept of the address is a digest."""

    id = primary_key()
    kind = fields.CharEnumField(FeedKind, max_length=6)
    person: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    person_id: Any
    branch: Any = fields.ForeignKeyField("party.BranchRow", null=True, **FOREVER)
    branch_id: Any
    grid: Any = fields.ForeignKeyField("grids.GridRow", null=True, **FOREVER)
    grid_id: int | None
    digest = BytesField(unique=True)
    opened_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "party"
        table = "feed"
