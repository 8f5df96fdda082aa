"""Holidays: the nation's days off and make-up days (节假日和调休), year by year, each with its source.

Announced years come from the package chinesecalendar. A year that is not announced yet is provisional: it has the days
off that the law itself names (全国年节及纪念日放假办法, as revised in 2024) and no make-up days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from chinese_calendar.constants import holidays, workdays

FIRST = 2021
"""The first year of every calendar; cases of earlier years have no clocks."""
LAW = "全国年节及纪念日放假办法（2024年修订）"
NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
}
MOVABLE = {
    2027: ((2, 6), (4, 5), (6, 9), (9, 15)),
    2028: ((1, 26), (4, 4), (5, 28), (10, 3)),
}
"""Of years to come: the first day of the lunar year, 清明, 端午, 中秋, as month and day."""


@dataclass(frozen=True)
class Day:
    """A day that is not like its weekday."""

    day: date
    working: bool
    name: str


@dataclass(frozen=True)
class Year:
    """The days of a year, and where they are from."""

    year: int
    provisional: bool
    source: str
    days: tuple[Day, ...]


def list_years() -> Iterator[Year]:
    """Yield every year that is known, and those to come as far as the law tells."""
    # As far as the package knows announcements.
    last = max(holidays).year
    for year in range(FIRST, last + 1):
        yield Year(year, False, name_notice(year), tuple(list_announced(year)))
    for year in MOVABLE:
        if year > last:
            yield Year(year, True, LAW, tuple(list_lawful(year)))


def name_notice(year: int) -> str:
    return f"国务院办公厅关于{year}年部分节假日安排的通知"


def list_announced(year: int) -> Iterator[Day]:
    for days, working in ((holidays, False), (workdays, True)):
        for day, name in days.items():
            if day.year == year:
                yield Day(day, working, NAMES.get(name, name))


def list_lawful(year: int) -> Iterator[Day]:
    """Yield the days off that the law names: thirteen, or twelve where Mid-autumn is in National Day's, as in 2028."""
    spring, tombs, boats, moon = (date(year, *day) for day in MOVABLE[year])
    yield Day(date(year, 1, 1), False, "元旦")
    yield from (Day(spring + timedelta(days=at), False, "春节") for at in range(-1, 3))
    yield Day(tombs, False, "清明节")
    yield from (Day(date(year, 5, at), False, "劳动节") for at in (1, 2))
    yield Day(boats, False, "端午节")
    yield Day(moon, False, "中秋节")
    # The Mid-autumn Festival may fall on one of these.
    yield from (Day(date(year, 10, at), False, "国庆节") for at in (1, 2, 3) if date(year, 10, at) != moon)
