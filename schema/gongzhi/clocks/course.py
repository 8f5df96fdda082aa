"""A clock's row as `gongzhi.worktime` reckons with it, and back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..worktime import NEVER, Course, Pause, Term, Unit, reckon, spent
from .models import ClockRow
from .rules import Rule, Standing


def course(clock: ClockRow) -> Course:
    """What happened to the clock."""
    pauses = tuple(Pause(moment(since), moment(until)) for since, until in clock.pauses)
    return Course(clock.started_at, pauses, tuple(term(one) for one in clock.extensions))


def moment(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else NEVER


def term(found: dict[str, Any]) -> Term:
    return Term(found["amount"], Unit(found["unit"]), found.get("nextDay", False))


def set_to(clock: ClockRow, rule: Rule, by: Standing, now: datetime) -> None:
    """Reckon the clock by this rule and calendar; whatever it has spent stays spent."""
    happened = course(clock)
    found = reckon(by.calendar, rule.term, happened)
    clock.rule_id, clock.calendar_id, clock.calendar_version = rule.id, by.calendar_id, by.version
    clock.warn_at, clock.due_at = found.warns, found.due
    clock.working, clock.allowed = rule.term.unit.working, int(found.allowed.total_seconds())
    clock.counted = int(spent(by.calendar, rule.term, happened, clock.stopped_at or now).total_seconds())
    idle = clock.stopped_at is not None or paused(clock)
    clock.counted_at = None if idle else max(now, found.begins)


def paused(clock: ClockRow) -> bool:
    """Whether the last of its pauses lasts."""
    return bool(clock.pauses) and clock.pauses[-1][1] is None


def pause(clock: ClockRow, now: datetime) -> None:
    clock.pauses = [*clock.pauses, [now.isoformat(), None]]


def resume(clock: ClockRow, now: datetime) -> None:
    clock.pauses = [*clock.pauses[:-1], [clock.pauses[-1][0], now.isoformat()]]


def earliest(moments: Iterable[datetime]) -> datetime:
    return min(moments, default=NEVER)
