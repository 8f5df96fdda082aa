"""Table of patrols: a grid and a time, and no track (国办函〔2026〕12号)."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields


class PatrolRow(Located):
    """Somebody looked round a grid: when, what they found, and the case it became."""

    id = primary_key()
    patroller: Any = fields.ForeignKeyField(
        "people.PersonRow", null=True, related_name=False, on_delete=fields.SET_NULL
    )
    patroller_id: Any
    account = fields.CharField(max_length=100, null=True)
    # One moment, and no line of them: positions over time would be a track of whoever walks there.
    at = fields.DatetimeField()
    found = fields.TextField()
    case: Any = fields.ForeignKeyField("cases.CaseRow", null=True, related_name=False, on_delete=fields.SET_NULL)
    case_id: Any
    recorded_at = fields.DatetimeField()

    class Meta:
        schema = "patrols"
        table = "patrol"
