"""Terms: those of mediation and of the court, reckoned in working time by the calendar of the county."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi_deadlines.clocks.rules import load_standing
from gongzhi_deadlines.worktime import Course, Term, Unit, compute_deadline

MEDIATION = 30
"""Days of a mediation, if the parties agree on no more."""
CONFIRMATION = 30
"""Days from the effect of an agreement in which the court may be asked (art. 33)."""
ACCEPTANCE, DECISION = 3, 15
"""Days in which a court accepts a request, and decides on it."""


async def term_end(call: Call, county: int | None, start: datetime, days: int, more: Sequence[int] = ()) -> datetime:
    """Return when so many days end, counted from the day after; on a day off, they end with the next working day."""
    # The county's own calendar, with the year's make-up days (调休).
    calendar = (await load_standing(call.fetch, county or 0)).calendar
    added = tuple(Term(one, Unit.DAY) for one in more)
    # From the day after, as terms in days are counted (Civil Code 201).
    return compute_deadline(calendar, Term(days, Unit.DAY, next_day=True), Course(start, extensions=added)).due


async def answer_deadline(call: Call, county: int | None, term: Term) -> datetime:
    """Return when a term ends that begins now."""
    # No county has the key 0: without one the nation's calendar counts.
    return compute_deadline((await load_standing(call.fetch, county or 0)).calendar, term, Course(call.now)).due


def day_start(day: date) -> datetime:
    """Return the beginning of a day in China."""
    return datetime.combine(day, time(), CHINA)


def day_of(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()
