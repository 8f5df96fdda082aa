"""Leading: who stands still loses the lead within seconds, writes nothing more, and nobody wakes in vain."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from gongzhi_server.app import create_app
from gongzhi_server.errors import Unavailable
from gongzhi_server.events import sequencer as events_sequencer
from gongzhi_server.events.sequencer import LEADER, Sequencer
from gongzhi_server.storage import election, liveness
from gongzhi_server.storage.election import ElectionLost, election_lock, lead_when_elected
from gongzhi_server.testing import ESSENTIAL, Clock, built_schema, settings_for_tests

from .conftest import station
from .test_sequencer import learn_nothing, numbered, write

NOW = datetime(2026, 6, 30, 2, tzinfo=UTC)
SOON = {"idle_session_timeout": "300ms", "idle_in_transaction_session_timeout": "300ms"}
LOCK = election_lock("tests.lead")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL bears silence for 0.3 s, and signs of life come each 0.05 s."""
    for module in (election, events_sequencer):
        monkeypatch.setattr(module, "HOLDING", SOON)
    monkeypatch.setattr(liveness, "PULSE", 0.05)
    monkeypatch.setattr(events_sequencer, "SILENCE", 0.3)


@asynccontextmanager
async def standing(dsn: str, may_lead: bool = True) -> AsyncIterator[tuple[Sequencer, asyncio.Event]]:
    """A process's line, and what is set whenever positions have been given."""
    news = asyncio.Event()
    one = Sequencer(dsn, lambda: NOW, timedelta(days=90), lambda _: news.set(), learn_nothing, poll=0.05)
    one.may_lead = may_lead
    task = asyncio.create_task(one.run())
    try:
        yield one, news
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def rest() -> None:
    await asyncio.sleep(0.02)


async def test_silent_leader_is_replaced_and_writes_nothing_more(empty: str, impatient: None) -> None:
    """As a process that is frozen: its connection stands, and nothing comes over it."""
    frozen = await asyncpg.connect(empty, server_settings=SOON)
    assert await frozen.fetchval("select pg_try_advisory_lock($1)", LEADER)
    database = await asyncpg.connect(empty)
    async with standing(empty) as (ready, _):
        written = [await write(database)]
        await until(lambda: ready.leads)
        while await numbered(database) != written:
            await asyncio.sleep(0.01)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await frozen.execute("select events.number(1000)")
    frozen.terminate()
    await database.close()


async def test_leader_that_stood_still_says_so_and_goes_on(
    empty: str, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    database = await asyncpg.connect(empty)
    async with standing(empty) as (leader, _):
        await until(lambda: leader.tidied)
        await asyncio.sleep(0.02)  # it rests
        time.sleep(0.8)  # the whole loop, as a frozen process does
        await until(lambda: caplog.messages)
        assert caplog.messages == [
            "this process stood still for 1 s, and another one may number events now; nothing is lost: see what kept "
            "it from running"
        ]
        written = [await write(database)]
        leader.wake()
        while await numbered(database) != written:
            await asyncio.sleep(0.01)
    await database.close()


async def test_who_leads_and_says_nothing_is_kept_alive(empty: str, impatient: None) -> None:
    """Also while it works over the connection itself, in a transaction or not."""
    async with lead_when_elected(empty, LOCK, rest) as connection:
        await asyncio.sleep(0.7)
        async with connection.transaction():
            await asyncio.sleep(0.7)
            for at in range(200):
                assert await connection.fetchval("select $1::int", at) == at
                await connection.execute("select 1")
                await connection.execute("select $1::int", at)
        assert not connection.is_closed()


async def test_election_is_lost_to_another_while_one_stands_still(empty: str, impatient: None) -> None:
    """Whatever it still wants to write over the connection is refused."""
    with ThreadPoolExecutor(1) as threads, pytest.raises(ElectionLost):
        async with lead_when_elected(empty, LOCK, rest) as connection:
            threads.submit(asyncio.run, stand_for_election(empty)).result(20)  # the loop stands still meanwhile
            # It may be cancelled at any await from here on, so nothing is opened in it any more.
            with suppress(Unavailable):
                await connection.execute("create table public.late ()")
            await asyncio.sleep(20)
    check = await asyncpg.connect(empty)
    assert await check.fetchval("select to_regclass('public.late')") is None
    await check.close()


async def stand_for_election(dsn: str) -> None:
    """Wait as another process does until the lock is free, and take it."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("select pg_advisory_lock($1)", LOCK)
    await connection.close()


async def test_only_those_listen_who_have_a_use_for_it(empty: str) -> None:
    """Neither a process that stands ready nor one that only answers is woken by what others do."""
    database = await asyncpg.connect(empty)
    async with standing(empty) as (leader, _):
        await until(lambda: leader.leads and leader.channels == {"gongzhi_numbered", "gongzhi_written"})
        async with standing(empty) as (ready, _), standing(empty, may_lead=False) as (web, news):
            await until(lambda: ready.stood > 0 and web.stood > 0)
            assert (ready.channels, web.channels) == (set(), set())
            written = [await write(database)]
            web.wake()  # it calls the leader
            await until(lambda: ready.given == web.given == 1)
            assert await numbered(database) == written and not web.leads
            web.listeners += 1
            web.called.set()
            await until(lambda: web.channels == {"gongzhi_numbered"})
            news.clear()
            await write(database)
            leader.wake()
            await news.wait()
            web.listeners -= 1
            web.called.set()
            await until(lambda: not web.channels)
    async with standing(empty, may_lead=False) as (web, _):
        await until(lambda: web.stood > 0)
        assert not web.leads
    await database.close()


@contextmanager
def counted_reads(app: Any) -> Iterator[list[str]]:
    """What the feed of an application reads."""
    feed, found = app.state.hub.feed, list[str]()
    fetch = feed.fetch

    async def counted(sql: str, *values: Any) -> Any:
        found.append(sql)
        return await fetch(sql, *values)

    feed.fetch = counted
    yield found


async def test_a_process_that_only_answers(own: str, tmp_path: Path) -> None:
    """It tells its followers at once, runs no handler and no service, and reads no events while nobody follows."""
    settings = replace(settings_for_tests(own, tmp_path), role="web")
    app = create_app(settings, own, Clock(), ESSENTIAL, schema=built_schema(ESSENTIAL))
    async with app.router.lifespan_context(app):
        async with station(own, tmp_path) as working:
            dispatcher = working.as_("county_dispatcher", grid="610921")
            with counted_reads(app) as reads:
                place = await working.position(await dispatcher.report())
                await until(lambda: app.state.hub.feed.position >= place)
                assert reads == [] and not app.state.hub.sequencer.leads
            async with app.state.hub.following():
                feed, number = app.state.hub.feed, await dispatcher.report()
                async with asyncio.timeout(20):  # clocks tell of other cases meanwhile
                    while number not in [one.data.get("number") for one in await feed.after(place)]:
                        place += 1
        # The one that works has gone: nobody steps into its place.
        connection = await asyncpg.connect(own)
        await connection.execute(
            "insert into events.outbox (id, type, version, internal, at, actor, data) values "
            "(uuidv7(), 'grid.changed', 1, false, now(), 'SYSTEM', '{}')"
        )
        await asyncio.sleep(1.5)
        assert await connection.fetchval("select count(*) from events.outbox where position is null") == 1
        await connection.close()
