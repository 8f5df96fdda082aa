"""Deadlines in working time: against an oracle that looks at every minute, and by hand over the holidays."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from gongzhi.declare.columns import NEVER
from gongzhi_deadlines.calendars import holidays
from gongzhi_deadlines.worktime import (
    CHINA,
    OFFICE,
    Calendar,
    CalendarError,
    Course,
    Pause,
    Shift,
    Term,
    Unit,
    compute_deadline,
    day_of,
    extension_until,
    time_spent,
)
from hypothesis import given, settings
from hypothesis import strategies as st

MINUTE = timedelta(minutes=1)
NATION = {day.day: None if day.working else () for year in holidays.list_years() for day in year.days}
CALENDAR = Calendar(date(2021, 1, 1), date(2030, 12, 31), NATION)
SHIFTS = (Shift(1, 1, ((510, 720), (840, 1080))), Shift(6, 1, ((480, 690), (870, 1110))))
ODD = {**NATION, date(2026, 6, 3): ((600, 660), (700, 701)), date(2026, 6, 6): ((0, 1440),), date(2026, 6, 10): ()}
COUNTY = Calendar(date(2026, 1, 1), date(2028, 12, 31), ODD, SHIFTS, (0, 1, 2, 3, 4, 5))


def at(text: str) -> datetime:
    """A moment as China's clocks show it."""
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


# the oracle: it knows days and minutes, and counts


def open_then(calendar: Calendar, moment: datetime) -> bool:
    local = moment.astimezone(CHINA)
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in calendar.spans(local.date()))


def is_paused(pauses: tuple[Pause, ...], moment: datetime) -> bool:
    return any(pause.since <= moment < pause.until for pause in pauses)


def is_counted(calendar: Calendar, unit: Unit, moment: datetime) -> bool:
    return open_then(calendar, moment) if unit.working else True


def slow(calendar: Calendar, term: Term, course: Course) -> datetime:
    """The end of a term in minutes or hours, a minute at a time."""
    moment = course.start
    if term.next_day:
        moment = datetime.combine(day_of(moment) + timedelta(days=1), datetime.min.time(), CHINA)
    left = term.amount * (60 if term.unit in (Unit.HOUR, Unit.WORKING_HOUR) else 1)
    while True:
        left -= is_counted(calendar, term.unit, moment) and not is_paused(course.pauses, moment)
        moment += MINUTE
        if not left:
            return moment


def slow_day(calendar: Calendar, term: Term, start: datetime) -> date:
    """The last day of a term in working days, a day at a time."""
    day, left = day_of(start), term.amount
    closing = max((end for _, end in calendar.spans(day)), default=0)
    local = start.astimezone(CHINA)
    over = local.hour * 60 + local.minute >= closing
    if term.next_day or over:
        day += timedelta(days=1)
    while True:
        left -= bool(calendar.spans(day))
        if not left:
            return day
        day += timedelta(days=1)


def slow_spent(calendar: Calendar, unit: Unit, course: Course, now: datetime) -> int:
    moment, found = course.start, 0
    while moment < now:
        found += is_counted(calendar, unit, moment) and not is_paused(course.pauses, moment)
        moment += MINUTE
    return found


FIRST = at("2026-05-28 00:00")
MOMENTS = st.integers(0, 20 * 24 * 60).map(lambda minutes: FIRST + minutes * MINUTE)
SHORT = st.builds(
    Term,
    st.integers(1, 40),
    st.sampled_from((Unit.MINUTE, Unit.HOUR, Unit.WORKING_MINUTE, Unit.WORKING_HOUR)),
    st.booleans(),
)
DAYS = st.builds(Term, st.integers(1, 30), st.just(Unit.WORKING_DAY), st.booleans())
ANY = st.builds(Term, st.integers(1, 60), st.sampled_from(Unit), st.booleans())


@st.composite
def courses(draw: st.DrawFn) -> Course:
    start = draw(MOMENTS)
    moments = sorted(draw(st.lists(st.integers(0, 8000), max_size=4).filter(lambda found: len(found) % 2 == 0)))
    ends = [start + minutes * MINUTE for minutes in moments]
    return Course(start, tuple(Pause(since, until) for since, until in zip(ends[::2], ends[1::2], strict=True)))


