"""Working time (工作时间): when a term ends that runs only while an office is open, is paused, extended and changed.

    deadline = compute_deadline(calendar, Term(5, Unit.WORKING_DAY, next_day=True), Course(reported))
    deadline.warns, deadline.due

Nothing is kept here and nothing is added up step by step: a deadline is reckoned from facts (when the clock started,
when it was paused, by what it was extended), so a new rule or a new calendar keeps the time that is spent.

Days are those of China, which is eight hours ahead of UTC all year round (since 1992). A term in days ends when the
office closes on its last day; if that is a day off, on the next working day (Civil Code, art. 201 to 203).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Protocol

from gongzhi.declare.columns import NEVER

EAST = timedelta(hours=8)
CHINA = timezone(EAST, "CST")
NOTHING, FOREVER = timedelta(0), timedelta.max
TICK = timedelta.resolution
DAY = timedelta(days=1)
WARNING = 80
"""Per cent of the time after which a light turns yellow."""


class Unit(StrEnum):
    """What a term is counted in. A working minute passes only while the office is open."""

    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    WORKING_MINUTE = "WORKING_MINUTE"
    WORKING_HOUR = "WORKING_HOUR"
    WORKING_DAY = "WORKING_DAY"

    @property
    def working(self) -> bool:
        return self in WORKING

    @property
    def span(self) -> timedelta:
        """The length of one, where it has a length of its own."""
        return LENGTHS[self]


LENGTHS = {
    Unit.MINUTE: timedelta(minutes=1),
    Unit.HOUR: timedelta(hours=1),
    Unit.WORKING_MINUTE: timedelta(minutes=1),
    Unit.WORKING_HOUR: timedelta(hours=1),
}
DAYS = frozenset({Unit.DAY, Unit.WORKING_DAY})
WORKING = frozenset({Unit.WORKING_MINUTE, Unit.WORKING_HOUR, Unit.WORKING_DAY})


@dataclass(frozen=True)
class Term:
    """A length of time as a rule states it, counted at once or from the next day on."""

    amount: int
    unit: Unit
    next_day: bool = False


@dataclass(frozen=True)
class Pause:
    """A time that does not count; one without an end lasts."""

    since: datetime
    until: datetime = NEVER


@dataclass(frozen=True)
class Course:
    """What happened to a clock. Pauses come in order and do not overlap."""

    start: datetime
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Deadline:
    """What a term comes to. `warns` and `due` are NEVER while a pause lasts that began before them."""

    begins: datetime
    warns: datetime
    due: datetime
    allowed: timedelta
    """The time there is in all, as the term counts it."""


@dataclass(frozen=True)
class Shift:
    """Hours of a working day, in minutes since midnight, from a day of the year on (作息时间)."""

    month: int
    day: int
    spans: tuple[tuple[int, int], ...]


OFFICE = Shift(1, 1, ((510, 720), (840, 1080)))
"""Half past eight to noon, and two to six."""
WEEK = (0, 1, 2, 3, 4)
Exceptions = Mapping[date, tuple[tuple[int, int], ...] | None]
"""Days that are not like their weekday: the hours they have, none on a day off; None for an ordinary working day."""


class CalendarError(ValueError):
    """The calendar does not reach so far."""


class Measure(Protocol):
    """A way of counting time that passes."""

    def elapsed(self, moment: datetime) -> timedelta:
        """Return how much had passed by then, from some beginning."""

    def after(self, moment: datetime, amount: timedelta) -> datetime:
        """Return the first moment by which so much more has passed."""


class WallTime:
    """Time as it passes on the wall."""

    def elapsed(self, moment: datetime) -> timedelta:
        return moment - EPOCH

    def after(self, moment: datetime, amount: timedelta) -> datetime:
        return moment + amount


EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
WALL = WallTime()


class Calendar:
    """When an office is open, from the first day to the last: a `Measure` of working time."""

    def __init__(
        self,
        first: date,
        last: date,
        days: Exceptions | None = None,
        shifts: Sequence[Shift] = (OFFICE,),
        weekdays: Sequence[int] = WEEK,
    ) -> None:
        self.first, self.last = first, last
        self._shifts = sorted(shifts, key=lambda shift: (shift.month, shift.day))
        self._days, self._weekdays = days or {}, frozenset(weekdays)
        self.opens: list[datetime] = []
        self.closes: list[datetime] = []
        self.before: list[timedelta] = []
        self._working: list[date] = []
        self._hours: list[tuple[datetime, datetime]] = []
        self._lay()

    def _lay(self) -> None:
        total, day = NOTHING, self.first
        # Openings, closings and the working time before each lie side by side, so that one search answers.
        while day <= self.last:
            if spans := self.spans(day):
                dawn = china_midnight(day)
                for start, end in spans:
                    self.opens.append(dawn + timedelta(minutes=start))
                    self.closes.append(dawn + timedelta(minutes=end))
                    self.before.append(total)
                    total += timedelta(minutes=end - start)
                self._working.append(day)
                self._hours.append((self.opens[-len(spans)], self.closes[-1]))
            day += DAY
        self.total = total

    def spans(self, day: date) -> tuple[tuple[int, int], ...]:
        """Return the hours of a day, in minutes since midnight."""
        # A day of the calendar's own goes before its weekday; without hours of its own it has the usual ones.
        found = self._days.get(day) if day in self._days else (None if day.weekday() in self._weekdays else ())
        return self._usual(day) if found is None else found

    def _usual(self, day: date) -> tuple[tuple[int, int], ...]:
        begun = [shift for shift in self._shifts if (shift.month, shift.day) <= (day.month, day.day)]
        # Before the first shift of a year the last of the year before holds.
        return (begun or self._shifts)[-1].spans

    def elapsed(self, moment: datetime) -> timedelta:
        at = bisect_right(self.opens, moment) - 1
        if at < 0:
            return NOTHING
        return self.before[at] + min(moment, self.closes[at]) - self.opens[at]

    def after(self, moment: datetime, amount: timedelta) -> datetime:
        # Nothing is waited for, not even for the office to open.
        if not amount:
            return moment
        wanted = self.elapsed(moment) + amount
        if wanted > self.total:
            raise CalendarError(f"the calendar ends on {self.last}, before the term does")
        # What is used up at closing time ends then, and not at the next opening.
        at = bisect_left(self.before, wanted) - 1
        return self.opens[at] + (wanted - self.before[at])

    def open(self, moment: datetime) -> bool:
        """Return whether the office is open then."""
        at = bisect_right(self.opens, moment) - 1
        return at >= 0 and moment < self.closes[at]

    def working(self, day: date, ahead: int = 0) -> int:
        """Return the place among working days of the first one from this day on, and so many further."""
        at = bisect_left(self._working, day) + ahead
        if at >= len(self._working):
            raise CalendarError(f"the calendar ends on {self.last}, before the term does")
        return at

    def hours(self, at: int) -> tuple[datetime, datetime]:
        """Return when the working day in this place opens and closes."""
        return self._hours[at]

    def close(self, moment: datetime) -> datetime:
        """Return when the office closes on the day of this moment (or that ends with it), or the next working day."""
        # A tick earlier: what ends at midnight ends with the day before.
        return self._hours[self.working(day_of(moment - TICK))][1]


def china_midnight(day: date) -> datetime:
    """Return when a day begins in China."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - EAST


