"""Terms on the engine of working time, by the calendar of the county."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.values.worktime import Course, Term, Unit, reckon
from gongzhi_deadlines.clocks.rules import load_standing

MEDIATION = 30
"""Days of a mediation, if the parties agree on no more."""
CONFIRMATION = 30
"""Days from the effect of an agreement in which the court may be asked (art. 33)."""
ACCEPTANCE, DECISION = 3, 15
"""Days in which a court accepts a request, and decides on it."""


async def ends(call: Call, county: int | None, start: datetime, days: int, more: Sequence[int] = ()) -> datetime:
    """When so many days end that are counted from the day after; on a day off, they end with the next working day."""
    calendar = (await load_standing(call.fetch, county or 0)).calendar
    added = tuple(Term(one, Unit.DAY) for one in more)
    return reckon(calendar, Term(days, Unit.DAY, next_day=True), Course(start, extensions=added)).due


async def answered_by(call: Call, county: int | None, term: Term) -> datetime:
    """When a term ends that begins now."""
    return reckon((await load_standing(call.fetch, county or 0)).calendar, term, Course(call.now)).due


def begins(day: date) -> datetime:
    """A day in China, as a moment."""
    return datetime.combine(day, time(), CHINA)


def day_of(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()
