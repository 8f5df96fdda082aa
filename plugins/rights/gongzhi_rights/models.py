"""Models: the tables of people's rights; each row lies where the person or household lives, so that scopes apply."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model


class Capacity(StrEnum):
    """Why somebody speaks for another (PIPL 31, 49)."""

    GUARDIAN = "GUARDIAN"
    NEXT_OF_KIN = "NEXT_OF_KIN"


class Matter(StrEnum):
    """What is asked for (PIPL 45 to 48)."""

    EXPORT = "EXPORT"
    CORRECTION = "CORRECTION"
    DELETION = "DELETION"
    RESTRICTION = "RESTRICTION"
    EXPLANATION = "EXPLANATION"
    LOOK = "LOOK"


class State(StrEnum):
    """Where a request stands."""

    OPEN = "OPEN"
    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class ReviewState(StrEnum):
    """Where a review stands."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    CHANGED = "CHANGED"


def _person(**options: Any) -> Any:
    return fields.ForeignKeyField("people.PersonRow", related_name=False, on_delete=fields.RESTRICT, **options)


class RepresentativeRow(Located):
    """Who speaks for somebody: the guardian of a child under 14, the next of kin of the dead."""

    id = primary_key()
    person: Any = _person(db_index=True)
    person_id: Any
    representative: Any = _person(db_index=True)
    representative_id: Any
    capacity = fields.CharEnumField(Capacity, max_length=11)
    since = fields.DateField()
    until = fields.DateField(null=True)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "rights"
        table = "representative"


class WordingRow(Model):
    """A notice as it was shown to whoever agreed. Another text under the same version is another row."""

    id = primary_key()
    purpose = fields.CharField(max_length=80)
    version = fields.IntField()
    digest = fields.CharField(max_length=64)
    title: Any = fields.JSONField()
    text: Any = fields.JSONField()
    since = fields.DateField()

    class Meta:
        schema = "rights"
        table = "wording"
        unique_together = (("purpose", "version", "digest"),)


class ConsentRow(Located):
    """One consent: one purpose, one recipient, one wording (PIPL 14, 23)."""

    id = primary_key()
    person: Any = _person()
    person_id: Any
    purpose = fields.CharField(max_length=80)
    recipient = fields.CharField(max_length=80)
    version = fields.IntField()
    wording: Any = fields.ForeignKeyField("rights.WordingRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    given_by: Any = _person(null=True)
    given_by_id: Any
    given_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    withdrawn_at = fields.DatetimeField(null=True)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "rights"
        table = "consent"


class DecisionRow(Located):
    """What a rule decided: its version, frozen inputs, the contribution of each. Facts, never changed."""

    id = primary_key()
    person: Any = _person(null=True)
    person_id: Any
    household: Any = fields.ForeignKeyField(
        "people.HouseholdRow", null=True, related_name=False, on_delete=fields.RESTRICT
    )
    household_id: Any
    rule = fields.CharField(max_length=80)
    inputs: Any = fields.JSONField()
    contributions: Any = fields.JSONField()
    outcome = fields.CharField(max_length=60)
    adverse = fields.BooleanField(default=False)
    at = fields.DatetimeField()
    account = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "rights"
        table = "decision"


class ReviewRow(Located):
    """A person looks at what a rule decided. `decision_id` is a key of the view `rights.trace`."""

    id = primary_key()
    # No foreign key, for what it names is a row of a view: a tier of the core, or a decision of a plugin.
    decision_id = fields.UUIDField()
    person: Any = _person(null=True)
    person_id: Any
    household: Any = fields.ForeignKeyField(
        "people.HouseholdRow", null=True, related_name=False, on_delete=fields.RESTRICT
    )
    household_id: Any
    asked_by: Any = _person(null=True)
    asked_by_id: Any
    asked_at = fields.DatetimeField()
    reason = fields.CharField(max_length=2000, null=True)
    due_at = fields.DatetimeField()
    state = fields.CharEnumField(ReviewState, max_length=7, default=ReviewState.OPEN)
    outcome = fields.CharField(max_length=60, null=True)
    grounds = fields.CharField(max_length=2000, null=True)
    decided_at = fields.DatetimeField(null=True)
    account = fields.CharField(max_length=100, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "rights"
        table = "review"


class DemandRow(Located):
    """What somebody asks for about their data, and what was answered."""

    id = primary_key()
    person: Any = _person()
    person_id: Any
    matter = fields.CharEnumField(Matter, max_length=11)
    decision_id = fields.UUIDField(null=True)
    # No foreign key: looks go when their term is over, in partitions or not, and what was answered stays.
    look_id = fields.UUIDField(null=True)
    text = fields.CharField(max_length=2000, null=True)
    asked_by: Any = _person(null=True)
    asked_by_id: Any
    asked_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    state = fields.CharEnumField(State, max_length=9, default=State.OPEN)
    grounds = fields.CharField(max_length=2000, null=True)
    decided_at = fields.DatetimeField(null=True)
    account = fields.CharField(max_length=100, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "rights"
        table = "demand"


class ReleaseRow(Located):
    """Positive statements that a person lets a recipient read, until a day, revocable."""

    id = primary_key()
    person: Any = _person()
    person_id: Any
    recipient = fields.CharField(max_length=80)
    purpose = fields.CharField(max_length=80)
    kinds = ArrayField("text")
    claims: Any = fields.JSONField()
    given_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "rights"
        table = "release"
