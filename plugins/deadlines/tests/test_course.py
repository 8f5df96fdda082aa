"""Courses of clocks: pauses without an end and holds with one, in any order, are the times that do not count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gongzhi.declare.columns import NEVER
from gongzhi_deadlines.clocks import course
from gongzhi_deadlines.clocks.models import ClockRow, Stage
from gongzhi_deadlines.clocks.rules import Rule, Standing
from gongzhi_deadlines.worktime import Term, Unit
from hypothesis import given
from hypothesis import strategies as st

from .test_worktime import COUNTY

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


def reckon(*pauses: tuple[int, int | None], hours: int, stopped: int | None = None) -> ClockRow:
    """A clock of five working days as it is reckoned so many hours after its start, with pauses in hours after it."""
    texts = [[(START + since * HOUR).isoformat(), (START + until * HOUR).isoformat() if until else None]
             for since, until in pauses]  # fmt: skip
    clock = ClockRow(started_at=START, pauses=texts, extensions=[], stopped_at=stopped and START + stopped * HOUR)
    rule = Rule(1, Stage.HANDLE, Term(5, Unit.WORKING_DAY))
    course.reckon_clock(clock, rule, Standing(1, 1, COUNTY, ()), START + hours * HOUR)
    return clock


def test_from_when_statements_count_on() -> None:
    """From now, from the end of the pause that lasts, and not at all while there is none or the clock is stopped."""
    assert reckon(hours=3).counted_at == START + 3 * HOUR
    assert reckon((1, 2), hours=3).counted_at == START + 3 * HOUR
    assert reckon((1, 9), hours=3).counted_at == START + 9 * HOUR
    assert reckon((3, 9), hours=3).counted_at == START + 9 * HOUR, "it begins now"
    assert reckon((1, 3), hours=3).counted_at == START + 3 * HOUR, "it ends now"
    assert reckon((1, None), hours=3).counted_at is None
    assert reckon(hours=3, stopped=2).counted_at is None


def test_what_is_stopped_is_spent() -> None:
    """However much later somebody looks; of what runs more is spent each hour in which offices are open."""
    assert reckon(hours=3, stopped=3).counted == reckon(hours=300, stopped=3).counted > 0
    assert reckon(hours=4).counted > reckon(hours=3).counted
    assert reckon((3, None), hours=99).counted == reckon(hours=3).counted
