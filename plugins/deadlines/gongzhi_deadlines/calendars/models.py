"""Models: the tables of working calendars, which days are worked, and in which hours."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model


class YearRow(Model):
    """A year of the national calendar; provisional until the State Council has announced its days off."""

    id = fields.IntField(primary_key=True)
    year = fields.SmallIntField(unique=True)
    provisional = fields.BooleanField()
    source = fields.CharField(max_length=200)

    class Meta:
        schema = "calendars"
        table = "year"


class CalendarRow(Model):
    """The hours of a county's offices; without a county, those of every county that has none of its own.

    `content` is what the calendar comes to, days of the nation and of the county together (`reading.py`).
    """

    id = fields.IntField(primary_key=True)
    county: Any = fields.ForeignKeyField(
        "grids.GridRow", null=True, unique=True, related_name=False, on_delete=fields.RESTRICT
    )
    county_id: int | None
    weekdays: Any = fields.JSONField()
    shifts: Any = fields.JSONField()
    content = fields.TextField(default="")
    ends_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "calendars"
        table = "calendar"


class DayRow(Model):
    """A day that is not like its weekday. `spans` are its hours, none on a day off; null: the usual ones."""

    id = fields.IntField(primary_key=True)
    calendar: Any = fields.ForeignKeyField("calendars.CalendarRow", related_name=False, on_delete=fields.CASCADE)
    calendar_id: int
    day = fields.DateField()
    spans: Any = fields.JSONField(null=True)
    name = fields.CharField(max_length=60)
    source = fields.CharField(max_length=200)

    class Meta:
        schema = "calendars"
        table = "day"
        unique_together = (("calendar", "day"),)


class SpanRow(Model):
    """Hours in which a calendar's offices are open, and the seconds worked before; made from the calendar."""

    id = fields.IntField(primary_key=True)
    calendar: Any = fields.ForeignKeyField("calendars.CalendarRow", related_name=False, on_delete=fields.CASCADE)
    calendar_id: int
    opens_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    before = fields.BigIntField()

    class Meta:
        schema = "calendars"
        table = "span"
        unique_together = (("calendar", "opens_at"),)