@given(SHORT, courses())
@settings(max_examples=60, deadline=None)
def test_minutes_agree(term: Term, course: Course) -> None:
    assert compute_deadline(COUNTY, term, course).due == slow(COUNTY, term, course)


@given(DAYS, MOMENTS)
@settings(deadline=None)
def test_days_agree(term: Term, start: datetime) -> None:
    due, day = compute_deadline(COUNTY, term, Course(start)).due, slow_day(COUNTY, term, start)
    closing = timedelta(minutes=COUNTY.spans(day)[-1][1])
    assert due == datetime.combine(day, datetime.min.time(), CHINA) + closing


@given(SHORT, courses(), st.integers(0, 5000))
@settings(max_examples=60, deadline=None)
def test_spent_agrees(term: Term, course: Course, minutes: int) -> None:
    now, at_once = course.start + minutes * MINUTE, Term(term.amount, term.unit)
    assert time_spent(COUNTY, at_once, course, now) == slow_spent(COUNTY, term.unit, course, now) * MINUTE


@given(ANY, courses())
def test_order_holds(term: Term, course: Course) -> None:
    found = compute_deadline(CALENDAR, term, course)
    assert course.start <= found.begins <= found.warns <= found.due
    assert time_spent(CALENDAR, term, course, found.warns) <= found.allowed


@given(ANY, MOMENTS, st.integers(0, 5000), st.integers(1, 5000))
def test_pause_never_hurries(term: Term, start: datetime, since: int, length: int) -> None:
    pause = Pause(start + since * MINUTE, start + (since + length) * MINUTE)
    plain, held = (
        compute_deadline(CALENDAR, term, Course(start)),
        compute_deadline(CALENDAR, term, Course(start, (pause,))),
    )
    assert held.due >= plain.due and held.allowed == plain.allowed
    assert held.due == plain.due or pause.since < plain.due


@given(ANY, MOMENTS, st.integers(0, 5000))
def test_empty_pause_changes_nothing(term: Term, start: datetime, since: int) -> None:
    moment = start + since * MINUTE
    assert compute_deadline(CALENDAR, term, Course(start, (Pause(moment, moment),))) == compute_deadline(
        CALENDAR, term, Course(start)
    )


@given(ANY, ANY, MOMENTS)
def test_extension_adds(term: Term, more: Term, start: datetime) -> None:
    plain, longer = (
        compute_deadline(CALENDAR, term, Course(start)),
        compute_deadline(CALENDAR, term, Course(start, (), (more,))),
    )
    assert longer.due >= plain.due and longer.allowed >= plain.allowed and longer.warns >= plain.warns


@given(ANY, ANY, courses(), st.integers(0, 20_000))
def test_change_of_rule_keeps_time(term: Term, other: Term, course: Course, minutes: int) -> None:
    """A new rule of the same sort finds the time spent as it was; only how much is allowed is new."""
    now = course.start + minutes * MINUTE
    if (term.unit.working, term.next_day) == (other.unit.working, other.next_day) and Unit.WORKING_DAY not in (
        term.unit, other.unit,
    ):  # fmt: skip
        assert time_spent(CALENDAR, term, course, now) == time_spent(CALENDAR, other, course, now)


@given(ANY, courses(), st.integers(0, 5000), st.integers(0, 60 * 24 * 60))
def test_extension_to_a_moment(term: Term, course: Course, minutes: int, ahead: int) -> None:
    """It ends on the day that was asked for, or the last working one before it; what is spent stays spent."""
    plain, now = compute_deadline(CALENDAR, term, course), course.start + minutes * MINUTE
    until = plain.due + ahead * MINUTE
    more = extension_until(CALENDAR, term, plain.due, until)
    longer = Course(course.start, course.pauses, (more,)) if more.amount else course
    found = compute_deadline(CALENDAR, term, longer)
    assert time_spent(CALENDAR, term, longer, now) == time_spent(CALENDAR, term, course, now)
    assert plain.due <= found.due and plain.allowed <= found.allowed and plain.warns <= found.warns
    if course.pauses:
        return
    if term.unit not in (Unit.DAY, Unit.WORKING_DAY):
        assert found.due <= until < found.due + MINUTE or not open_then(CALENDAR, until)
    elif term.unit is Unit.WORKING_DAY:
        assert day_of(found.due) <= day_of(until)
        assert not any(CALENDAR.spans(day) for day in days_between(day_of(found.due), day_of(until)))


