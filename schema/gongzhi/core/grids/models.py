"""Models: the tables of the grid tree."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from gongzhi.declare.columns import LtreeField, PolygonField
from gongzhi.values.codes import Kind


class Use(StrEnum):
    """What a grid is for."""

    BASE = "BASE"
    DEDICATED = "DEDICATED"


class GridRow(Model):
    """A node of the one tree from province to third-level grid. `path` and the ancestors are kept by a trigger."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=19)
    name = fields.CharField(max_length=100)
    kind = fields.CharEnumField(Kind, max_length=8)
    use = fields.CharEnumField(Use, max_length=9, default=Use.BASE)
    parent: Any = fields.ForeignKeyField(
        "grids.GridRow", null=True, related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    parent_id: int | None
    path = LtreeField(null=True)
    province_id = fields.IntField(null=True)
    city_id = fields.IntField(null=True)
    county_id = fields.IntField(null=True)
    town_id = fields.IntField(null=True)
    village_id = fields.IntField(null=True)
    grid_1_id = fields.IntField(null=True)
    grid_2_id = fields.IntField(null=True)
    grid_3_id = fields.IntField(null=True)
    boundary: Any = fields.JSONField(null=True)
    boundary_source: Any = fields.JSONField(null=True)
    boundary_note = fields.CharField(max_length=200, null=True)
    valid_from = fields.DateField(null=True)
    valid_to = fields.DateField(null=True)
    successor: Any = fields.ForeignKeyField("grids.GridRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    version = fields.IntField(default=1)

    class Meta:
        schema = "grids"
        table = "grid"


class RingRow(Model):
    """One ring of a grid's boundary, in millionths of a degree; a hole is what the grid does not contain."""

    id = fields.IntField(primary_key=True)
    grid: Any = fields.ForeignKeyField("grids.GridRow", related_name=False, on_delete=fields.CASCADE, db_index=True)
    grid_id: int
    area = PolygonField()
    hole = fields.BooleanField(default=False)

    class Meta:
        schema = "grids"
        table = "ring"
