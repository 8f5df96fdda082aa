"""Durations as callers give them: what each stands for, how it is said, and what is no duration."""

from __future__ import annotations

import pytest
from gongzhi.values.errors import Refusal
from gongzhi_deadlines.calendars.durations import LONGEST, describe_term, parse_term
from gongzhi_deadlines.worktime import Term, Unit
from hypothesis import given
from hypothesis import strategies as st

MINUTES_OF_A_DAY = 24 * 60
SPAN = {Unit.MINUTE: 1, Unit.HOUR: 60, Unit.DAY: MINUTES_OF_A_DAY}


@given(st.integers(1, 90))
def test_days_are_working_days(days: int) -> None:
    """But on the wall, where each has 24 hours."""
    assert parse_term(f"P{days}D", "x") == Term(days, Unit.WORKING_DAY)
    assert parse_term(f"P{days}D", "x", wall=True) == Term(days * MINUTES_OF_A_DAY, Unit.MINUTE)


@given(st.integers(0, 999), st.integers(0, 99_999), st.booleans())
def test_hours_and_minutes_add_up(hours: int, minutes: int, wall: bool) -> None:
    total = hours * 60 + minutes
    text = f"PT{hours}H{minutes}M"
    if 0 < total <= LONGEST:
        assert parse_term(text, "x", wall=wall) == Term(total, Unit.MINUTE if wall else Unit.WORKING_MINUTE)
    else:
        with pytest.raises(Refusal):
            parse_term(text, "x", wall=wall)


@given(st.integers(1, 89), st.integers(0, 23), st.integers(0, 59))
def test_days_and_hours_are_mixed_on_the_wall_alone(days: int, hours: int, minutes: int) -> None:
    """A working day has no fixed number of working hours."""
    text, more = f"P{days}DT{hours}H{minutes}M", hours * 60 + minutes
    assert parse_term(text, "x", wall=True) == Term(days * MINUTES_OF_A_DAY + more, Unit.MINUTE)
    if more:
        with pytest.raises(Refusal):
            parse_term(text, "x")
    else:
        assert parse_term(text, "x") == Term(days, Unit.WORKING_DAY)


@given(st.text(max_size=12))
def test_any_text_is_a_term_or_refused(text: str) -> None:
    """By its field and as bad input, whatever somebody types."""
    try:
        term = parse_term(text, "tasks", "0", "within")
    except Refusal as refused:
        assert (refused.code, refused.path) == ("BAD_USER_INPUT", ("tasks", "0", "within"))
    else:
        assert 0 < term.amount <= LONGEST


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P0D", "PT0H", "P1W", "P1M", "P1Y", "PT1S", "-P1D", "P1.5D", "p1d", " P1D", "P91D", "P１D"]
)
def test_what_is_no_duration(text: str) -> None:
    for wall in (False, True):
        with pytest.raises(Refusal, match="ISO 8601") as refused:
            parse_term(text, "x", wall=wall)
        assert "ISO 8601" in refused.value.template.zh and "90" in refused.value.template.zh


@given(st.integers(1, LONGEST), st.sampled_from((Unit.MINUTE, Unit.HOUR, Unit.DAY)))
def test_said_as_long_as_it_is(amount: int, unit: Unit) -> None:
    """In the coarsest measure of which it is a whole number, and the same in both languages."""
    names = {"min": 1, "h": 60, "d": MINUTES_OF_A_DAY}
    said = describe_term(Term(amount, unit))
    number, name = said.en.split(" ")
    assert int(number) * names[name] == amount * SPAN[unit]
    assert said.zh.split(" ")[0] == number
    coarser = [size for size in names.values() if size > names[name]]
    assert all(amount * SPAN[unit] % size for size in coarser)


@pytest.mark.parametrize(
    ("term", "en", "zh"),
    [
        (Term(90, Unit.WORKING_MINUTE), "90 min of working time", "90 分钟（工作时间）"),
        (Term(240, Unit.WORKING_MINUTE), "4 h of working time", "4 小时（工作时间）"),
        (Term(24, Unit.WORKING_HOUR), "24 h of working time", "24 小时（工作时间）"),  # and no working day
        (Term(3, Unit.WORKING_DAY), "3 working days", "3 个工作日"),
        (Term(1, Unit.WORKING_DAY), "1 working day", "1 个工作日"),
        (Term(1440, Unit.MINUTE), "1 d", "1 天"),
    ],
)
def test_said_in_both_languages(term: Term, en: str, zh: str) -> None:
    said = describe_term(term)
    assert (said.en, said.zh) == (en, zh)
