"""Positions: without holes, in order, whatever happens to writers and to those who number."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from gongzhi_server.events import partitions
from gongzhi_server.events.sequencer import LEADER, Sequencer, number_events

NOW = datetime(2026, 6, 30, 2, tzinfo=UTC)
WRITE = (
    "insert into events.outbox (id, type, version, at, actor, data) values ($1, 'tests.done', 1, $2, 'SYSTEM', '{}')"
)


@pytest_asyncio.fixture
async def database(empty: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(empty)
    yield connection
    await connection.close()


async def write(connection: asyncpg.Connection[Any], at: datetime = NOW) -> str:
    key = str(uuid4())
    await connection.execute(WRITE, key, at)
    return key


async def numbered(connection: asyncpg.Connection[Any]) -> list[str]:
    rows = await connection.fetch("select id, position from events.outbox where position is not null order by position")
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    return [str(row["id"]) for row in rows]


async def test_no_event_fails_while_its_month_is_made(empty: str) -> None:
    """One transaction has written, another writes while the partition waits: both are there, in the new month."""
    month = partitions.month_start(NOW)
    async with asyncpg.create_pool(empty, min_size=3, max_size=3) as pool, pool.acquire() as early:
        async with early.transaction():
            await write(early)
            made = asyncio.ensure_future(pool.execute("select events.partition($1)", month))
            while not await waiting(early):
                await asyncio.sleep(0)
            late = asyncio.ensure_future(pool.execute(WRITE, str(uuid4()), NOW))
            while await waiting(early) < 2:
                await asyncio.sleep(0)
        await asyncio.gather(made, late)
        found = await early.fetch("select tableoid::regclass::text as name from events.outbox")
    assert [row["name"] for row in found] == ["events.outbox_2026_06"] * 2


LOOK = """
insert into access.look (id, at, account, content, kind, operation, purpose, fields, persons, salts, commitments)
values (access.first_id($2), $2, $1, '', 'LIST', '', '', '{}', '{}', '{}', '{}')
"""
ACT = """
insert into access.act (id, at, account, content, mutation, objects, codes)
values (access.first_id($2), $2, $1, '', 'report_case', '{}', '{}')
"""


@pytest.mark.parametrize("table, written", [("events.outbox", WRITE), ("access.look", LOOK), ("access.act", ACT)])
async def test_nobody_misses_what_is_moved(empty: str, table: str, written: str) -> None:
    """Who begins to read while the month is made waits, and finds what was moved into it."""
    schema = table.partition(".")[0]
    async with asyncpg.create_pool(empty, min_size=2, max_size=2) as pool, pool.acquire() as maker:
        await maker.execute(written, str(uuid4()), NOW)
        async with maker.transaction():
            await maker.execute(f"select {schema}.partition($1)", partitions.month_start(NOW))
            found = asyncio.ensure_future(pool.fetchval(f"select count(*) from {table}"))
            while not await waiting(maker):
                await asyncio.sleep(0)
        assert await found == 1


async def test_a_month_in_use_is_made_later(empty: str) -> None:
    """A mutation that has read looks does not end before its own is written, by another connection: neither waits."""
    sequencer = ticking_sequencer(empty)
    async with asyncpg.create_pool(empty, min_size=2, max_size=2) as pool, pool.acquire() as mutation:
        running = asyncio.create_task(sequencer.run())
        try:
            async with mutation.transaction():
                await mutation.fetchval("select count(*) from access.look")
                while not await waiting(mutation):
                    await asyncio.sleep(0)
                async with asyncio.timeout(20):
                    await pool.execute(LOOK, str(uuid4()), NOW)
                assert sequencer.tidied is None
            while sequencer.tidied is None:
                await asyncio.sleep(0)
            found = await mutation.fetch("select tableoid::regclass::text as name from access.look")
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert [row["name"] for row in found] == ["access.look_2026_06"]


async def learn_nothing(connection: Any) -> None:
    """Of epochs."""


def ticking_sequencer(dsn: str) -> Sequencer:
    """Return one whose clock goes on by a second each time that it looks, so that it soon tries again."""
    seconds = count()
    month = timedelta(days=30)
    return Sequencer(
        dsn, lambda: NOW + timedelta(seconds=next(seconds)), month, lambda _: None, learn_nothing, poll=0.01
    )


async def waiting(connection: asyncpg.Connection[Any]) -> int:
    """How many others of this database wait for a lock."""
    sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return int(await connection.fetchval(sql))


async def test_long_transaction_holds_nobody(empty: str, database: asyncpg.Connection[Any]) -> None:
    long = await asyncpg.connect(empty)
    transaction = long.transaction()
    await transaction.start()
    late = await write(long)
    early = await write(database)
    await number_events(database.fetchval)
    assert await numbered(database) == [early]
    await transaction.commit()
    await number_events(database.fetchval)
    assert await numbered(database) == [early, late]
    await long.close()


async def test_rolled_back_leaves_no_hole(database: asyncpg.Connection[Any]) -> None:
    first = await write(database)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction():
            await write(database)
            raise ZeroDivisionError
    second = await write(database)
    await number_events(database.fetchval)
    assert await numbered(database) == [first, second]


async def test_reader_skips_nothing(empty: str, database: asyncpg.Connection[Any]) -> None:
    """Writers of all lengths, two who number and see nothing of each other, and one who reads all the time."""
    done, luck = asyncio.Event(), random.Random(8)
    pace = {seed: luck.choice([0, 1, 5]) for seed in range(6)}
    written: list[str] = []

    async def writer(seed: int) -> None:
        connection = await asyncpg.connect(empty)
        for _ in range(15):
            async with connection.transaction():
                key = await write(connection)
                for _ in range(pace[seed]):
                    await connection.execute("select pg_sleep(0.002)")
            written.append(key)
        await connection.close()

    async def sequencer() -> None:
        connection = await asyncpg.connect(empty)
        while not done.is_set():
            await number_events(connection.fetchval)
        await connection.close()

    async def reader() -> list[str]:
        seen: list[str] = []
        while not (done.is_set() and len(seen) == len(written)):
            for row in await database.fetch(
                "select id, position from events.outbox where position > $1 order by position", len(seen)
            ):
                assert row["position"] == len(seen) + 1
                seen.append(str(row["id"]))
        return seen

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(reader())
        numbering = [group.create_task(sequencer()) for _ in range(2)]
        await asyncio.gather(*(writer(seed) for seed in pace))
        await number_all(empty)
        done.set()
        await asyncio.gather(*numbering)
    assert sorted(reading.result()) == sorted(written)


async def number_all(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    while await connection.fetchval("select exists (select from events.outbox where position is null)"):
        await number_events(connection.fetchval)
    await connection.close()


async def test_another_leads_when_one_is_killed(empty: str, database: asyncpg.Connection[Any]) -> None:
    """The leader's connection is killed again and again; those who stand ready go on, and lose nothing."""
    news = asyncio.Event()

    def hear(position: int | None) -> None:
        news.set()

    all_of_them = [Sequencer(empty, lambda: NOW, timedelta(days=90), hear, learn_nothing, poll=0.05) for _ in range(3)]
    written: list[str] = []
    async with AsyncExitStack() as stack:
        tasks = [asyncio.create_task(one.run()) for one in all_of_them]
        stack.callback(lambda: [task.cancel() for task in tasks])
        for _ in range(4):
            written += [await write(database) for _ in range(5)]
            for one in all_of_them:
                one.wake()
            while len(await numbered(database)) < len(written):
                news.clear()
                async with asyncio.timeout(10):
                    await news.wait()
            await database.execute(
                "select pg_terminate_backend(pid) from pg_locks l "
                "where locktype = 'advisory' and granted and database = (select oid from pg_database "
                "where datname = current_database()) and ((classid::bigint << 32) | objid::bigint) = $1",
                LEADER,
            )
    assert await numbered(database) == written


