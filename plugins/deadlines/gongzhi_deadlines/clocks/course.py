"""Course: a clock's row as `gongzhi_deadlines.worktime` reckons with it, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from gongzhi.declare.columns import NEVER

from gongzhi_deadlines.worktime import Course, Pause, Term, Unit, compute_deadline, time_spent

from .models import ClockRow
from .rules import Rule, Standing

HELD = "MEDIATION"
"""The third entry of a pause whose end was set when it began."""


def read_course(clock: ClockRow) -> Course:
    """Return what happened to the clock."""
    pauses = join_pauses(Pause(read_moment(one[0]), read_moment(one[1])) for one in clock.pauses)
    return Course(clock.started_at, pauses, tuple(read_term(one) for one in clock.extensions))


def join_pauses(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    """Return pauses in their order, joined where they overlap: a case may be put on hold during mediation."""
    found: list[Pause] = []
    for pause in sorted(pauses, key=lambda one: one.since):
        if found and pause.since < found[-1].until:
            found[-1] = Pause(found[-1].since, max(found[-1].until, pause.until))
        else:
            found.append(pause)
    return tuple(found)


def read_moment(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else NEVER


def read_term(found: dict[str, Any]) -> Term:
    return Term(found["amount"], Unit(found["unit"]), found.get("nextDay", False))


def reckon_clock(clock: ClockRow, rule: Rule | None, by: Standing, now: datetime) -> None:
    """Reckon the clock by this rule and calendar; whatever it has spent stays spent."""
    clock.calendar_id, clock.calendar_version = by.calendar_id, by.version
    if rule is None:
        count_wall_time(clock, now)
        return
    happened = read_course(clock)
    found = compute_deadline(by.calendar, rule.term, happened)
    clock.rule_id = rule.id
    clock.warn_at, clock.due_at = found.warns, found.due
    clock.working, clock.allowed = rule.term.unit.working, int(found.allowed.total_seconds())
    clock.counted = int(time_spent(by.calendar, rule.term, happened, clock.stopped_at or now).total_seconds())
    # A statement goes on counting from `counted_at`: the end of a pause that lasts, but not before the term begins
    # to count, and not at all while a pause has no end.
    goes_on = next((pause.until for pause in happened.pauses if pause.since <= now < pause.until), now)
    idle = clock.stopped_at is not None or goes_on == NEVER
    clock.counted_at = None if idle else max(goes_on, found.begins)


def count_wall_time(clock: ClockRow, now: datetime) -> None:
    """Count what a clock without a rule has spent: all time passes, and its deadline stays."""
    clock.counted = int(((clock.stopped_at or now) - clock.started_at).total_seconds())
    clock.counted_at = None if clock.stopped_at else now


def is_paused(clock: ClockRow) -> bool:
    """Return whether it is paused without an end, which the last of its pauses tells."""
    return bool(clock.pauses) and clock.pauses[-1][1] is None


def pause_clock(clock: ClockRow, now: datetime) -> None:
    # Without an end, until the case goes on.
    clock.pauses = [*clock.pauses, [now.isoformat(), None]]


def resume_clock(clock: ClockRow, now: datetime) -> None:
    clock.pauses = [*clock.pauses[:-1], [clock.pauses[-1][0], now.isoformat()]]


def hold_clock(clock: ClockRow, now: datetime, until: datetime) -> None:
    """Let no time pass until a moment, which takes the place of any that was set before (调解期间)."""
    release_clock(clock, now)
    # Before a pause without an end, which stays the last: `resume_clock` ends the last.
    place = len(clock.pauses) - is_paused(clock)
    held = [now.isoformat(), until.isoformat(), HELD]
    clock.pauses = [*clock.pauses[:place], held, *clock.pauses[place:]]


def release_clock(clock: ClockRow, now: datetime) -> None:
    """Let time pass again where `hold_clock` keeps it from passing. A pause of another kind stays."""
    # What is over already stays as it was.
    clock.pauses = [[one[0], now.isoformat(), HELD] if is_held(one, now) else one for one in clock.pauses]


def find_hold(clocks: Iterable[ClockRow], now: datetime) -> datetime | None:
    """Return until when the first of these that is held is."""
    return next((read_moment(one[1]) for clock in clocks for one in clock.pauses if is_held(one, now)), None)


def is_held(pause: Sequence[str | None], now: datetime) -> bool:
    """Return whether this is a pause by `hold_clock` that is not over."""
    # A pause of two entries is of a case on hold, and ends when the case goes on.
    return len(pause) > 2 and read_moment(pause[1]) > now


def earliest_moment(moments: Iterable[datetime]) -> datetime:
    return min(moments, default=NEVER)
