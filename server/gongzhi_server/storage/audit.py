"""Audit chain: records who looked at whose file and who did what, and proves that nothing has changed since."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Union
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from gongzhi.core.accounts.rules import CONSOLE
from gongzhi.declare.viewer import Viewer, ViewerAccount
from gongzhi.runtime.context import FileLook
from uuid6 import uuid7

from . import audit_chain as chain
from .batched_writes import Write

Connection = Union["asyncpg.Connection[Any]", "PoolConnectionProxy[Any]"]

LOOK, ACT = "LOOK", "ACT"
BATCH = 1000
"""Mutations in a batch, and batches that are chained in one transaction, at most."""

BATCHED = """with batch as (
  insert into access.link (id, kind, at, count, root) values (nextval('access.batch'), $1, $2, $3, $4) returning id
) """
"""Writes down a batch that is not in the chain yet. It locks nothing, so any number of processes write at once."""

KEEP = """with asked as (
  select * from json_to_recordset($1::json) as l(place int, at timestamptz, account text, role text, unit_id int,
    grid_id int, kind text, operation text, purpose text, fields text[], said text)
), salted as (
  select s.place, p.county_id, s.key, substr($4::bytea, (16*s.n-15)::int, 16) as salt
  from unnest($2::uuid[], $3::int[]) with ordinality s(key, place, n) left join people.person p on p.id=s.key
), committed as materialized (
  select place, county_id, key, salt, sha256(salt||uuid_send(key)) as commitment from salted
), part as (
  select place, county_id, array_agg(key order by key) as persons, array_agg(salt order by key) as salts,
    array_agg(commitment order by key) as commitments, string_agg(commitment, '' order by key) as joined
  from committed group by place, county_id
), entry as materialized (
  select l.*, uuidv7() as id, p.persons, p.salts, p.commitments, p.joined,
    case when p.place is null then (select g.county_id from grids.grid g where g.id=l.grid_id) else p.county_id end
      as county, (row_number() over (order by l.place, p.county_id))::int-1 as at_place
  from asked l left join part p on p.place=l.place
), sealed as materialized (
  select e.*, sha256(e.own||convert_to('["LOOK","'||e.id||'",'||e.said||coalesce(','||e.county, '')||']', 'UTF8'))
    as content from (select *, substr($5::bytea, 16*at_place+1, 16) as own from entry) e
), batch as (
  insert into access.link (id, kind, at, count, root) select nextval('access.batch'), 'LOOK', max(at), count(*),
    sha256(string_agg(sha256(content||coalesce(joined, '')), '' order by at_place)) from sealed returning id
) insert into access.look (id, at, account, role, unit_id, grid_id, county_id, salt, content, kind, operation, purpose,
  fields, persons, salts, commitments, link, place)
select e.id, e.at, e.account, e.role, e.unit_id, e.grid_id, e.county, e.own, e.content, e.kind, e.operation, e.purpose,
  e.fields, coalesce(e.persons, '{}'), coalesce(e.salts, '{}'), coalesce(e.commitments, '{}'), batch.id, e.at_place
from sealed e, batch"""
"""Writes looks: an entry for each county that the people of one live in, nearly always one; a look that found nobody is
under the county of whoever took it. Commitments are made here: people come as keys, with random bytes for their salts
in one piece, and more for those of entries: made by PostgreSQL, they would cost as much as all the rest."""
ACTED = (
    "insert into access.act (id, at, account, role, unit_id, grid_id, mutation, objects, codes, salt, content, "
    "persons, salts, commitments) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
)
LOOSE_NOW = (
    "select (select count(*) from access.act where link is null)+(select count(*) from access.link where hash is null)"
)
LOOSE = "select id, content, commitments from access.act where link is null order by id limit $1 for update"
# Another process may be sealing the same acts at the moment.
LOOSE_FREE = LOOSE + " skip locked"
SEAL = (
    BATCHED
    + """update access.act a set link=batch.id, place=one.place-1
