"""Models: the table of organisations that cases are dispatched to."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model


class UnitKind(StrEnum):
    """What sort of organisation a unit is."""

    COUNTY_DEPARTMENT = "COUNTY_DEPARTMENT"
    TOWN_BODY = "TOWN_BODY"
    VILLAGE_BODY = "VILLAGE_BODY"
    ENTERPRISE = "ENTERPRISE"
    MASS_ORGANISATION = "MASS_ORGANISATION"


class Reach(StrEnum):
    """Whether a unit answers for a line of business or for a territory."""

    LINE = "LINE"
    AREA = "AREA"


class UnitRow(Model):
    """An organisation, at home in the grid it serves."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=100)
    kind = fields.CharEnumField(UnitKind, max_length=17)
    reach = fields.CharEnumField(Reach, max_length=4)
    uscc = fields.CharField(max_length=18, null=True)
    parent: Any = fields.ForeignKeyField(
        "units.UnitRow", null=True, related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    parent_id: int | None
    grid: Any = fields.ForeignKeyField("grids.GridRow", related_name=False, on_delete=fields.RESTRICT, db_index=True)
    grid_id: int
    county_id = fields.IntField(null=True)
    duty_phone = fields.CharField(max_length=20, null=True)
    valid_to = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "units"
        table = "unit"