def days_between(first: date, last: date) -> list[date]:
    """The days after the first, up to the last."""
    return [first + timedelta(days=at + 1) for at in range((last - first).days)]


def test_day_that_is_over() -> None:
    """A term of one day that begins after the office has closed ends on the next working day."""
    friday = at("2026-06-05 18:01")
    assert compute_deadline(CALENDAR, Term(1, Unit.DAY), Course(friday)).due == at("2026-06-08 18:00")
    assert compute_deadline(CALENDAR, Term(2, Unit.DAY), Course(friday)).due == at("2026-06-08 18:00")


def test_endless_pause() -> None:
    start = at("2026-06-30 10:00")
    for since, warned in (("2026-06-30 10:05", False), ("2026-06-30 10:13", True)):
        found = compute_deadline(CALENDAR, Term(15, Unit.MINUTE), Course(start, (Pause(at(since)),)))
        assert found.due == NEVER and (found.warns < NEVER) is warned


def test_pause_on_the_last_day() -> None:
    """An earlier pause has used up the term itself; what is left of the day is on hold all the same."""
    start, term = at("2026-06-29 10:00"), Term(1, Unit.WORKING_DAY, next_day=True)
    first = Pause(at("2026-06-30 10:00"), at("2026-06-30 11:00"))
    assert compute_deadline(CALENDAR, term, Course(start, (first,))).due == at("2026-07-01 18:00")
    assert compute_deadline(CALENDAR, term, Course(start, (first, Pause(at("2026-07-01 12:00"))))).due == NEVER
    again = Pause(at("2026-07-01 12:00"), at("2026-07-02 12:00"))
    assert compute_deadline(CALENDAR, term, Course(start, (first, again))).due == at("2026-07-02 18:00")
    assert compute_deadline(CALENDAR, term, Course(start, (first, Pause(at("2026-07-01 18:00"))))).due == at(
        "2026-07-01 18:00"
    )


def test_late_pause_leaves_it_late() -> None:
    """What has run out before a pause stays run out."""
    start = at("2026-06-30 10:00")
    found = compute_deadline(CALENDAR, Term(15, Unit.MINUTE), Course(start, (Pause(at("2026-06-30 10:16")),)))
    assert found.due == at("2026-06-30 10:15")


# by hand. 2025: 国务院办公厅关于2025年部分节假日安排的通知; 2026: …关于2026年部分节假日安排的通知 (2025-11-04).

WORKING_DAYS = Term(5, Unit.WORKING_DAY, next_day=True)
BY_HAND = [
    # Spring Festival 2025: off from 28 January to 4 February; worked on Sunday 26 January and Saturday 8 February.
    ("2025-01-24 10:00", "2025-02-07 18:00"),  # 26, 27 January; 5, 6, 7 February
    ("2025-01-27 17:00", "2025-02-10 18:00"),  # 5, 6, 7, 8, 10 February
    # National Day and Mid-Autumn 2025: off from 1 to 8 October; worked on Sunday 28 September and Saturday 11 October.
    ("2025-09-26 09:00", "2025-10-10 18:00"),  # 28, 29, 30 September; 9, 10 October
    ("2025-09-30 18:30", "2025-10-14 18:00"),  # 9, 10, 11, 13, 14 October
    # Spring Festival 2026: off from 15 to 23 February; worked on Saturday 14 and Saturday 28 February.
    ("2026-02-12 11:00", "2026-02-26 18:00"),  # 13, 14, 24, 25, 26 February
    ("2026-02-14 11:00", "2026-02-28 18:00"),  # 24, 25, 26, 27, 28 February
    ("2026-02-20 12:00", "2026-02-28 18:00"),  # in the middle of it
    # National Day 2026: off from 1 to 7 October; worked on Sunday 20 September and Saturday 10 October.
    ("2026-09-18 16:00", "2026-09-24 18:00"),  # 20, 21, 22, 23, 24 September; 25 is Mid-Autumn
    ("2026-09-30 09:00", "2026-10-13 18:00"),  # 8, 9, 10, 12, 13 October
]


