"""The wall clock. Nothing else in the house reads it; everything is handed the time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day it is in China."""
    return clock().astimezone(CHINA).date()
