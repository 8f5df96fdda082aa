"""Lives: the steps a case takes and when, along the machine of `gongzhi.core.cases.machine`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from random import Random
from typing import NamedTuple

from gongzhi.core.cases import machine
from gongzhi.core.cases.models import Status

from . import county_time
from .chance import WeightedChoice
from .county_time import DAY, HOUR, MINUTE


class StepTaken(NamedTuple):
    """A step taken: the event's type, and when."""

    event: str
    at: int


class Pace(NamedTuple):
    """How long a step takes after the one before, at least and at most, and in which hours of how many weekdays."""

    least: int
    most: int
    hours: tuple[int, int] = county_time.OFFICE
    weekdays: int = 5


ACCEPT, DECLINE, WITHDRAW, MERGE = (
    machine.ACCEPT.event,
    machine.DECLINE.event,
    machine.WITHDRAW.event,
    machine.MERGE.event,
)
SETTLE, DISPATCH, RETURN, HANDLE = (
    machine.SETTLE.event,
    machine.DISPATCH.event,
    machine.RETURN.event,
    machine.HANDLE.event,
)
SUSPEND, RESUME, REPLY, CLOSE = machine.SUSPEND.event, machine.RESUME.event, machine.REPLY.event, machine.CLOSE.event
REPORT, REOPEN, VOID, RATED = machine.REPORT.event, machine.REOPEN.event, machine.VOID.event, machine.RATED

PACES = {
    ACCEPT: Pace(5 * MINUTE, 4 * HOUR),
    DECLINE: Pace(HOUR, DAY),
    WITHDRAW: Pace(HOUR, 2 * DAY, county_time.WAKING, 7),
    MERGE: Pace(10 * MINUTE, 5 * HOUR),
    SETTLE: Pace(20 * MINUTE, DAY, county_time.WAKING, 7),
    DISPATCH: Pace(10 * MINUTE, 4 * HOUR),
    RETURN: Pace(HOUR, 8 * HOUR),
    HANDLE: Pace(20 * MINUTE, 16 * HOUR),
    SUSPEND: Pace(10 * HOUR, 2 * DAY),
    RESUME: Pace(5 * DAY, 20 * DAY),
    REPLY: Pace(10 * HOUR, 6 * DAY),
    VOID: Pace(HOUR, 2 * DAY),
    RATED: Pace(30 * MINUTE, 5 * DAY, county_time.WAKING, 7),
}
GRACE = 7 * DAY
"""How long an answer that nobody rates well stands before the case is closed."""
AT_ONCE = 1
"""Seconds to what follows from a rating by itself."""
GOOD, UNSOLVED = 4, 2
"""A rating from which a case is closed at once, and the one given to a matter that was not solved."""

ON_THE_SPOT = (ACCEPT, SETTLE)
PLAIN = (ACCEPT, DISPATCH, HANDLE, REPLY)
SENT_BACK = (ACCEPT, DISPATCH, RETURN, DISPATCH, HANDLE, REPLY)
HELD_UP = (ACCEPT, DISPATCH, HANDLE, SUSPEND, RESUME, REPLY)
COURSES = WeightedChoice({PLAIN: 88, SENT_BACK: 7, HELD_UP: 5})
UNFINISHED = {
    Status.REPORTED: (),
    Status.ACCEPTED: (ACCEPT,),
    Status.DISPATCHED: (ACCEPT, DISPATCH),
    Status.RETURNED: (ACCEPT, DISPATCH, RETURN),
    Status.HANDLING: (ACCEPT, DISPATCH, HANDLE),
    Status.SUSPENDED: (ACCEPT, DISPATCH, HANDLE, SUSPEND),
    Status.DECLINED: (DECLINE,),
    Status.WITHDRAWN: (WITHDRAW,),
    Status.MERGED: (MERGE,),
    Status.VOIDED: (ACCEPT, VOID),
}
"""The way to each status in which a case has no answer."""

TARGETS = {step.event: step.target for step in machine.STEPS}
"""The status that each step leads to."""


def take_course(random: Random, reported: int, steps: Iterable[str]) -> list[StepTaken]:
    """Take these steps after reporting, each in its own time."""
    turns = [StepTaken(REPORT, reported)]
    for step in steps:
        turns.append(StepTaken(step, _next(random, step, turns[-1].at)))
    return turns


def follow_answer(random: Random, answered: int, rating: int | None, reopened: bool) -> Iterator[StepTaken]:
    """Yield what follows an answer: ratings, one more round if the matter was not solved, closing."""
    if reopened:
        first = _next(random, RATED, answered)
        answered = _next(random, REPLY, first)
        yield from (StepTaken(RATED, first), StepTaken(REOPEN, first + AT_ONCE), StepTaken(REPLY, answered))
    if rating is None:
        yield StepTaken(CLOSE, answered + GRACE)
        return
    rated = _next(random, RATED, answered)
    yield StepTaken(RATED, rated)
    yield StepTaken(CLOSE, rated + AT_ONCE if rating >= GOOD else answered + GRACE)


def fit_before(turns: list[StepTaken], horizon: int) -> list[StepTaken]:
    """Have all of it happen before the horizon, in proportion, each step at least a second after the one before."""
    start, length = turns[0].at, turns[-1].at - turns[0].at
    room = horizon - start - MINUTE
    if length <= room:
        return turns
    moments = (start + (turn.at - start) * room // length for turn in turns)
    # Rounding may put two steps into one second, or in the wrong order.
    apart = accumulate(moments, lambda before, moment: max(before + 1, moment))
    return [StepTaken(turn.event, at) for turn, at in zip(turns, apart, strict=True)]


def final_status(turns: Iterable[StepTaken]) -> Status:
    """Return where these steps have led."""
    return [TARGETS[turn.event] for turn in turns if turn.event != RATED][-1]


def _next(random: Random, step: str, before: int) -> int:
    """Draw the moment of a step, in the hours in which it is taken."""
    pace = PACES[step]
    moment = before + int(random.uniform(pace.least, pace.most))
    return county_time.next_working_moment(moment, pace.hours, pace.weekdays, int(random.uniform(0, 4 * HOUR)))
