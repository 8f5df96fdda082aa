"""Terms at their edges: every day a term may begin on, against a plain walk through the county's working days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from gongzhi_legal.advice.commands import TERM as ANSWER
from gongzhi_legal.advice.commands import URGENT
from gongzhi_legal.aid.commands import TERM as DECIDE
from gongzhi_legal.durations import (
    ACCEPTANCE,
    CONFIRMATION,
    DECISION,
    MEDIATION,
    answer_deadline,
    day_of,
    day_start,
    term_end,
)
from gongzhi_legal.prevention.clues import TERM as TAKE_UP

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHINA = timedelta(hours=8)
DAY = timedelta(days=1)
NOON = time(12)
HOURS = "select opens_at, closes_at from calendars.span where calendar_id=(select min(id) from calendars.calendar)"


class Office:
    """A call that reads the county's calendar, and the office's hours by day as a plain table."""

    def __init__(self, connection: Any, county: int, hours: list[Any]) -> None:
        self.connection, self.county = connection, county
        self.hours: dict[date, list[tuple[datetime, datetime]]] = {}
        for opens, closes in hours:
            self.hours.setdefault((opens + CHINA).date(), []).append((opens, closes))

    async def fetch(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.connection.fetch(sql, *values)]

    def at(self, moment: datetime) -> Any:
        return SimpleNamespace(fetch=self.fetch, now=moment)

    def after_days(self, start: date, days: int) -> datetime:
        """When the office closes on the last of so many days, or on the next day it is open."""
        last = start + days * DAY
        while last not in self.hours:
            last += DAY
        return self.hours[last][-1][1]

    def after_working_days(self, start: date, days: int) -> datetime:
        """When the office closes on the last of so many days on which it is open, from the day after."""
        last = start
        while days:
            last += DAY
            days -= last in self.hours
        return self.hours[last][-1][1]

    def after_minutes(self, start: datetime, minutes: int) -> datetime:
        """When the office has been open for so long."""
        left, day = timedelta(minutes=minutes), (start + CHINA).date()
        while True:
            for opens, closes in self.hours.get(day, ()):
                begins = max(opens, start)
                if begins < closes and closes - begins >= left:
                    return begins + left
                left -= max(timedelta(0), closes - begins)
            day += DAY


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(shared_database: str) -> Any:
    connection = await asyncpg.connect(shared_database)
    county = await connection.fetchval("select id from grids.grid where code='610921'")
    yield Office(connection, county, await connection.fetch(HOURS))
    await connection.close()


def days_of(*years: int) -> list[date]:
    return [
        date(year, 1, 1) + at * DAY for year in years for at in range(366) if (date(year, 1, 1) + at * DAY).year == year
    ]


def noon(day: date) -> datetime:
    return datetime.combine(day, NOON, UTC) - CHINA


@pytest.mark.parametrize(
    ("days", "law"),
    [
        (MEDIATION, "a mediation"),
        (CONFIRMATION, "asking the court: People's Mediation Law 33"),
        (ACCEPTANCE, "the court's taking it up"),
        (DECISION, "the court's decision"),
    ],
)
async def test_terms_in_days_end_on_a_day_the_office_is_open(office: Office, days: int, law: str) -> None:
    """From every day of a year with make-up days and of a leap year that is not announced yet."""
    for day in days_of(2026, 2028):
        found = await term_end(office.at(noon(day)), office.county, noon(day), days)
        assert found == office.after_days(day, days), (law, day)


async def test_hour_of_the_day_does_not_matter(office: Office) -> None:
    """What begins a minute before midnight has as many days as what began at dawn; a minute later is another day."""
    day = date(2026, 9, 1)
    ends = {
        await term_end(office.at(moment), office.county, moment, MEDIATION)
        for moment in (day_start(day), day_start(day) + timedelta(hours=9), day_start(day) + DAY - timedelta(minutes=1))
    }
    assert ends == {office.after_days(day, MEDIATION)}
    # The thirtieth day lies in the National Day holidays, and so does the one after it.
    assert [day_of(one) for one in ends] == [office.after_days(day, MEDIATION).astimezone(UTC).date()]
    assert day_of(day_start(day + DAY)) == day + DAY and day_of(day_start(day + DAY) - timedelta(seconds=1)) == day


async def test_more_time_is_counted_from_the_request(office: Office) -> None:
    """However it is asked for in parts, the sum of days decides, not the days off at the end of each part."""
    for day in days_of(2026)[::7]:
        start = noon(day)
        whole = await term_end(office.at(start), office.county, start, MEDIATION, [30])
        parts = await term_end(office.at(start), office.county, start, MEDIATION, [10, 5, 15])
        assert whole == parts == office.after_days(day, MEDIATION + 30), day


async def test_answers_are_due_in_working_days(office: Office) -> None:
    for day in days_of(2026, 2028):
        call = office.at(noon(day))
        assert await answer_deadline(call, office.county, ANSWER) == office.after_working_days(day, 3), day
        assert await answer_deadline(call, office.county, TAKE_UP) == office.after_working_days(day, 1), day
        assert await answer_deadline(call, office.county, DECIDE) == office.after_days(day, 7), day


async def test_urgent_questions_wait_for_the_office_to_open(office: Office) -> None:
    """Four hours in which somebody is there: over noon, over the night, over the holidays."""
    for day in days_of(2026):
        for hour, minute in ((0, 0), (8, 30), (11, 59), (13, 0), (17, 59), (18, 0), (23, 30)):
            moment = datetime.combine(day, time(hour, minute), UTC) - CHINA
            found = await answer_deadline(office.at(moment), office.county, URGENT)
            assert found == office.after_minutes(moment, 240), moment


@pytest.mark.parametrize(
    ("begun", "ends"),
    [
        (date(2026, 1, 16), date(2026, 2, 24)),  # the thirtieth day is the first of the Spring Festival
        (date(2026, 8, 31), date(2026, 9, 30)),  # from the end of a month of 31 days to that of one of 30
        (date(2026, 9, 1), date(2026, 10, 8)),  # National Day: the first day that is worked again
        (date(2026, 1, 29), date(2026, 2, 28)),  # a Saturday that is worked for the holidays is a working day
        (date(2028, 1, 30), date(2028, 2, 29)),  # the leap day is a day
        (date(2028, 2, 29), date(2028, 3, 30)),
    ],
)
async def test_days_a_clerk_would_look_up(office: Office, begun: date, ends: date) -> None:
    """Reckoned by hand from the State Council's notice; both ways of reckoning agree with it."""
    found = await term_end(office.at(noon(begun)), office.county, noon(begun), 30)
    assert day_of(found) == day_of(office.after_days(begun, 30))
    assert day_of(found) == ends
