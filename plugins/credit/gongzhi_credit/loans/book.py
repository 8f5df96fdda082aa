"""Book: a loan that was paid out, as a value: what is due, what a payment does, what a new plan looks like.

    book, split = book.pay(100_00, on)         overdue interest, then interest, then principal, the oldest first

Nothing is negative, and what is paid is always the sum of what it is booked as. Overdue interest (罚息) runs on
overdue principal alone, at the loan's rate raised by the surcharge (30 to 50 per cent: People's Bank of China
银发〔2003〕251号); there is no interest on interest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import takewhile
from typing import NamedTuple

from .daycount import DayCount, Period, elapsed_days, loan_periods
from .schedules import Instalment, Method, accrued_interest, equal_instalment, plan_instalments


class Prepayment(StrEnum):
    """What paying ahead changes: the instalments, or how many there are."""

    LOWER_INSTALMENTS = "LOWER_INSTALMENTS"
    SHORTER_TERM = "SHORTER_TERM"


class BookError(ValueError):
    """Something cannot be booked; the text is a code."""


class Row(NamedTuple):
    """An instalment and what was paid of it, in fen."""

    no: int
    due_on: date
    principal: int
    interest: int
    days: int
    paid_principal: int = 0
    paid_interest: int = 0

    @property
    def paid(self) -> int:
        """What was paid of it, in fen."""
        return self.paid_principal + self.paid_interest

    @property
    def open_principal(self) -> int:
        return self.principal - self.paid_principal

    @property
    def open_interest(self) -> int:
        return self.interest - self.paid_interest

    @property
    def open(self) -> int:
        return self.open_principal + self.open_interest


class Split(NamedTuple):
    """What a payment was booked as, in fen."""

    principal: int = 0
    interest: int = 0
    penalty: int = 0

    @property
    def total(self) -> int:
        return sum(self)


@dataclass(frozen=True)
class Book:
    """A loan's state. `penalty` is overdue interest not yet paid, reckoned up to and including `reckoned_on`."""

    rate: int
    surcharge: int
    count: DayCount
    method: Method
    every: int
    starts_on: date
    rows: tuple[Row, ...]
    penalty: int = 0
    reckoned_on: date = date.min
    planned_on: date = date.min
    """The day of the last new plan, from which its first period runs."""

    @property
    def outstanding(self) -> int:
        """Principal not yet paid."""
        return sum(row.open_principal for row in self.rows)

    @property
    def settled(self) -> bool:
        return not self.penalty and not any(row.open for row in self.rows)

    @property
    def next(self) -> Row | None:
        """The first instalment of which something is open."""
        return next((row for row in self.rows if row.open), None)

    def overdue(self, on: date) -> list[Row]:
        """Return the instalments that should have been paid before this day."""
        # On its day an instalment is not late.
        return [row for row in self.rows if row.open and row.due_on < on]

    def accrue_overdue(self, on: date) -> Book:
        """Return the book with overdue interest up to a day; days before the last reckoning change nothing."""
        # The surcharge raises the contract's rate (50 on 6 per cent is 9 per cent); it is not added to it.
        raised = self.rate * (100 + self.surcharge) // 100
        more = sum(
            # Each row from its due day or from the last reckoning, so that no day is counted twice.
            accrued_interest(row.open_principal, raised, (on - max(row.due_on, self.reckoned_on)).days, self.count)
            for row in self.overdue(on)
            if self.reckoned_on < on
        )
        return replace(self, penalty=self.penalty + more, reckoned_on=max(on, self.reckoned_on))

    def running(self, on: date) -> int:
        """Return the interest of the running period for the days gone, less what of it was paid already, in fen."""
        # Not below zero: whoever settles gets nothing back of interest that was paid before it had run.
        return max(0, self.gone(on) - self.paid_of_coming(on))

    def prepaid(self, on: date) -> int:
        """Return the interest that was paid before it had run, in fen."""
        return max(0, self.paid_of_coming(on) - self.gone(on))

    def paid_of_coming(self, on: date) -> int:
        """Return what was paid of the interest of instalments that are not due yet, in fen."""
        return sum(row.paid_interest for row in self.rows if row.due_on > on)

    def gone(self, on: date) -> int:
        """Return the interest of the running period for the days gone, and what was carried into it, in fen."""
        rest = [row for row in self.rows if row.due_on > on]
        if not rest:
            return 0
        # Within the period, so a day beyond its end adds nothing.
        days = elapsed_days(self.count, self.begun(rest[0]), on, rest[0].days)
        # On the planned principal of the rows to come: that is the balance the period began with.
        return self.interest_carried(rest) + accrued_interest(
            sum(row.principal for row in rest), self.rate, days, self.count
        )

    def interest_carried(self, rest: Sequence[Row]) -> int:
        """Return by how much the rows' interest is more than that of their days, in fen.

        It had run before the first period, and is owed from its first day.
        """
        balance, found = sum(row.principal for row in rest), 0
        for row in rest:
            # Less than nothing in loans that were paid ahead under version 0.1: there, what was paid before it had run
            # lowered the rows.
            found += row.interest - accrued_interest(balance, self.rate, row.days, self.count)
            balance -= row.principal
        return found

    def begun(self, row: Row) -> date:
        """Return the day on which an instalment's period began."""
        at = self.rows.index(row)
        # Not before the last new plan: what ran until then is carried, and would be asked for twice.
        return max(self.rows[at - 1].due_on if at else self.starts_on, self.planned_on)

    def payoff(self, on: date) -> int:
        """Return what settles the loan on a day."""
        now = self.accrue_overdue(on)
        due = sum(row.open_interest for row in now.rows if row.due_on <= on)
        return now.outstanding + due + now.penalty + now.running(on)

    def expected_payment(self, on: date) -> int:
        """Return what may be paid on a day without paying ahead: what is due, and the next instalment."""
        now = self.accrue_overdue(on)
        due = [row.open for row in now.rows if row.due_on <= on]
        coming = next((row.open for row in now.rows if row.due_on > on and row.open), 0)
        return now.penalty + sum(due) + coming

    def pay(self, given: int, on: date, ahead: Prepayment | None = None) -> tuple[Book, Split]:
        """Book a payment.

        Raises BookError: EXCEEDS_DEBT; SAY_WHAT_CHANGES where it pays ahead and does not say so; NOTHING_AHEAD where
        it says so and does not.
        """
        payoff = self.payoff(on)
        if given > payoff:
            raise BookError("EXCEEDS_DEBT")
        # Settling needs no word on what changes: nothing is left to plan.
        if given == payoff:
            return self.settle(on)
        now = self.accrue_overdue(on)
        if ahead is not None:
            return now.prepay(given, on, ahead)
        if given > self.expected_payment(on):
            raise BookError("SAY_WHAT_CHANGES")
        return now.fill(given, len(now.rows))

    def fill(self, given: int, upto: int) -> tuple[Book, Split]:
        """Pay overdue interest first, then the instalments up to a place, interest before principal."""
        left = given
        penalty = min(left, self.penalty)
        left -= penalty
        rows, principal, interest = list(self.rows), 0, 0
        # Rows are in the order of their due days, so the oldest debt is paid first.
        for at, row in enumerate(rows[:upto]):
            of_interest = min(left, row.open_interest)
            of_principal = min(left - of_interest, row.open_principal)
            left -= of_interest + of_principal
            interest, principal = interest + of_interest, principal + of_principal
            rows[at] = row._replace(
                paid_principal=row.paid_principal + of_principal, paid_interest=row.paid_interest + of_interest
            )
        made = replace(self, rows=tuple(rows), penalty=self.penalty - penalty)
        return made, Split(principal, interest, penalty)

    def prepay(self, given: int, on: date, ahead: Prepayment) -> tuple[Book, Split]:
        """Pay what is due, the interest that has run, and principal ahead with the rest; then plan anew."""
        due = sum(row.due_on <= on for row in self.rows)
        owed = self.penalty + sum(row.open for row in self.rows[:due])
        # Interest for the days gone is paid now, because the principal it ran on becomes smaller today.
        running = self.running(on)
        paid, split = self.fill(min(given, owed), due)
        if given <= owed + running:
            raise BookError("NOTHING_AHEAD")
        part = given - owed - running
        closed, rest = paid.close(on, part, running)
        planned = closed.plan_instalments(on, rest, ahead).move_prepaid(len(closed.rows), self.prepaid(on))
        return planned, Split(split.principal + part, split.interest + running, split.penalty)

    def move_prepaid(self, first: int, prepaid: int) -> Book:
        """Count interest that was paid before it had run as paid of a new plan, whose rows begin at a place."""
        # It is the borrower's. What the new plan has no interest for stays where it was paid.
        made, left = pay_interest(self.rows[first:], prepaid)
        return replace(self, rows=(*take_interest(self.rows[:first], prepaid - left), *made))

    def close(self, on: date, part: int, running: int) -> tuple[Book, list[Row]]:
        """End the running period on a day with what was paid in it; also return the rows that a new plan replaces."""
        kept = [row for row in self.rows if row.due_on <= on]
        rest = [row for row in self.rows if row.due_on > on]
        # Earlier part payments of the rows to come belong into the row that is closed, or a plan would ask for them
        # again.
        done = sum(row.paid_principal for row in rest) + part
        interest = sum(row.paid_interest for row in rest) + running
        no = kept[-1].no + 1 if kept else 1
        gone = elapsed_days(self.count, self.begun(rest[0]), on, rest[0].days) if rest else 0
        # The row is paid in full as it is written: principal and interest equal what was paid of them.
        row = Row(no, on, done, interest, gone, done, interest)
        return replace(self, rows=(*kept, row)), rest

    def plan_instalments(self, on: date, rest: Sequence[Row], ahead: Prepayment) -> Book:
        """Plan instalments for what is left of the principal of the replaced rows, on their days."""
        last = self.rows[-1]
        # The closed row has what was paid of the replaced rows; only the rest of their principal is planned.
        principal = sum(row.principal for row in rest) - last.principal
        spans = [Period(row.due_on, row.days) for row in rest]
        # The first period is cut: its days up to now are in the row that was closed.
        spans[0] = Period(rest[0].due_on, rest[0].days - last.days)
        if ahead is Prepayment.SHORTER_TERM:
            spans = spans[: self.fewest(principal, spans, rest)]
        # Rows without principal at the beginning are what is left of the grace.
        free = sum(1 for _ in takewhile(lambda row: not row.principal, rest))
        grace = 0 if self.method in (Method.INTEREST_FIRST, Method.BULLET) else min(free, len(spans) - 1)
        made = plan_instalments(principal, self.rate, spans, self.method, self.count, grace, last.no + 1)
        return replace(self, rows=(*self.rows, *map(new_row, made)))

    def fewest(self, principal: int, spans: Sequence[Period], rest: Sequence[Row]) -> int:
        """Return how many periods pay the principal off without a higher instalment than before."""
        if self.method in (Method.INTEREST_FIRST, Method.BULLET):
            return len(spans)
        usual = max(row.principal + row.interest for row in rest)
        # What was carried is paid by now, and does not come again with each instalment.
        if rest[1:] and self.interest_carried(rest) > 0:
            usual = max(row.principal + row.interest for row in rest[1:])
        # The last row took what rounding left, so it is no measure.
        share = max(row.principal for row in rest[:-1]) if rest[:-1] else principal
        for many in range(1, len(spans)):
            # Rounded up: a share that is a fen too small would not pay it off in time.
            if self.method is Method.EQUAL_PRINCIPAL and -(-principal // many) <= share:
                return many
            level = self.method is Method.EQUAL_INSTALMENT
            if level and equal_instalment(principal, self.rate, spans[:many], self.count) <= usual:
                return many
        return len(spans)

    def settle(self, on: date) -> tuple[Book, Split]:
        """Pay all of it: the rows that are not due yet become one, on the day."""
        now, running = self.accrue_overdue(on), self.running(on)
        part = sum(row.open_principal for row in now.rows if row.due_on > on)
        due = sum(row.due_on <= on for row in now.rows)
        owed = now.penalty + sum(row.open for row in now.rows[:due])
        paid, split = now.fill(owed, due)
        if due == len(now.rows):
            return paid, split
        closed, _ = paid.close(on, part, running)
        return closed, Split(split.principal + part, split.interest + running, split.penalty)

    def restructure(self, on: date, months: int, rate: int, method: Method) -> Book:
        """Plan all that is open anew, from a day on.

        Interest that has run and overdue interest fall due with the first instalment; they bear no interest. What was
        paid before it had run is paid of the new plan.
        """
        now = self.accrue_overdue(on)
        # Interest in arrears falls due but is not added to principal: interest on it would be compound.
        carried = now.penalty + now.running(on) + sum(row.open_interest for row in now.rows if row.due_on <= on)
        spans = loan_periods(self.count, on, months, months if method is Method.BULLET else self.every)
        made = [new_row(one) for one in plan_instalments(now.outstanding, rate, spans, method, self.count)]
        made[0] = made[0]._replace(interest=made[0].interest + carried)
        planned, left = pay_interest(made, now.prepaid(on))
        kept = cut_rows(take_interest(now.rows, now.prepaid(on) - left), on)
        last = kept[-1].no if kept else 0
        rows = (*kept, *(row._replace(no=last + row.no) for row in planned))
        return replace(now, rate=rate, method=method, rows=rows, penalty=0, reckoned_on=on, planned_on=on)


def new_row(one: Instalment) -> Row:
    return Row(*one)


def pay_interest(rows: Sequence[Row], given: int) -> tuple[list[Row], int]:
    """Return the rows with so many fen of their interest paid, the first ones first, and what is left of it."""
    paid = []
    for row in rows:
        part = min(given, row.open_interest)
        given -= part
        paid.append(row._replace(paid_interest=row.paid_interest + part))
    return paid, given


def take_interest(rows: Sequence[Row], taken: int) -> list[Row]:
    """Return the rows without so many fen of interest that was paid of them, taken from the last ones first."""
    left = []
    for row in reversed(rows):
        part = min(taken, row.paid_interest)
        taken -= part
        left.append(row._replace(interest=row.interest - part, paid_interest=row.paid_interest - part))
    return left[::-1]


def cut_rows(rows: Sequence[Row], on: date) -> list[Row]:
    """Return the rows of which something was paid, cut to that: a new plan from this day on has the open rest."""
    # No day lies after today, so the order of rows holds.
    return [
        row._replace(due_on=min(row.due_on, on), principal=row.paid_principal, interest=row.paid_interest)
        for row in rows
        if row.paid
    ]
