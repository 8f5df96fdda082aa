"""Models: what the texts of cases are searched by."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model


class CaseTextRow(Model):
    """The pairs of characters in a case's title and description, kept by the database.

    A table of its own: a case is saved at each of its steps, and an index on it would be written anew each time.
    """

    # Without a relation of Tortoise's, which sees another model at each look where a relation is the key.
    case_id = fields.UUIDField(primary_key=True, generated=False)
    grams: Any = ArrayField("text")

    class Meta:
        schema = "case_lists"
        table = "text"
