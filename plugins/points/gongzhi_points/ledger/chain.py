"""The hash chain of a programme: what was posted cannot be changed without somebody noticing.

    commitment = SHA-256(salt ‖ facts)          facts: the posting and its legs as JSON with sorted keys
    hash       = SHA-256(previous hash ‖ commitment)

Facts are ids, codes and numbers. The salt keeps a commitment from being guessed by whoever has the chain alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson

FIRST = bytes(32)
"""What the first link follows."""
FACTS = (
    "programme_id", "no", "kind", "key", "posted_at", "occurred_on", "reason_en", "reason_zh", "inputs",
    "rule_id", "claim_id", "case_id", "redemption_id", "reverses_id",
)  # fmt: skip

# The account, what it got or gave, and the day it expires.
Leg = tuple[UUID, int, date | None]


def posting_commitment(salt: bytes, posting: Mapping[str, Any], legs: Iterable[Leg]) -> bytes:
    """Return what a link says of a posting: a row with the columns `FACTS`, and its legs in any order."""
    facts = {name: plain_value(posting[name]) for name in FACTS}
    # Sorted, because the database returns legs in no particular order.
    facts["legs"] = sorted([str(account), amount, plain_value(day)] for account, amount, day in legs)
    # Keys are sorted so that the same facts give the same bytes whatever order they were built in.
    return hashlib.sha256(salt + orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).digest()


def link_hash(previous: bytes, said: bytes) -> bytes:
    return hashlib.sha256(previous + said).digest()


def plain_value(value: Any) -> Any:
    """Return a value as it comes out of the database, however it was put in."""
    if isinstance(value, datetime):
        # PostgreSQL keeps microseconds and returns times in the session's zone: both are normalised before hashing.
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, UUID | date) else value
