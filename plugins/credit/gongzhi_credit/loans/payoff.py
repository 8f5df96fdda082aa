"""Payoff: what settles a loan on a day, computed when somebody asks, for it changes every day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from gongzhi.declare.entity import batch
from gongzhi.declare.extend import extend
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.context import Context

from ..money import to_yuan
from .book import Row
from .repository import TERMS, build_book
from .types import Loan

LOANS = f"select id, {', '.join(TERMS)} from credit.loan where id=any($1::uuid[])"
INSTALMENTS = """
select loan_id, no, due_on, principal, interest, days, paid_principal, paid_interest from credit.instalment
where loan_id=any($1::uuid[]) order by loan_id, no
"""


@batch(needs=("id",), requires=None, cost=20)
async def payoff_amounts(rows: Sequence[Any], context: Context, on: date | None = None) -> list[Decimal | None]:
    """What settles it on a day, today if not said, in yuan; never before what is booked (结清金额)."""
    keys = [UUID(str(row.id)) for row in rows]
    parts = defaultdict(list)
    # Two statements for any number of loans, whatever page of them was asked for.
    for part in await context.fetch(INSTALMENTS, keys):
        parts[part["loan_id"]].append(Row(*tuple(part.values())[1:]))
    books = {row["id"]: build_book(row, parts[row["id"]]) for row in await context.fetch(LOANS, keys)}
    day = on or context.viewer.now.astimezone(CHINA).date()
    # Not before the last booking: overdue interest up to it is already in the book.
    return [to_yuan(books[key].payoff(max(day, books[key].reckoned_on))) for key in keys]


EXTENSIONS = (extend(Loan, payoff=payoff_amounts),)
