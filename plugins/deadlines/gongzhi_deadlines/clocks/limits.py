"""Limits: how long the terms of a town may be, by its county and by law."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from gongzhi_deadlines.worktime import (
    DAY,
    DAYS,
    TICK,
    Calendar,
    CalendarError,
    Course,
    Term,
    Unit,
    china_midnight,
    compute_deadline,
)

from .models import Stage

PETITIONS = "信访工作条例第二十二条、第三十四条"
LAW = {
    Stage.ACCEPT: Term(15, Unit.DAY, next_day=True),
    Stage.HANDLE: Term(60, Unit.DAY, next_day=True),
    Stage.REPLY: Term(60, Unit.DAY, next_day=True),
}
"""What the law leaves a stage at the most (`PETITIONS`); no county's limit for its towns may be longer."""
FIXED = frozenset({Stage.GRACE})
"""Stages that towns leave alone: a shorter grace takes time from requesters, not from offices."""
AHEAD = 366
"""Days for which a term is compared with the law."""


def is_within(term: Term, limit: Term) -> bool:
    """Return whether a term never ends after a limit that starts with it; terms of other measures are not compared."""
    same = term.unit.working == limit.unit.working and (term.unit in DAYS) == (limit.unit in DAYS)
    # A term that counts from the next day on outlasts one as long that counts at once.
    return same and order_key(term) <= order_key(limit) and (limit.next_day or not term.next_day)


def order_key(term: Term) -> timedelta:
    """Return the length of a term in its own measure."""
    return term.amount * (DAY if term.unit in DAYS else term.unit.span)


def find_beyond_law(calendar: Calendar, terms: Sequence[tuple[Stage, Term]], today: date) -> list[int]:
    """Return the places of terms that exceed the law, the longest first; what is shorter than a lawful one is so."""
    lawful = set()
    beyond = []
    for at, (stage, term) in sorted(enumerate(terms), key=lambda one: order_key(one[1][1]), reverse=True):
        measure = (stage, term.unit in DAYS, term.unit.working, term.next_day)
        # Judged from the longest down: what is shorter than a lawful term of one measure need not be reckoned.
        if measure in lawful:
            continue
        if exceeds_law(calendar, stage, term, today):
            beyond.append(at)
        else:
            lawful.add(measure)
    return sorted(beyond)


def exceeds_law(calendar: Calendar, stage: Stage, term: Term, today: date) -> bool:
    """Return whether a term that starts in the year to come may end later than the law's does."""
    law = LAW.get(stage)
    if law is None:
        return False
    # At both ends of each day: what begins after the office closes counts from the next working day.
    dawns = (china_midnight(today + ahead * DAY) for ahead in range(AHEAD))
    return any(ends_after(calendar, term, law, start) for dawn in dawns for start in (dawn, dawn + DAY - TICK))


def ends_after(calendar: Calendar, term: Term, law: Term, start: datetime) -> bool:
    """Return whether a term ends after the law's. A term for which the calendar ends first does."""
    try:
        latest = compute_deadline(calendar, law, Course(start)).due
    except CalendarError:
        # There is nothing to compare with.
        return False
    try:
        return compute_deadline(calendar, term, Course(start)).due > latest
    except CalendarError:
        return True