async def test_months_come_and_go(database: asyncpg.Connection[Any]) -> None:
    old, young = await write(database, NOW - timedelta(days=200)), await write(database)
    for ahead in (-7, -6):
        await database.execute("select events.partition($1)", partitions.month_start(NOW, ahead))
    await number_events(database.fetchval)
    await partitions.tidy_partitions(database, NOW, timedelta(days=90))
    names = await database.fetch("select relid::regclass::text from pg_partition_tree('events.outbox') where isleaf")
    assert sorted(name for (name,) in names) == [
        *(f"events.outbox_2026_{month:02}" for month in (6, 7, 8, 9)),
        "events.outbox_other",
    ]
    rows = await database.fetch("select id, tableoid::regclass::text as kept from events.outbox")
    assert [(str(row["id"]), row["kept"]) for row in rows] == [(young, "events.outbox_2026_06")]
    assert old and await database.fetchval("select gone from events.counter") == 1
    months = await database.fetch("select to_regclass('access.look_2026_'||m) from unnest(array['06', '09', '10']) m")
    assert [month is not None for (month,) in months] == [True, True, False]


async def test_requests_are_forgotten_with_the_events(database: asyncpg.Connection[Any]) -> None:
    """By their ids, which begin with the time; what may be sent again still is answered as it was."""
    for days in (91, 89):
        await database.execute(
            "insert into journal.request (id, account, idempotency_key, mutation, mac, at) "
            "values (access.first_id($1), 'worker', $2, 'report_case', '', $1)",
            NOW - timedelta(days=days), str(days),
        )  # fmt: skip
    await partitions.tidy_partitions(database, NOW, timedelta(days=90))
    assert [key for (key,) in await database.fetch("select idempotency_key from journal.request")] == ["89"]


