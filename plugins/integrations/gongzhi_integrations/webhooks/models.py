"""Models: endpoints that events are delivered to, and what became of each delivery."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model


class WebhookState(StrEnum):
    """Whether an endpoint is delivered to."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"


class DeliveryState(StrEnum):
    """What became of a delivery."""

    WAITING = "WAITING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class WebhookRow(Located):
    """An endpoint of an account. Its grid is the one whose events it gets; it lies in a county, whose key seals it.

    `position` is the last event that was looked at for it; of what happened before `missed_until` something was thrown
    away before it could be. `permissions` is what the API key may that it was made or activated with, and `key_id` that
    key: without it nothing is delivered any more. Both are null if it was none, which is for all that the account may.
    Secrets are 32 bytes, wrapped under the county's key.
    """

    id = primary_key()
    account: Any = fields.ForeignKeyField(
        "accounts.AccountRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    account_id: UUID
    permissions: Any = ArrayField("text", null=True)
    key_id: Any = fields.UUIDField(null=True)
    url = fields.CharField(max_length=500)
    types: Any = ArrayField("text")
    selection: Any = fields.TextField(null=True)
    # The case of an event has to meet it, as GraphQL has the filter of `cases`.
    condition: Any = fields.TextField(null=True)
    secret = BytesField()
    # What `sealed_authorization`, and answers in the log, are sealed with.
    data_key: Any = BytesField(null=True)
    sealed_authorization: Any = BytesField(null=True)
    # How many events have been sent to it.
    sequence = fields.BigIntField(default=0, db_default=0)
    previous_until = fields.DatetimeField(null=True)
    state = fields.CharEnumField(WebhookState, max_length=8, default=WebhookState.ACTIVE)
    reason = fields.CharField(max_length=20, null=True)
    # The most events of a request; more than one are sent as an array.
    batch = fields.SmallIntField(default=1, db_default=1)
    position = fields.BigIntField()
    missed_until: Any = fields.DatetimeField(null=True)
    failing_since = fields.DatetimeField(null=True)
    rests_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    version = fields.IntField(default=1)

    class Meta:
        schema = "webhooks"
        table = "webhook"


class RetiredSecretRow(Model):
    """A secret that was rotated away, and signs beside the one of now until its overlap is over."""

    id = primary_key()
    webhook: Any = fields.ForeignKeyField(
        "webhooks.WebhookRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    webhook_id: UUID
    county_id = fields.IntField()
    secret = BytesField()
    until = fields.DatetimeField()

    class Meta:
        schema = "webhooks"
        table = "retired_secret"


class DeliveryRow(Model):
    """An event on its way to an endpoint. The body is made when it is first tried, and stays as it is then."""

    id = primary_key()
    webhook: Any = fields.ForeignKeyField("webhooks.WebhookRow", related_name=False, on_delete=fields.CASCADE)
    webhook_id: UUID
    event_id = fields.UUIDField()
    position = fields.BigIntField()
    case_id = fields.UUIDField(null=True)
    type = fields.CharField(max_length=60)
    at = fields.DatetimeField()
    state = fields.CharEnumField(DeliveryState, max_length=9, default=DeliveryState.WAITING)
    attempts = fields.SmallIntField(default=0)
    status = fields.SmallIntField(null=True)
    error = fields.CharField(max_length=40, null=True)
    tried_at = fields.DatetimeField(null=True)
    next_attempt_at = fields.DatetimeField(null=True)
    body = fields.TextField(null=True)
    seconds = fields.FloatField(null=True)
    sealed_answer: Any = BytesField(null=True)
    # Of the last attempt, if it was an array: the request's id, how many events it had, and which this one was.
    batch_id: Any = fields.UUIDField(null=True)
    batch_size = fields.SmallIntField(null=True)
    batch_place = fields.SmallIntField(null=True)

    class Meta:
        schema = "webhooks"
        table = "delivery"
        unique_together = (("webhook", "event_id"),)
