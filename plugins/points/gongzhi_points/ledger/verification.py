"""Verification: reading a ledger from its first link, and comparing every balance with the sum of its entries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson

from . import chain
from .posting import LedgerCall

# Postings a page: the ledger may be larger than memory.
STEP = 5_000
PAGE = """
select p.*, p.inputs::text facts, e.account_id, e.amount, e.expires_on
from (select * from points.posting where programme_id=$1 and no>$2 order by no limit $3) p
left join points.entry e on e.posting_id=p.id order by p.no
"""
BALANCES = """
select a.id from points.account a where a.programme_id=$1 and (
 a.balance <> (select coalesce(sum(e.amount),0) from points.entry e where e.account_id=a.id)
 or a.held <> (select coalesce(sum(r.price),0) from points.redemption r where r.account_id=a.id and r.state='HELD'))
"""
TOTAL = "select coalesce(sum(balance),0)::bigint total from points.account where programme_id=$1"
HEAD = "select no, hash from points.chain where programme_id=$1"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written, and where: the posting's number, or 0 for the whole."""

    no: int
    what: str


async def verify_ledger(desk: LedgerCall, programme: UUID) -> tuple[int, list[Finding]]:
    """Return how many postings there are, and what is wrong with them."""
    found: list[Finding] = []
    # What the chain begins with, before the first posting.
    no, hash = 0, chain.FIRST
    async for row, legs in iterate_links(desk, programme):
        no += 1
        if row["no"] != no:
            found.append(Finding(no, "a posting is missing"))
            # Goes on from what is there, so that one gap is one finding and not thousands.
            no = row["no"]
        if chain.posting_commitment(row["salt"], row, legs) != row["commitment"]:
            found.append(Finding(no, "the posting is not what was committed to"))
        if sum(amount for _, amount, _ in legs):
            found.append(Finding(no, "its legs do not sum to zero"))
        hash = chain.link_hash(hash, row["commitment"])
        if hash != row["hash"]:
            found.append(Finding(no, "the chain is broken"))
            # Goes on from the stored hash, so that the links after the broken one are checked as well.
            hash = row["hash"]
    return no, [*found, *await verify_totals(desk, programme, no, hash)]


async def iterate_links(desk: LedgerCall, programme: UUID) -> AsyncIterator[tuple[dict[str, Any], list[chain.Leg]]]:
    """Yield postings in their order, each with its legs."""
    last = 0
    while rows := await desk.fetch(PAGE, programme, last, STEP):
        for no, group in groupby(rows, key=lambda row: row["no"]):
            same = list(group)
            # The text of the JSON as it is stored, parsed here: the hash is over its value, not over a driver's
            # rendering.
            row = same[0] | {"inputs": orjson.loads(same[0]["facts"])}
            yield row, [(one["account_id"], one["amount"], one["expires_on"]) for one in same if one["account_id"]]
            last = no


async def verify_totals(desk: LedgerCall, programme: UUID, no: int, hash: bytes) -> list[Finding]:
    """Return what is wrong with the ledger as a whole: balances, total, and the end of the chain."""
    found = [
        Finding(0, f"account {row['id']} is not the sum of its entries")
        for row in await desk.fetch(BALANCES, programme)
    ]
    [total] = await desk.fetch(TOTAL, programme)
    [head] = await desk.fetch(HEAD, programme)
    # Every leg has its counterpart, so all accounts together come to nothing.
    if total["total"]:
        found.append(Finding(0, "the balances do not sum to zero"))
    # A chain that was cut off at its end is whole in itself; only the stored head shows it.
    if (head["no"], head["hash"]) != (no, hash):
        found.append(Finding(0, "the last links are missing"))
    return found
