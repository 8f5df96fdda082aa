"""Models: the numbers under which other systems know our cases."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.columns import primary_key
from tortoise import fields
from tortoise.models import Model


class EntryRow(Model):
    """A case as another system knows it. `source` is the account that filed it; its numbers are its own.

    Of a case that somebody asked for by telephone it tells of the call. The number it came from is a contact's
    (`gongzhi_contacts`). `recording` is what that system calls its recording: nothing here ever fetches it.
    """

    id = primary_key()
    case: Any = fields.OneToOneField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    source = fields.CharField(max_length=100)
    number = fields.CharField(max_length=60)
    caller = fields.CharField(max_length=100, null=True)
    called_at = fields.DatetimeField(null=True)
    recording = fields.CharField(max_length=200, null=True)

    class Meta:
        schema = "intake"
        table = "entry"
        unique_together = (("source", "number"),)
