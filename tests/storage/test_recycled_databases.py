"""Recycled databases: whatever a test has written, the next one finds what the template has."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from gongzhi_server.recycled_databases import NOBODY, Copy, RecycledDatabases, compare_contents
from gongzhi_server.storage.database import connect_database
from gongzhi_server.storage.embedded_postgres import throwaway_cluster
from gongzhi_server.storage.template_databases import create_database, drop_database
from hypothesis import given, settings
from hypothesis import strategies as st

FILLED = """
create table place (id int generated always as identity primary key, name text not null unique,
  "Große" int generated always as (length(name)) stored, within int references place);
create table visit (place int references place, at timestamptz default now(), note text);
create table entry (id bigserial, note text) partition by hash (id);
create table entry_0 partition of entry for values with (modulus 2, remainder 0);
create table entry_1 partition of entry for values with (modulus 2, remainder 1);
create function refuse() returns trigger language plpgsql as 'begin raise ''never''; end';
create table log (note text);
create trigger kept before delete or update on log for each row execute function refuse();
insert into place (name, within) select 'place ' || n, nullif(n / 2, 0) from generate_series(1, 9) n;
insert into visit select n, now(), repeat('as long as a page ', 900) || n from generate_series(1, 9) n;
insert into entry (note) select 'entry ' || n from generate_series(1, 9) n;
"""
WRITES = (
    "insert into place (name) values ('new {n}')",
    "insert into place (name) values ('new {n}') on conflict (name) do update set within = {n}",
    "insert into visit (place, note) values ({n}, repeat('long ', 3000))",
    "insert into entry (note) values ('new')",
    "insert into log values ('new')",
    "update place set name = 'else {n}' where id = {n}",
    "update visit set note = note || '.' where place = {n}",
    "update entry set id = id + 20 where id = {n}",
    "delete from visit where place >= {n}",
    "delete from entry",
    "begin; delete from visit; insert into place (name) values ('gone'); rollback",
    "select nextval('entry_id_seq')",
    "select setval('place_id_seq', {n}, false)",
    "copy (select 1) to '/dev/null'",
    "vacuum analyze place, visit, entry",
    "set session_replication_role = replica; delete from place; reset session_replication_role",
)
UNCERTAIN = (
    "truncate visit",
    "create table more (id int)",
    "drop table visit",
    "alter table log enable always trigger kept; insert into log values ('a')",
    "comment on table place is 'a place'",
    "create index on visit (at)",
    "vacuum full visit",
    "select lo_create(0)",
    "alter database \"{name}\" set work_mem = '8MB'",
    'grant temporary on database "{name}" to pg_monitor',
    "insert into visit (place, note) values (1, 'unseen'); select pg_stat_force_next_flush(); select pg_stat_reset()",
)
"""What is not undone."""


async def run_texts(dsn: str, texts: list[str]) -> None:
    """Run each text in a session of its own, as far as it is not refused."""
    for text in texts:
        connection = await asyncpg.connect(dsn)
        for statement in [text] if text == FILLED else text.split("; "):
            with suppress(asyncpg.IntegrityConstraintViolationError):
                await connection.execute(statement)
        await connection.close()


@pytest.fixture(scope="module")
def recycled(postgres: str) -> Iterator[RecycledDatabases]:
    name = f"places_{uuid4().hex}"
    asyncio.run(run_texts(asyncio.run(create_database(postgres, name)), [FILLED]))
    yield RecycledDatabases(postgres, name)
    asyncio.run(drop_database(postgres, name))


async def write(recycled: RecycledDatabases, texts: list[str]) -> Copy:
    """Write to a database that is as the template."""
    async with recycled.take() as dsn:
        await run_texts(dsn, [text.replace("{name}", urlsplit(dsn).path[1:]) for text in texts])
    copy = await wait_until_left(recycled)
    copy.times = 0
    return copy


async def wait_until_left(recycled: RecycledDatabases) -> Copy:
    """Return the database that was given back last, once nobody is connected to it any more."""
    copy = recycled.idle[-1]
    async with connect_database(recycled.dsn) as connection:
        while not await connection.fetchval(NOBODY, copy.name):
            pass
    return copy


async def is_handed_on(recycled: RecycledDatabases, copy: Copy) -> bool:
    """Take a database, compare it with the template, and return whether it is the copy."""
    async with recycled.take() as dsn:
        assert recycled.known
        async with connect_database(dsn) as connection:
            await compare_contents(connection, recycled.known.dsn)
    return await wait_until_left(recycled) is copy


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WRITES), st.integers(1, 9)), max_size=8))
def test_rows_are_as_in_the_template(recycled: RecycledDatabases, writes: list[tuple[str, int]]) -> None:
    """Whatever was written by whom, one after the other."""

    async def hand_on() -> bool:
        return await is_handed_on(recycled, await write(recycled, [text.format(n=n) for text, n in writes]))

    assert asyncio.run(hand_on())


@pytest.mark.parametrize("text", UNCERTAIN)
async def test_what_is_not_undone_is_dropped(recycled: RecycledDatabases, text: str) -> None:
    copy = await write(recycled, [text])
    assert not await is_handed_on(recycled, copy)
    async with connect_database(recycled.dsn) as connection:
        assert not await connection.fetchval("select true from pg_database where datname = $1", copy.name)


async def test_nobody_comes_back(recycled: RecycledDatabases) -> None:
    """Who is connected keeps a database from being handed on, and who was finds it no more."""
    async with recycled.take() as dsn:
        left = await asyncpg.connect(dsn)
    copy = recycled.idle[-1]
    assert not await is_handed_on(recycled, copy)
    await left.close()
    recycled.idle = [await write(recycled, [])]
    async with recycled.take() as again:
        assert again != dsn
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(dsn)
        await (await asyncpg.connect(again)).close()


def test_lost_counters_are_noticed(tmp_path: Path) -> None:
    """After a crash PostgreSQL counts anew."""
    with throwaway_cluster(tmp_path) as dsn:
        asyncio.run(run_texts(asyncio.run(create_database(dsn, "places")), [FILLED]))
        assert asyncio.run(crash_and_take(RecycledDatabases(dsn, "places")))


async def crash_and_take(recycled: RecycledDatabases) -> bool:
    """Write to a database, kill a process of PostgreSQL, and return whether another one is taken."""
    async with recycled.take() as dsn:
        await run_texts(dsn, ["insert into log values ('unseen'); checkpoint"])
        dying = await asyncpg.connect(dsn)
        os.kill(dying.get_server_pid(), signal.SIGKILL)
        with suppress(asyncpg.PostgresConnectionError):
            await dying.execute("select pg_sleep(60)")
        dying.terminate()
        await reconnect(recycled.dsn)
    return not await is_handed_on(recycled, recycled.idle[-1])


async def reconnect(dsn: str) -> None:
    """Connect as soon as PostgreSQL is there again."""
    while True:
        with suppress(OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
            await (await asyncpg.connect(dsn)).close()
            return