@pytest.mark.parametrize(("start", "due"), BY_HAND)
def test_five_working_days(start: str, due: str) -> None:
    assert compute_deadline(CALENDAR, WORKING_DAYS, Course(at(start))).due == at(due)


OTHERS = [
    (Term(15, Unit.MINUTE), "2026-10-01 03:00", "2026-10-01 03:15"),  # a fast lane knows no holidays
    (Term(36, Unit.HOUR), "2026-09-30 20:00", "2026-10-02 08:00"),
    (Term(5, Unit.WORKING_HOUR), "2026-09-30 16:00", "2026-10-08 11:30"),  # two hours, then three
    (Term(5, Unit.WORKING_HOUR), "2026-02-14 17:59", "2026-02-24 15:29"),  # a minute, then the rest
    (Term(1, Unit.WORKING_DAY), "2026-02-14 17:59", "2026-02-14 18:00"),  # on the same day
    (Term(1, Unit.WORKING_DAY), "2026-02-14 18:00", "2026-02-24 18:00"),  # the office has closed
    (Term(60, Unit.DAY, True), "2026-08-02 10:00", "2026-10-08 18:00"),  # 1 October is off: the next working day
    (Term(15, Unit.DAY, True), "2026-09-20 10:00", "2026-10-08 18:00"),  # 5 October too
    (Term(15, Unit.DAY, True), "2026-03-01 10:00", "2026-03-16 18:00"),
]


@pytest.mark.parametrize(("term", "start", "due"), OTHERS)
def test_other_terms(term: Term, start: str, due: str) -> None:
    assert compute_deadline(CALENDAR, term, Course(at(start))).due == at(due)


def test_pause_over_the_holidays() -> None:
    """On hold from the second working day to the first after the holidays: as many working days are left."""
    course = Course(at("2026-09-28 10:00"), (Pause(at("2026-09-30 10:00"), at("2026-10-12 10:00")),))
    assert compute_deadline(CALENDAR, WORKING_DAYS, course).due == at(
        "2026-10-15 18:00"
    )  # 30 September has become 12 October


def test_provisional_year() -> None:
    """An unannounced year has the days off of the law: from the eve to the third day of the Spring Festival."""
    [year] = [year for year in holidays.list_years() if year.year == 2027]
    assert year.provisional and len(year.days) == 13 and not any(day.working for day in year.days)
    assert [day.day for day in year.days if day.name == "春节"] == [date(2027, 2, day) for day in (5, 6, 7, 8)]


def test_announced_years() -> None:
    found = {year.year: {day.day for day in year.days if day.working} for year in holidays.list_years()}
    assert found[2025] == {date(2025, *day) for day in ((1, 26), (2, 8), (4, 27), (9, 28), (10, 11))}
    assert found[2026] == {date(2026, *day) for day in ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10))}


def test_china_has_no_summer_time() -> None:
    zone, moment = ZoneInfo("Asia/Shanghai"), datetime(1992, 1, 1, tzinfo=UTC)
    offsets = {(moment + timedelta(days=at)).astimezone(zone).utcoffset() for at in range(0, 50 * 365, 15)}
    assert offsets == {timedelta(hours=8)}


def test_calendar_that_ends() -> None:
    short = Calendar(date(2026, 1, 1), date(2026, 1, 31))
    for term in (Term(30, Unit.WORKING_DAY), Term(300, Unit.WORKING_HOUR)):
        with pytest.raises(CalendarError, match="2026-01-31"):
            compute_deadline(short, term, Course(at("2026-01-20 10:00")))


def test_seasons() -> None:
    assert COUNTY.spans(date(2026, 5, 30)) == OFFICE.spans and COUNTY.spans(date(2026, 6, 2)) == SHIFTS[1].spans
    assert COUNTY.open(at("2026-06-02 18:29")) and not COUNTY.open(at("2026-06-02 18:30"))


def test_fast_enough() -> None:
    """A tenth of what a quiet machine does; benchmarks print the real figure."""
    course, began = Course(at("2026-09-28 10:17")), time.process_time()
    for _ in range(1000):
        compute_deadline(CALENDAR, WORKING_DAYS, course)
    assert 1000 / (time.process_time() - began) > 5_000
