"""Audit chain: records who looked at whose file and who did what, and proves that nothing has changed since."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from itertools import chain as joined
from typing import Any, Union
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.context import FileLook
from uuid6 import uuid7

from . import audit_chain as chain
from .batched_writes import Write

Connection = Union["asyncpg.Connection[Any]", "PoolConnectionProxy[Any]"]

LOOK, ACT = "LOOK", "ACT"
BATCH = 1000
"""Mutations in a link, at most."""

# The update locks the one row of the chain's head, so links are added one at a time. PostgreSQL computes
# the hash, since only this statement knows which link came before: sha256(previous hash, number, tail).
EXTEND = """with head as (
  update access.head set number=number+1, hash=sha256(hash||int8send(number+1)||$1) where id=1 returning number, hash
), link as (
  insert into access.link (id, kind, at, count, root, hash) select number, $2, $3, $4, $5, hash from head
) """
"""Adds a link; whoever comes second waits for the first, and sees what it left."""

KEEP = (
    EXTEND
    + """insert into access.look (id, at, account, role, unit_id, grid_id, county_id, salt, content, kind, operation,
  purpose, fields, persons, salts, commitments, link, place)
select l.id, l.at, l.account, l.role, l.unit_id, l.grid_id, l.county_id, l.salt, l.content, l.kind, l.operation,
  l.purpose, l.fields, ($7::uuid[])[b.first:b.last], ($8::bytea[])[b.first:b.last], ($9::bytea[])[b.first:b.last],
  head.number, l.place
from json_populate_recordset(null::access.look, $6::json) l
join unnest($10::int[], $11::int[]) with ordinality b(first, last, place) on b.place=l.place+1, head"""
)
"""Writes looks. The people of all of them come as one array, and each look takes its part of it: most of what is
written are people, and as JSON they would take three times as long."""
COMMON_HOME = "select county_id, count(*) from people.person where id=any($1) group by county_id"
HOMES = "select id, county_id from people.person where id=any($1)"
SERVED = "select id, county_id from grids.grid where id=any($1)"
ACTED = (
    "insert into access.act (id, at, account, role, unit_id, grid_id, mutation, objects, codes, salt, content, "
    "persons, salts, commitments) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
)
# "Skip locked": another process may be sealing the same acts at the moment.
LOOSE = "select id, content, commitments from access.act where link is null order by id limit $1 for update skip locked"
SEAL = (
    EXTEND
    + """update access.act a set link=head.number, place=one.place-1
