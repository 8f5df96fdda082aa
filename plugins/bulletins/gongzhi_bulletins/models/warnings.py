"""Table of warnings: messages of the Common Alerting Protocol, each kept once."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import primary_key
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model


class Severity(StrEnum):
    """How bad it is, as the protocol tells it."""

    EXTREME = "EXTREME"
    SEVERE = "SEVERE"
    MODERATE = "MODERATE"
    MINOR = "MINOR"
    UNKNOWN = "UNKNOWN"


class Outcome(StrEnum):
    """What came of a message."""

    PUBLISHED = "PUBLISHED"
    LIFTED = "LIFTED"
    IGNORED = "IGNORED"
    EXPIRED = "EXPIRED"
    RECALLED = "RECALLED"
    ELSEWHERE = "ELSEWHERE"


class WarningRow(Model):
    """A message of the Common Alerting Protocol 1.2. What it says is kept as it came, its areas as polygons and codes.

    `reference` is how later messages name it, `references` are the messages that it updates or cancels.
    """

    id = primary_key()
    sender = fields.CharField(max_length=200)
    identifier = fields.CharField(max_length=200)
    sent = fields.DatetimeField()
    status = fields.CharField(max_length=20)
    message_type = fields.CharField(max_length=20)
    scope = fields.CharField(max_length=20)
    # With the moment in seconds, since the same moment is written with several offsets.
    reference = fields.CharField(max_length=500, db_index=True)
    references: Any = ArrayField("text", default=list)
    event = fields.CharField(max_length=100)
    severity = fields.CharEnumField(Severity, max_length=10)
    expires = fields.DatetimeField()
    title = fields.CharField(max_length=200)
    text = fields.TextField()
    # All languages; the bulletin takes its words from the Chinese one.
    infos: Any = fields.JSONField()
    polygons: Any = ArrayField("text", default=list)
    codes: Any = ArrayField("text", default=list)
    # From where it was fetched, so that a feed costs one request while nothing is new.
    url = fields.CharField(max_length=500, null=True, db_index=True)
    received_at = fields.DatetimeField()
    # A message is kept before it is handled, so that one that comes while the server stops is not lost.
    handled_at = fields.DatetimeField(null=True)
    outcome = fields.CharEnumField(Outcome, max_length=10, null=True)

    class Meta:
        schema = "bulletins"
        table = "warning"
        unique_together = (("sender", "identifier", "sent"),)
