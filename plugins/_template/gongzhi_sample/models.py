"""The plugin's tables, in a PostgreSQL schema of its own."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.columns import primary_key
from tortoise import fields
from tortoise.models import Model


class NoteRow(Model):
    """A note on a household."""

    id = primary_key()
    household: Any = fields.ForeignKeyField("people.HouseholdRow", related_name=False, on_delete=fields.RESTRICT)
    text = fields.CharField(max_length=200)
    at = fields.DatetimeField()

    class Meta:
        schema = "sample"
        table = "note"
