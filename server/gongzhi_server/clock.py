"""Clock: the wall clock, which nothing else in the house reads; everything is handed the time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


def clock() -> datetime:
    """Return now, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Return the day it is in China."""
    # Named explicitly: a server may run in any time zone, and deadlines are counted in Chinese days.
    return clock().astimezone(CHINA).date()


EARLIER = "select least($1::timestamptz, now()) as now"
"""The moment of this process's clock, or the database's where this one is ahead: what is forgotten is gone."""
