"""Tables of governance centres: the centres, and the units that sit in them."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.columns import Located
from tortoise import fields
from tortoise.models import Model


class CenterRow(Located):
    """A centre that a county, town or village has; one at a time."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=100)
    address = fields.CharField(max_length=200, null=True)
    duty_phone = fields.CharField(max_length=20, null=True)
    valid_to = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "centers"
        table = "center"


class SeatRow(Model):
    """A unit that sits in a centre."""

    id = fields.IntField(primary_key=True)
    center: Any = fields.ForeignKeyField("centers.CenterRow", related_name=False, on_delete=fields.CASCADE)
    center_id: int
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT, db_index=True)
    unit_id: int

    class Meta:
        schema = "centers"
        table = "seat"
        unique_together = (("center", "unit"),)
