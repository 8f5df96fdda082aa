"""The numbers under which other systems know our cases."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from ..columns import key


class EntryRow(Model):
    """A case as another system knows it. `source` is the account that filed it; its numbers are its own."""

    id = key()
    case: Any = fields.OneToOneField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    source = fields.CharField(max_length=100)
    number = fields.CharField(max_length=60)

    class Meta:
        schema = "intake"
        table = "entry"
        unique_together = (("source", "number"),)
