"""Loan storage: reading a loan's rows as a `Book`, and writing a `Book` back to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from gongzhi.runtime.commands import Call

from ..applications.states import move_to_state
from ..events import LoanBooked
from ..models import ApplicationRow, InstalmentRow, LoanRow, State
from .book import Book, Row
from .daycount import DayCount
from .schedules import Method

TERMS = ("rate", "surcharge", "count", "method", "every", "starts_on", "penalty", "reckoned_on", "planned_on")
"""What a book has of its loan's row."""


def build_book(loan: Mapping[str, Any], rows: Iterable[Row]) -> Book:
    """Build the book of a loan from its columns."""
    terms = {name: loan[name] for name in TERMS}
    enums = {"count": DayCount(loan["count"]), "method": Method(loan["method"])}
    return Book(**{**terms, **enums}, rows=tuple(rows))


async def load_book(loan: LoanRow) -> Book:
    """Return the loan as it was last booked."""
    rows = await InstalmentRow.filter(loan=loan).order_by("no")
    return build_book(vars(loan), (Row(*(getattr(one, name) for name in Row._fields)) for one in rows))


async def save_book(call: Call, loan: LoanRow, book: Book, amount: int = 0) -> None:
    """Store what was booked; a settled loan settles its application."""
    # Deleted and written anew, because a booking can change the number of rows.
    await InstalmentRow.filter(loan=loan).delete()
    await InstalmentRow.bulk_create([InstalmentRow(loan=loan, **row._asdict()) for row in book.rows])
    loan.rate, loan.method, loan.planned_on = book.rate, book.method, book.planned_on
    loan.penalty, loan.reckoned_on, loan.outstanding = book.penalty, book.reckoned_on, book.outstanding
    # Never null: settled loans are after all others in lists by the next due day.
    loan.next_due_on = book.next.due_on if book.next else date.max
    loan.settled_at = call.now if book.settled else None
    loan.version += 1
    await loan.save()
    application = await ApplicationRow.get(id=loan.application_id)
    state = State.SETTLED if book.settled else State.REPAYING
    # A new plan alone does not make an application repaying; a payment does.
    if application.state is not state and (amount or book.settled):
        await move_to_state(call, application, state)
    call.publish(LoanBooked(loan=loan.id, amount=amount), loan)
