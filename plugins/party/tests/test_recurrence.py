"""When a series takes place: by its rule, within its bounds, around days off, and never twice at one time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from gongzhi.values.errors import Refusal
from gongzhi_deadlines.worktime import Calendar, CalendarError
from gongzhi_party.activities import recurrence
from gongzhi_party.models import Shift
from hypothesis import example, given, settings
from hypothesis import strategies as st

CHINA = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 6, 30, 2, tzinfo=UTC)
FIRST = datetime(2026, 7, 1, 9, tzinfo=CHINA)
HOLIDAY = date(2026, 9, 25)
MAKE_UP = date(2026, 9, 20)
CALENDAR = Calendar(date(2026, 1, 1), date(2028, 12, 31), {HOLIDAY: (), MAKE_UP: None})
WEEKDAYS = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=7, unique=True)
SHIFTS = st.sampled_from(list(Shift))


def plan(rule: str, shift: Shift = Shift.KEEP, first: datetime = FIRST) -> list[recurrence.PlannedTime]:
    return recurrence.plan_occurrences(rule, first, shift, CALENDAR, NOW)[1]


def refused(rule: str) -> str:
    with pytest.raises(Refusal) as caught:
        plan(rule)
    assert caught.value.path == ("rule",), "the field is named"
    return caught.value.code


@given(WEEKDAYS, st.integers(1, 40), st.integers(1, 4))
def test_count_is_kept(days: list[str], count: int, interval: int) -> None:
    """A plan has as many times as were asked for, on the days that were asked for, or is refused."""
    rule = f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={','.join(days)};COUNT={count}"
    wanted = list(rrulestr(rule, dtstart=FIRST.replace(tzinfo=None)))
    if wanted[-1] > NOW.astimezone(CHINA).replace(tzinfo=None) + recurrence.HORIZON:
        assert refused(rule) == "BEYOND_HORIZON"
        return
    found = [one.original.replace(tzinfo=None) for one in plan(rule)]
    assert found == wanted and len(found) == count


@given(WEEKDAYS, st.dates(date(2026, 7, 1), date(2027, 7, 31)))
def test_last_day_is_whole(days: list[str], last: date) -> None:
    """UNTIL as a day means all of it; nothing comes after it, and everything before it is there."""
    rule = f"FREQ=WEEKLY;BYDAY={','.join(days)};UNTIL={last:%Y%m%d}"
    names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    span = (last - FIRST.date()).days + 1
    wanted = [day for day in (FIRST.date() + timedelta(days=at) for at in range(span)) if names[day.weekday()] in days]
    if wanted:
        assert [one.original.date() for one in plan(rule)] == wanted
    else:
        assert refused(rule) == "BAD_USER_INPUT"


@given(WEEKDAYS, SHIFTS, st.integers(1, 50))
def test_days_off_are_free(days: list[str], shift: Shift, count: int) -> None:
    """Moved times are on working days, at the same hour, to the side that was asked for, and in order."""
    turns = plan(f"FREQ=DAILY;BYDAY={','.join(days)};COUNT={count}", shift)
    kept = recurrence.drop_exceptions(turns, frozenset())
    for one in turns:
        if shift is Shift.KEEP:
            assert one.at == one.original
        elif CALENDAR.spans(one.original.date()):
            assert one.at == one.original, "a working day stays"
        elif shift is Shift.SKIP:
            assert one.at is None
        else:
            assert one.at and CALENDAR.spans(one.at.date()) and one.at.timetz() == one.original.timetz()
            assert (one.at > one.original) == (shift is Shift.AFTER)
    times = [one.at for one in kept if one.at]
    assert times == sorted(set(times)), "in order, and nothing twice at one time"
    assert {one.at for one in kept} == {one.at for one in turns if one.at}, "nothing is lost by it"


def test_weekend_moves_to_one_monday() -> None:
    """Saturday and Sunday are moved to one Monday: it takes place once, and as Monday's own where the rule has it."""
    weekend = recurrence.drop_exceptions(plan("FREQ=WEEKLY;BYDAY=SA,SU;COUNT=2", Shift.AFTER), frozenset())
    assert [one.at and one.at.date() for one in weekend] == [date(2026, 7, 6)]
    [_, own] = recurrence.drop_exceptions(plan("FREQ=WEEKLY;BYDAY=FR,SU,MO;COUNT=3", Shift.AFTER), frozenset())
    assert own.original == own.at and own.at and own.at.date() == date(2026, 7, 6)


