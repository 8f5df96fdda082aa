"""After a restore a cursor of what is lost is refused, however far positions have come again; all others go on."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import uuid4

import asyncpg
import orjson
import pytest
from gongzhi.declare.events import Actor, Occurrence
from gongzhi_server.events.cursors import OPEN_EPOCH, Cursors, Epoch, PositionExpired, read_epochs
from gongzhi_server.events.epochs import EpochWatch
from gongzhi_server.events.feed import EventFeed
from gongzhi_server.events.sequencer import LEADER
from gongzhi_server.storage.database import connect_database, open_readers
from gongzhi_server.testing import PATIENCE, create_database, drop_database
from hypothesis import given
from hypothesis.strategies import integers

from .conftest import CURSORS, EVENTS, Station, learn_epochs
from .test_sequencer import NOW

SECRET = b"s" * 32
MOVE = """update events.counter set epochs = jsonb_set(epochs, '{-1,here}', '"elsewhere"')"""
"""As a replica finds it that takes over: its epoch began at another place."""
CUT = """
select pg_terminate_backend(pid) from pg_stat_activity a where datname = current_database() and pid <> pg_backend_pid()
and not exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory'
  and ((l.classid::bigint << 32) | l.objid::bigint) = $1)
"""
"""Ends all connections but that of the one who numbers events: it has not noticed anything yet."""


def cursors(*epochs: Epoch) -> Cursors:
    made = Cursors(SECRET)
    made.epochs = epochs or made.epochs
    return made


@given(integers(0, 2**24 - 1), integers(0, 2**48 - 1))
def test_cursors_come_back(epoch: int, position: int) -> None:
    made = cursors(Epoch(epoch, 0))
    assert made.open(made.seal(position)) == position and len(made.seal(position)) == 22


def test_lost_history_is_refused() -> None:
    first, second, third = Epoch(9_000_001, 0), Epoch(9_000_002, 100), Epoch(9_000_003, 90)
    old, new = cursors(first), cursors(first, second)
    assert new.open(old.seal(100)) == 100
    with pytest.raises(PositionExpired):
        new.open(old.seal(101))  # told to somebody, and not in the backup
    assert new.open(new.seal(101)) == 101
    twice = cursors(first, second, third)  # an older backup, which counts as well
    assert twice.open(old.seal(90)) == 90
    for gone in (old.seal(91), new.seal(101)):
        with pytest.raises(PositionExpired):
            twice.open(gone)
    with pytest.raises(PositionExpired):
        cursors(third).open(old.seal(1))  # of another database
    assert cursors(third).open(old.seal(0)) == 0


def test_cursors_of_before_epochs_go_on() -> None:
    """Version 0.1 wrote eight bytes of mark and eight of position."""
    made = cursors(Epoch(9_000_001, 0), Epoch(9_000_002, 50))
    block = made._cipher.encryptor().update(b"gongzhi1" + (50).to_bytes(8, "big"))
    assert made.open(block.hex()) is None
    import base64

    assert made.open(base64.urlsafe_b64encode(block).decode().rstrip("=")) == 50


async def test_copy_of_a_database_has_an_epoch_of_its_own(postgres: str, empty: str) -> None:
    """One that is told by itself, once for each place; it begins behind the last position that the copy has."""
    connection = await asyncpg.connect(empty)
    first = read_epochs(orjson.loads(await connection.fetchval(OPEN_EPOCH)))
    await connection.execute("update events.counter set given = 30")
    assert read_epochs(orjson.loads(await connection.fetchval(OPEN_EPOCH))) == first
    source = await connection.fetchval("select current_database()")
    await connection.close()
    name = f"test_{uuid4().hex}"
    copy = await asyncpg.connect(await create_database(postgres, name, source))
    found = [read_epochs(orjson.loads(await copy.fetchval(OPEN_EPOCH))) for _ in range(2)]
    await copy.close()
    await drop_database(postgres, name)
    assert found[0] == found[1] and found[0][:-1] == first and found[0][-1].began == 30


async def test_who_is_beyond_begins_anew() -> None:
    """A replica that takes over may have less: who has heard of more is told so, and the others go on."""
    feed = EventFeed(None)  # type: ignore[arg-type]
    for position in range(1, 31):
        feed.take(Occurrence(uuid4(), position, "tests.done", 1, NOW, Actor.SYSTEM, None, None, None, {}))
    beyond, even = asyncio.create_task(feed.after(30)), asyncio.create_task(feed.after(20))
    assert len(await even) == 10
    feed.rewind(20)
    with pytest.raises(PositionExpired):
        await beyond
    waiting = asyncio.create_task(feed.after(20))
    await asyncio.sleep(0)
    feed.take(Occurrence(uuid4(), 21, "tests.done", 1, NOW, Actor.SYSTEM, None, None, None, {}))
    assert [one.position for one in await waiting] == [21]


async def test_who_was_busy_meanwhile_begins_anew() -> None:
    """Whoever did something else while events were lost is told so, however far positions have come again."""
    feed = EventFeed(None)  # type: ignore[arg-type]

    def happen(*positions: int) -> None:
        for position in positions:
            feed.take(Occurrence(uuid4(), position, "tests.done", 1, NOW, Actor.SYSTEM, None, None, None, {}))

    happen(*range(1, 31))
    begun = feed.history
    feed.rewind(20)
    happen(*range(21, 41))
    with pytest.raises(PositionExpired):
        await feed.after(30, begun)
    assert [one.position for one in await feed.after(20, begun)] == list(range(21, 41))
    assert [one.position for one in await feed.after(30, feed.history)] == list(range(31, 41))


async def test_readers_learn_before_they_read(empty: str) -> None:
    """Over each new connection, also where this is the first one in a new history; readers write nothing else."""
    lost = list[int]()
    watch = EpochWatch(Cursors(SECRET), lost.append)
    connection = await asyncpg.connect(empty)
    async with await open_readers(empty, 1, connect=watch.connect) as pool:
        assert watch.known.is_set() and lost == []
        await connection.execute("update events.counter set given = 30")
        await connection.execute(MOVE)
        await pool.fetch("select 1")
        assert lost == []
        await pool.expire_connections()
        assert await pool.fetchval("show default_transaction_read_only") == "on"
        assert lost == [30] and watch.cursors.epochs[-1].began == 30
        await pool.expire_connections()
        await pool.fetch("select 1")
        assert lost == [30]
    await connection.close()


async def report_again(station: Station) -> str:
    """Report a case as a client does that is told that the database is away."""
    key = str(uuid4())
    while True:
        with suppress(AssertionError):
            return await station.report(idempotencyKey=key)


async def test_what_is_told_first_has_a_cursor_of_the_new_history(station: Station) -> None:
    """By a process whose line to the database has not noticed yet that it is another one."""
    follower = await station.as_("county_dispatcher", grid="610921").follow(EVENTS)
    before = await follower.of(await station.report())
    async with asyncio.timeout(PATIENCE), connect_database(station.dsn) as connection:
        await connection.execute(MOVE)
        await connection.execute(CUT, LEADER)
        told = await follower.of(await report_again(station))
        await learn_epochs(connection)
        given = await connection.fetchval("select given from events.counter")
    assert CURSORS.epochs[-1].began < (CURSORS.open(told["cursor"]) or 0) <= given
    assert CURSORS.open(before["cursor"]) is not None
