"""Tables of the panel: who helps with the law, where, when, and where they must not."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from .keys import KEPT, OWNED, PERSONAL


class AdviserKind(StrEnum):
    """What somebody on the panel is (三官一律、人民调解员)."""

    JUDGE = "JUDGE"
    PROSECUTOR = "PROSECUTOR"
    POLICE = "POLICE"
    LAWYER = "LAWYER"
    LEGAL_WORKER = "LEGAL_WORKER"
    MEDIATOR = "MEDIATOR"


class Meeting(StrEnum):
    """How one meets an adviser."""

    OFFICE = "OFFICE"
    VILLAGE = "VILLAGE"
    PHONE = "PHONE"


class AdviserRow(Located):
    """Somebody on the panel, at home in the grid that appointed them. `account` is what they sign in as."""

    id = primary_key()
    name = fields.CharField(max_length=100)
    kind = fields.CharEnumField(AdviserKind, max_length=12)
    qualification = fields.CharField(max_length=200)
    # By name, as the seats of a matter name whoever handles it.
    account = fields.CharField(max_length=100, unique=True)
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    person_id: Any
    unit: Any = fields.ForeignKeyField("units.UnitRow", null=True, **KEPT)
    unit_id: int | None
    languages = ArrayField("text", default=list)
    duty_phone = fields.CharField(max_length=20, null=True)
    capacity = fields.SmallIntField(default=20)
    joined_on = fields.DateField()
    left_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "legal"
        table = "adviser"


class ServesRow(Model):
    """A village, town or county that an adviser serves."""

    id = primary_key()
    adviser: Any = fields.ForeignKeyField("legal.AdviserRow", **OWNED)
    adviser_id: Any
    grid: Any = fields.ForeignKeyField("grids.GridRow", db_index=True, **KEPT)
    grid_id: int

    class Meta:
        schema = "legal"
        table = "serves"
        unique_together = (("adviser", "grid"),)


class ShiftRow(Model):
    """When an adviser is on duty (值班)."""

    id = primary_key()
    adviser: Any = fields.ForeignKeyField("legal.AdviserRow", **OWNED)
    adviser_id: Any
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    place = fields.CharField(max_length=200)

    class Meta:
        schema = "legal"
        table = "shift"
        unique_together = (("adviser", "starts_at"),)


class SlotRow(Model):
    """A time that can be booked. The database allows one booking that is not cancelled."""

    id = primary_key()
    adviser: Any = fields.ForeignKeyField("legal.AdviserRow", **OWNED)
    adviser_id: Any
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    meeting = fields.CharEnumField(Meeting, max_length=7)
    place = fields.CharField(max_length=200)

    class Meta:
        schema = "legal"
        table = "slot"
        unique_together = (("adviser", "starts_at"),)


class BookingRow(Model):
    """An appointment."""

    id = primary_key()
    slot: Any = fields.ForeignKeyField("legal.SlotRow", **KEPT)
    slot_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    person_id: Any
    booked_at = fields.DatetimeField()
    cancelled_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "legal"
        table = "booking"


class ConflictRow(Model):
    """An adviser declares that they must have nothing to do with a person (回避申报)."""

    id = primary_key()
    adviser: Any = fields.ForeignKeyField("legal.AdviserRow", db_index=True, **OWNED)
    adviser_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **OWNED)
    person_id: Any
    declared_at = fields.DatetimeField()
    until = fields.DateField(null=True)

    class Meta:
        schema = "legal"
        table = "conflict"


class FeedRow(Model):
    """An address at which somebody's rota and appointments are told; of its secret only the hash is kept."""

    id = primary_key()
    account = fields.CharField(max_length=100, unique=True)
    person: Any = fields.ForeignKeyField("people.PersonRow", **PERSONAL)
    person_id: Any
    digest: Any = BytesField()
    made_at = fields.DatetimeField()

    class Meta:
        schema = "legal"
        table = "feed"
