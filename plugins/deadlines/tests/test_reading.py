"""Calendars as rows: what is read is what was written, whose holds where, and what the law says of years to come."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import asyncpg
import orjson
import pytest
from gongzhi.runtime.checks import CHINA
from gongzhi_deadlines.calendars import holidays
from gongzhi_deadlines.calendars.reading import (
    NEXT_OPENING,
    load_calendar,
    parse_calendar,
    rebuild_calendar,
    rebuild_calendars,
)
from gongzhi_deadlines.worktime import Course, Term, Unit, compute_deadline
from hypothesis import given
from hypothesis import strategies as st

SPANS = (
    st.lists(st.integers(0, 24 * 60), min_size=2, max_size=6, unique=True)
    .map(sorted)
    .map(lambda moments: [[start, end] for start, end in zip(moments[::2], moments[1::2], strict=False)])
)
DAYS = st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 12, 31)), SPANS | st.none() | st.just([]), max_size=5)


@given(DAYS, st.sets(st.integers(0, 6), min_size=1), SPANS)
def test_offices_are_open_as_it_is_written(
    days: dict[date, list[list[int]] | None], weekdays: set[int], usual: list[list[int]]
) -> None:
    """A day that is named has its own hours or the usual ones, any other those of its weekday."""
    content = {
        "first": "2026-01-01", "last": "2026-12-31", "weekdays": sorted(weekdays), "shifts": [[1, 1, usual]],
        "days": {day.isoformat(): spans for day, spans in days.items()},
    }  # fmt: skip
    calendar = parse_calendar(orjson.dumps(content).decode())
    asked = [*days, date(2026, 3, 2), date(2026, 3, 7)]
    for day in asked:
        spans = days.get(day) if day in days else usual if day.weekday() in weekdays else []
        spans = usual if spans is None else spans
        midnight = datetime(day.year, day.month, day.day, tzinfo=CHINA)
        for start, end in spans:
            assert calendar.open(midnight + timedelta(minutes=start))
            assert calendar.open(midnight + timedelta(minutes=end - 1))
        for minute in (0, 8 * 60 + 30, 12 * 60, 23 * 60):
            expected = any(start <= minute < end for start, end in spans)
            assert calendar.open(midnight + timedelta(minutes=minute)) is expected, (day, minute)


@pytest.mark.parametrize("year", holidays.MOVABLE)
def test_thirteen_days_off_by_law(year: int) -> None:
    """Each once, in its year; New Year's Eve of the lunar year and the three days after it are among them."""
    days = list(holidays.list_lawful(year))
    assert len({one.day for one in days}) == len(days) and {one.day.year for one in days} == {year}
    names = Counter(one.name for one in days)
    both = date(year, *holidays.MOVABLE[year][3]) in [date(year, 10, at) for at in (1, 2, 3)]
    assert names == {
        "元旦": 1, "春节": 4, "清明节": 1, "劳动节": 2, "端午节": 1, "中秋节": 1, "国庆节": 2 if both else 3,
    }  # fmt: skip
    assert not any(one.working for one in days)
    spring = sorted(one.day for one in days if one.name == "春节")
    assert spring[1] == date(year, *holidays.MOVABLE[year][0]) and spring[3] - spring[0] == timedelta(days=3)


def test_years_follow_each_other() -> None:
    """From the first, without a gap; those that are announced come first, and say whose notice it was."""
    years = list(holidays.list_years())
    assert [one.year for one in years] == list(range(holidays.FIRST, holidays.FIRST + len(years)))
    assert [one.provisional for one in years] == sorted(one.provisional for one in years)
    for one in years:
        assert one.source == (holidays.LAW if one.provisional else holidays.name_notice(one.year))
        assert {day.day.year for day in one.days} == {one.year}
        assert one.provisional is not any(day.working for day in one.days), "make-up days are announced"


async def test_a_countys_own_goes_before_the_nations(database: str) -> None:
    """Its own where it has one, with the nation's days; everybody's for another county and above counties."""
    connection = await asyncpg.connect(database)
    monday, holiday = (datetime(2026, *day, 10, 0, tzinfo=CHINA) for day in ((6, 29), (10, 1)))
    try:
        county = await connection.fetchval("select id from grids.grid where code='610921' and valid_to is null")
        own = await connection.fetchval(
            "insert into calendars.calendar (county_id, weekdays, shifts, version, content, ends_on) "
            "select $1, weekdays, shifts, version, content, ends_on from calendars.calendar where county_id is null "
            "returning id",
            county,
        )
        await connection.execute(
            "insert into calendars.day (calendar_id, day, spans, name, source) values ($1, $2, '[]', '停工', '县')",
            *(own, monday.date()),
        )
        await rebuild_calendar(connection.fetch, own)
        for place, works in ((county, False), (None, True), (0, True)):
            calendar = await load_calendar(connection.fetch, place)
            assert calendar.open(monday) is works and not calendar.open(holiday), place
        # The statement that looks for the next opening counts as the calendar does.
        opening = f"select {NEXT_OPENING.format(at='$1::timestamptz', county='$2::int')}"
        for place, day in ((county, 30), (0, 29)):
            late = datetime(2026, 6, 28, 20, 0, tzinfo=CHINA)
            found = await connection.fetchval(opening, late, place)
            assert found == datetime(2026, 6, day, 8, 30, tzinfo=CHINA), place
        assert await connection.fetchval(opening, monday.replace(hour=10), 0) == monday.replace(hour=10)
    finally:
        await connection.close()


async def test_rebuilding_changes_nothing_but_the_version(database: str) -> None:
    connection = await asyncpg.connect(database)
    spans = "select opens_at, closes_at, before from calendars.span order by opens_at"
    try:
        [before] = await connection.fetch("select * from calendars.calendar")
        laid = await connection.fetch(spans)
        await rebuild_calendars(connection.fetch)
        [after] = await connection.fetch("select * from calendars.calendar")
        assert after["version"] == before["version"] + 1
        assert orjson.loads(after["content"]) == orjson.loads(before["content"])
        assert after["ends_on"] == before["ends_on"] and await connection.fetch(spans) == laid
    finally:
        await connection.close()


@given(st.datetimes(datetime(2026, 1, 5), datetime(2026, 12, 1)), st.integers(1, 2_000))
def test_working_minutes_by_the_spans(start: datetime, minutes: int) -> None:
    """What statements add up from spans is what deadlines are reckoned with."""
    content = {
        "first": "2026-01-01", "last": "2027-12-31", "weekdays": [0, 1, 2, 3, 4], "days": {},
        "shifts": [[1, 1, [[510, 720], [840, 1080]]]],
    }  # fmt: skip
    calendar = parse_calendar(orjson.dumps(content).decode())
    began = start.replace(microsecond=0, tzinfo=CHINA)
    due = compute_deadline(calendar, Term(minutes, Unit.WORKING_MINUTE), Course(began)).due

    def before(moment: datetime) -> timedelta:
        """Working time from the calendar's beginning, by its spans."""
        spans = zip(calendar.opens, calendar.closes, strict=True)
        return sum((min(end, moment) - opens for opens, end in spans if opens < moment), timedelta())

    assert before(due) - before(began) == timedelta(minutes=minutes)
