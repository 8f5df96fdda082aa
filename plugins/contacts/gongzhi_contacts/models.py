"""Models: the table of numbers left with cases."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields


class ContactRow(Located):
    """A number that somebody left with a case, under a data key of its own, wrapped for the county.

    It is nobody's until `verified_at` says that the code sent to it came back, or that a hotline took a call from it;
    then `sent_at` is null, for no code was sent. The code is derived from the row's key and stored nowhere.
    Once another number of the case is proved, the number and its key are gone (`data_key` is null): for a day the row
    still tells when a code was sent.
    """

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE, db_index=True)
    case_id: Any
    data_key: Any = BytesField(null=True)
    sealed: Any = BytesField(null=True)
    blind: Any = BytesField(null=True)
    mask = fields.CharField(max_length=20, null=True)
    sent_at = fields.DatetimeField(null=True)
    tries = fields.IntField(default=0)
    verified_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "contacts"
        table = "contact"
