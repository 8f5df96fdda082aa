"""Models: the tables of published rules, households that are watched over, and errors that were made in good faith."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.core.accounts.models import NAME
from gongzhi.declare.columns import NEVER, BytesField, Located, primary_key
from tortoise import fields
from tortoise.fields.db_defaults import SqlDefault
from tortoise.models import Model

CODE, TEXT = 24, 2_000
"""The most characters of an item's code, and of what somebody says."""


class Subject(StrEnum):
    """What a rule is about."""

    HOUSEHOLDS = "HOUSEHOLDS"
    ERRORS = "ERRORS"


class Ground(StrEnum):
    """Why a household is watched over, as the national rule has it: by facts, and no mark on anybody."""

    UNSTABLE = "UNSTABLE"
    MARGINAL = "MARGINAL"
    SUDDEN = "SUDDEN"


class FactKind(StrEnum):
    """What sort of fact a household declares."""

    INCOME_BAND = "INCOME_BAND"
    LARGE_EXPENSE = "LARGE_EXPENSE"
    DISASTER = "DISASTER"
    LOST_WORK = "LOST_WORK"


class WatchState(StrEnum):
    """Where a watch stands."""

    PROPOSED = "PROPOSED"
    ASKED = "ASKED"
    ASSESSED = "ASSESSED"
    WATCHED = "WATCHED"
    EXIT_PROPOSED = "EXIT_PROPOSED"
    REFUSED = "REFUSED"
    CONTESTED = "CONTESTED"
    ENDED = "ENDED"


class Ending(StrEnum):
    """Why a watch ended."""

    AGREED = "AGREED"
    LEFT = "LEFT"
    WITHDRAWN = "WITHDRAWN"
    UNANSWERED = "UNANSWERED"


class MeasureKind(StrEnum):
    """What is done for a household. None tells of an illness."""

    INDUSTRY = "INDUSTRY"
    EMPLOYMENT = "EMPLOYMENT"
    CREDIT = "CREDIT"
    RELIEF = "RELIEF"
    EDUCATION = "EDUCATION"
    HOUSING = "HOUSING"
    WATER = "WATER"
    OTHER = "OTHER"


class MeasureState(StrEnum):
    """Where a measure stands."""

    PLANNED = "PLANNED"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class Step(StrEnum):
    """What was said or done about a watch."""

    PROPOSED = "PROPOSED"
    ASKED = "ASKED"
    DECLARED = "DECLARED"
    ASSESSED = "ASSESSED"
    CONFIRMED = "CONFIRMED"
    RETURNED = "RETURNED"
    CONTESTED = "CONTESTED"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"
    PLANNED = "PLANNED"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    EFFECT = "EFFECT"
    REVIEWED = "REVIEWED"
    EXIT_PROPOSED = "EXIT_PROPOSED"
    AGREED = "AGREED"
    STAYED = "STAYED"
    LEFT = "LEFT"


class ErrorState(StrEnum):
    """Where the record of an error stands."""

    ASKED = "ASKED"
    DECIDED = "DECIDED"
    WITHDRAWN = "WITHDRAWN"


class Outcome(StrEnum):
    """What reviewers decide of an error."""

    EXEMPT = "EXEMPT"
    NOT_EXEMPT = "NOT_EXEMPT"


class StatementKind(StrEnum):
    """What is said of an error."""

    FACTS = "FACTS"
    CORRECTION = "CORRECTION"
    OBJECTION = "OBJECTION"


class Sealed(Model):
    """A text that lies sealed under a key of its own, which goes with the row."""

    county = fields.CharField(max_length=6, null=True)
    data_key: Any = BytesField(null=True)
    content: Any = BytesField(null=True)

    class Meta:
        abstract = True


class RulebookRow(Located):
    """An edition of a county's rule. It lies in the county, and never changes but by ending."""

    id = primary_key()
    subject = fields.CharEnumField(Subject, max_length=10)
    edition = fields.IntField()
    name = fields.CharField(max_length=100)
    since = fields.DatetimeField()
    # Null while it is in force; of a county and a subject one edition at a time is.
    until = fields.DatetimeField(null=True)

    class Meta:
        schema = "watch"
        table = "rule"
        unique_together = (("grid", "subject", "edition"),)


