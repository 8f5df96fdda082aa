"""Tables of emergencies: powers, emergencies, and the marks of what was done by them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import SqlDefault
from tortoise.models import Model


class EmergencyState(StrEnum):
    """Where an emergency stands."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"
    REFUSED = "REFUSED"
    LAPSED = "LAPSED"
    ABSORBED = "ABSORBED"


class PowerRow(Model):
    """Something that may be done in an emergency and not otherwise, and the commands it changes."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=100)
    description = fields.CharField(max_length=300)
    commands = ArrayField("text")
    basis = fields.CharField(max_length=300)

    class Meta:
        schema = "emergency"
        table = "power"


class EmergencyRow(Located):
    """Powers for a grid and a time. It ends by itself; longer takes another one, which names the one before.

    `absorbs` are the keys of those within its area that it was declared to take over; `absorbed_by` says that it did.
    """

    id = primary_key()
    state = fields.CharEnumField(EmergencyState, max_length=8)
    powers = ArrayField("text")
    reason = fields.CharField(max_length=500)
    declared_at = fields.DatetimeField()
    declared_by = fields.CharField(max_length=100, null=True)
    confirmed_at = fields.DatetimeField(null=True)
    confirmed_by = fields.CharField(max_length=100, null=True)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=100, null=True)
    previous: Any = fields.ForeignKeyField(
        "emergency.EmergencyRow", null=True, related_name=False, on_delete=fields.RESTRICT
    )
    previous_id: Any
    absorbs: Any = ArrayField("uuid", default=list, db_default=SqlDefault("'{}'"))
    absorbed_by: Any = fields.ForeignKeyField(
        "emergency.EmergencyRow", null=True, related_name=False, on_delete=fields.RESTRICT
    )
    absorbed_by_id: Any
    report: Any = fields.JSONField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "emergency"
        table = "emergency"


class MarkRow(Model):
    """Something that was done by a power: the command, and what it was done to, as a global id."""

    id = primary_key()
    emergency: Any = fields.ForeignKeyField("emergency.EmergencyRow", related_name=False, on_delete=fields.CASCADE)
    emergency_id: Any
    power = fields.CharField(max_length=40)
    command = fields.CharField(max_length=60)
    # A global id and no foreign key: what is done by a power may be done to rows of any plugin.
    about = fields.CharField(max_length=100)
    at = fields.DatetimeField()
    account = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "emergency"
        table = "mark"
