"""Lots: points that expire a lot at a time, in the night, or before somebody spends from the account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from gongzhi.values.errors import Text

from ..models import PostingKind
from . import posting
from .accounts import find_issuer_account
from .posting import LedgerCall, Posting, make_legs

# How many accounts one posting call moves: bounds the size of a statement and of its JSON.
AT_ONCE = 500
# Whoever redeems takes the account's lock and not the chain's: without this, points could be held between reading the
# lots and posting their expiry. A statement of its own, so that the lots are read as they are once the lock is there.
LOCKED = """
select a.id from points.account a where a.programme_id = $1 and a.kind <> 'ISSUER' and a.balance > a.held
and ($3::uuid is null or a.id = $3)
and exists(select from points.entry e where e.account_id = a.id and e.expires_on <= $2) order by a.id for no key update
"""
# Lots are computed by `points.lots`, which leaves out what is held: held points expire when their hold has ended.
DUE = """
select a.id, (select sum(l.amount)::bigint from points.lots(a.id) l where l.expires_on <= $2) amount
from points.account a where a.id = any($1::uuid[]) order by a.id
"""


async def expire_lots(desk: LedgerCall, programme: UUID, day: date, account: UUID | None = None) -> int:
    """Post what has expired by a day, of all accounts or of one, and return of how many; again it changes nothing."""
    # Before the lots are read, so that nothing is posted between reading them and posting their expiry.
    await posting.lock_chain(desk, programme)
    accounts = [row["id"] for row in await desk.fetch(LOCKED, programme, day, account)]
    rows = [row for row in await desk.fetch(DUE, accounts, day) if row["amount"]]
    if rows:
        target = await find_issuer_account(desk, programme)
        # Before somebody spends, the night's posting of that day may be made already; what came free since is another.
        mark = f"{day}" if account is None else f"{day}:{desk.now.isoformat()}"
        for at in range(0, len(rows), AT_ONCE):
            await posting.post_entries(desk, programme, *expiry_postings(rows[at : at + AT_ONCE], target, day, mark))
    return len(rows)


async def expire_before_spending(desk: LedgerCall, programme: UUID, account: UUID, day: date) -> None:
    """Post what of an account is gone since midnight, for the night's run may be to come.

    Called before the account is locked: the chain's lock comes first, and nearly nobody takes it here.
    """
    [due] = await desk.fetch(DUE, [account], day) or [{"amount": None}]
    if due["amount"]:
        await expire_lots(desk, programme, day, account)


def expiry_postings(rows: Sequence[dict[str, Any]], issuer: UUID, day: date, mark: str) -> list[Posting]:
    return [
        Posting(
            kind=PostingKind.EXPIRED,
            # Account and mark name the posting, so a repeated run finds it made.
            key=f"expire:{row['id']}:{mark}",
            legs=make_legs(row["id"], issuer, row["amount"]),
            reason=Text("Expired", "到期失效"),
            occurred_on=day,
        )
        for row in rows
    ]