class ItemRow(Model):
    """A fact that a household may declare, or a condition that an error has to meet."""

    id = primary_key()
    rule: Any = fields.ForeignKeyField("watch.RulebookRow", related_name=False, on_delete=fields.CASCADE)
    rule_id: Any
    number = fields.SmallIntField()
    code = fields.CharField(max_length=CODE)
    # Both null where the rule is about errors.
    ground = fields.CharEnumField(Ground, max_length=8, null=True)
    fact = fields.CharEnumField(FactKind, max_length=13, null=True)
    text = fields.CharField(max_length=300)
    basis = fields.CharField(max_length=300)

    class Meta:
        schema = "watch"
        table = "item"
        unique_together = (("rule", "code"),)


class EntryRow(Located):
    """A household that is watched over, from the proposal to its end; of a household one is open at a time.

    `due_at` is by when the next step is due, whoever's it is.
    """

    id = primary_key()
    household: Any = fields.ForeignKeyField(
        "people.HouseholdRow", related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    household_id: Any
    rule: Any = fields.ForeignKeyField("watch.RulebookRow", related_name=False, on_delete=fields.RESTRICT)
    rule_id: Any
    # On whose consent it rests; null until somebody has agreed, and once they are erased.
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", null=True, related_name=False, on_delete=fields.SET_NULL, db_index=True
    )
    person_id: Any
    state = fields.CharEnumField(WatchState, max_length=13)
    # What was decided, by which facts; null where it was refused.
    ground: Any = fields.CharEnumField(Ground, max_length=8, null=True)
    proposed_at = fields.DatetimeField()
    # By their names and without a foreign key, as everywhere: accounts of other identity providers have no row.
    proposed_by = fields.CharField(max_length=NAME, null=True)
    asked_at = fields.DatetimeField(null=True)
    assessed_by = fields.CharField(max_length=NAME, null=True)
    confirmed_by = fields.CharField(max_length=NAME, null=True)
    decided_at = fields.DatetimeField(null=True)
    # When it was decided for the household, by whichever step; null for what was refused.
    watched_at = fields.DatetimeField(null=True)
    contested_at = fields.DatetimeField(null=True)
    # Never null, so that an index gives a list by what is due first.
    due_at = fields.DatetimeField(default=NEVER, db_default=SqlDefault("'infinity'"))
    # When it was found to be late the last time; another deadline may be missed once more.
    overdue_at = fields.DatetimeField(null=True)
    ending = fields.CharEnumField(Ending, max_length=10, null=True)
    closed_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "watch"
        table = "entry"


class FactRow(Sealed):
    """Something that a household has declared of itself, by an item of the rule; the words lie sealed."""

    id = primary_key()
    watch: Any = fields.ForeignKeyField("watch.EntryRow", related_name=False, on_delete=fields.CASCADE, db_index=True)
    watch_id: Any
    item: Any = fields.ForeignKeyField("watch.ItemRow", related_name=False, on_delete=fields.RESTRICT)
    item_id: Any
    day = fields.DateField()
    declared_at = fields.DatetimeField()

    class Meta:
        schema = "watch"
        table = "fact"


class EvidenceRow(Sealed):
    """A picture that a household shows for a fact, if it wants to; the content is a data URL."""

    id = primary_key()
    fact: Any = fields.ForeignKeyField("watch.FactRow", related_name=False, on_delete=fields.CASCADE, db_index=True)
    fact_id: Any
    number = fields.SmallIntField()

    class Meta:
        schema = "watch"
        table = "evidence"