def day_of(moment: datetime) -> date:
    """Return the day it is in China."""
    return (moment.astimezone(UTC) + EAST).date()


def compute_deadline(calendar: Calendar, term: Term, course: Course) -> Deadline:
    """Return when the term ends for a clock with this course, and when four fifths of it are spent.

    Raises CalendarError where the calendar ends before the term does.
    """
    measure = term_measure(calendar, term)
    begins = term_begin(calendar, term, course.start)
    end = term_end(calendar, term, begins)
    for more in course.extensions:
        end = extend_end(calendar, end, more)
    allowed = measure.elapsed(end) - measure.elapsed(begins)
    amount, pauses = allowed, course.pauses
    if term.unit in DAYS and pauses:
        amount, pauses = measure_days(calendar, measure, begins, allowed, pauses)
    warns, due = walk_spans(measure, begins, (allowed * WARNING // 100, amount), pauses)
    if term.unit in DAYS and due < NEVER:
        due = calendar.close(due)
        if due <= begins:  # the office had closed on that day before the term began
            due = calendar.close(due + DAY)
    # Closing time may come before the exact end, and even before its warning.
    return Deadline(begins, min(warns, due), due, allowed)


def time_spent(calendar: Calendar, term: Term, course: Course, now: datetime) -> timedelta:
    """Return how much time a clock has used up, as its term counts it."""
    measure, begins = term_measure(calendar, term), term_begin(calendar, term, course.start)
    runs = ((max(since, begins), min(until, now)) for since, until in running_spans(course.start, course.pauses))
    return sum((measure.elapsed(b) - measure.elapsed(a) for a, b in runs if b > a), NOTHING)


def term_measure(calendar: Calendar, term: Term) -> Measure:
    return calendar if term.unit.working else WALL


def term_begin(calendar: Calendar, term: Term, start: datetime) -> datetime:
    """Return when a term begins to count."""
    day = day_of(start) + (DAY if term.next_day else NOTHING)
    if term.unit is Unit.WORKING_DAY:
        at = calendar.working(day)
        # Whoever comes after closing comes on the next working day.
        if start >= calendar.hours(at)[1]:
            at = calendar.working(day + DAY)
        return max(start, calendar.hours(at)[0])
    return max(start, china_midnight(day))


def term_end(calendar: Calendar, term: Term, begins: datetime) -> datetime:
    """Return when a term ends that begins then and is not interrupted."""
    if term.unit is Unit.WORKING_DAY:
        return calendar.hours(calendar.working(day_of(begins), term.amount - 1))[1]
    if term.unit is Unit.DAY:
        # At the end of the last day.
        return china_midnight(day_of(begins) + term.amount * DAY)
    return term_measure(calendar, term).after(begins, term.amount * term.unit.span)


def extend_end(calendar: Calendar, end: datetime, more: Term) -> datetime:
    """Return the end moved by so much; days are counted from the day after it."""
    if more.unit is Unit.WORKING_DAY:
        return calendar.hours(calendar.working(day_of(end - TICK) + DAY, more.amount - 1))[1]
    if more.unit is Unit.DAY:
        return end + more.amount * DAY
    return term_measure(calendar, more).after(end, more.amount * more.unit.span)


def extension_until(calendar: Calendar, term: Term, due: datetime, until: datetime) -> Term:
    """Return what extends a deadline to a moment, in the term's own measure; of no amount where it ends no earlier.

    A term in days is extended to the last day that is no later than the moment's.
    """
    if term.unit is Unit.WORKING_DAY:
        amount = calendar.working(day_of(until) + DAY) - calendar.working(day_of(due - TICK) + DAY)
    elif term.unit is Unit.DAY:
        amount = (day_of(until) - day_of(due - TICK)).days
    else:
        measure = term_measure(calendar, term)
        amount = (measure.elapsed(until) - measure.elapsed(due)) // timedelta(minutes=1)
    return Term(max(amount, 0), extension_unit(term.unit))


def extension_unit(unit: Unit) -> Unit:
    """Return what an extension of a term in this unit is counted in."""
    if unit in DAYS:
        return unit
    return Unit.WORKING_MINUTE if unit.working else Unit.MINUTE


def running_spans(start: datetime, pauses: Sequence[Pause]) -> Iterator[tuple[datetime, datetime]]:
    """Yield the times between the pauses."""
    at = start
    for pause in pauses:
        yield at, pause.since
        at = pause.until
    yield at, NEVER


def measure_days(
    calendar: Calendar, measure: Measure, begins: datetime, amount: timedelta, pauses: tuple[Pause, ...]
) -> tuple[timedelta, tuple[Pause, ...]]:
    """Return what a term in days comes to, and the pauses that count, which begin before the office closes on its day.

    A pause on that very day, after the time itself is used up, moves what is left of the day.
    """
    for at, pause in enumerate(pauses):
        # Where the term would end but for this pause and those after it.
        [exact] = walk_spans(measure, begins, (amount,), pauses[:at])
        close = calendar.close(exact)
        if pause.since >= close:
            return amount, pauses[:at]
        if pause.since >= exact:
            amount += measure.elapsed(close) - measure.elapsed(exact)
    return amount, pauses


def walk_spans(
    measure: Measure, begins: datetime, amounts: Sequence[timedelta], pauses: Sequence[Pause]
) -> Sequence[datetime]:
    """Return the moments by which so much has passed outside the pauses, each more than the one before.

    NEVER where a pause without end comes first.
    """
    found: list[datetime] = []
    gone = NOTHING
    for since, until in running_spans(begins, pauses):
        # After a pause without end nothing runs any more.
        if since == NEVER:
            break
        # What runs before the term begins does not count.
        since = max(since, begins)
        run = FOREVER if until == NEVER else gone + measure.elapsed(until) - measure.elapsed(since)
        while len(found) < len(amounts) and amounts[len(found)] <= run:
            found.append(measure.after(since, amounts[len(found)] - gone))
        if len(found) == len(amounts):
            break
        gone = max(gone, run)
    return found + [NEVER] * (len(amounts) - len(found))
