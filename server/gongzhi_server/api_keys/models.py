"""Models: how much API keys are used, and which proofs of holding one have been taken."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from gongzhi.declare.columns import BytesField, primary_key
from tortoise import fields
from tortoise.models import Model


class UsageRow(Model):
    """What was asked with a key on a day in China; `refused` is what came from an address that it does not count at."""

    id = primary_key()
    key: Any = fields.ForeignKeyField("accounts.KeyRow", related_name=False, on_delete=fields.CASCADE)
    key_id: UUID
    day = fields.DateField()
    requests = fields.BigIntField()
    refused = fields.BigIntField()
    last_at = fields.DatetimeField()

    class Meta:
        schema = "api_keys"
        table = "usage"
        unique_together = (("key", "day"),)


class AssertionRow(Model):
    """A digest of the key and the id of an assertion that was taken, until it is over: none is taken twice."""

    id = primary_key()
    digest = BytesField(unique=True)
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        schema = "api_keys"
        table = "assertion"
