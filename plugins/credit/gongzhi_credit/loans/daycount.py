"""Day counts: how days are counted for interest, and on which days instalments fall due."""

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


def count_days(count: DayCount, start: date, end: date) -> int:
    """Count the days from one day to another."""
    if count is not DayCount.THIRTY_360:
        return (end - start).days
    # 30E/360: every month has thirty days, and a 31st counts as the 30th on both ends.
    months = 12 * (end.year - start.year) + end.month - start.month
    return 30 * months + min(end.day, 30) - min(start.day, 30)


def elapsed_days(count: DayCount, start: date, on: date, whole: int) -> int:
    """Return how many of a period's days have passed on a day."""
    # Never more than the period has: interest of a period is what its row says, however days are counted.
    return max(0, min(count_days(count, start, on), whole))


def add_months(day: date, months: int, anchor: int) -> date:
    """Return the day so many months later, on the day of the month `anchor`, or on the last if it has none."""
    # Months counted from year 0, so that one division carries over years.
    at = day.year * 12 + day.month - 1 + months
    year, month = divmod(at, 12)
    return date(year, month + 1, min(anchor, days_in_month(year, month + 1)))


# Schedules are computed by the thousand, and ask for few months.
@lru_cache(maxsize=2048)
def days_in_month(year: int, month: int) -> int:
    """Return how many days a month has."""
    return monthrange(year, month)[1]


def loan_periods(count: DayCount, starts_on: date, months: int, every: int = 1, anchor: int = 0) -> list[Period]:
    """Return the periods of a loan, each `every` months long; the last is shorter if the term is no multiple."""
    # Each due day is reckoned from the start, not from the one before: after a short February the 31st comes back.
    anchor, before = anchor or starts_on.day, starts_on
    found: list[Period] = []
    for end in [*range(every, months, every), months]:
        due = add_months(starts_on, end, anchor)
        # By months and not by the formula for days, under which the month from 31 January to 28 February has 28.
        span = 30 * (end - len(found) * every) if count is DayCount.THIRTY_360 else (due - before).days
        found.append(Period(due, span))
        before = due
    return found
