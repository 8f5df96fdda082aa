"""Ledger: moving points by double entry, in whole units, once for each key. No other way changes a balance.

Locks are taken in one order: the programme's chain, redemptions, accounts, rewards, each by id. Whoever holds points
for a redemption does not take the chain's.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

import orjson
from gongzhi.declare.events import Event
from gongzhi.values.errors import Refusal, Text
from tortoise.models import Model
from uuid6 import uuid7

from ..events import Posted
from ..models import AccountKind, AccountRow, PostingKind
from . import chain

MOST = 10**9
"""No single movement is larger: a slip of the hand is."""


class LedgerCall(Protocol):
    """What posting needs: an open transaction and its time. A Call is one."""

    @property
    def now(self) -> datetime: ...

    async def fetch(self, sql: str, *values: Any) -> list[dict[str, Any]]: ...

    def publish(self, happened: Event, row: Model | None = None) -> None: ...


@dataclass(frozen=True)
class Leg:
    """What an account gets, or gives below zero. `expires_on` is the first day it is gone."""

    account: UUID
    amount: int
    expires_on: date | None = None


@dataclass(frozen=True)
class Posting:
    """A movement of points. `key` is its name in the programme: the same movement is made once.

    `inputs` is what decided about it, as it was: names and values, never names of people or free text.
    """

    kind: PostingKind
    key: str
    legs: tuple[Leg, ...]
    reason: Text
    occurred_on: date
    inputs: Mapping[str, str] = field(default_factory=dict)
    rule: UUID | None = None
    claim: UUID | None = None
    case: UUID | None = None
    redemption: UUID | None = None
    reverses: UUID | None = None


def make_legs(source: UUID, target: UUID, amount: int, expires_on: date | None = None) -> tuple[Leg, Leg]:
    """Return the legs of points that go from one account to another."""
    return Leg(source, -amount), Leg(target, amount, expires_on)


# The chain's row is the programme's lock: numbers and hashes have one order only while one transaction posts.
LOCK = "select no, hash from points.chain where programme_id=$1 for update"
KNOWN = "select key, id from points.posting where programme_id=$1 and key=any($2::text[])"
# Ordered by id, so that two transactions over the same accounts cannot wait for each other.
ACCOUNTS = (
    "select id, kind, balance, held, grid_id from points.account where programme_id=$1 and id=any($2::uuid[]) "
    "order by id for update"
)
# Raw SQL: any number of postings in one statement. Bytes do not go through JSON, so the seals come as arrays beside it.
POSTINGS = """
insert into points.posting (id, programme_id, no, kind, key, posted_at, occurred_on, reason_en, reason_zh, inputs,
 rule_id, claim_id, case_id, redemption_id, reverses_id, salt, commitment, hash)
select p.id, $1, p.no, p.kind, p.key, $2, p.occurred_on, p.reason_en, p.reason_zh, p.inputs, p.rule_id, p.claim_id,
 p.case_id, p.redemption_id, p.reverses_id, b.salt, b.commitment, b.hash
from jsonb_to_recordset($3::jsonb) p(id uuid, no bigint, kind text, key text, occurred_on date, reason_en text,
 reason_zh text, inputs jsonb, rule_id uuid, claim_id uuid, case_id uuid, redemption_id uuid, reverses_id uuid)
join unnest($4::uuid[], $5::bytea[], $6::bytea[], $7::bytea[]) b(id, salt, commitment, hash) on b.id=p.id
"""
ENTRIES = """
insert into points.entry (id, posting_id, account_id, amount, posted_at, expires_on)
select e.id, e.posting, e.account, e.amount, $2, e.expires_on
from jsonb_to_recordset($1::jsonb) e(id uuid, posting uuid, account uuid, amount bigint, expires_on date)
"""
ADVANCED = "update points.chain set no=$2, hash=$3 where programme_id=$1"


async def lock_chain(desk: LedgerCall, programme: UUID) -> tuple[int, bytes]:
    """Return the last number and hash of the programme's chain, locked until this transaction ends."""
    [head] = await desk.fetch(LOCK, programme)
    return head["no"], head["hash"]


async def post_entries(desk: LedgerCall, programme: UUID, *postings: Posting) -> list[UUID]:
    """Make these movements in their order, all or none, and return their ids; a known key is not posted again.

    Raises Refusal INSUFFICIENT_POINTS where an account would have less than nothing, or less than it holds.
    """
    # Keys are looked up under this lock, so nobody can post the same key between the look and the insert.
    no, head = await lock_chain(desk, programme)
    found = await desk.fetch(KNOWN, programme, [one.key for one in postings])
    known: dict[str, UUID] = {row["key"]: row["id"] for row in found}
    fresh = [one for one in postings if one.key not in known]
    # Accounts are locked after the chain, always: the order that the module promises.
    places = await check_balances(desk, programme, fresh)
    rows, entries = [], []
    for one in fresh:
        check_double_entry(one)
        no += 1
        row = posting_row(programme, no, one, desk.now)
        # Each link covers the one before it: a posting that is changed, dropped or put in between breaks all that
        # follow.
        head = row["hash"] = chain.link_hash(head, row["commitment"])
        known[one.key] = row["id"]
        rows.append(row)
        entries += [
            {
                "id": uuid7(),
                "posting": row["id"],
                "account": leg.account,
                "amount": leg.amount,
                "expires_on": leg.expires_on,
            }
            for leg in one.legs
        ]
    if rows:
        await insert_postings(desk, programme, rows, entries)
        await desk.fetch(ADVANCED, programme, no, head)
        publish_entries(desk, entries, places)
    # In the order that was asked for, known or new.
    return [known[one.key] for one in postings]


