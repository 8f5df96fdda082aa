"""Deadlines: how many the working-time engine reckons in a second, in one process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from gongzhi_deadlines.calendars import holidays
from gongzhi_deadlines.worktime import Calendar, Course, Pause, Term, Unit, compute_deadline
from rich.console import Console
from rich.table import Table

BAR = 50_000
COUNT, ROUNDS = 20_000, 5
KINDS = {
    "five working days": Term(5, Unit.WORKING_DAY, next_day=True),
    "five working hours": Term(5, Unit.WORKING_HOUR),
    "fifteen minutes": Term(15, Unit.MINUTE),
    "sixty days": Term(60, Unit.DAY, next_day=True),
}


def measure(console: Console) -> dict[str, Any]:
    """Reckon many deadlines of each kind, print the middle round's rates, and return them."""
    days = {day.day: None if day.working else () for year in holidays.list_years() for day in year.days}
    calendar = Calendar(date(holidays.FIRST, 1, 1), date(2030, 12, 31), days)
    # The same seed each time, so that runs reckon the same deadlines.
    random, first = Random(1), datetime(2022, 1, 1, tzinfo=UTC)
    starts = [first + timedelta(minutes=random.randrange(2_000_000)) for _ in range(COUNT)]
    plain = [Course(start) for start in starts]
    held = [Course(start, (Pause(start + timedelta(hours=1), start + timedelta(hours=30)),)) for start in starts]
    rates = {}
    for name, term in KINDS.items():
        for what, courses in ((name, plain), (f"{name}, paused once", held)):
            rates[what] = rate(
                lambda term=term, courses=courses: [compute_deadline(calendar, term, one) for one in courses]
            )  # type: ignore[misc]
    table = Table("term", "deadlines/s", f"bar {BAR:,}")
    for what, found in rates.items():
        table.add_row(what, f"{found:,.0f}", "✓" if found >= BAR else "✗")
    console.print(table)
    return {"deadlines": rates}


def rate(run: Callable[[], list[Any]]) -> float:
    """Return how many a second a run reckons, in the middle of several rounds."""
    times = []
    for _ in range(ROUNDS):
        # Processor time: what else the machine does is not counted.
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    return COUNT / statistics.median(times)