async def test_leader_whose_clock_is_ahead_forgets_nothing(database: asyncpg.Connection[Any]) -> None:
    """What is dropped before its time is gone for good: the month of an event, and requests that may be sent again."""
    now = datetime.now(UTC)
    await database.execute("select events.partition($1)", partitions.month_start(now))
    id = await write(database, now)
    await number_events(database.fetchval)
    await database.execute(
        "insert into journal.request (id, account, idempotency_key, mutation, mac, at) "
        "values (access.first_id($1), 'worker', 'today', 'report_case', '', $1)",
        now,
    )
    await database.execute(
        "insert into events.job (id, name, key, arguments, state, due_at, finished_at, attempts) "
        "values (gen_random_uuid(), 'tests.once', 'once', '{}', 'DONE', $1, $1, 1)",
        now,
    )
    await partitions.tidy_partitions(database, now + timedelta(days=400), timedelta(days=90))
    assert await numbered(database) == [id]
    for table in ("journal.request", "events.job"):
        assert await database.fetchval(f"select count(*) from {table}") == 1, table


async def test_last_run_is_remembered(database: asyncpg.Connection[Any]) -> None:
    """However long ago: a yearly job that has run this year does not run again."""
    runs = [("yearly", 400), ("yearly", 200), ("daily", 9), ("daily", 8), ("daily", 1)]
    for name, days in runs:
        at = NOW - timedelta(days=days)
        await database.execute(
            "insert into events.job (id, name, key, arguments, state, due_at, finished_at, attempts) "
            "values (gen_random_uuid(), $1, $2, '{}', 'DONE', $3, $3, 1)",
            *(f"tests.{name}", f"every {at.isoformat()}", at),
        )
    await partitions.tidy_partitions(database, NOW, timedelta(days=90))
    left = await database.fetch("select name, $1 - due_at as age from events.job order by due_at", NOW)
    assert [(row["name"], row["age"].days) for row in left] == [("tests.yearly", 200), ("tests.daily", 1)]


async def test_what_waits_is_not_dropped(database: asyncpg.Connection[Any]) -> None:
    await database.execute("select events.partition($1)", partitions.month_start(NOW, -7))
    await write(database, NOW - timedelta(days=200))
    await partitions.tidy_partitions(database, NOW, timedelta(days=90))
    assert await database.fetchval("select count(*) from events.outbox") == 1


async def test_tables_of_another_release_are_told_once(
    empty: str, database: asyncpg.Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A server newer than its tables, such as after a restore: it says what to do, and goes on once they are there."""
    tried: list[int] = []
    sequencer = Sequencer(empty, lambda: NOW, timedelta(days=30), lambda _: tried.append(1), learn_nothing, poll=0.01)
    await database.execute("alter function events.number(int) rename to number_before")
    running = asyncio.create_task(sequencer.run())
    while len(tried) < 9 or not caplog.messages:
        await asyncio.sleep(0)
    [told] = caplog.messages
    assert told.startswith("the tables are not those of this server: Undefined") and "run gongzhi migrate" in told
    await database.execute("alter function events.number_before(int) rename to number")
    while len(caplog.messages) < 2:
        await asyncio.sleep(0)
    assert "can be reached again" in caplog.messages[1]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_tidying_gives_way(empty: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A table of a month wants locks that writers have. Whoever loses by that tries again; no outage is told of."""
    tidy, tried = partitions.tidy_partitions, list[int]()

    async def lose_once(*given: Any) -> None:
        tried.append(1)
        if len(tried) == 1:
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        await tidy(*given)

    monkeypatch.setattr(partitions, "tidy_partitions", lose_once)
    sequencer = ticking_sequencer(empty)
    running = asyncio.create_task(sequencer.run())
    while sequencer.tidied is None:
        await asyncio.sleep(0)
    assert (len(tried), caplog.messages, sequencer.leads) == (2, [], True)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
