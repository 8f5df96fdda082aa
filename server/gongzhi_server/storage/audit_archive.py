"""Audit archive: old months of looks and mutations as files beside the attachments, which the chain vouches for.

A file has what need never be erased: ids, codes, offices, times, and the commitments that the chain is made of.
Account, purpose, people and salts are left behind with the rows. The file's digest becomes a link of the chain in the
transaction that drops the rows: whoever is interrupted before has archived nothing, and after it all.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Union
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from obstore.store import ObjectStore

from gongzhi_server.errors import Problem

from . import audit_chain as chain
from .audit_chain import ROWS, ChainBroken, list_commitments

if TYPE_CHECKING:
    from arro3.core import RecordBatch

Connection = Union["asyncpg.Connection[Any]", "PoolConnectionProxy[Any]"]

FILE = "FILE"
"""The kind of a link that is the digest of a file."""
FOLDER, NIL = "audit", UUID(int=0)
LEAST = 6
"""Months that the Cybersecurity Law (art. 21) has logs be kept at least, and that nothing is archived before."""
PORTION = 5_000
"""Entries that are read and written together."""
OFFICE = ("role", "unit_id", "grid_id")
COLUMNS: Mapping[str, Sequence[str]] = {
    "look": ("id", "at", *OFFICE, "county_id", "kind", "operation", "fields", "link", "place", "content"),
    "act": ("id", "at", *OFFICE, "mutation", "objects", "codes", "link", "place", "content"),
}
WHOLE = {"unit_id", "grid_id", "county_id", "link", "place"}
COMMITMENTS = "commitments"
PARTS = """
select c.relname as name from pg_partition_tree('access.' || $1) p join pg_class c on c.oid = p.relid
where p.isleaf and c.relname <> $1 || '_other' order by 1
"""
LOOSE = "select exists (select from access.{} e left join access.link l on l.id = e.link where l.hash is null)"
LINKED = """with batch as (
  insert into access.link (id, kind, at, count, root) values (nextval('access.batch'), $1, $2, $3, $4) returning id
) insert into access.archive (name, path, link, low, high) select $5, $6, id, $7, $8 from batch"""


def require_parquet() -> None:
    """Refuse to go on without the library that reads and writes Parquet. Raises Problem."""
    if find_spec("arro3") is None:
        raise Problem("months of the audit are Parquet: install gongzhi-server[parquet]")


@asynccontextmanager
async def lock_part(connection: Connection, name: str) -> AsyncIterator[None]:
    """Have nobody write a month's table until the block's transaction is over. Raises Problem if others go on."""
    try:
        async with connection.transaction():
            await connection.execute("set local lock_timeout = '5s'")
            await connection.execute(f"lock table access.{name} in share row exclusive mode")
            yield
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        raise Problem(f"others need {name} at the moment, so it stays: archive it later") from None


async def archive_old(connection: Connection, store: ObjectStore, now: datetime, months: int) -> list[str]:
    """Archive every month whose entries are all older than so many months; return the paths of their files."""
    if months < LEAST:
        raise Problem(f"logs are kept for {LEAST} months at least: give a larger number")
    require_parquet()
    before = await connection.fetchval("select $1::timestamptz - make_interval(months => $2)", now, months)
    done = []
    for table in COLUMNS:
        for [name] in await connection.fetch(PARTS, table):
            newest = await connection.fetchval(f"select max(at) from access.{name}")
            if newest is not None and newest < before:
                done.append(await archive_part(connection, store, now, table, name))
    return done


async def archive_part(connection: Connection, store: ObjectStore, now: datetime, table: str, name: str) -> str:
    """Write a month's table into the store, put its digest into the chain, and drop it; return the file's path."""
    path = f"{FOLDER}/{name}.parquet"
    with TemporaryDirectory() as folder:
        async with lock_part(connection, name):
            if await connection.fetchval(LOOSE.format(name)):
                raise Problem(f"{name} has entries that are not chained: run gongzhi audit anchor, and archive it then")
            file = Path(folder) / "part.parquet"
            count = await write_file(connection, table, name, file)
            digest = hashlib.sha256(await asyncio.to_thread(file.read_bytes)).digest()
            await store.put_async(path, file)
            # Read again before anything is dropped: what the store has must be what was written.
            if hashlib.sha256(await read_stored(store, path)).digest() != digest:
                raise Problem(f"the store of files has not kept {path}: nothing was dropped; look at the store")
            low, high = await connection.fetchrow(f"select min(link), max(link) from access.{name}")  # type: ignore[misc]
            await connection.execute(LINKED, FILE, now, count, digest, name, path, low, high)
            await connection.execute(f"drop table access.{name}")
    return path


async def read_stored(store: ObjectStore, path: str) -> bytes:
    """Read a file of the store. Raises FileNotFoundError."""
    return bytes(await (await store.get_async(path)).bytes_async())


async def write_file(connection: Connection, table: str, name: str, file: Path) -> int:
    """Write the entries of a month's table as Parquet, a portion at a time; return how many there are."""
    from arro3.core import RecordBatchReader, Schema
    from arro3.io import write_parquet

    batches, count, last = [], 0, NIL
    # Page by page: a cursor that is open would keep the table from being dropped.
    query = f"{ROWS[table].format(name)} where id > $1 order by id limit {PORTION}"
    while rows := await connection.fetch(query, last):
        last = rows[-1]["id"]
        batches.append(build_batch(table, [dict(row) | {COMMITMENTS: list_commitments(table, row)} for row in rows]))
        count += len(rows)
    schema: Schema = batches[0].schema
    write_parquet(RecordBatchReader.from_batches(schema, batches), file, compression="zstd(3)")
    return count


