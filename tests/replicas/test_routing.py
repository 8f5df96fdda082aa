"""Routing: whoever says what they have seen reads at a replica, and never less than they have seen."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi.core.accounts.secrets import api_key
from gongzhi_server.replicas.routing import BEYOND, fetch_or_ask
from gongzhi_server.testing import Server

from .conftest import POSITION, Station

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADD = "mutation($input: AddUnitInput!) { addUnit(input: $input) { errors { code } } }"
NAME = "query($code: String!) { unit(code: $code) { name } }"
UNIT = {"kind": "COUNTY_DEPARTMENT", "reach": "LINE", "grid": "610921"}
# An API key of an account that has one role.
ACCOUNT = """with a as (insert into accounts.account (id, name, kind, created_at, created_by, version)
  values (uuidv7(), 'replica', 'MACHINE', $2::timestamptz, 'console', 1) returning id),
h as (insert into accounts.holding (id, account_id, role, grid_id, since, granted_by)
  select uuidv7(), a.id, 'county_dispatcher', g.id, '2026-01-01', 'replica' from a, grids.grid g where g.code='610921')
insert into accounts.key (id, account_id, label, digest, permissions, created_at, created_by, expires_at)
  select uuidv7(), a.id, 'replica', $1::bytea, '{cases.view}', $2, 'console', $2 + interval '1 year' from a"""
GRID = '{ grid(code: "610921") { name } }'


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def caught_up(station: Station) -> AsyncIterator[None]:
    """Begin with a standby that has replayed everything."""
    await station.catch_up()
    assert station.replica.trouble is None
    yield


@pytest.fixture
def administrator(station: Station) -> Server:
    return station.server.as_("administrator", grid="610921", sub=f"somebody {random.random()}")


async def add(station: Station, caller: Server, code: str) -> str:
    """Add a unit, and return the position that the reply tells."""
    given = UNIT | {"code": f"610921-{code}", "name": f"单位{code}", "idempotencyKey": str(uuid4())}
    reply = await station.send(caller, ADD, input=given)
    assert reply.json()["data"]["addUnit"]["errors"] == []
    return reply.headers[POSITION]


async def finds(station: Station, caller: Server, code: str, position: str | None) -> bool:
    reply = await station.send(caller, NAME, position, code=f"610921-{code}")
    return reply.json()["data"]["unit"] is not None


async def test_own_writes_are_always_read(station: Station, administrator: Server) -> None:
    """Whatever the standby does meanwhile: held, going on, looked at or not, between any two requests."""
    chance, position, written, there = random.Random(7), None, list[str](), 0
    for step in range(60):
        match chance.randrange(6):
            case 0:
                written.append(f"W{step}")
                position = await add(station, administrator, written[-1])
            case 1:
                await station.pair.pause()
            case 2:
                await station.pair.catch_up()
            case 3:
                await station.replicas.look()
            case _ if written:
                before = station.read_there
                assert await finds(station, administrator, written[-1], position), step
                there += station.read_there - before
    assert there, "the standby answered something"


async def test_replica_answers_once_it_has_replayed_what_the_caller_has_seen(
    station: Station, administrator: Server
) -> None:
    await station.pair.pause()
    position = await add(station, administrator, "ONE")
    before = station.read_there
    await station.replicas.look()
    assert await finds(station, administrator, "ONE", position) and station.read_there == before
    await station.catch_up()
    assert await finds(station, administrator, "ONE", position) and station.read_there == before + 1


async def test_whoever_says_nothing_reads_at_the_primary_and_is_told_a_position(
    station: Station, administrator: Server
) -> None:
    await station.pair.pause()
    await add(station, station.server.as_("administrator", sub="another"), "OTHERS")
    before = station.read_there
    first = await station.send(administrator, NAME, code="610921-OTHERS")
    assert first.json()["data"]["unit"] and station.read_there == before
    # From the first reply on: it is behind everything that they could have changed before.
    position = first.headers[POSITION]
    again = await station.send(administrator, NAME, code="610921-OTHERS")
    assert POSITION not in again.headers and station.read_there == before
    await station.catch_up()
    assert await finds(station, administrator, "OTHERS", position) and station.read_there == before + 1
    for wrong in ("", "-1", "0x7", "9" * 30, "nothing"):
        assert await finds(station, administrator, "OTHERS", wrong)
    assert station.read_there == before + 1


async def test_position_beyond_all_is_the_primarys(station: Station, administrator: Server) -> None:
    """As after a mutation behind which the position could not be found out, or with one of another database."""
    before = station.read_there
    await station.send(administrator, GRID, str(station.replicas.primary.newest + BEYOND))
    assert station.read_there == before


async def test_reader_is_never_behind_what_they_are_granted(station: Station) -> None:
    """An account that was looked up anew reads nothing older than that: grants and rows are of one time."""
    caller = station.server.as_("administrator", grid="610921", sub="granted")
    position = (await station.send(caller, GRID)).headers[POSITION]
    await station.catch_up()
    await station.pair.pause()
    await add(station, station.server.as_("administrator", sub="another"), "LATER")
    await station.replicas.look()
    assert not await finds(station, caller, "LATER", position), "others' writes are seen as soon as they are there"
    station.server.clock.move(seconds=1)
    renewed = station.server.as_("administrator", grid="610921", sub="granted")
    assert await finds(station, renewed, "LATER", position)


async def test_grant_that_was_taken_back_counts_no_more_while_replicas_lag(station: Station) -> None:
    """Accounts and grants are read at the primary, and what is read by them is no older than they are."""
    run, primary = station.pair.run, station.pair.primary
    key = api_key()
    await run(primary, ACCOUNT, key.digest, station.server.clock())
    caller = station.server.with_token(key.secret)
    query = "{ units(first: 1) { nodes { code name } } cases(first: 1) { totalCount } }"
    reply = await station.send(caller, query)
    position, seen = reply.headers[POSITION], reply.json()["data"]["cases"]["totalCount"]
    await station.catch_up()
    before = station.read_there
    assert (await station.send(caller, query, position)).json()["data"]["cases"]["totalCount"] == seen > 0
    assert station.read_there == before + 1
    await station.pair.pause()
    await run(primary, "delete from accounts.holding where granted_by = 'replica'")
    async with asyncio.timeout(5):
        while (await station.send(caller, query, position)).json()["data"]["cases"]["totalCount"]:
            await asyncio.sleep(0.01)
    before = station.read_there
    await station.send(caller, query, position)
    assert station.read_there == before, "the grants are newer than what the standby has"


async def test_looks_subscriptions_and_python_stay_at_the_primary(station: Station, administrator: Server) -> None:
    position = (await station.send(administrator, GRID)).headers[POSITION]
    await station.catch_up()
    before = station.read_there
    [person] = (await station.send(administrator, "{ people(first: 1) { nodes { id name } } }", position)).json()[
        "data"
    ]["people"]["nodes"]
    assert station.read_there == before + 1, "names and masked values are no look"
    looks = await station.pair.run(station.pair.primary, "select count(*) from access.look")
    await station.send(administrator, "query($id: ID!) { person(id: $id) { name } }", position, id=person["id"])
    assert await station.pair.run(station.pair.primary, "select count(*) from access.look") == looks + 1
    await station.send(administrator, '{ __type(name: "Case") { name } }', position)
    assert station.read_there == before + 1


async def test_batch_reads_what_it_has_written(station: Station, administrator: Server) -> None:
    position = (await station.send(administrator, GRID)).headers[POSITION]
    await station.catch_up()
    await station.pair.pause()
    given = UNIT | {"code": "610921-BATCH", "name": "单位", "idempotencyKey": str(uuid4())}
    operations = [
        {"query": GRID},
        {"query": ADD, "variables": {"input": given}},
        {"query": NAME, "variables": {"code": given["code"]}},
    ]
    before = station.read_there
    headers = administrator.headers | {POSITION: position}
    reply = await station.server.client.post("/graphql", json=operations, headers=headers)
    assert reply.json()[2]["data"]["unit"] == {"name": "单位"} and station.read_there == before + 1
    assert int(reply.headers[POSITION]) > int(position)
    # Sockets have no headers.
    assert reply.json()[1]["extensions"] == {"position": reply.headers[POSITION]}


async def test_replica_that_lags_is_left_alone(
    station: Station, administrator: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = (await station.send(administrator, GRID)).headers[POSITION]
    await station.catch_up()
    await station.pair.pause()
    await add(station, station.server.as_("administrator", sub="another"), "LAG")
    real, later = station.replicas.now, 0.0
    monkeypatch.setattr(station.replicas, "now", lambda: real() + later)
    monkeypatch.setattr(station.replicas.primary, "now", lambda: real() + later)
    before = station.read_there
    await station.replicas.look()
    await station.send(administrator, GRID, position)
    assert station.read_there == before + 1
    later = station.replicas.most + 1
    # Even before anybody has looked again.
    await station.send(administrator, GRID, position)
    assert station.read_there == before + 1
    with caplog.at_level(logging.WARNING):
        await station.replicas.look()
        await station.replicas.look()
        await station.catch_up()
    assert [one.message for one in caplog.records if "replica" in one.message] == [
        f"the replica {station.replica.name} is more than 10 s behind; the primary answers in its place",
        f"the replica {station.replica.name} is well again; it answers reads from now on",
    ]
    await station.send(administrator, GRID, position)
    assert station.read_there == before + 2


async def test_read_that_conflicts_with_what_is_replayed_is_asked_again(station: Station) -> None:
    run, primary = station.pair.run, station.pair.primary
    await run(primary, "create table public.held as select 1 as n")
    await station.catch_up()
    sql = "select n, case when pg_is_in_recovery() then pg_sleep(60) end from public.held"
    reader, there = station.replica.accounts, station.replica.given_up
    asked = asyncio.create_task(fetch_or_ask(station.replica, reader.fetch, station.state.shares.accounts.fetch, sql))
    while not await run(station.pair.standby, "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"):
        pass
    await run(primary, "alter table public.held add column m int")
    assert [row["n"] for row in await asked] == [1]
    assert station.replica.given_up == there + 1 and station.replica.trouble is None


async def test_statements_own_fault_is_not_asked_again(station: Station) -> None:
    async def never(*given: Any) -> Any:
        raise AssertionError

    with pytest.raises(Exception, match="out of range"):
        await fetch_or_ask(station.replica, station.replica.accounts.fetch, never, "select 99999999999::int")
    assert station.replica.trouble is None


async def test_reads_that_hang_are_answered_by_the_primary(station: Station, administrator: Server) -> None:
    """A machine that is frozen, or gone without a word: who waits for it is sent on when it misses two looks."""
    position = (await station.send(administrator, GRID)).headers[POSITION]
    await station.catch_up()
    await station.send(administrator, GRID, position)
    station.pair.signal_standby(signal.SIGSTOP)
    try:
        asked = [asyncio.create_task(station.send(administrator, GRID, position)) for _ in range(3)]
        await asyncio.sleep(0)
        await station.replicas.look()
        await station.replicas.look()
        for one in asked:
            assert (await one).json()["data"]["grid"]
        assert station.replica.trouble and station.replica.trouble.startswith("does not answer")
    finally:
        station.pair.signal_standby(signal.SIGCONT)


async def test_replica_that_dies_is_left_alone_until_it_is_back(
    station: Station, administrator: Server, caplog: pytest.LogCaptureFixture
) -> None:
    position = (await station.send(administrator, GRID)).headers[POSITION]
    await station.catch_up()
    await station.send(administrator, GRID, position)
    before = station.read_there
    station.pair.signal_standby(signal.SIGKILL)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert (await station.send(administrator, GRID, position)).json()["data"]["grid"]
        await station.replicas.look()
    assert len([one for one in caplog.records if "the primary answers in its place" in one.message]) == 1
    assert station.replica.trouble and station.replica.trouble.startswith("does not answer")
    await asyncio.to_thread(station.pair.standby.start)
    await station.catch_up()
    assert station.replica.trouble is None
    before = station.read_there
    await station.send(administrator, GRID, position)
    assert station.read_there == before + 1
