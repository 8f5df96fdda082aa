"""Foreign keys of the tables of points: what becomes of a row when another goes."""

from __future__ import annotations

from typing import Any

from tortoise import fields

FOREVER: Any = {"related_name": False, "on_delete": fields.RESTRICT}
"""Keys to what is never deleted."""
PERSONAL: Any = {"related_name": False, "on_delete": fields.SET_NULL, "null": True}
"""Keys to people and households: where they are forgotten, the ledger keeps the sums and not whose they were."""