def build_batch(table: str, rows: Sequence[Mapping[str, Any]]) -> RecordBatch:
    """Build a batch of Parquet: times in microseconds, lists as JSON, commitments one after the other."""
    from arro3.core import Array, DataType, Field, RecordBatch, Schema

    text, whole, binary = DataType.string(), DataType.int64(), DataType.binary()
    time = DataType.timestamp("us", tz="UTC")
    fields, columns = [], []
    for name in COLUMNS[table]:
        values = [row[name] for row in rows]
        if name == "at":
            fields.append(Field(name, time))
            columns.append(Array([chain.to_micros(value) for value in values], whole).cast(time))
        elif name == "content" or name in WHOLE:
            kind = binary if name == "content" else whole
            fields.append(Field(name, kind))
            columns.append(Array(values, kind))
        else:
            fields.append(Field(name, text))
            columns.append(Array([write_text(value) for value in values], text))
    fields.append(Field(COMMITMENTS, binary))
    columns.append(Array([b"".join(row[COMMITMENTS]) for row in rows], binary))
    return RecordBatch.from_arrays(columns, schema=Schema(fields))


def write_text(value: Any) -> str | None:
    """Write a value as text, a list as JSON."""
    if value is None:
        return None
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


Digests = Mapping[int, Sequence[tuple[int, bytes]]]
"""The places and digests of archived entries, by the batch they are of."""


class Archives:
    """The archived months, read one after the other as the chain comes to them; without a store they are not opened."""

    def __init__(self, store: ObjectStore | None, rows: Sequence[asyncpg.Record]) -> None:
        self.store, self.rows = store, rows
        self._held: dict[str, Digests] = {}

    @classmethod
    async def open(cls, connection: Connection, store: ObjectStore | None) -> Archives:
        """Open what the database knows to be archived."""
        query = "select a.*, l.root from access.archive a left join access.link l on l.id=a.link order by a.name"
        return cls(store, await connection.fetch(query))

    def find_path(self, link: int) -> str | None:
        """Return the path of the file that a link is the digest of."""
        return next((row["path"] for row in self.rows if row["link"] == link), None)

    async def digest(self, link: int) -> bytes | None:
        """Return the digest of the file of a link, as the store has it; None if it has none."""
        path = self.find_path(link)
        if path is None or self.store is None:
            return None
        try:
            return hashlib.sha256(await read_stored(self.store, path)).digest()
        except FileNotFoundError:
            return None

    def covers(self, table: str, link: int) -> bool:
        """Return whether entries of a batch may be archived."""
        return bool(self._months(table, link))

    async def entries(self, table: str, link: int) -> list[tuple[int, bytes]]:
        """Return the places and digests of a batch's archived entries."""
        found: list[tuple[int, bytes]] = []
        for row in self._months(table, link):
            found += (await self._hold(row["path"], row["root"])).get(link, ())
        return found

    def _months(self, table: str, link: int) -> list[asyncpg.Record]:
        """Return the archived months in which entries of a batch may be."""
        return [row for row in self.rows if row["name"].startswith(table) and row["low"] <= link <= row["high"]]

    async def _hold(self, path: str, root: bytes | None) -> Digests:
        """Read a file; the one before the last is let go, for the chain seldom turns back. Raises ChainBroken."""
        require_parquet()
        if path not in self._held:
            if len(self._held) > 1:
                self._held.pop(next(iter(self._held)))
            try:
                stored = await read_stored(self.store, path) if self.store else b""
            except FileNotFoundError:
                stored = b""
            # Before it is opened: what reads Parquet does not stand any bytes.
            if hashlib.sha256(stored).digest() != root:
                raise ChainBroken(f"{path} is not the file that was archived, or is gone")
            self._held[path] = await asyncio.to_thread(read_digests, stored)
        return self._held[path]


def read_digests(stored: bytes) -> Digests:
    """Read the digests of entries from a file of Parquet."""
    from io import BytesIO

    from arro3.io import read_parquet

    table = read_parquet(BytesIO(stored)).read_all()
    columns = [table[name].to_pylist() for name in ("link", "place", "content", COMMITMENTS)]
    found: dict[int, list[tuple[int, bytes]]] = {}
    for link, place, content, joined in zip(*columns, strict=True):
        people = [joined[at : at + 32] for at in range(0, len(joined), 32)]
        found.setdefault(link, []).append((place, chain.entry_digest(content, people)))
    return found
