"""Audit chain: shows whether anybody changed, removed or reordered what was written of looks and acts.

    entry:  content = sha256(salt, what it says)            people = sha256(salt of each, the person's key)
            of looks the salt of each = sha256(the person's secret, the entry's key), sixteen bytes of it
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
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

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


def derive_salt(secret: UUID, entry: UUID) -> bytes:
    """Return the salt of a person in a look: without their secret, which goes when they are erased, nobody has it."""
    return hashlib.sha256(secret.bytes + entry.bytes).digest()[:SALT]


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


# what is read back

LOOK, ACT = "LOOK", "ACT"
ROWS = {
    "look": """select e.*, (select array_agg(p.look_secret order by u.n)
  from unnest(e.persons) with ordinality u(key, n) left join people.person p on p.id=u.key) as secrets
from access.{} e""",
    "act": "select e.*, null::uuid[] as secrets from access.{} e",
}
"""The entries of a table or of one of its months, with the secrets that the people's salts are made of."""
# Of a batch that an older version wrote nobody knows between which keys its entries are.
ENTRIES = {
    table: f"""{rows} where link=$1 and id between coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
  and coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') order by place"""
    for table, rows in ROWS.items()
}


class ChainBroken(Exception):
    """An entry or link is not as it was written."""


@dataclass(frozen=True)
class Named:
    """Somebody an entry names, by place: the key until they are erased, the commitment from then on."""

    key: UUID | None
    kept: bytes | None
    own: bytes | None
    """The salt that the entry keeps, of whoever was not on file."""
    derived: bytes | None
    """The salt that is made of their secret."""

    @property
    def commitment(self) -> bytes | None:
        """The commitment to them; None if neither it nor what it is made of is there."""
        salt = self.own or self.derived
        return self.kept or (person_commitment(salt, self.key) if salt and self.key else None)

    @property
    def other(self) -> bool:
        """Whether they are somebody else than was committed to."""
        salt = self.own or self.derived
        return bool(self.key and salt and self.kept and person_commitment(salt, self.key) != self.kept)

    @property
    def torn(self) -> bool:
        """Whether key, salt and commitment are not as erasing leaves them, which takes the first two together."""
        return self.commitment is None or (self.key is None) != (self.own is None and self.derived is None)


def list_people(table: str, row: asyncpg.Record) -> list[Named]:
    """List the people of an entry. Raises ChainBroken if there are not as many of one kind as of another."""
    persons = row["persons"] or []
    # Empty where nothing is to be kept: commitments are made of secrets, until somebody is erased.
    kept, own, secrets = (row[name] or [None] * len(persons) for name in ("commitments", "salts", "secrets"))
    derived = [secret and derive_salt(secret, row["id"]) for secret in secrets]
    if not len(persons) == len(kept) == len(own):
        raise ChainBroken(f"{table} {row['id']} names other people than were written")
    return [Named(*one) for one in zip(persons, kept, own, derived, strict=True)]


def check_people(table: str, row: asyncpg.Record) -> None:
    """Check that an entry names the people it commits to, as far as they are not erased. Raises ChainBroken."""
    people = list_people(table, row)
    if any(one.other for one in people):
        raise ChainBroken(f"{table} {row['id']} names other people than were written")
    if any(one.torn for one in people):
        raise ChainBroken(f"{table} {row['id']} has lost people, or their salts, alone")


def list_commitments(table: str, row: asyncpg.Record) -> list[bytes]:
    """List the commitments to the people of an entry that was checked."""
    return [one.commitment for one in list_people(table, row) if one.commitment]


def look_facts(*values: Any) -> Sequence[Any]:
    """Return what a look says, in the order it is committed to: key, time, account, …; the county last, if any."""
    return [LOOK, *(values if values[-1] is not None else values[:-1])]


def verify_entry(table: str, row: asyncpg.Record) -> None:
    """Check that an entry says what it commits to, as far as it still says anything."""
    common = (row["id"], row["at"], row["account"], row["role"], row["unit_id"], row["grid_id"])
    if table == "look":
        mine = (*common, row["kind"], row["operation"], row["purpose"], row["fields"])
        said = [look_facts(*mine, row["county_id"]), look_facts(*mine, None)]  # of old looks the county was added later
    else:
        said = [[ACT, *common, row["mutation"], row["objects"], row["codes"]]]
    check_people(table, row)
    # Without a salt the entry was erased: its commitment stays in the chain, and nothing is left to compare.
    if row["salt"] is not None and row["content"] not in [content_commitment(row["salt"], one) for one in said]:
        raise ChainBroken(f"{table} {row['id']} does not say what was written")
