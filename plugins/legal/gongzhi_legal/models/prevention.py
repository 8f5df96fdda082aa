"""Tables of prevention: situations to look at again, things to read, and clues for inspectors."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.models import Model

from .keys import KEPT, OWNED, of_matter


class Tension(StrEnum):
    """How near a situation is to a dispute. It is said of the situation, never of anybody in it."""

    CALM = "CALM"
    TENSE = "TENSE"
    ACUTE = "ACUTE"


class ScreeningState(StrEnum):
    """Whether a situation is still looked at."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


class ClueState(StrEnum):
    """Where a clue stands."""

    REPORTED = "REPORTED"
    DECLINED = "DECLINED"
    ACCEPTED = "ACCEPTED"
    CALLED = "CALLED"
    HANDLED = "HANDLED"
    REPLIED = "REPLIED"


class ClueSubject(StrEnum):
    """Which rules may have been broken (综合行政执法)."""

    BUILDING = "BUILDING"
    LAND_USE = "LAND_USE"
    ENVIRONMENT = "ENVIRONMENT"
    WATER = "WATER"
    FOREST = "FOREST"
    FOOD = "FOOD"
    SAFETY = "SAFETY"
    TRAFFIC = "TRAFFIC"
    MARKET = "MARKET"
    OTHER = "OTHER"


class ScreeningRow(Located):
    """A situation that may become a dispute (矛盾排查), and when somebody looks at it again."""

    id = primary_key()
    dispute_type: Any = fields.ForeignKeyField("legal.DisputeTypeRow", **KEPT)
    dispute_type_id: int
    # In clear, since it is about a situation and names nobody; what a person says of a neighbour is a clue, and sealed.
    situation = fields.CharField(max_length=1000)
    tension = fields.CharEnumField(Tension, max_length=5)
    state = fields.CharEnumField(ScreeningState, max_length=8, default=ScreeningState.OPEN)
    recorded_at = fields.DatetimeField()
    account = fields.CharField(max_length=100)
    review_on = fields.DateField()
    reminded_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "legal"
        table = "screening"


class ReviewRow(Model):
    """What somebody found when they looked at a situation again."""

    id = primary_key()
    screening: Any = fields.ForeignKeyField("legal.ScreeningRow", db_index=True, **OWNED)
    screening_id: Any
    at = fields.DatetimeField()
    tension = fields.CharEnumField(Tension, max_length=5)
    note = fields.CharField(max_length=1000)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "legal"
        table = "review"


class ArticleRow(Located):
    """Something to read about the law, for a grid and all below it."""

    id = primary_key()
    title = fields.CharField(max_length=100)
    text = fields.CharField(max_length=10_000)
    published_at = fields.DatetimeField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "legal"
        table = "article"


class LectureRow(Located):
    """A talk or a fair about the law, at a time and place."""

    id = primary_key()
    title = fields.CharField(max_length=100)
    place = fields.CharField(max_length=200)
    starts_at = fields.DatetimeField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "legal"
        table = "lecture"


class QuizRow(Located):
    """Questions with answers to choose from: `[{"text", "options", "right", "why"}]`."""

    id = primary_key()
    title = fields.CharField(max_length=100)
    questions: Any = fields.JSONField()
    published_at = fields.DatetimeField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "legal"
        table = "quiz"


class TallyRow(Model):
    """How often something was read or taken, by day, and how many answers were right: whose, nobody knows."""

    id = primary_key()
    what = fields.UUIDField()
    day = fields.DateField()
    times = fields.IntField(default=0)
    answers = fields.IntField(default=0)
    right = fields.IntField(default=0)

    class Meta:
        schema = "legal"
        table = "tally"
        unique_together = (("what", "day"),)


class ClueRow(Located):
    """Something that inspectors should look at, said by a resident or a village (村社吹哨、执法队报到)."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    subject = fields.CharEnumField(ClueSubject, max_length=11)
    text: Any = BytesField()
    state = fields.CharEnumField(ClueState, max_length=8, default=ClueState.REPORTED)
    reported_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    whistle: Any = fields.ForeignKeyField("whistles.WhistleRow", null=True, db_index=True, related_name=False,
                                          on_delete=fields.SET_NULL)  # fmt: skip
    whistle_id: Any
    reply: Any = BytesField(null=True)
    closed_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "legal"
        table = "clue"
        unique_together = (("matter",),)
