"""Tables of claims for points: photos, votes and objections."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.models import Model

from .keys import FOREVER, PERSONAL


class ClaimState(StrEnum):
    """Where a claim stands."""

    CLAIMED = "CLAIMED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class ObjectionState(StrEnum):
    """Where an objection stands."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"


class ClaimRow(Located):
    """Somebody says that they did what a rule rewards. The text and the photos go with the person."""

    id = primary_key()
    rule: Any = fields.ForeignKeyField("points.RuleRow", **FOREVER)
    rule_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    person_id: Any
    beneficiary: Any = fields.ForeignKeyField("points.AccountRow", **FOREVER)
    beneficiary_id: Any
    acted_on = fields.DateField()
    text = fields.CharField(max_length=2000, null=True)
    state = fields.CharEnumField(ClaimState, max_length=9, default=ClaimState.CLAIMED)
    claimed_at = fields.DatetimeField()
    decide_by = fields.DateField()
    decided_at = fields.DatetimeField(null=True)
    note = fields.CharField(max_length=500, null=True)
    account = fields.CharField(max_length=100)
    decided_by = fields.CharField(max_length=100, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "points"
        table = "claim"


class PhotoRow(Model):
    """A photo beside a claim, without what the camera wrote into it about place and owner.

    `content` is its data URL, sealed under a key of the row's own; what was kept before lies there as a JPEG.
    """

    id = primary_key()
    claim: Any = fields.ForeignKeyField("points.ClaimRow", related_name=False, on_delete=fields.CASCADE, db_index=True)
    claim_id: Any
    county = fields.CharField(max_length=6, null=True)
    data_key: Any = BytesField(null=True)
    content: Any = BytesField()

    class Meta:
        schema = "points"
        table = "photo"


class VoteRow(Model):
    """What a peer says of a claim."""

    id = primary_key()
    claim: Any = fields.ForeignKeyField("points.ClaimRow", related_name=False, on_delete=fields.CASCADE)
    claim_id: Any
    account = fields.CharField(max_length=100)
    approve = fields.BooleanField()
    at = fields.DatetimeField()

    class Meta:
        schema = "points"
        table = "vote"
        unique_together = (("claim", "account"),)


class ObjectionRow(Model):
    """Somebody objects to what was decided on a claim, or to a posting to their account."""

    id = primary_key()
    claim: Any = fields.ForeignKeyField("points.ClaimRow", null=True, db_index=True, **FOREVER)
    claim_id: Any
    posting: Any = fields.ForeignKeyField("points.PostingRow", null=True, db_index=True, **FOREVER)
    posting_id: Any
    beneficiary: Any = fields.ForeignKeyField("points.AccountRow", db_index=True, **FOREVER)
    beneficiary_id: Any
    reason = fields.CharField(max_length=2000)
    state = fields.CharEnumField(ObjectionState, max_length=9, default=ObjectionState.OPEN)
    raised_at = fields.DatetimeField()
    decide_by = fields.DateField()
    answer = fields.CharField(max_length=2000, null=True)
    decided_at = fields.DatetimeField(null=True)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "points"
        table = "objection"
