"""Tables of honours: what is given for points without being bought, and what points entitle to."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.columns import primary_key
from tortoise import fields
from tortoise.models import Model

from .keys import FOREVER
from .ledger import AccountKind


class HonourRow(Model):
    """An honour or badge with the criteria it is given by, published beforehand."""

    id = primary_key()
    programme: Any = fields.ForeignKeyField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    code = fields.CharField(max_length=40)
    title = fields.CharField(max_length=100)
    criteria = fields.CharField(max_length=1000)
    kind = fields.CharEnumField(AccountKind, max_length=9)
    least = fields.IntField()
    months = fields.SmallIntField(default=12)

    class Meta:
        schema = "points"
        table = "honour"
        unique_together = (("programme", "code"),)


class AwardRow(Model):
    """An honour given to the holder of an account; others see it only if the holder wants that."""

    id = primary_key()
    honour: Any = fields.ForeignKeyField("points.HonourRow", **FOREVER)
    honour_id: Any
    account: Any = fields.ForeignKeyField("points.AccountRow", **FOREVER)
    account_id: Any
    awarded_at = fields.DatetimeField()
    earned = fields.IntField()
    published = fields.BooleanField(default=False)

    class Meta:
        schema = "points"
        table = "award"
        unique_together = (("honour", "account"),)


class EntitlementRow(Model):
    """A service on top of what everybody is due, for those who earned so much in so many months."""

    id = primary_key()
    programme: Any = fields.ForeignKeyField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    title = fields.CharField(max_length=100)
    text = fields.CharField(max_length=1000)
    least = fields.IntField()
    months = fields.SmallIntField(default=12)
    ends_on = fields.DateField(null=True)

    class Meta:
        schema = "points"
        table = "entitlement"