from unnest($5::uuid[]) with ordinality one(id, place), batch where a.id=one.id"""
)
# Whoever chains batches locks the one row of the head: the hash of a link depends on the one before.
HEAD = "select number, hash from access.head where id=1 for update"
UNCHAINED = "select id, kind, at, count, root from access.link where hash is null order by id limit $1"
CHAINED = (
    "update access.link l set number=one.number, hash=one.hash "
    "from unnest($1::bigint[], $2::bigint[], $3::bytea[]) one(id, number, hash) where l.id=one.id"
)
ENDS = "update access.head set number=$1, hash=$2 where id=1"
# What an older version has chained has its number as its id.
NUMBER = "coalesce(number, id)"
ANCHORED = f"select {NUMBER}, hash from access.link where hash is not null and {NUMBER} = any($1::bigint[])"


# what is written


def acting_office(viewer: Viewer) -> tuple[str | None, int | None, int | None]:
    """Return the role, unit and grid that something is recorded under."""
    grants = viewer.account.grants
    return (grants[0].role, grants[0].unit, grants[0].grid) if grants else (None, None, None)


Seen = tuple[Viewer, FileLook]
"""A look, and who took it."""


def look_facts(*values: Any) -> Sequence[Any]:
    """Return what a look says, in the order it is committed to: key, time, account, …; the county last, if any."""
    return [LOOK, *(values if values[-1] is not None else values[:-1])]


async def write_looks(connection: Connection | asyncpg.Pool[Any], looks: Sequence[Seen]) -> None:
    """Write looks down as one batch, in one statement; `close_chain` puts it into the chain."""
    # As texts, since asyncpg examines every object in a list that is none of Python's own types.
    people = [str(person) for _, look in looks for person in look.people]
    places = [place for place, (_, look) in enumerate(looks) for _ in look.people]
    rows = orjson.dumps([look_row(place, viewer, look) for place, (viewer, look) in enumerate(looks)])
    salts, own = os.urandom(chain.SALT * len(people)), os.urandom(chain.SALT * (len(people) + len(looks)))
    await connection.execute(KEEP, rows.decode(), people, places, salts, own)


def look_row(place: int, viewer: Viewer, look: FileLook) -> dict[str, Any]:
    """Build what a look says of itself, with the text that is committed to but for its key and county."""
    role, unit, grid = acting_office(viewer)
    row = {
        "at": viewer.now,
        "account": viewer.account.name,
        "role": role,
        "unit_id": unit,
        "grid_id": grid,
        "kind": look.kind,
        "operation": look.operation[:100],
        "purpose": look.purpose[:200],
        "fields": list(look.fields),
    }
    return {"place": place, "said": chain.committed_text(list(row.values()))[1:-1], **row}


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


async def record_act(
    connection: Connection, action: str, objects: Collection[str], now: datetime, account: str = CONSOLE
) -> None:
    """Have the audit know of what was done from the console as of a mutation, in the transaction it was done in."""
    act = act_statement(Viewer(ViewerAccount(account), now), action, objects)
    await connection.execute(act.sql, *act.values)


async def seal_acts(connection: Connection, now: datetime) -> int:
    """Put what is committed and not in the chain yet into it; return how many mutations there were."""
    done, found = 0, BATCH
    while found == BATCH:
        found = await seal_batch(connection, now, LOOSE_FREE, BATCH)
        done += found
    await close_chain(connection)
    return done


async def seal_batch(connection: Connection, now: datetime, loose: str, most: int | None) -> int:
    """Make a batch of the acts that this statement finds; return how many there were."""
    async with connection.transaction():
        rows = await connection.fetch(loose, most)
        if rows:
            root = chain.batch_root(chain.entry_digest(row["content"], row["commitments"] or ()) for row in rows)
            await connection.execute(SEAL, ACT, now, len(rows), root, [row["id"] for row in rows])
    return len(rows)


async def close_chain(connection: Connection) -> None:
    """Put the batches that are written down into the chain, one behind the other.

    Only here the chain's end is locked, and no reply waits for it: entries are durable already.
    """
    found = BATCH
    while found == BATCH:
        # A transaction for each thousand, so that the end is locked briefly however much there is to chain.
        async with connection.transaction():
            number, before = await connection.fetchrow(HEAD)  # type: ignore[misc]
            links = await connection.fetch(UNCHAINED, BATCH)
            hashes = []
            for at, link in enumerate(links, number + 1):
                before = chain.link_hash(before, at, link["kind"], link["at"], link["count"], link["root"])
                hashes.append(before)
            if links:
                numbers = list(range(number + 1, number + 1 + len(links)))
                await connection.execute(CHAINED, [link["id"] for link in links], numbers, hashes)
                await connection.execute(ENDS, numbers[-1], before)
        found = len(links)


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
    """Mutations and batches of looks that are not in the chain yet."""
    wrong: str | None = None
    begun: int = 0
    """The link of the anchor that was gone on from; 0 where the whole chain was followed."""


class ChainBroken(Exception):
    """An entry or link is not as it was written."""


async def take_anchor(connection: Connection, now: datetime) -> Anchor:
    """Return the chain's end, once what is committed has been put into it."""
    await seal_acts(connection, now)
    # Those that another process has in hand were left out: this waits for it, and takes over what it gives up.
    await seal_batch(connection, now, LOOSE, None)
    await close_chain(connection)
    [row] = await connection.fetch("select number, hash from access.head")
    return Anchor(row["number"], now.isoformat(), row["hash"].hex())


