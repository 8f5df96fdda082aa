"""Audit: writes who looked at whose file and who did what into the chain, and verifies it from end to end."""

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
from obstore.store import ObjectStore
from uuid6 import uuid7

from . import audit_chain as chain
from .audit_archive import FILE, Archives
from .audit_chain import ACT, ENTRIES, LOOK, ChainBroken, list_commitments, verify_entry
from .batched_writes import Write

Connection = Union["asyncpg.Connection[Any]", "PoolConnectionProxy[Any]"]

BATCH = 1000
"""Mutations in a batch, and batches that are chained in one transaction, at most."""

KEEP = """with asked as (
  select * from json_to_recordset($1::json) as l(place int, at timestamptz, account text, role text, unit_id int,
    grid_id int, kind text, operation text, purpose text, fields text[], said text)
), known as materialized (
  select s.place, p.county_id, s.key, p.look_secret as secret,
    case when p.look_secret is null then uuid_send(gen_random_uuid()) end as salt
  from unnest($2::uuid[], $3::int[]) s(key, place) left join people.person p on p.id=s.key
), entry as materialized (
  select l.*, uuidv7() as id, k.county_id,
    case when k.place is null then (select g.county_id from grids.grid g where g.id=l.grid_id) else k.county_id end
      as county, (row_number() over (order by l.place, k.county_id))::int-1 as at_place
  from asked l left join (select distinct place, county_id from known) k on k.place=l.place
), committed as materialized (
  select e.at_place, k.key, k.salt,
    sha256(coalesce(k.salt, substr(sha256(uuid_send(k.secret)||uuid_send(e.id)), 1, 16))||uuid_send(k.key))
      as commitment
  from known k join entry e on e.place=k.place and e.county_id is not distinct from k.county_id
), part as (
  select at_place, array_agg(key order by key) as persons, string_agg(commitment, '' order by key) as joined,
    case when bool_or(salt is not null) then array_agg(salt order by key) end as salts
  from committed group by at_place
), sealed as materialized (
  select e.*, p.persons, p.salts, p.joined,
    sha256(e.own||convert_to('["LOOK","'||e.id||'",'||e.said||coalesce(','||e.county, '')||']', 'UTF8')) as content
  from (select *, substr($4::bytea, 16*at_place+1, 16) as own from entry) e left join part p on p.at_place=e.at_place
), batch as (
  insert into access.link (id, kind, at, count, root, low, high) select nextval('access.batch'), 'LOOK', max(at),
    count(*), sha256(string_agg(sha256(content||coalesce(joined, '')), '' order by at_place)),
    min(id::text)::uuid, max(id::text)::uuid
  from sealed returning id
) insert into access.look (id, at, account, role, unit_id, grid_id, county_id, salt, content, kind, operation, purpose,
  fields, persons, salts, commitments, link, place)
select e.id, e.at, e.account, e.role, e.unit_id, e.grid_id, e.county, e.own, e.content, e.kind, e.operation, e.purpose,
  e.fields, coalesce(e.persons, '{}'), coalesce(e.salts, '{}'), '{}', batch.id, e.at_place
from sealed e, batch"""
"""Writes looks: an entry for each county that the people of one live in, nearly always one; a look that found nobody is
under the county of whoever took it. Commitments are made here, and not kept: whoever has the person's secret can make
them again. Only who is not on file gets a salt of their own. Salts of entries come in one piece: made by PostgreSQL,
they would cost as much as all the rest."""
ACTED = (
    "insert into access.act (id, at, account, role, unit_id, grid_id, mutation, objects, codes, salt, content, "
    "persons, salts, commitments) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
)
# What waits to be sealed stands in a table of its own: an index of acts by that would be written anew at each sealing.
LOOSE_NOW = (
    "select (select count(*) from access.loose l join access.act a on a.id=l.id where a.link is null)"
    "+(select count(*) from access.link where hash is null)"
)
LOOSE = (
    "select a.id, a.content, a.commitments from access.loose l join access.act a on a.id=l.id where a.link is null "
    "order by l.id limit $1 for update of l, a"
)
# Another process may be sealing the same acts at the moment.
LOOSE_FREE = LOOSE + " skip locked"
SEAL = """with sealed as (select * from unnest($5::uuid[]) with ordinality one(id, place)), batch as (
  insert into access.link (id, kind, at, count, root, low, high)
  select nextval('access.batch'), $1, $2, $3, $4, min(id::text)::uuid, max(id::text)::uuid from sealed returning id
), done as (delete from access.loose l using sealed s where l.id=s.id)
update access.act a set link=batch.id, place=s.place-1 from sealed s, batch where a.id=s.id"""
# What a server of the version before has sealed, it leaves there.
SEALED = "delete from access.loose l where not exists (select from access.act a where a.id=l.id and a.link is null)"
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