class MeasureRow(Located):
    """Something that is done for a household, by a unit and a person of it, by a day. It lies where its watch does."""

    id = primary_key()
    watch: Any = fields.ForeignKeyField("watch.EntryRow", related_name=False, on_delete=fields.CASCADE, db_index=True)
    watch_id: Any
    kind = fields.CharEnumField(MeasureKind, max_length=10)
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT)
    unit_id: int
    owner = fields.CharField(max_length=NAME, null=True)
    due_on = fields.DateField()
    state = fields.CharEnumField(MeasureState, max_length=9)
    planned_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    effect_at = fields.DatetimeField(null=True)
    overdue_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "watch"
        table = "measure"


class StepRow(Sealed):
    """Something that was said or done about a watch, by the household's person or an account; the words lie sealed."""

    id = primary_key()
    watch: Any = fields.ForeignKeyField("watch.EntryRow", related_name=False, on_delete=fields.CASCADE)
    watch_id: Any
    measure: Any = fields.ForeignKeyField(
        "watch.MeasureRow", null=True, related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    measure_id: Any
    kind = fields.CharEnumField(Step, max_length=13)
    at = fields.DatetimeField()
    # Who typed it in; beside a person it is the worker who recorded what was signed on paper.
    account = fields.CharField(max_length=NAME, null=True)
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", null=True, related_name=False, on_delete=fields.SET_NULL, db_index=True
    )
    person_id: Any

    class Meta:
        schema = "watch"
        table = "step"


class ErrorRow(Located):
    """An error that somebody in office made, as they or their unit put it before review. It lies in the county."""

    id = primary_key()
    rule: Any = fields.ForeignKeyField("watch.RulebookRow", related_name=False, on_delete=fields.RESTRICT)
    rule_id: Any
    official = fields.CharField(max_length=NAME)
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT)
    unit_id: int
    asked_by = fields.CharField(max_length=NAME)
    occurred_on = fields.DateField()
    state = fields.CharEnumField(ErrorState, max_length=9)
    # The second one begins with an objection, before other reviewers; its outcome stands.
    round = fields.SmallIntField(default=1)
    outcome: Any = fields.CharEnumField(Outcome, max_length=10, null=True)
    asked_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    objected_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "watch"
        table = "error"


class AffectedRow(Model):
    """Somebody who was affected by an error, who is told and reads of it."""

    id = primary_key()
    exemption: Any = fields.ForeignKeyField("watch.ErrorRow", related_name=False, on_delete=fields.CASCADE)
    exemption_id: Any
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    person_id: Any

    class Meta:
        schema = "watch"
        table = "affected"
        unique_together = (("exemption", "person"),)


class StatementRow(Sealed):
    """What was said of an error, sealed: by an account, or by a person who was affected."""

    id = primary_key()
    exemption: Any = fields.ForeignKeyField(
        "watch.ErrorRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    exemption_id: Any
    kind = fields.CharEnumField(StatementKind, max_length=10)
    at = fields.DatetimeField()
    account = fields.CharField(max_length=NAME, null=True)
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", null=True, related_name=False, on_delete=fields.SET_NULL, db_index=True
    )
    person_id: Any

    class Meta:
        schema = "watch"
        table = "statement"


class ReviewRow(Model):
    """What one reviewer found of an error in a round."""

    id = primary_key()
    exemption: Any = fields.ForeignKeyField("watch.ErrorRow", related_name=False, on_delete=fields.CASCADE)
    exemption_id: Any
    round = fields.SmallIntField()
    account = fields.CharField(max_length=NAME)
    outcome = fields.CharEnumField(Outcome, max_length=10)
    at = fields.DatetimeField()

    class Meta:
        schema = "watch"
        table = "review"
        unique_together = (("exemption", "account"),)


class AnswerRow(Sealed):
    """Whether a condition is met, as a reviewer found it; the reason lies sealed."""

    id = primary_key()
    review: Any = fields.ForeignKeyField("watch.ReviewRow", related_name=False, on_delete=fields.CASCADE)
    review_id: Any
    item: Any = fields.ForeignKeyField("watch.ItemRow", related_name=False, on_delete=fields.RESTRICT)
    item_id: Any
    number = fields.SmallIntField()
    met = fields.BooleanField()

    class Meta:
        schema = "watch"
        table = "answer"
        unique_together = (("review", "item"),)
