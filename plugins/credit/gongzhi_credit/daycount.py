"""How days are counted for interest, and on which days instalments fall due."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class DayCount(StrEnum):
    """Days over the days of a year: as they are over 360 or 365, or months of 30 over 360 (30E/360)."""

    ACT_360 = "ACT_360"
    ACT_365 = "ACT_365"
    THIRTY_360 = "THIRTY_360"

    @property
    def year(self) -> int:
        """Days of a year."""
        return 365 if self is DayCount.ACT_365 else 360


class Period(NamedTuple):
    """The time up to one due date. A whole month has 30 days where months do."""

    due_on: date
    days: int


def days(count: DayCount, start: date, end: date) -> int:
    """Days from one day to another."""
    if count is not DayCount.THIRTY_360:
        return (end - start).days
    months = 12 * (end.year - start.year) + end.month - start.month
    return 30 * months + min(end.day, 30) - min(start.day, 30)


def elapsed(count: DayCount, start: date, on: date, whole: int) -> int:
    """How many of a period's days have passed on a day."""
    return max(0, min(days(count, start, on), whole))


def after(day: date, months: int, anchor: int) -> date:
    """So many months later, on the day of the month `anchor`, or on the last if the month has none."""
    at = day.year * 12 + day.month - 1 + months
    year, month = divmod(at, 12)
    return date(year, month + 1, min(anchor, length(year, month + 1)))


@lru_cache(maxsize=2048)
def length(year: int, month: int) -> int:
    """Days of a month."""
    return monthrange(year, month)[1]


def periods(count: DayCount, starts_on: date, months: int, every: int = 1, anchor: int = 0) -> list[Period]:
    """The periods of a loan: each `every` months long, the last one shorter if the term is no multiple."""
    anchor, before = anchor or starts_on.day, starts_on
    found: list[Period] = []
    for end in [*range(every, months, every), months]:
        due = after(starts_on, end, anchor)
        span = 30 * (end - len(found) * every) if count is DayCount.THIRTY_360 else (due - before).days
        found.append(Period(due, span))
        before = due
    return found
