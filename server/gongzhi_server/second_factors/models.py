"""Models: an account's second factor."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from gongzhi.declare.columns import BytesField, primary_key
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model


class FactorRow(Model):
    """The secret that an account's codes are made of, sealed, and MACs of the recovery codes that are left.

    `last_step` is the step of the clock whose code was used last: none of it or before it is good again. `reset_by` is
    an invitation whose use takes the factor away.
    """

    id = primary_key()
    account: Any = fields.OneToOneField("accounts.AccountRow", related_name=False, on_delete=fields.CASCADE)
    account_id: UUID
    county = fields.CharField(max_length=6)
    data_key = BytesField()
    content = BytesField()
    last_step = fields.BigIntField()
    recovery: Any = ArrayField("bytea")
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField()
    # No foreign key: an invitation is thrown away when the next one is made.
    reset_by = fields.UUIDField(null=True)

    class Meta:
        schema = "second_factors"
        table = "factor"