async def write_looks(connection: Connection | asyncpg.Pool[Any], looks: Sequence[Seen]) -> None:
    """Write looks down as one batch, in one statement; `close_chain` puts it into the chain."""
    # As texts, since asyncpg examines every object in a list that is none of Python's own types.
    people = [str(person) for _, look in looks for person in look.people]
    places = [place for place, (_, look) in enumerate(looks) for _ in look.people]
    rows = orjson.dumps([look_row(place, viewer, look) for place, (viewer, look) in enumerate(looks)])
    await connection.execute(KEEP, rows.decode(), people, places, os.urandom(chain.SALT * (len(people) + len(looks))))


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
    await connection.execute(SEALED)
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


async def take_anchor(connection: Connection, now: datetime) -> Anchor:
    """Return the chain's end, once what is committed has been put into it."""
    await seal_acts(connection, now)
    # Those that another process has in hand were left out: this waits for it, and takes over what it gives up.
    await seal_batch(connection, now, LOOSE, None)
    await close_chain(connection)
    [row] = await connection.fetch("select number, hash from access.head")
    return Anchor(row["number"], now.isoformat(), row["hash"].hex())


async def verify_chain(
    connection: Connection, anchors: Iterable[Anchor] = (), *, resume: bool = False, store: ObjectStore | None = None
) -> AuditFinding:
    """Follow the chain, in one snapshot, and name the first row that is not as it was written.

    What is archived is read from the `store` of files.

    With `resume` it is followed from the last of these anchors on: what lies before was proved when that was taken, and
    of it only the links are looked at that have an anchor.
    """
    counts = {LOOK: 0, ACT: 0, FILE: 0}
    known = {one.number: one for one in anchors}
    begun = max(known, default=0) if resume else 0
    number, wrong = begun, None
    # Repeatable read: the chain goes on growing meanwhile, and all queries here must see the same end of it.
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        loose: int = await connection.fetchval(LOOSE_NOW)
        try:
            archives = await Archives.open(connection, store)
            await compare_anchors(connection, known)
            before = bytes.fromhex(known[begun].hash) if begun else chain.START
            async for link in read_links(connection, f"hash is not null and {NUMBER} > {begun}"):
                number += 1
                before = await verify_link(connection, archives, link, number, before)
                counts[link["kind"]] += link["count"]
            async for link in read_links(connection, "hash is null"):
                await verify_batch(connection, archives, link, f"batch {link['id']}, which is not chained yet,")
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


async def verify_link(
    connection: Connection, archives: Archives, link: asyncpg.Record, number: int, before: bytes
) -> bytes:
    """Return the hash of a link after checking it and all its entries. Raises ChainBroken."""
    if link["position"] != number:
        raise ChainBroken(f"link {number} is missing")
    await verify_batch(connection, archives, link, f"link {number}")
    found = chain.link_hash(before, number, link["kind"], link["at"], link["count"], link["root"])
    if found != link["hash"]:
        raise ChainBroken(f"link {number} does not follow from the one before")
    return found


async def verify_batch(connection: Connection, archives: Archives, link: asyncpg.Record, name: str) -> None:
    """Check the entries of a batch, which is a link by this name or waits to become one. Raises ChainBroken."""
    if link["kind"] == FILE:
        if archives.store and await archives.digest(link["id"]) != link["root"]:
            raise ChainBroken(
                f"{archives.find_path(link['id'])}, {name}, is not the file that was archived, or is gone"
            )
        return
    table = "look" if link["kind"] == LOOK else "act"
    rows = await connection.fetch(ENTRIES[table].format(table), link["id"], link["low"], link["high"])
    for row in rows:
        verify_entry(table, row)
    entries = [(row["place"], chain.entry_digest(row["content"], list_commitments(table, row))) for row in rows]
    if len(entries) < link["count"] and archives.covers(table, link["id"]):
        if archives.store is None:
            return
        entries = sorted(entries + await archives.entries(table, link["id"]))
    for at, (place, _) in enumerate(entries):
        if place != at:
            raise ChainBroken(f"entry {at} of {name} ({table}) is missing")
    if len(entries) != link["count"]:
        raise ChainBroken(f"{name} has {link['count']} entries, and {len(entries)} are there ({table})")
    if chain.batch_root(digest for _, digest in entries) != link["root"]:
        raise ChainBroken(f"the entries of {name} ({table}) are not those that were written, or in another order")


async def verify_end(connection: Connection, number: int, before: bytes) -> None:
    """Check that the chain ends where its head says, and that no entry stands beside it."""
    compare_head(await connection.fetchrow("select number, hash from access.head"), number, before)
    await find_strays(connection)


def compare_head(head: asyncpg.Record | None, number: int, before: bytes) -> None:
    """Check that the chain ends where its head says. Raises ChainBroken."""
    if head is None or (head["number"], head["hash"]) != (number, before):
        raise ChainBroken(f"the chain ends at link {number}, and its head says otherwise")


async def find_strays(connection: Connection) -> None:
    """Check that no entry stands beside the chain. Raises ChainBroken."""
    # Acts wait for their batch for a moment; a look is written together with its own, so none may be without.
    for table in ("look", "act"):
        stray = await connection.fetchval(
            f"select id from access.{table} e where not exists (select from access.link l where l.id=e.link) "
            f"and {'true' if table == 'look' else 'e.link is not null'} limit 1"
        )
        if stray:
            raise ChainBroken(f"{table} {stray} is in no link")
