"""Models: resolutions, which are public and independent of who needs them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField


class Body(StrEnum):
    """Who decides in a village."""

    ASSEMBLY = "ASSEMBLY"
    REPRESENTATIVES = "REPRESENTATIVES"
    COMMITTEE = "COMMITTEE"
    COUNCIL = "COUNCIL"
    PARTY_MEETING = "PARTY_MEETING"


class ResolutionRow(Located):
    """What was decided, by whom, when. `adopts` names rules with their versions, such as `points.village/3`."""

    id = primary_key()
    body = fields.CharEnumField(Body, max_length=15)
    title = fields.CharField(max_length=200)
    text = fields.TextField()
    decided_on = fields.DateField()
    adopts: Any = ArrayField("text", default=list)
    votes_for = fields.IntField(null=True)
    votes_against = fields.IntField(null=True)
    abstentions = fields.IntField(null=True)
    recorded_at = fields.DatetimeField()
    account = fields.CharField(max_length=100)
    # Revoked and not deleted: what was awarded or scored while it held names it as its ground.
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "resolutions"
        table = "resolution"
