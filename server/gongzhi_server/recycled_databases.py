"""Recycled databases: copies of a template that tests give back, with what was written undone, for later tests.

To copy a template makes and deletes thousands of files, and most tests write a few rows. PostgreSQL counts what is
written to each table; what it has no counters for is compared. What cannot be undone for certain is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from typing import Any
from uuid import uuid4

import asyncpg

from .storage.database import connect_database
from .storage.template_databases import OUTSIDE, create_database, drop_database, sibling_dsn

COMPARED = "GONGZHI_TEST_COMPARE"
"""The variable that has each database compared with its template, value by value, before a test gets it again."""
TABLES, BYTES = 60, 1 << 19
"""The most tables of a copy that are restored, and the most bytes of one that is filled anew."""
TIMES, BUSY = 40, 3
"""How often a copy is handed on, and how many are kept that somebody is still connected to."""
NOBODY = """
select not exists (select from pg_stat_activity where datname = $1 and backend_type <> 'autovacuum worker')
"""
"""Whether nobody is connected. Autovacuum comes at any time, and PostgreSQL sends it away from what is renamed."""
NOW = """
select (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text::xid8::xid::text, stats_reset::text
from pg_stat_bgwriter
"""
# Shared catalogs change with each database that is made. Statistics for the planner are gathered when PostgreSQL sees
# fit, and say nothing of what is there. All counters begin anew after a crash,
# as that of another process says.
STATE = """
select json_build_object(
  'since', (select stats_reset::text from pg_stat_bgwriter),
  'counted', (select coalesce(json_agg(json_build_array(n.nspname, c.relname, inserted, updated + deleted)), '[]')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace,
      pg_stat_get_tuples_inserted(c.oid) inserted,
      pg_stat_get_tuples_updated(c.oid) updated, pg_stat_get_tuples_deleted(c.oid) deleted
    where c.relkind in ('r', 'm') and not c.relisshared and c.relname <> 'pg_statistic'
      and inserted + updated + deleted > 0),
  'sequences', (select coalesce(json_object_agg(c.oid, json_build_array(d.last_value, d.is_called)), '{}')
    from pg_class c, pg_get_sequence_data(c.oid) d where c.relkind = 'S'),
  'uncounted', (select json_build_array(d.datallowconn, d.datconnlimit, d.datacl::text, s.stats_reset,
      (select array_agg(row(o.setrole, o.setconfig)::text) from pg_db_role_setting o where o.setdatabase = d.oid))
    from pg_database d join pg_stat_database s on s.datid = d.oid where d.datname = current_database()))
"""
TABLE_NAMES = """
select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema') order by 1, 2
"""
CATALOGS = "pg_catalog", "information_schema"

Table = tuple[str, str]
"""A table by its schema and name."""


@dataclass(frozen=True)
class WrittenState:
    """What PostgreSQL has counted in a database, and what it does not count."""

    counted: dict[Table, tuple[int, int]]
    """The rows that were ever inserted into each table, and those that were updated or deleted."""
    sequences: dict[str, tuple[int, bool]]
    """Where each sequence stands, and whether that number was given out."""
    uncounted: Any
    since: str
    """When the counters began."""

    @classmethod
    async def read(cls, connection: Any) -> WrittenState:
        found = json.loads(await connection.fetchval(STATE))
        counted = {(schema, name): (inserted, changed) for schema, name, inserted, changed in found["counted"]}
        sequences = {one: tuple(stands) for one, stands in found["sequences"].items()}
        return cls(counted, sequences, found["uncounted"], found["since"])


@dataclass
class Copy:
    """A copy of a template: but for what later transactions than the last one have written it is as the template."""

    name: str
    last: str
    since: str
    counted: dict[Table, tuple[int, int]] = field(default_factory=dict)
    """What was counted until then."""
    times: int = 0


@dataclass(repr=False)
class Known:
    """What is known of a template, by a copy that nobody writes to: a template is copied while nobody is connected."""

    dsn: str
    state: WrittenState
    rows: dict[Table, bytes | None] = field(default_factory=dict)

    async def read_rows(self, tables: Iterable[Table]) -> bool:
        """Read what the template has in tables, unless it is known; False if that is too much for one of them."""
        missing = [one for one in tables if one not in self.rows]
        if missing:
            async with connect_database(self.dsn) as connection:
                for one in missing:
                    self.rows[one] = await read_table(connection, one)
        return all(self.rows[one] is not None for one in tables)


@dataclass(repr=False)
class RecycledDatabases:
    """The copies of a template that nobody uses."""

    dsn: str
    template: str
    idle: list[Copy] = field(default_factory=list)
    known: Known | None = None

    @asynccontextmanager
    async def take(self) -> AsyncIterator[str]:
        """Yield the address of a database that is as the template, for as long as somebody needs one."""
        copy = await self.find_idle() or await self.make_copy()
        try:
            yield sibling_dsn(self.dsn, copy.name)
        finally:
            self.idle.append(copy)

    async def make_copy(self) -> Copy:
        name = f"test_{uuid4().hex}"
        await create_database(self.dsn, name, self.template)
        async with connect_database(self.dsn) as connection:
            ((last, since),) = await connection.fetch(NOW)
            return Copy(name, last, since)

    async def find_idle(self) -> Copy | None:
        """Return a copy that is restored; those that cannot be are dropped, or wait for who is still connected."""
        busy: list[Copy] = []
        found: Copy | None = None
        while self.idle and not found:
            copy = self.idle.pop(0)
            if not await self.rename(copy):
                busy.append(copy)
            elif await self.restore(copy):
                found = copy
            else:
                await drop_database(self.dsn, copy.name)
        self.idle = [*busy, *self.idle]
        while len(self.idle) > BUSY:
            await drop_database(self.dsn, self.idle.pop(0).name)
        return found

    async def rename(self, copy: Copy) -> bool:
        """Give a copy another name, by which nobody comes back who had it before; False if somebody is there still."""
        name = f"test_{uuid4().hex}"
        async with connect_database(self.dsn) as connection:
            if not await connection.fetchval(NOBODY, copy.name):
                return False
            try:
                await connection.execute(f'alter database "{copy.name}" rename to "{name}"')
            except asyncpg.ObjectInUseError:  # somebody has come in between
                return False
        copy.name, copy.times = name, copy.times + 1
        return True

    async def restore(self, copy: Copy) -> bool:
        """Undo what was written since a copy was as the template; False if that is not certain."""
        if copy.times > TIMES:
            return False
        known = self.known = self.known or await self.learn()
        async with connect_database(sibling_dsn(self.dsn, copy.name)) as connection:
            try:
                done = await undo(connection, copy, known)
            except asyncpg.PostgresError:  # as of triggers that are always fired
                return False
            if done and os.environ.get(COMPARED):
                await compare_contents(connection, known.dsn)
            return done

    async def learn(self) -> Known:
        """Make the copy that nobody writes to, and learn from it what has no counters."""
        dsn = sibling_dsn(self.dsn, (await self.make_copy()).name)
        async with connect_database(dsn) as connection:
            return Known(dsn, await WrittenState.read(connection))


@asynccontextmanager
async def copy_database(dsn: str, template: str) -> AsyncIterator[str]:
    """Yield the address of a database that is as a template, for as long as somebody needs one."""
    if not os.environ.get(OUTSIDE):
        async with recycled_databases(dsn, template).take() as recycled:
            yield recycled
        return
    # In a PostgreSQL that others use, too, nothing is kept.
    name = f"test_{uuid4().hex}"
    yield await create_database(dsn, name, template)
    await drop_database(dsn, name)


@lru_cache
def recycled_databases(dsn: str, template: str) -> RecycledDatabases:
    """Return what this process has of the copies of a template."""
    return RecycledDatabases(dsn, template)


async def undo(connection: Any, copy: Copy, known: Known) -> bool:
    """Undo in one transaction what was written to a copy; False if that is not certain."""
    state = await WrittenState.read(connection)
    written = sorted(one for one, counted in state.counted.items() if counted != copy.counted.get(one))
    # Inserted rows are told by their transaction; where others were changed, all are put there anew.
    changed = [one for one in written if state.counted[one][1] != copy.counted.get(one, (0, 0))[1]]
    if len(written) > TABLES or any(schema in CATALOGS for schema, _ in written):
        return False
    if state.sequences.keys() != known.state.sequences.keys():
        return False
    moved = {one: stands for one, stands in known.state.sequences.items() if stands != state.sequences[one]}
    if (state.since, state.uncounted) != (copy.since, known.state.uncounted) or not await known.read_rows(changed):
        return False
    copy.counted = state.counted
    if not written and not moved:
        return True
    async with connection.transaction():
        await connection.execute("set local session_replication_role = replica")  # no triggers, no foreign keys
        copy.last, *deleted = await connection.fetchrow(delete_rows(written, changed, copy.last))
        for one, number in zip(written, deleted, strict=True):
            filled = await fill(connection, one, known.rows[one] or b"") if one in changed else 0
            inserted, others = state.counted[one]
            copy.counted[one] = inserted + filled, others + number
        for sequence, stands in moved.items():
            await connection.fetchval("select setval($1::oid::regclass, $2, $3)", int(sequence), *stands)
    return True


def delete_rows(written: list[Table], changed: list[Table], last: str) -> str:
    """Return a statement that deletes what was written after a transaction; it tells its own, and how many rows."""
    later = f"where age(xmin) < age('{last}'::xid)"
    deletes = (f"delete from only {quote(one)} {'' if one in changed else later} returning 1" for one in written)
    named = ", ".join(f"t{at} as ({text})" for at, text in enumerate(deletes))
    numbers = "".join(f", (select count(*) from t{at})" for at in range(len(written)))
    return f"{f'with {named} ' if named else ''}select pg_current_xact_id()::xid::text{numbers}"


async def fill(connection: Any, table: Table, rows: bytes) -> int:
    """Put rows into a table, and return how many they are."""
    done = await connection.copy_to_table(table[1], schema_name=table[0], source=BytesIO(rows), format="binary")
    return int(done.removeprefix("COPY "))


def quote(table: Table) -> str:
    return ".".join(f'"{name}"' for name in table)


async def read_table(connection: Any, table: Table) -> bytes | None:
    """Return what is in a table, as PostgreSQL copies it; None if that is too much."""
    if await connection.fetchval("select pg_table_size($1::text::regclass)", quote(table)) > BYTES:
        return None
    rows = BytesIO()
    await connection.copy_from_table(table[1], schema_name=table[0], output=rows, format="binary")
    return rows.getvalue()


async def describe_contents(connection: Any) -> dict[Table, Any]:
    """Return what is in each table, whatever its order, and where sequences stand."""
    text = "select count(*), md5(string_agg(md5(t::text), '' order by md5(t::text))) from only {} t"
    found: dict[Table, Any] = {("", "sequences"): (await WrittenState.read(connection)).sequences}
    for one in await connection.fetch(TABLE_NAMES):
        found[tuple(one)] = tuple(await connection.fetchrow(text.format(quote(tuple(one)))))
    return found


async def compare_contents(connection: Any, dsn: str) -> None:
    """Compare two databases value by value. Raises AssertionError with the tables that differ."""
    async with connect_database(dsn) as other:
        wanted, found = await describe_contents(other), await describe_contents(connection)
    differ = [one for one in wanted.keys() | found.keys() if wanted.get(one) != found.get(one)]
    assert not differ, differ