def test_make_up_day_is_worked() -> None:
    """A Sunday that is worked stays, and a holiday on a Friday moves."""
    [made_up] = plan("FREQ=DAILY;COUNT=1", Shift.AFTER, datetime(2026, 9, 20, 9, tzinfo=CHINA))
    assert made_up.at == made_up.original
    [holiday] = plan("FREQ=DAILY;COUNT=1", Shift.BEFORE, datetime(2026, 9, 25, 9, tzinfo=CHINA))
    assert holiday.at and holiday.at.date() == date(2026, 9, 24)


@given(st.sets(st.dates(date(2026, 7, 1), date(2026, 7, 20))))
def test_exceptions_are_days_of_the_rule(days: set[date]) -> None:
    turns = plan("FREQ=DAILY;COUNT=20")
    kept = recurrence.drop_exceptions(turns, frozenset(days))
    assert [one.original.date() for one in kept] == [
        one.original.date() for one in turns if one.original.date() not in days
    ]


UNTIL = st.one_of(
    st.dates(date(1, 1, 1)).map("{:%Y%m%d}".format),
    st.datetimes().map("{:%Y%m%dT%H%M%SZ}".format),
    st.text("0123456789TZ", max_size=18),
)


@given(UNTIL)
@example("99991231T235959Z")
@example("99991231")
@example("00010101T000000Z")
def test_any_end_is_kept_or_refused(until: str) -> None:
    """What some programs write for "never" is an answer to whoever planned it, and no fault of the server."""
    try:
        found = plan(f"FREQ=MONTHLY;BYMONTHDAY=1;UNTIL={until}")
    except Refusal as error:
        assert error.code in {"BAD_USER_INPUT", "BEYOND_HORIZON"} and error.path == ("rule",)
    else:
        assert 1 <= len(found) <= 15


@given(st.text("FREQ=;WKLYMONTHDAIBUNCVPS,+-0123456789 ", max_size=60))
@settings(max_examples=200)
def test_any_text_is_kept_or_refused(text: str) -> None:
    try:
        found = plan(text)
    except Refusal as error:
        assert error.path == ("rule",)
    else:
        assert 1 <= len(found) <= recurrence.MOST


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("FREQ=DAILY;COUNT=400", None),
        ("FREQ=DAILY;COUNT=401", "BEYOND_HORIZON"),
        ("FREQ=DAILY;COUNT=999", "BEYOND_HORIZON"),
        ("FREQ=DAILY;INTERVAL=0;COUNT=2", "BAD_USER_INPUT"),
        ("FREQ=HOURLY;COUNT=2", "BAD_USER_INPUT"),
        ("FREQ=WEEKLY;BYDAY=XX;COUNT=2", "BAD_USER_INPUT"),
        ("FREQ=WEEKLY;BYHOUR=9;COUNT=2", "BAD_USER_INPUT"),
        ("FREQ=MONTHLY;BYMONTHDAY=99;COUNT=2", "BAD_USER_INPUT"),
        ("FREQ=YEARLY;BYMONTH=13;COUNT=2", "BAD_USER_INPUT"),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", None),
        ("rrule:freq=weekly;count=3", None),
        ("FREQ=WEEKLY;COUNT=", "BAD_USER_INPUT"),
        ("DTSTART=20260101", "BAD_USER_INPUT"),
        ("", "BAD_USER_INPUT"),
    ],
)
def test_bounds_of_rules(rule: str, code: str | None) -> None:
    if code is None:
        assert plan(rule)
    else:
        assert refused(rule) == code


@given(WEEKDAYS, st.integers(1, 30))
def test_kept_rule_tells_the_same_times(days: list[str], count: int) -> None:
    """Calendars that read the rule as it is kept come to the same times as the plan."""
    text, turns = recurrence.plan_occurrences(
        f"RRULE:FREQ=WEEKLY;BYDAY={','.join(days)};COUNT={count}", FIRST, Shift.KEEP, CALENDAR, NOW
    )
    assert list(recurrence.original_times(text, FIRST)) == [one.original for one in turns]


@given(st.dates(date(2026, 7, 2), date(2027, 7, 31)))
def test_exported_end_is_in_universal_time(last: date) -> None:
    told = recurrence.export_rule(f"FREQ=DAILY;UNTIL={last:%Y%m%d}")
    end = datetime.strptime(told.rpartition("=")[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert end.astimezone(CHINA) == datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=CHINA)
    assert recurrence.export_rule("FREQ=DAILY;COUNT=3") == "FREQ=DAILY;COUNT=3"


def test_calendar_that_ends_is_told() -> None:
    """Where no working day is left the calendar says so; nothing is looked for without an end."""
    off = Calendar(date(2026, 1, 1), date(2026, 1, 7), {date(2026, 1, day): () for day in range(1, 8)})
    for step in (1, -1):
        with pytest.raises(CalendarError):
            recurrence.nearest_working_day(date(2026, 1, 3), step, off)