from unnest($6::uuid[]) with ordinality one(id, place), head where a.id=one.id"""
)


# what is written


def acting_office(viewer: Viewer) -> tuple[str | None, int | None, int | None]:
    """Return the role, unit and grid that something is recorded under."""
    grants = viewer.account.grants
    return (grants[0].role, grants[0].unit, grants[0].grid) if grants else (None, None, None)


@dataclass(frozen=True)
class LookEntry:
    """A look as it is written."""

    row: dict[str, Any]
    people: Sequence[UUID]
    salts: Sequence[bytes]
    commitments: Sequence[bytes]
    digest: bytes
    account: str | None
    at: datetime
    viewer: Viewer


Seen = tuple[Viewer, FileLook]
"""A look, and who took it."""


async def make_entries(connection: Connection | asyncpg.Pool[Any], looks: Sequence[Seen]) -> list[LookEntry]:
    """Build the entries of looks: one for each county that the people live in, nearly always one.

    A look that found nobody is written under the county of whoever took it.
    """
    asked = list({person for _, look in looks for person in look.people})
    homes = await find_homes(connection, asked)
    offices = [grid for viewer, look in looks if not look.people and (grid := acting_office(viewer)[2]) is not None]
    served = {row["id"]: row["county_id"] for row in await connection.fetch(SERVED, offices)} if offices else {}
    return [
        make_entry(viewer, part, county)
        for viewer, look in looks
        for county, part in divide_by_county(look, homes, served.get(acting_office(viewer)[2]))
    ]


async def find_homes(connection: Connection | asyncpg.Pool[Any], people: Sequence[UUID]) -> Mapping[UUID, int] | int:
    """Find the county that each of these people lives in, or the one that all of them live in."""
    # As texts, since asyncpg examines every object in a list that is none of Python's own types.
    keys = list(map(str, people))
    # Nearly always it is the same for all of them, and a row for each need not come.
    counties = await connection.fetch(COMMON_HOME, keys) if people else []
    if len(counties) == 1 and counties[0][1] == len(people):
        common: int = counties[0][0]
        return common
    return {row["id"]: row["county_id"] for row in await connection.fetch(HOMES, keys)} if counties else {}


def divide_by_county(
    look: FileLook, homes: Mapping[UUID, int] | int, served: int | None = None
) -> list[tuple[int | None, FileLook]]:
    """Divide a look by counties; one that found nobody goes to `served`."""
    if not look.people:
        return [(served, look)]
    if isinstance(homes, int):
        return [(homes, look)]
    counties: dict[int | None, list[UUID]] = {}
    for person in look.people:
        counties.setdefault(homes.get(person), []).append(person)
    return [(county, replace(look, people=people)) for county, people in counties.items()]


def make_entry(viewer: Viewer, look: FileLook, county: int | None = None) -> LookEntry:
    """Build the row of a look, bytes in hexadecimal, and what the chain will know of it."""
    key, people, (role, unit, grid) = UUID(int=uuid7().int), sorted(look.people), acting_office(viewer)
    # A salt for the entry and one for each person: erasing
    # somebody takes their salt, and the commitment tells nothing.
    salt, *salts = chain.make_salts(1 + len(people))
    purpose, operation, fields = look.purpose[:200], look.operation[:100], list(look.fields)
    account, at = viewer.account.name, viewer.now
    said = look_facts(key, at, account, role, unit, grid, look.kind, operation, purpose, fields, county)
    content = chain.content_commitment(salt, said)
    commitments = [chain.person_commitment(one, person) for one, person in zip(salts, people, strict=True)]
    # The row is passed to PostgreSQL as JSON, without its people; bytea columns read hexadecimal there.
    row = {
        "id": key,
        "at": at,
        "account": account,
        "role": role,
        "unit_id": unit,
        "grid_id": grid,
        "county_id": county,
        "salt": to_hex(salt),
        "content": to_hex(content),
        "kind": look.kind,
        "operation": operation,
        "purpose": purpose,
        "fields": fields,
    }
    return LookEntry(row, people, salts, commitments, chain.entry_digest(content, commitments), account, at, viewer)


def look_facts(*values: Any) -> Sequence[Any]:
    """Return what a look says, in the order it is committed to: key, time, account, …; the county last, if any."""
    return [LOOK, *(values if values[-1] is not None else values[:-1])]


def to_hex(value: bytes) -> str:
    """Write bytes as PostgreSQL reads them in text."""
    return "\\x" + value.hex()


async def write_looks(connection: Connection | asyncpg.Pool[Any], entries: Sequence[LookEntry]) -> None:
    """Write looks down as one link of the chain, in one statement."""
    root, at = chain.batch_root(one.digest for one in entries), max(one.at for one in entries)
    rows = orjson.dumps([{**one.row, "place": place} for place, one in enumerate(entries)], default=str).decode()
    tail = chain.link_tail(LOOK, at, len(entries), root)
    people, salts, commitments = (
        list(joined.from_iterable(parts))
        for parts in zip(*((one.people, one.salts, one.commitments) for one in entries), strict=True)
    )
    ends = list(accumulate(len(one.people) for one in entries))
    firsts = [end - len(one.people) + 1 for end, one in zip(ends, entries, strict=True)]
    await connection.execute(
        KEEP, tail, LOOK, at, len(entries), root, rows, list(map(str, people)), salts, commitments, firsts, ends
    )


def act_statement(
    viewer: Viewer,
    mutation: str,
    objects: Collection[str] = (),
    codes: Collection[str] = (),
    persons: Collection[UUID] = (),
) -> Write:
    """Build the record of a mutation, written in the transaction of the mutation; `seal_acts` puts it into the chain.

    `codes` are those of what was refused, and the names of waivers by which it was not.
    `persons` are those it was done to, who read it in their log.
    """
    key, (role, unit, grid) = UUID(int=uuid7().int), acting_office(viewer)
    people = sorted(persons)
    salt, *salts = chain.make_salts(1 + len(people))
    said = [ACT, key, viewer.now, viewer.account.name, role, unit, grid, mutation, list(objects), list(codes)]
    content = chain.content_commitment(salt, said)
    commitments = [chain.person_commitment(one, person) for one, person in zip(salts, people, strict=True)]
    concerned = [people, salts, commitments] if people else [None, None, None]  # most acts concern nobody
    return Write(ACTED, [*said[1:], salt, content, *concerned])


async def seal_acts(connection: Connection, now: datetime) -> int:
    """Put the committed mutations that are not in the chain yet into it; return how many there were."""
    done, found = 0, BATCH
    while found == BATCH:
        # A transaction for each link, so that the chain's head is locked briefly however much there is to seal.
        async with connection.transaction():
            rows = await connection.fetch(LOOSE, BATCH)
            if rows:
                root = chain.batch_root(chain.entry_digest(row["content"], row["commitments"] or ()) for row in rows)
                tail = chain.link_tail(ACT, now, len(rows), root)
                await connection.execute(SEAL, tail, ACT, now, len(rows), root, [row["id"] for row in rows])
        found = len(rows)
        done += found
    return done


# what is proved


@dataclass(frozen=True)
class Anchor:
    """The chain's end at some time, to be kept where nobody who can change the database can change it."""

    number: int
    at: str
    hash: str


