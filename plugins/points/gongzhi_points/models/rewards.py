"""Tables of rewards for points: shops, redemptions and settlements."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.models import Model

from .keys import FOREVER, PERSONAL


class RewardKind(StrEnum):
    """What one gets for points."""

    GOODS = "GOODS"
    COUPON = "COUPON"
    SERVICE = "SERVICE"


class RedemptionState(StrEnum):
    """Where a redemption stands."""

    HELD = "HELD"
    SETTLED = "SETTLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class SettledState(StrEnum):
    """What came of a code that a merchant handed in."""

    SETTLED = "SETTLED"
    ALREADY_SETTLED = "ALREADY_SETTLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"


class MerchantRow(Located):
    """A unit that takes points, in one programme. `offline`: its counter may settle later, so holds last longer."""

    id = primary_key()
    programme: Any = fields.ForeignKeyField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    unit: Any = fields.ForeignKeyField("units.UnitRow", **FOREVER)
    unit_id: int
    name = fields.CharField(max_length=100)
    address = fields.CharField(max_length=200)
    offline = fields.BooleanField(default=True)
    joined_on = fields.DateField()
    left_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "points"
        table = "merchant"
        unique_together = (("programme", "unit"),)


class RewardRow(Located):
    """What a merchant gives for points. It lies where it is offered: the programme's grid, or one below."""

    id = primary_key()
    merchant: Any = fields.ForeignKeyField("points.MerchantRow", **FOREVER)
    merchant_id: Any
    programme: Any = fields.ForeignKeyField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    number = fields.IntField()
    kind = fields.CharEnumField(RewardKind, max_length=7)
    title = fields.CharField(max_length=100)
    description = fields.CharField(max_length=1000, null=True)
    price = fields.IntField()
    stock = fields.IntField()
    offered_until = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "points"
        table = "reward"
        unique_together = (("merchant", "number"),)


class SettlementRow(Model):
    """What a merchant handed in at once: how many codes were good, and the points they came to."""

    id = primary_key()
    merchant: Any = fields.ForeignKeyField("points.MerchantRow", **FOREVER)
    merchant_id: Any
    at = fields.DatetimeField()
    total = fields.BigIntField()
    count = fields.IntField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "points"
        table = "settlement"


class RedemptionRow(Model):
    """Points held for a reward, and a one-time code for one merchant, which is derived and kept nowhere."""

    id = primary_key()
    account: Any = fields.ForeignKeyField("points.AccountRow", **FOREVER)
    account_id: Any
    person: Any = fields.ForeignKeyField("people.PersonRow", **PERSONAL)
    person_id: Any
    reward: Any = fields.ForeignKeyField("points.RewardRow", **FOREVER)
    reward_id: Any
    merchant: Any = fields.ForeignKeyField("points.MerchantRow", **FOREVER)
    merchant_id: Any
    price = fields.IntField()
    number = fields.IntField()
    nonce = fields.BigIntField()
    state = fields.CharEnumField(RedemptionState, max_length=9, default=RedemptionState.HELD)
    held_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    held_until = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    by = fields.CharField(max_length=100)

    class Meta:
        schema = "points"
        table = "redemption"
        unique_together = (("merchant", "nonce"),)


class SettledRow(Model):
    """What came of one code."""

    id = primary_key()
    settlement: Any = fields.ForeignKeyField(
        "points.SettlementRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    settlement_id: Any
    place = fields.SmallIntField()
    code = fields.CharField(max_length=40)
    state = fields.CharEnumField(SettledState, max_length=15)
    redemption: Any = fields.ForeignKeyField("points.RedemptionRow", null=True, **FOREVER)
    redemption_id: Any

    class Meta:
        schema = "points"
        table = "settled"
