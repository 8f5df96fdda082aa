"""Tables of field work: the history of a case's fields, and the changes that met others."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import primary_key
from tortoise import fields
from tortoise.models import Model


class Keep(StrEnum):
    """Which of two values stays."""

    MINE = "MINE"
    THEIRS = "THEIRS"


class ChangeRow(Model):
    """A field of a case that got another value: when it was written down, and when we heard of it."""

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    field = fields.CharField(max_length=40)
    before = fields.TextField(null=True)
    after = fields.TextField(null=True)
    # By the phone's clock, beside ours in `at`: neither alone says who was first.
    occurred_at = fields.DatetimeField()
    at = fields.DatetimeField()
    account = fields.CharField(max_length=100, null=True)
    role = fields.CharField(max_length=60, null=True)

    class Meta:
        schema = "sync"
        table = "change"


class ConflictRow(Model):
    """A change that was not made, because somebody else had changed the same field since it was seen."""

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    field = fields.CharField(max_length=40)
    base = fields.TextField(null=True)
    # In full and not as a difference: a person decides, and reads both.
    mine = fields.TextField(null=True)
    theirs = fields.TextField(null=True)
    by = fields.CharField(max_length=60, null=True)
    at = fields.DatetimeField()
    occurred_at = fields.DatetimeField()
    received_at = fields.DatetimeField()
    account = fields.CharField(max_length=100, null=True)
    role = fields.CharField(max_length=60, null=True)
    kept = fields.CharEnumField(Keep, max_length=6, null=True)
    resolved_at = fields.DatetimeField(null=True)
    resolved_by = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "sync"
        table = "conflict"