@dataclass(frozen=True)
class AuditFinding:
    """The outcome of verifying: what was verified, and the first thing that is wrong, if anything is."""

    links: int
    looks: int
    acts: int
    loose: int
    """Mutations that are not in the chain yet."""
    wrong: str | None = None


class ChainBroken(Exception):
    """An entry or link is not as it was written."""


async def take_anchor(connection: Connection, now: datetime) -> Anchor:
    """Return the chain's end, once what is committed has been put into it."""
    await seal_acts(connection, now)
    [row] = await connection.fetch("select number, hash from access.head")
    return Anchor(row["number"], now.isoformat(), row["hash"].hex())


async def verify_chain(connection: Connection, anchors: Iterable[Anchor] = ()) -> AuditFinding:
    """Follow the whole chain, in one snapshot, and name the first row that is not as it was written."""
    counts = {LOOK: 0, ACT: 0}
    number, wrong = 0, None
    # Repeatable read: the chain goes on growing meanwhile, and all queries here must see the same end of it.
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        loose: int = await connection.fetchval("select count(*) from access.act where link is null")
        try:
            known = {one.number: one for one in anchors}
            before = chain.START
            async for link in read_links(connection):
                number += 1
                before = await verify_link(connection, link, number, before)
                counts[link["kind"]] += link["count"]
                # Whoever can write the table can make a whole new chain
                # that is consistent; an anchor kept elsewhere shows it.
                if number in known and before.hex() != known.pop(number).hash:
                    raise ChainBroken(f"link {number} is not the one of the anchor: the chain was made anew")
            if known:
                raise ChainBroken(f"the chain ends at link {number}, before the anchor's link {min(known)}")
            await verify_end(connection, number, before)
        except ChainBroken as broken:
            wrong = str(broken)
    return AuditFinding(number, counts[LOOK], counts[ACT], loose, wrong)


async def read_links(connection: Connection) -> AsyncIterator[asyncpg.Record]:
    """Yield the links in order, by a cursor: the chain does not fit into memory."""
    async for row in connection.cursor("select * from access.link order by id", prefetch=500):
        yield row


async def verify_link(connection: Connection, link: asyncpg.Record, number: int, before: bytes) -> bytes:
    """Return the hash of a link after checking it and all its entries. Raises Broken."""
    if link["id"] != number:
        raise ChainBroken(f"link {number} is missing")
    table = "look" if link["kind"] == LOOK else "act"
    rows = await connection.fetch(f"select * from access.{table} where link=$1 order by place", number)
    for place, row in enumerate(rows):
        if row["place"] != place:
            raise ChainBroken(f"entry {place} of link {number} ({table}) is missing")
        verify_entry(table, row)
    if len(rows) != link["count"]:
        raise ChainBroken(f"link {number} has {link['count']} entries, and {len(rows)} are there ({table})")
    root = chain.batch_root(chain.entry_digest(row["content"], row.get("commitments") or ()) for row in rows)
    if root != link["root"]:
        raise ChainBroken(
            f"the entries of link {number} ({table}) are not those that were written, or in another order"
        )
    found = chain.link_hash(before, number, link["kind"], link["at"], link["count"], root)
    if found != link["hash"]:
        raise ChainBroken(f"link {number} does not follow from the one before")
    return found


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
    if row["salt"] is not None and row["content"] not in [chain.content_commitment(row["salt"], one) for one in said]:
        raise ChainBroken(f"{table} {row['id']} does not say what was written")


def check_people(table: str, row: asyncpg.Record) -> None:
    """Check that an entry names the people it commits to, as far as they are not erased."""
    persons, salts, commitments = ([*(row[name] or ())] for name in ("persons", "salts", "commitments"))
    people = zip(persons, salts, commitments, strict=False)
    same = len(persons) == len(salts) == len(commitments)
    if not same or any(key and salt and chain.person_commitment(salt, key) != kept for key, salt, kept in people):
        raise ChainBroken(f"{table} {row['id']} names other people than were written")
    # Erasing takes key and salt together; one without the other has been tampered with.
    if any((key is None) != (salt is None) for key, salt in zip(persons, salts, strict=True)):
        raise ChainBroken(f"{table} {row['id']} has lost people, or their salts, alone")


async def verify_end(connection: Connection, number: int, before: bytes) -> None:
    """Check that the chain ends where its head says, and that no entry stands beside it."""
    head = await connection.fetchrow("select number, hash from access.head")
    if head is None or (head["number"], head["hash"]) != (number, before):
        raise ChainBroken(f"the chain ends at link {number}, and its head says otherwise")
    # Acts wait for their link for a moment; a look is written together with its link, so none may be without.
    for table in ("look", "act"):
        stray = await connection.fetchval(
            f"select id from access.{table} e where not exists (select from access.link l where l.id=e.link) "
            f"and {'true' if table == 'look' else 'e.link is not null'} limit 1"
        )
        if stray:
            raise ChainBroken(f"{table} {stray} is in no link")
