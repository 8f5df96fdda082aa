"""Tables of bulletins: what is published, whom it reaches, what was corrected, and how often it was read."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model


class BulletinKind(StrEnum):
    """What a bulletin is about."""

    NOTICE = "NOTICE"
    POLICY = "POLICY"
    SERVICE = "SERVICE"
    AFFAIRS = "AFFAIRS"
    EMERGENCY = "EMERGENCY"
    WARNING = "WARNING"


class Audience(StrEnum):
    """Who may read a bulletin."""

    PUBLIC = "PUBLIC"
    RESIDENTS = "RESIDENTS"


class BulletinRow(Located):
    """Something that is told to whoever lives in some grids. It lies where whoever answers for it is."""

    id = primary_key()
    kind = fields.CharEnumField(BulletinKind, max_length=10)
    # A column of its own and no list of roles: it is asked of every row that a stranger might read.
    audience = fields.CharEnumField(Audience, max_length=10)
    title = fields.CharField(max_length=200)
    text = fields.TextField()
    published_at = fields.DatetimeField()
    # Null: nobody knows when it ends, so it counts as current until it is withdrawn.
    until = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)
    corrected_at = fields.DatetimeField(null=True)
    # Withdrawn and not deleted: whoever published it answers for what people were told.
    withdrawn_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=500, null=True)
    account = fields.CharField(max_length=100, null=True)
    # The message of a warning service that it comes from.
    warning: Any = fields.ForeignKeyField(
        "bulletins.WarningRow", null=True, related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    warning_id: Any

    class Meta:
        schema = "bulletins"
        table = "bulletin"


class ReachRow(Model):
    """A grid that a bulletin reaches, with all that lies below."""

    id = primary_key()
    bulletin: Any = fields.ForeignKeyField("bulletins.BulletinRow", related_name=False, on_delete=fields.CASCADE)
    bulletin_id: Any
    grid: Any = fields.ForeignKeyField("grids.GridRow", related_name=False, on_delete=fields.RESTRICT, db_index=True)
    grid_id: int

    class Meta:
        schema = "bulletins"
        table = "reach"
        unique_together = (("bulletin", "grid"),)


class PublishedFile(Model):
    """A file that whoever reads what it belongs to may open, as it was made harmless."""

    id = primary_key()
    name = fields.CharField(max_length=100)
    # As the server told it by the content, whatever the sender said.
    media_type = fields.CharField(max_length=60)
    content = BytesField()

    class Meta:
        abstract = True


class AttachmentRow(PublishedFile):
    """A file that is published with a bulletin, as it was made harmless."""

    bulletin: Any = fields.ForeignKeyField(
        "bulletins.BulletinRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )

    class Meta:
        schema = "bulletins"
        table = "attachment"


class RevisionRow(Model):
    """How a bulletin read before it was corrected."""

    id = primary_key()
    bulletin: Any = fields.ForeignKeyField(
        "bulletins.BulletinRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    version = fields.IntField()
    title = fields.CharField(max_length=200)
    text = fields.TextField()
    corrected_at = fields.DatetimeField()
    reason = fields.CharField(max_length=500)

    class Meta:
        schema = "bulletins"
        table = "revision"


class ReceiptRow(Model):
    """That a bulletin was read by one more account, which the digest tells apart from others and names to nobody."""

    id = primary_key()
    bulletin: Any = fields.ForeignKeyField("bulletins.BulletinRow", related_name=False, on_delete=fields.CASCADE)
    # No account and no time: when somebody read it could tell who it was.
    digest = BytesField()

    class Meta:
        schema = "bulletins"
        table = "receipt"


class InterestRow(Model):
    """Of which kinds of bulletins somebody wants to be told, by their consent."""

    id = primary_key()
    person: Any = fields.OneToOneField("people.PersonRow", related_name=False, on_delete=fields.CASCADE)
    person_id: Any
    # Codes and no rows of their own: they are asked for together, and go together.
    kinds: Any = ArrayField("text", default=list)
    since = fields.DatetimeField()

    class Meta:
        schema = "bulletins"
        table = "interest"
