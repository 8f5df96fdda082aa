"""Clock: time in the county, in whole seconds since 1970 UTC; its clocks show eight hours more, without summer time."""

from __future__ import annotations

from datetime import UTC, date, datetime

# Whole seconds rather than datetimes: hundreds of thousands of moments are drawn, and arithmetic on integers is fast.
MINUTE, HOUR, DAY = 60, 3600, 86_400
EAST = 8 * HOUR
EPOCH = date(1970, 1, 1).toordinal()
THURSDAY = date(1970, 1, 1).weekday()
OFFICE = 8 * HOUR + 30 * MINUTE, 18 * HOUR
"""When offices open and close."""
WAKING = 7 * HOUR + 30 * MINUTE, 21 * HOUR
"""When people are about."""


def day_start(day: date) -> int:
    """Return the moment at which a day begins in the county."""
    return (day.toordinal() - EPOCH) * DAY - EAST


def day_at(moment: int) -> date:
    """Return the day it is in the county."""
    return date.fromordinal((moment + EAST) // DAY + EPOCH)


def to_utc(moment: int) -> datetime:
    """Convert a moment to a datetime."""
    return datetime.fromtimestamp(moment, UTC)


def next_working_moment(moment: int, hours: tuple[int, int], weekdays: int, late: int) -> int:
    """Return the moment if it lies in these hours of so many weekdays, else `late` seconds after they next begin."""
    days, seconds = divmod(moment + EAST, DAY)
    if seconds < hours[1] and (days + THURSDAY) % 7 < weekdays:
        return moment if seconds >= hours[0] else days * DAY + hours[0] + late - EAST
    days += 1
    while (days + THURSDAY) % 7 >= weekdays:
        days += 1
    return days * DAY + hours[0] + late - EAST
