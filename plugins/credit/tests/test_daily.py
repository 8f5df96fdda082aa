"""Interest against a plain way of reckoning it, day by day in fractions: no fen is made, and none is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from gongzhi_credit.loans.book import Book, BookError, Prepayment, Split, new_row
from gongzhi_credit.loans.daycount import DayCount
from gongzhi_credit.loans.schedules import Method, Terms, new_schedule
from hypothesis import assume, given, settings
from hypothesis import strategies as st

DAY = timedelta(days=1)
ACTUAL = st.sampled_from((DayCount.ACT_360, DayCount.ACT_365))
PAID = st.sampled_from((Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_FIRST))
PRINCIPAL = st.integers(1_000_00, 500_000_00)
RATE = st.integers(1_000, 240_000)
START = st.dates(date(2023, 1, 1), date(2028, 12, 31))
"""A leap year at both ends of it, and every day of a month."""
AHEAD = st.dictionaries(st.integers(1, 700), st.tuples(st.integers(1, 900), st.sampled_from(Prepayment)), max_size=4)

Early = Prepayment | None
EARLY = st.dictionaries(
    st.integers(1, 400), st.tuples(st.integers(1, 1000), st.sampled_from((None, None, *Prepayment))), max_size=6
)
"""By the day: thousandths of the next instalment, or of the principal ahead."""


def open_book(terms: Terms, surcharge: int = 50) -> Book:
    return Book(
        rate=terms.rate, surcharge=surcharge, count=terms.count, method=terms.method, every=terms.every,
        starts_on=terms.starts_on, rows=tuple(map(new_row, new_schedule(terms))), reckoned_on=terms.starts_on,
    )  # fmt: skip


def of_days(balance: int, rate: int, days: int, count: DayCount) -> Fraction:
    return Fraction(balance * rate * days, 1_000_000 * count.year)


def add(one: Split, other: Split) -> Split:
    return Split(*(a + b for a, b in zip(one, other, strict=True)))


def pay_what_is_due(book: Book, on: date) -> tuple[Book, Split]:
    due = sum(row.open for row in book.rows if row.due_on <= on)
    return book.pay(due, on) if due else (book, Split())


@settings(deadline=None, max_examples=60)
@given(PAID, ACTUAL, st.integers(1, 24), st.sampled_from((1, 3)), PRINCIPAL, RATE, START, AHEAD)
def test_interest_is_that_of_each_day(
    method: Method, count: DayCount, months: int, every: int, principal: int, rate: int, start: date,
    ahead: dict[int, tuple[int, Prepayment]],
) -> None:  # fmt: skip
    """Whoever pays in time, and ahead when they like, pays for each day on what they owed that day, and no more."""
    book, paid, exact = open_book(Terms(principal, rate, start, months, method, count, every)), Split(), Fraction(0)
    on, bookings = start, 0
    last = book.rows[-1].due_on
    while not book.settled:
        exact += of_days(book.outstanding, rate, 1, count)
        on += DAY
        assert on <= last, "it is over when it was to be over"
        book, split = pay_what_is_due(book, on)
        bookings, paid = bookings + 1, add(paid, split)
        part, how = ahead.get((on - start).days, (0, Prepayment.LOWER_INSTALMENTS))
        if part and book.outstanding > 1 and book.next and book.next.due_on > on and not split.total:
            given = book.running(on) + max(1, book.outstanding * part // 1000)
            if given < book.payoff(on):
                book, split = book.pay(given, on, how)
                paid = add(paid, split)
    assert paid.principal == principal and paid.penalty == 0
    # Half a fen a row is all that rounding may do.
    assert abs(paid.interest - exact) <= Fraction(len(book.rows), 2) + 1


def act_early(book: Book, on: date, part: int, how: Early) -> tuple[Book, Split]:
    """Pay so many thousandths of the next instalment before its day, or of the principal ahead; or of neither."""
    if book.next is None or book.next.due_on <= on or book.outstanding <= 1:
        return book, Split()
    if how is None:
        given = book.expected_payment(on) * part // 1000
        return book.pay(given, on) if 0 < given <= book.payoff(on) else (book, Split())
    given = book.running(on) + max(1, book.outstanding * part // 1000)
    return book.pay(given, on, how) if given < book.payoff(on) else (book, Split())


def of_balance(book: Book, on: date) -> Fraction:
    """Interest of the day after one, on the principal of what is not due yet: paid early, it counts on its day."""
    return of_days(sum(row.principal for row in book.rows if row.due_on > on), book.rate, 1, book.count)


def check_interest(book: Book, paid: Split, early: int, exact: Fraction) -> None:
    """Of a settled loan: the interest of each day was paid, or what was paid early if that is more, and no more."""
    assert book.settled and paid.penalty == 0
    assert abs(paid.interest - max(exact, early)) <= Fraction(len(book.rows), 2) + 1


@settings(deadline=None, max_examples=100)
@given(
    PAID, ACTUAL, st.integers(2, 18), PRINCIPAL, RATE, START, EARLY, st.integers(1, 600),
    st.none() | st.integers(0, 30), st.integers(1, 24), st.integers(0, 100), st.sampled_from(Method),
)  # fmt: skip
def test_who_settles_in_between_pays_for_each_day_once(
    method: Method, count: DayCount, months: int, principal: int, rate: int, start: date,
    acts: dict[int, tuple[int, Early]], until: int, after_days: int | None, longer: int, lower: int, after: Method,
) -> None:  # fmt: skip
    """Instalments in time or early, payments ahead, a new plan, and the rest on any day: whatever comes before what."""
    book, paid, exact = open_book(Terms(principal, rate, start, months, method, count)), Split(), Fraction(0)
    on = start
    # Soon after something was paid early, or it would have run by then.
    plans_on = start + (min(acts) + after_days) * DAY if acts and after_days is not None else None
    while not book.settled and on < start + until * DAY:
        assert book.payoff(on + DAY) >= book.payoff(on), "debt does not fall by waiting"
        exact += of_balance(book, on)
        on += DAY
        book, split = pay_what_is_due(book, on)
        paid = add(paid, split)
        book, split = act_early(book, on, *acts.get((on - start).days, (0, None)))
        paid = add(paid, split)
        if on == plans_on and book.outstanding:
            debt, kept = book.payoff(on), book.prepaid(on)
            book = book.restructure(on, longer, rate * lower // 100, after)
            assert book.payoff(on) == debt
            assert kept - book.prepaid(on) in (0, kept - sum(row.interest for row in book.rows if row.due_on > on))
    early = paid.interest
    if not book.settled:
        book, split = book.pay(book.payoff(on), on)
        paid = add(paid, split)
    assert paid.principal == principal
    check_interest(book, paid, early, exact)


def pay_early_and_ahead() -> Book:
    """10 000 yuan at 6 per cent; on the first day the next instalment is paid, and 1000 yuan ahead."""
    book = open_book(Terms(10_000_00, 60_000, date(2026, 1, 1), 12, Method.INTEREST_FIRST, DayCount.ACT_360))
    on = book.starts_on
    book, split = book.pay(book.rows[0].open, on)
    assert split == Split(0, 51_67, 0)
    return book.pay(1_000_00, on, Prepayment.LOWER_INSTALMENTS)[0]


def test_who_paid_a_period_early_settles_within_it_for_the_principal() -> None:
    """The month was paid for, and 5.17 yuan of the next: nothing runs until they are used up."""
    book = pay_early_and_ahead()
    assert {book.payoff(date(2026, 1, 1) + days * DAY) for days in range(32)} == {9_000_00}
    assert book.payoff(date(2026, 2, 4)) == 9_000_00, "three days: 4.50"
    assert book.payoff(date(2026, 2, 5)) == 9_000_83, "four days: 6.00"
    settled, split = book.pay(9_000_00, date(2026, 1, 31))
    assert settled.settled and split == Split(9_000_00, 0, 0)


def test_who_pays_ahead_twice_keeps_what_was_paid_early() -> None:
    """Two instalments before their days, then twice ahead: the second time forgets nothing of the first."""
    book = open_book(Terms(10_000_00, 60_000, date(2026, 1, 1), 12, Method.INTEREST_FIRST, DayCount.ACT_360))
    on = book.starts_on
    for row in book.rows[:2]:
        book, _ = book.pay(row.open, on)
    for _ in range(2):
        book, split = book.pay(1_000_00, on, Prepayment.LOWER_INSTALMENTS)
        assert split == Split(1_000_00, 0, 0)
        assert book.prepaid(on) == 51_67 + 46_67


def test_new_plan_keeps_what_was_paid_early() -> None:
    """The month was paid for on the first day: with a new plan it costs what it costs without."""
    book = open_book(Terms(10_000_00, 60_000, date(2026, 1, 1), 12, Method.INTEREST_FIRST, DayCount.ACT_360))
    on = book.starts_on
    book, _ = book.pay(book.rows[0].open, on)
    made = book.restructure(on, 24, 60_000, Method.INTEREST_FIRST)
    assert [row.no for row in made.rows] == list(range(1, 25)), "nothing is left of the old plan"
    assert (made.rows[0].paid_interest, made.rows[0].open) == (51_67, 0)
    assert made.payoff(on + 30 * DAY) == book.payoff(on + 30 * DAY) == 10_000_00
    later = book.restructure(on + 12 * DAY, 24, 30_000, Method.INTEREST_FIRST)
    assert later.rows[0][1:] == (on + 12 * DAY, 0, 20_00, 31, 0, 20_00), "what had run stays where it was paid"
    assert (later.rows[1].interest, later.rows[1].paid_interest) == (25_83, 25_83)
    assert later.rows[2].paid_interest == 31_67 - 25_83, "at half the rate the rest lasts for longer"


def test_new_plan_sets_off_what_was_paid_early() -> None:
    """Of somebody who paid interest of many months ahead, and then no principal: overdue interest is taken from it."""
    book = open_book(Terms(12_000_00, 60_000, date(2026, 1, 1), 12, Method.EQUAL_PRINCIPAL, DayCount.ACT_360))
    on = book.starts_on
    for _ in range(4):
        book, _ = book.pay(book.expected_payment(on), on)
    book, _ = book.pay(1_000_00, on, Prepayment.LOWER_INSTALMENTS)
    on = book.rows[1].due_on + 10 * DAY
    late = book.accrue_overdue(on)
    assert late.penalty > 0 and late.prepaid(on) > late.penalty
    made = book.restructure(on, 12, 60_000, Method.EQUAL_PRINCIPAL)
    assert made.payoff(on) == made.outstanding == book.payoff(on) - late.penalty
    assert made.prepaid(on) == late.prepaid(on) - late.penalty


def test_loans_that_were_paid_ahead_under_the_first_version_forget_nothing() -> None:
    """There, what was paid early stood in the row of the day, and lowered the rows to come."""
    book = pay_early_and_ahead()
    closed, *rest = book.rows
    lowered = [row._replace(interest=row.open_interest, paid_interest=0) for row in rest]
    before = replace(book, rows=(closed._replace(interest=51_67, paid_interest=51_67), *lowered))
    on = date(2026, 1, 31)
    assert before.payoff(on) == book.payoff(on) == 9_000_00
    assert before.prepaid(on) == book.prepaid(on)
    made, split = before.pay(1_000_00, on, Prepayment.LOWER_INSTALMENTS)
    assert split == Split(1_000_00, 0, 0)
    assert sum(row.paid_interest for row in made.rows) == 51_67
    assert made.prepaid(on) == before.prepaid(on)
    assert all(0 <= row.paid_interest <= row.interest for row in made.rows)


@settings(deadline=None, max_examples=60)
@given(PAID, ACTUAL, st.integers(1, 12), PRINCIPAL, RATE, st.integers(0, 50), START, st.integers(1, 500))
def test_overdue_interest_is_that_of_each_day(
    method: Method, count: DayCount, months: int, principal: int, rate: int, surcharge: int, start: date, days: int
) -> None:
    """Of somebody who pays nothing: each row's own interest, what runs, and the raised rate on principal in arrears."""
    book, on = open_book(Terms(principal, rate, start, months, method, count), surcharge), start + timedelta(days=days)
    due = [row for row in book.rows if row.due_on <= on]
    raised = rate * (100 + surcharge) // 100
    penalty = sum((of_days(row.principal, raised, (on - row.due_on).days, count) for row in due), Fraction(0))
    began = due[-1].due_on if due else start
    rest = sum(row.principal for row in book.rows if row.due_on > on)
    running = of_days(rest, rate, (on - began).days, count)
    owed = principal + sum(row.interest for row in due) + penalty + running
    assert abs(book.payoff(on) - owed) <= Fraction(len(due) + 1, 2)
    assert book.payoff(on + DAY) >= book.payoff(on), "debt does not fall by waiting"
    settled, split = book.pay(book.payoff(on), on)
    assert settled.settled and split.total == book.payoff(on) and split.principal == principal


