"""Tables of matters: a matter is nobody's business but its own people's, and everything else hangs on one.

Who sits at a matter (`seat`) sees it and what belongs to it, and nobody else does. Its words are sealed under a key of
its own, `secret`, wrapped for the county: destroying that destroys every word.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.models import Model

from .keys import KEPT, PERSONAL, of_matter


class MatterKind(StrEnum):
    """What sort of help it is."""

    ADVICE = "ADVICE"
    MEDIATION = "MEDIATION"
    AID = "AID"
    CLUE = "CLUE"


class SeatRole(StrEnum):
    """As what somebody sits at a matter."""

    PARTY = "PARTY"
    REPRESENTATIVE = "REPRESENTATIVE"
    HANDLER = "HANDLER"


class MatterRow(Located):
    """A matter. Without its `secret` nobody can read a word of it again."""

    id = primary_key()
    kind = fields.CharEnumField(MatterKind, max_length=9)
    secret: Any = BytesField(null=True)
    opened_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "legal"
        table = "matter"


class SeatRow(Model):
    """Somebody's place at a matter: a person's, an adviser's by their account, or that of a law firm's people."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    role = fields.CharEnumField(SeatRole, max_length=14)
    person: Any = fields.ForeignKeyField("people.PersonRow", **PERSONAL)
    person_id: Any
    account = fields.CharField(max_length=100, null=True)
    unit: Any = fields.ForeignKeyField("units.UnitRow", null=True, **KEPT)
    unit_id: int | None
    since = fields.DatetimeField()
    left_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "legal"
        table = "seat"


class MessageRow(Model):
    """Something said in a matter, by a party or by whoever handles it."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    at = fields.DatetimeField()
    by = fields.CharEnumField(SeatRole, max_length=14)
    account = fields.CharField(max_length=100)
    text: Any = BytesField()

    class Meta:
        schema = "legal"
        table = "message"


class FileRow(Model):
    """A file of a matter: evidence, a recording, a scan of what was signed. Sealed, as words are."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    title: Any = BytesField()
    media_type = fields.CharField(max_length=60)
    size = fields.IntField()
    content: Any = BytesField()
    at = fields.DatetimeField()
    by = fields.CharEnumField(SeatRole, max_length=14)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "legal"
        table = "file"