def check_double_entry(posting: Posting) -> None:
    """Raise ValueError for legs that are no double entry: a defect of the calling code, never of the caller's input."""
    amounts = [leg.amount for leg in posting.legs]
    whole = all(type(amount) is int and 0 < abs(amount) <= MOST for amount in amounts)
    # One leg an account: what a posting moved there is one line of a statement.
    if sum(amounts) or len(amounts) < 2 or not whole or len({leg.account for leg in posting.legs}) < len(amounts):
        raise ValueError(f"the posting {posting.kind} is no double entry")


async def check_balances(desk: LedgerCall, programme: UUID, postings: Iterable[Posting]) -> dict[UUID, int]:
    """Lock the accounts, refuse what one does not have, and return in which grid each holder's account lies."""
    legs = [leg for one in postings for leg in one.legs]
    accounts = sorted({leg.account for leg in legs})
    rows = await desk.fetch(ACCOUNTS, programme, accounts)
    if len(rows) != len(accounts):
        raise ValueError("a posting names an account of another programme")
    # What is held for redemptions is not there to be spent.
    free: dict[UUID, int] = defaultdict(int)
    for row in rows:
        free[row["id"]] = row["balance"] - row["held"]
    # The programme's issuer goes below zero: what it gave is what all others have.
    endless = {row["id"] for row in rows if row["kind"] == AccountKind.ISSUER}
    # Leg by leg and not by sums: a later gain must not pay for an earlier expense of the same call. The constraint in
    # the database sees the end only.
    for leg in legs:
        free[leg.account] += leg.amount
        if leg.amount < 0 and free[leg.account] < 0 and leg.account not in endless:
            raise insufficient_points()
    return {row["id"]: row["grid_id"] for row in rows if row["id"] not in endless}


def publish_entries(desk: LedgerCall, entries: Iterable[Mapping[str, Any]], places: Mapping[UUID, int]) -> None:
    """Publish what moved on holders' accounts; the issuer's movements mirror them and are not published."""
    for one in entries:
        account = one["account"]
        if account in places:
            happened = Posted(entry=one["id"], account=UUID(str(account)), amount=one["amount"])
            desk.publish(happened, AccountRow(id=account, grid_id=places[account]))


def insufficient_points(*path: str) -> Refusal:
    return Refusal(
        "INSUFFICIENT_POINTS",
        "There are not enough points: some may be held for other redemptions.",
        "积分不足，部分积分可能已被其他兑换占用。",
        path,
    )


def posting_row(programme: UUID, no: int, one: Posting, now: datetime) -> dict[str, Any]:
    """Return the row of a posting, but for its hash."""
    # Sixteen random bytes: without them the few possible facts of a posting could be guessed from its commitment.
    salt = secrets.token_bytes(16)
    row: dict[str, Any] = {
        "id": uuid7(),
        "programme_id": programme,
        "no": no,
        "kind": one.kind.value,
        "key": one.key,
        "posted_at": now,
        "occurred_on": one.occurred_on,
        "reason_en": one.reason.en,
        "reason_zh": one.reason.zh,
        "inputs": [{"name": name, "value": value} for name, value in one.inputs.items()],
        "rule_id": one.rule,
        "claim_id": one.claim,
        "case_id": one.case,
        "redemption_id": one.redemption,
        "reverses_id": one.reverses,
        "salt": salt,
    }
    legs = [(leg.account, leg.amount, leg.expires_on) for leg in one.legs]
    # The hash depends on the posting before, so it is set by the caller.
    return row | {"commitment": chain.posting_commitment(salt, row, legs)}


SEALS = ("salt", "commitment", "hash")


async def insert_postings(
    desk: LedgerCall, programme: UUID, rows: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]]
) -> None:
    """Write postings and legs, however many, in two statements; a trigger moves the balances."""
    facts = [{name: value for name, value in row.items() if name not in SEALS} for row in rows]
    seals = [[row[name] for row in rows] for name in ("id", *SEALS)]
    now = rows[0]["posted_at"]
    await desk.fetch(POSTINGS, programme, now, orjson.dumps(facts, default=str).decode(), *seals)
    await desk.fetch(ENTRIES, orjson.dumps(entries, default=str).decode(), now)
