"""Tables of advice: questions about the law, their answers, and what everybody may learn from them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.models import Model

from .keys import KEPT, of_matter


class AdviceState(StrEnum):
    """Where a question stands."""

    ASKED = "ASKED"
    ANSWERED = "ANSWERED"
    CLOSED = "CLOSED"


class AdviceChannel(StrEnum):
    """How it was asked."""

    TEXT = "TEXT"
    VOICE = "VOICE"
    APPOINTMENT = "APPOINTMENT"


class LegalTopic(StrEnum):
    """What a question is about."""

    FAMILY = "FAMILY"
    LAND = "LAND"
    LABOUR = "LABOUR"
    DAMAGES = "DAMAGES"
    CONTRACT = "CONTRACT"
    CONSUMER = "CONSUMER"
    SOCIAL_SECURITY = "SOCIAL_SECURITY"
    CRIMINAL = "CRIMINAL"
    OTHER = "OTHER"


class EntryState(StrEnum):
    """Where an entry of the knowledge base stands."""

    PROPOSED = "PROPOSED"
    PUBLISHED = "PUBLISHED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class EntryRow(Located):
    """A question and answer for everybody, without anybody's name. It does not know where it comes from."""

    id = primary_key()
    topic = fields.CharEnumField(LegalTopic, max_length=15)
    question = fields.CharField(max_length=300)
    answer = fields.CharField(max_length=3000)
    state = fields.CharEnumField(EntryState, max_length=9, default=EntryState.PROPOSED)
    proposed_at = fields.DatetimeField()
    proposed_by = fields.CharField(max_length=100)
    reviewed_by = fields.CharField(max_length=100, null=True)
    published_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "legal"
        table = "entry"


class AdviceRow(Model):
    """A question. The adviser who answers may change; `entry` is what became of it for everybody, if asked for."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    adviser: Any = fields.ForeignKeyField("legal.AdviserRow", db_index=True, **KEPT)
    adviser_id: Any
    channel = fields.CharEnumField(AdviceChannel, max_length=11)
    topic = fields.CharEnumField(LegalTopic, max_length=15)
    urgent = fields.BooleanField(default=False)
    # Bytes, since it is sealed before it gets here (`matters.sealed_words`): no index and no search can read it.
    question: Any = BytesField()
    state = fields.CharEnumField(AdviceState, max_length=8, default=AdviceState.ASKED)
    asked_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    overdue_told_at = fields.DatetimeField(null=True)
    answered_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    booking: Any = fields.ForeignKeyField("legal.BookingRow", null=True, **KEPT)
    booking_id: Any
    rating = fields.SmallIntField(null=True)
    # When consent to an entry was given; null again when it is taken back, which ends the entry as well.
    shared_at = fields.DatetimeField(null=True)
    entry: Any = fields.ForeignKeyField("legal.EntryRow", null=True, **KEPT)
    entry_id: Any
    version = fields.IntField(default=1)

    class Meta:
        schema = "legal"
        table = "advice"
        unique_together = (("matter",),)
