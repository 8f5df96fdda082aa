"""Models: the table of exports, which holds what was asked; a file is made when fetched, and none is kept."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.core.accounts.models import NAME
from gongzhi.declare.columns import Located
from tortoise import fields


class FileFormat(StrEnum):
    """What kind of file."""

    XLSX = "XLSX"
    CSV = "CSV"
    JSONL = "JSONL"


class ExportState(StrEnum):
    """Where an export stands. EXPIRED is never stored: the time in `until` says so."""

    WAITING = "WAITING"
    READY = "READY"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"


class ExportRow(Located):
    """A list that somebody asked to have as a file. Its grid is the one whose rows it has; its key is its number.

    `document` and `variables` are what was asked and released; `rows` how many there were then; `personal` whether
    files of people are in it. Until `until` it can be released, and once it is ready, fetched.
    """

    id = fields.BigIntField(primary_key=True)
    account = fields.CharField(max_length=NAME, null=True)
    role = fields.CharField(max_length=60, null=True)
    listing = fields.CharField(max_length=60)
    document = fields.TextField()
    variables: Any = fields.JSONField()
    format = fields.CharEnumField(FileFormat, max_length=5)
    purpose = fields.CharField(max_length=200)
    rows = fields.IntField()
    personal = fields.BooleanField()
    state = fields.CharEnumField(ExportState, max_length=7)
    asked_at = fields.DatetimeField()
    until = fields.DatetimeField()
    decided_by = fields.CharField(max_length=NAME, null=True)
    decided_at = fields.DatetimeField(null=True)
    grounds = fields.CharField(max_length=500, null=True)
    fetches = fields.SmallIntField(default=0)
    fetched_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "exports"
        table = "export"