async def verify_chain(connection: Connection, anchors: Iterable[Anchor] = (), *, resume: bool = False) -> AuditFinding:
    """Follow the chain, in one snapshot, and name the first row that is not as it was written.

    With `resume` it is followed from the last of these anchors on: what lies before was proved when that was taken, and
    of it only the links are looked at that have an anchor.
    """
    counts = {LOOK: 0, ACT: 0}
    known = {one.number: one for one in anchors}
    begun = max(known, default=0) if resume else 0
    number, wrong = begun, None
    # Repeatable read: the chain goes on growing meanwhile, and all queries here must see the same end of it.
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        loose: int = await connection.fetchval(LOOSE_NOW)
        try:
            await compare_anchors(connection, known)
            before = bytes.fromhex(known[begun].hash) if begun else chain.START
            async for link in read_links(connection, f"hash is not null and {NUMBER} > {begun}"):
                number += 1
                before = await verify_link(connection, link, number, before)
                counts[link["kind"]] += link["count"]
            async for link in read_links(connection, "hash is null"):
                await verify_batch(connection, link, f"batch {link['id']}, which is not chained yet,")
                counts[link["kind"]] += link["count"]
            await verify_end(connection, number, before)
        except ChainBroken as broken:
            wrong = str(broken)
    return AuditFinding(number - begun, counts[LOOK], counts[ACT], loose, wrong, begun)


async def compare_anchors(connection: Connection, known: Mapping[int, Anchor]) -> None:
    """Compare the links that have an anchor with it. Raises ChainBroken.

    Whoever can write the table can make a whole new chain that is consistent; an anchor kept elsewhere shows it.
    """
    found = dict(await connection.fetch(ANCHORED, [*known])) | {0: chain.START}
    for number, anchor in sorted(known.items()):
        if number not in found:
            end = await connection.fetchval(f"select max({NUMBER}) from access.link where hash is not null")
            raise ChainBroken(f"the chain ends at link {end or 0}, before the anchor's link {number}")
        if found[number].hex() != anchor.hash:
            raise ChainBroken(f"link {number} is not the one of the anchor: the chain was made anew")


async def read_links(connection: Connection, which: str) -> AsyncIterator[asyncpg.Record]:
    """Yield the links in order, by a cursor: the chain does not fit into memory."""
    query = f"select *, {NUMBER} as position from access.link where {which} order by {NUMBER}"
    async for row in connection.cursor(query, prefetch=500):
        yield row


async def verify_link(connection: Connection, link: asyncpg.Record, number: int, before: bytes) -> bytes:
    """Return the hash of a link after checking it and all its entries. Raises Broken."""
    if link["position"] != number:
        raise ChainBroken(f"link {number} is missing")
    await verify_batch(connection, link, f"link {number}")
    found = chain.link_hash(before, number, link["kind"], link["at"], link["count"], link["root"])
    if found != link["hash"]:
        raise ChainBroken(f"link {number} does not follow from the one before")
    return found


async def verify_batch(connection: Connection, link: asyncpg.Record, name: str) -> None:
    """Check the entries of a batch, which is a link by this name or waits to become one. Raises Broken."""
    table = "look" if link["kind"] == LOOK else "act"
    rows = await connection.fetch(f"select * from access.{table} where link=$1 order by place", link["id"])
    for place, row in enumerate(rows):
        if row["place"] != place:
            raise ChainBroken(f"entry {place} of {name} ({table}) is missing")
        verify_entry(table, row)
    if len(rows) != link["count"]:
        raise ChainBroken(f"{name} has {link['count']} entries, and {len(rows)} are there ({table})")
    root = chain.batch_root(chain.entry_digest(row["content"], row.get("commitments") or ()) for row in rows)
    if root != link["root"]:
        raise ChainBroken(f"the entries of {name} ({table}) are not those that were written, or in another order")


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
    compare_head(await connection.fetchrow("select number, hash from access.head"), number, before)
    await find_strays(connection)


def compare_head(head: asyncpg.Record | None, number: int, before: bytes) -> None:
    """Check that the chain ends where its head says. Raises Broken."""
    if head is None or (head["number"], head["hash"]) != (number, before):
        raise ChainBroken(f"the chain ends at link {number}, and its head says otherwise")


async def find_strays(connection: Connection) -> None:
    """Check that no entry stands beside the chain. Raises Broken."""
    # Acts wait for their batch for a moment; a look is written together with its own, so none may be without.
    for table in ("look", "act"):
        stray = await connection.fetchval(
            f"select id from access.{table} e where not exists (select from access.link l where l.id=e.link) "
            f"and {'true' if table == 'look' else 'e.link is not null'} limit 1"
        )
        if stray:
            raise ChainBroken(f"{table} {stray} is in no link")
