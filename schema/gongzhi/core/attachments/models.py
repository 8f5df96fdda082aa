"""Models: the table of attachments; the files themselves are sealed in the deployment's store."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import uuid4

from tortoise import fields
from tortoise.models import Model

from gongzhi.declare.columns import BytesField


class AttachmentKind(StrEnum):
    """What sort of file it is, by its content."""

    PHOTO = "PHOTO"
    VOICE = "VOICE"
    VIDEO = "VIDEO"
    DOCUMENT = "DOCUMENT"


class AttachmentRow(Model):
    """A file. Until a case has it, its key is all that a stranger who sent it is known by: so it is random.

    `data_key` is what the file is sealed under, wrapped for `county`; without it nobody can read the file again, so
    emptying it is how a file is erased. The store is tidied up afterwards.
    """

    id = fields.UUIDField(primary_key=True, default=uuid4)
    case: Any = fields.ForeignKeyField("cases.CaseRow", null=True, related_name=False, on_delete=fields.SET_NULL)
    case_id: Any
    kind = fields.CharEnumField(AttachmentKind, max_length=8)
    media_type = fields.CharField(max_length=100)
    size = fields.IntField()
    thumbnail = fields.BooleanField(default=False)
    county = fields.CharField(max_length=6)
    data_key: Any = BytesField(null=True)
    account = fields.CharField(max_length=100, null=True)
    person: Any = fields.ForeignKeyField("people.PersonRow", null=True, related_name=False, on_delete=fields.SET_NULL)
    person_id: Any
    client: Any = BytesField(null=True)
    at = fields.DatetimeField()

    class Meta:
        schema = "attachments"
        table = "attachment"
