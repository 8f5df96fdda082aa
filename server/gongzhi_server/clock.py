"""The wall clock. Nothing else in the house reads it; everything is handed the time."""

from __future__ import annotations

from datetime import UTC, datetime


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)
