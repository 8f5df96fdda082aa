"""Models: what was asked with which idempotency key, and what came of it."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from gongzhi.declare.columns import BytesField, primary_key


class RequestRow(Model):
    """A mutation that was carried out: a MAC of its input, the objects it touched, its errors. Never its values."""

    id = primary_key()
    account = fields.CharField(max_length=100)
    idempotency_key = fields.CharField(max_length=100)
    mutation = fields.CharField(max_length=60)
    mac = BytesField()
    result: Any = fields.JSONField(null=True)
    at = fields.DatetimeField()

    class Meta:
        schema = "journal"
        table = "request"
        unique_together = (("account", "idempotency_key"),)
