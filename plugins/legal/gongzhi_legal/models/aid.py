"""Tables of legal aid (法律援助法): who asks, what the rule says, who decides, which firm helps, how long it took."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import BytesField, primary_key
from tortoise import fields
from tortoise.models import Model

from .keys import KEPT, of_matter


class AidMatter(StrEnum):
    """What aid is given for (art. 31)."""

    STATE_COMPENSATION = "STATE_COMPENSATION"
    SOCIAL_INSURANCE = "SOCIAL_INSURANCE"
    PENSION = "PENSION"
    MAINTENANCE = "MAINTENANCE"
    LABOUR = "LABOUR"
    CAPACITY = "CAPACITY"
    INJURY = "INJURY"
    POLLUTION = "POLLUTION"
    OTHER = "OTHER"


class AidGround(StrEnum):
    """Why income is not looked at (art. 32, 42), or that it is."""

    INCOME = "INCOME"
    MARTYR_HONOUR = "MARTYR_HONOUR"
    BRAVERY = "BRAVERY"
    ACQUITTED = "ACQUITTED"
    VIOLENCE = "VIOLENCE"
    RELIEF = "RELIEF"
    WAGES = "WAGES"


class AidState(StrEnum):
    """Where an application stands."""

    APPLIED = "APPLIED"
    REFUSED = "REFUSED"
    GRANTED = "GRANTED"
    ASSIGNED = "ASSIGNED"
    CLOSED = "CLOSED"


class AidRow(Model):
    """An application for legal aid. The rule only proposes; `adviser` is who decides and follows it."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    adviser: Any = fields.ForeignKeyField("legal.AdviserRow", db_index=True, **KEPT)
    adviser_id: Any
    about = fields.CharEnumField(AidMatter, max_length=18)
    ground = fields.CharEnumField(AidGround, max_length=13)
    facts: Any = BytesField()
    proposed = fields.CharField(max_length=20)
    # In clear: it says what the law's list and the declaration came to, and no word of the applicant's.
    trace: Any = fields.JSONField()
    state = fields.CharEnumField(AidState, max_length=8, default=AidState.APPLIED)
    applied_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    grounds: Any = BytesField(null=True)
    firm: Any = fields.ForeignKeyField("units.UnitRow", null=True, **KEPT)
    firm_id: int | None
    assigned_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "legal"
        table = "aid"
        unique_together = (("matter",),)


class HoursRow(Model):
    """Time that the firm's people spent."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    day = fields.DateField()
    minutes = fields.IntField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "legal"
        table = "hours"
