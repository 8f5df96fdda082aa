"""How fast schedules are made: `python plugins/credit/benchmark.py`. Ends with 1 where the bar is missed."""

from __future__ import annotations

import sys
import time
from datetime import date

from gongzhi_credit.loans.daycount import DayCount
from gongzhi_credit.loans.schedules import Method, Terms, new_schedule

BAR, MANY, ROUNDS = 10_000, 5_000, 5
"""Schedules of twelve months a second; the best of so many rounds counts, for other work may share the machine."""


def rate(method: Method) -> float:
    """Schedules a second."""
    asked = [
        Terms(50_000_00 + at, 38_500, date(2026, 1, 1 + at % 28), 12, method, DayCount.ACT_360) for at in range(MANY)
    ]
    found = 0.0
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for one in asked:
            new_schedule(one)
        found = max(found, MANY / (time.perf_counter() - begun))
    return found


def main() -> int:
    rates = {method: rate(method) for method in Method}
    for method, found in rates.items():
        print(f"{method:18} {found:10,.0f} schedules/s   (bar: {BAR:,})")
    return 0 if min(rates.values()) >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
