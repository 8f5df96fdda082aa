"""Audit chain: shows whether anybody changed, removed or reordered what was written of looks and acts.

    entry:  content = sha256(salt, what it says)            people = sha256(salt of each, the person's key)
    batch:  digest of an entry = sha256(content, people…)   root   = sha256(digest…)
    chain:  hash = sha256(the hash before, number, kind, time, count, root)

The chain is over commitments: whoever is erased, or whose entry has outlived its retention, takes the salt along, and
nobody can tell from what stays who it was; the chain holds all the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

SALT = 16
START = bytes(32)
"""The hash before the first batch."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def make_salts(count: int) -> list[bytes]:
    """Return random salts, one a commitment."""
    found = os.urandom(SALT * count)
    return [found[at : at + SALT] for at in range(0, len(found), SALT)]


def content_commitment(salt: bytes, said: Sequence[Any]) -> bytes:
    """Return the commitment to what an entry says: texts, numbers, keys, times, lists of texts."""
    return hashlib.sha256(salt + committed_text(said).encode()).digest()


def committed_text(said: Sequence[Any]) -> str:
    """Write what an entry says in one form, or the same entry would give another digest when it is checked."""
    return json.dumps(said, default=json_default, ensure_ascii=False, separators=(",", ":"))


def person_commitment(salt: bytes, key: UUID) -> bytes:
    """Return the commitment to one of the people."""
    return hashlib.sha256(salt + key.bytes).digest()


def entry_digest(content: bytes, people: Iterable[bytes] = ()) -> bytes:
    """Return what the chain knows of an entry."""
    return hashlib.sha256(content + b"".join(people)).digest()


def batch_root(digests: Iterable[bytes]) -> bytes:
    """Return what the chain knows of a batch."""
    return hashlib.sha256(b"".join(digests)).digest()


def link_tail(kind: str, at: datetime, count: int, root: bytes) -> bytes:
    """Return what is hashed of a link behind the hash before and the number, eight bytes with the highest first."""
    return struct.pack(">qi", to_micros(at), count) + kind.encode() + root


def link_hash(before: bytes, number: int, kind: str, at: datetime, count: int, root: bytes) -> bytes:
    """Return the hash of a link."""
    return hashlib.sha256(before + struct.pack(">q", number) + link_tail(kind, at, count, root)).digest()


def json_default(value: Any) -> Any:
    return to_micros(value) if isinstance(value, datetime) else str(value)


def to_micros(at: datetime) -> int:
    # Whole microseconds, as PostgreSQL has them; a float would round.
    return (at - EPOCH) // timedelta(microseconds=1)
