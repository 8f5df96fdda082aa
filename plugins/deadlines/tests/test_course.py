"""Courses of clocks: pauses without an end and holds with one, in any order, are the times that do not count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gongzhi.declare.columns import NEVER
from gongzhi_deadlines.clocks import course
from gongzhi_deadlines.clocks.models import ClockRow
from hypothesis import given
from hypothesis import strategies as st

START = datetime(2026, 6, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACTS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(("hold", "release", "pause", "resume")), st.integers(1, 9))
)
LAST = 80


def stands_still(hours: int, acts: list[tuple[int, str, int]]) -> bool:
    """Whether time stands still in this hour after the start, as somebody would tell who looked at every hour."""
    at, held_until, on_hold = 0, 0, False
    for wait, act, length in acts:
        at += wait
        if at > hours:
            break
        if act == "hold":
            held_until = at + length
        elif act == "release":
            held_until = min(held_until, at)
        else:
            on_hold = act == "pause"
    return on_hold or hours < held_until


@given(ACTS)
def test_pauses_and_holds_are_the_times_that_do_not_count(acts: list[tuple[int, str, int]]) -> None:
    clock = ClockRow(started_at=START, pauses=[], extensions=[])
    at = START
    for wait, act, length in acts:
        at += wait * HOUR
        if act == "hold":
            course.hold_clock(clock, at, at + length * HOUR)
        elif act == "release":
            course.release_clock(clock, at)
        elif course.is_paused(clock) is (act == "resume"):
            (course.resume_clock if act == "resume" else course.pause_clock)(clock, at)
    pauses = course.read_course(clock).pauses
    for hours in range(LAST):
        moment = START + hours * HOUR
        assert any(one.since <= moment < one.until for one in pauses) is stands_still(hours, acts)
    assert all(one.until <= other.since for one, other in zip(pauses, pauses[1:], strict=False))
    held = course.find_hold([clock], at)
    assert (held is not None) is any(course.is_held(one, at) for one in clock.pauses)
    assert course.is_paused(clock) is bool(pauses and pauses[-1].until == NEVER)
