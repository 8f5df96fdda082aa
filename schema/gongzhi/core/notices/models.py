"""Models: the table of the inbox."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from gongzhi.declare.columns import primary_key


class NoticeRow(Model):
    """Something somebody was told: a person, an account, a unit, or whoever holds an office in a grid.

    One of `person`, `account`, `unit`, `office` and `contact_id`, a number in an address book, is set. The grid is
    where the addressee is; its ancestors are filled in by the database. What is written as `pending` waits for channels
    in `notices.waiting`, until `due_at` or their next turn; what `wakes` goes out in the manner of an alarm. The people
    of the `barred_unit` do not read what an office is told, for it is about a tip-off against them. The texts hold
    numbers and codes, never names or what people wrote.
    """

    id = primary_key()
    kind = fields.CharField(max_length=60)
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", null=True, related_name=False, on_delete=fields.CASCADE, db_index=False
    )
    person_id: Any
    account = fields.CharField(max_length=100, null=True)
    unit: Any = fields.ForeignKeyField(
        "units.UnitRow", null=True, related_name=False, on_delete=fields.CASCADE, db_index=False
    )
    unit_id: Any
    office = fields.CharField(max_length=60, null=True)
    grid: Any = fields.ForeignKeyField("grids.GridRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    grid_id: int | None
    county_id = fields.IntField(null=True)
    town_id = fields.IntField(null=True)
    village_id = fields.IntField(null=True)
    grid_1_id = fields.IntField(null=True)
    grid_2_id = fields.IntField(null=True)
    grid_3_id = fields.IntField(null=True)
    title_en = fields.CharField(max_length=200)
    title_zh = fields.CharField(max_length=200)
    body_en = fields.CharField(max_length=1000)
    body_zh = fields.CharField(max_length=1000)
    about = fields.CharField(max_length=100, null=True)
    at = fields.DatetimeField()
    read_at = fields.DatetimeField(null=True)
    pending = fields.BooleanField(default=True, db_default=False)
    contact_id = fields.UUIDField(null=True)
    barred_unit: Any = fields.ForeignKeyField(
        "units.UnitRow", null=True, related_name=False, on_delete=fields.SET_NULL, db_index=False
    )
    barred_unit_id: int | None
    due_at = fields.DatetimeField(null=True)
    wakes = fields.BooleanField(default=False, db_default=False)

    class Meta:
        schema = "notices"
        table = "notice"