@settings(deadline=None, max_examples=100)
@given(
    PAID, st.sampled_from(DayCount), st.integers(2, 24), PRINCIPAL, RATE, START, st.integers(1, 700),
    st.integers(1, 36), st.integers(0, 100), st.sampled_from(Method),
)  # fmt: skip
def test_new_plan_changes_no_debt(
    method: Method, count: DayCount, months: int, principal: int, rate: int, start: date, days: int, longer: int,
    lower: int, after: Method,
) -> None:  # fmt: skip
    """On its day the loan is settled with what settled it before; what had run is asked for once, and in full."""
    book, on = open_book(Terms(principal, rate, start, months, method, count)), start + timedelta(days=days)
    debt = book.payoff(on)
    made = book.restructure(on, longer, rate * lower // 100, after)
    assert made.payoff(on) == debt, "neither forgiven nor asked for twice"
    assert made.outstanding == book.outstanding == principal
    again = made.restructure(on, longer + 1, made.rate, after)
    assert again.payoff(on) == debt, "however often it is planned"
    settled, split = made.pay(debt, on)
    assert settled.settled and split.total == debt and split.principal == principal


@settings(deadline=None, max_examples=100)
@given(
    PAID, ACTUAL, st.integers(2, 24), PRINCIPAL, RATE, START, st.integers(1, 300), st.integers(2, 24),
    st.integers(1, 25), st.integers(1, 900), st.sampled_from(Prepayment),
)  # fmt: skip
def test_who_pays_ahead_of_a_new_plan_pays_what_had_run(
    method: Method, count: DayCount, months: int, principal: int, rate: int, start: date, days: int, longer: int,
    later: int, part: int, how: Prepayment,
) -> None:  # fmt: skip
    """A payment ahead of the first instalment pays what was carried into it; what is left costs what its days cost."""
    book, on = open_book(Terms(principal, rate, start, months, method, count)), start + timedelta(days=days)
    carried = book.payoff(on) - principal
    made, then = book.restructure(on, longer, rate, method), on + timedelta(days=later)
    assume(made.next is not None and then < made.next.due_on)
    running = of_days(principal, rate, later, count)
    assert abs(made.payoff(then) - (principal + carried + running)) <= 1
    paid, split = made.pay(made.running(then) + max(1, principal * part // 1000), then, how)
    assert abs(split.interest - carried - running) <= 1, "all that had run, from before the plan and since"
    on, exact, total = then, Fraction(0), Split()
    while not paid.settled:
        exact += of_days(paid.outstanding, rate, 1, count)
        on += DAY
        paid, more = pay_what_is_due(paid, on)
        total = add(total, more)
    assert abs(total.interest - exact) <= Fraction(len(paid.rows), 2) + 1
    assert total.principal + split.principal == principal


def test_first_period_of_a_new_plan_begins_with_it() -> None:
    """A loan that nothing was paid of for a quarter: on the day of the plan not a day of it has run."""
    book = open_book(Terms(12_000_00, 60_000, date(2026, 1, 15), 12, Method.EQUAL_PRINCIPAL, DayCount.ACT_360))
    on = date(2026, 4, 1)
    made = book.restructure(on, 12, 30_000, Method.EQUAL_PRINCIPAL)
    assert made.begun(made.rows[0]) == on and made.planned_on == on
    carried = book.payoff(on) - 12_000_00
    assert made.running(on) == carried
    ten = round(12_000_00 * 0.03 * 10 / 360)
    assert made.running(on + 10 * DAY) == carried + ten
    assert made.payoff(made.rows[0].due_on) == 12_000_00 + made.rows[0].interest


def test_new_plan_after_payments_begins_with_it() -> None:
    """Rows that were paid stay; the first new period does not reach back to the last of them."""
    book = open_book(Terms(12_000_00, 60_000, date(2026, 1, 15), 12, Method.EQUAL_PRINCIPAL, DayCount.ACT_360))
    book, _ = book.pay(book.rows[0].open, book.rows[0].due_on)
    on = book.rows[0].due_on + 20 * DAY
    made = book.restructure(on, 6, 60_000, Method.EQUAL_PRINCIPAL)
    assert made.rows[0] == book.rows[0] and made.begun(made.rows[1]) == on
    assert made.payoff(on) == book.payoff(on)
    # A payment of less than what is due pays the carried interest first, and none of it comes again.
    carried = made.running(on)
    part, split = made.pay(carried, on + DAY)
    assert split == Split(0, carried, 0)
    assert part.payoff(on + DAY) == made.payoff(on + DAY) - carried


def test_shorter_term_after_a_new_plan_is_no_longer_than_it() -> None:
    """What was carried makes the first instalment higher, and is no measure for the others."""
    book = open_book(Terms(12_000_00, 60_000, date(2026, 1, 15), 12, Method.EQUAL_INSTALMENT, DayCount.THIRTY_360))
    on = date(2026, 7, 1)
    made = book.restructure(on, 24, 60_000, Method.EQUAL_INSTALMENT)
    usual = max(row.principal + row.interest for row in made.rows[1:])
    paid, _ = made.pay(made.running(on + DAY) + 3_000_00, on + DAY, Prepayment.SHORTER_TERM)
    assert len(paid.rows) < 24
    assert max(row.principal + row.interest for row in paid.rows if row.due_on > on + DAY) <= usual + 1


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("count", DayCount)
def test_nothing_is_owed_of_a_loan_that_is_settled(method: Method, count: DayCount) -> None:
    """Nor can anything be paid, planned ahead or reckoned on it."""
    book = open_book(Terms(10_000_00, 60_000, date(2024, 2, 29), 12, method, count))
    on = date(2024, 8, 31)
    book, _ = book.pay(book.payoff(on), on)
    for later in (on, on + DAY, on + 1_000 * DAY):
        assert (book.payoff(later), book.expected_payment(later), book.running(later)) == (0, 0, 0)
        assert book.overdue(later) == [] and book.next is None
        assert book.accrue_overdue(later).penalty == 0
        with pytest.raises(BookError, match="EXCEEDS_DEBT"):
            book.pay(1, later)


def test_reckoning_is_of_days_and_not_of_looks() -> None:
    """However often somebody looks, or pays a fen, what is overdue costs the same to the half fen of each look."""
    book = open_book(Terms(10_000_00, 120_000, date(2026, 1, 31), 3, Method.EQUAL_PRINCIPAL, DayCount.ACT_365))
    end = date(2026, 12, 31)
    once = book.accrue_overdue(end)
    often, looks, on = book, 0, book.starts_on
    while on < end:
        on += 7 * DAY
        often, looks = often.accrue_overdue(min(on, end)), looks + 1
    assert abs(often.penalty - once.penalty) <= len(book.rows) * looks / 2
    assert often.reckoned_on == end and replace(often, penalty=0, reckoned_on=date.min).rows == book.rows


def test_due_days_stay_at_the_end_of_the_month() -> None:
    """From a leap day, and from a 31st: the last day of shorter months, and the day itself again in longer ones."""
    leap = new_schedule(Terms(12_000_00, 60_000, date(2024, 2, 29), 14, Method.EQUAL_PRINCIPAL))
    assert [one.due_on for one in leap][:2] == [date(2024, 3, 29), date(2024, 4, 29)]
    assert leap[11].due_on == date(2025, 2, 28) and leap[12].due_on == date(2025, 3, 29)
    last = new_schedule(Terms(12_000_00, 60_000, date(2027, 12, 31), 4, Method.EQUAL_PRINCIPAL))
    assert [one.due_on for one in last] == [
        date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 31), date(2028, 4, 30),
    ]  # fmt: skip
    assert [one.days for one in last] == [31, 29, 31, 30]
    thirty = new_schedule(Terms(12_000_00, 60_000, date(2027, 12, 31), 4, Method.EQUAL_PRINCIPAL, DayCount.THIRTY_360))
    assert [one.days for one in thirty] == [30, 30, 30, 30], "a month is a month"
