"""Foreign keys: how these tables refer to what is kept, to people, and to what they are a part of."""

from __future__ import annotations

from typing import Any

from tortoise import fields

KEPT: Any = {"related_name": False, "on_delete": fields.RESTRICT}
"""To what is never deleted."""
PERSONAL: Any = {"related_name": False, "on_delete": fields.SET_NULL, "null": True}
"""To people: where they are forgotten, a matter keeps that somebody was there and not who."""
OWNED: Any = {"related_name": False, "on_delete": fields.CASCADE}
"""To what a row is a part of."""


def of_matter() -> Any:
    """Build the key to the matter that a row belongs to, and is seen with."""
    return fields.ForeignKeyField("legal.MatterRow", db_index=True, **OWNED)
