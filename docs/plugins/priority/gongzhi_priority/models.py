"""The plugin's table: one row for each case."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields


class MarkRow(Located):
    """How pressing a case is."""

    id = primary_key()
    case: Any = fields.OneToOneField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    score = fields.IntField()

    class Meta:
        schema = "priority"
        table = "mark"
