"""Servers: which replicas are read from, what is told of them, and which of several hosts is written to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import asyncpg
import httpx
import pytest
from gongzhi_server.deployment import doctor
from gongzhi_server.management.serving import answer_probes
from gongzhi_server.replicas.replica import Replica, examine_replicas
from gongzhi_server.serve import bind_socket
from gongzhi_server.setting_values import check_dsn
from gongzhi_server.storage import database, election
from gongzhi_server.storage.template_databases import sibling_dsn
from gongzhi_server.testing import ESSENTIAL

from .conftest import POSITION, Pair, Station, open_pair, open_station
from .test_routing import ADD, GRID, UNIT, add, finds

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_other_databases_are_no_replicas(station: Station, postgres: str) -> None:
    """A replica of another cluster, and another database of the same one, are left alone and told by the doctor."""
    await station.catch_up()
    others = {
        postgres: "follows nobody any more: it takes writes itself",
        sibling_dsn(station.pair.standby.dsn, "postgres"): "is no copy of this database",
        station.pair.primary.dsn: "follows nobody any more: it takes writes itself",
        "postgresql://nobody@127.0.0.1:1/nothing": "does not answer (ConnectionRefusedError)",
    }
    settings = replace(station.settings, replicas=(station.pair.standby.dsn, *others))
    async with database.connect_database(station.pair.primary.dsn) as connection:
        (well, said), *ill = await examine_replicas(connection, settings)
    # What happens to be written meanwhile, by whatever runs there, is not replayed yet.
    assert well and re.search(r"it follows this database, [0-9,]+ bytes behind$", said)
    assert ill == [(False, f"replica {Replica(dsn).name}: it {trouble}") for dsn, trouble in others.items()]
    assert "nobody@" not in repr(ill)
    found = await doctor.examine_deployment(station.settings, station.pair.primary.dsn, ESSENTIAL)
    [(well, again)] = [one for one in found if one[1].startswith("replica ")]
    assert well and again.partition(",")[0] == said.partition(",")[0]


async def test_positions_of_another_history_count_for_nothing(station: Station) -> None:
    """After a failover a server may have replayed what the new primary never had, further than that is."""
    await station.catch_up()
    log, caller = station.replicas.primary, station.server.as_("administrator", sub="history")
    position = (await station.send(caller, GRID)).headers[POSITION]
    real = log.fetch

    async def fetch(sql: str, *values: Any) -> Any:
        [row] = await real(sql, *values)
        return [dict(row) | {"history": "00000002"}]

    log.fetch = fetch
    try:
        await station.replicas.look()
        before = station.read_there
        await station.send(caller, GRID, position)
        assert station.read_there == before
        assert station.replica.trouble == "has not come to the history that began with the last failover"
    finally:
        log.fetch = real
        await station.replicas.look()


async def test_metrics_tell_who_reads_where(station: Station) -> None:
    await station.catch_up()
    with bind_socket("127.0.0.1", 0) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with (
            answer_probes(station.app, station.pair.primary.dsn, listener),
            httpx.AsyncClient(base_url=address) as watcher,
        ):
            text = (await watcher.get("/metrics")).text
    name = station.replica.name
    assert f'gongzhi_reads_total{{server="{name}"}} {station.read_there:.1f}' in text
    assert 'gongzhi_reads_total{server="primary"}' in text
    assert f'gongzhi_replica_well{{server="{name}"}} 1.0' in text
    assert f'gongzhi_replica_given_up_total{{server="{name}"}} {station.replica.given_up:.1f}' in text
    [lag] = [line.rsplit()[-1] for line in text.splitlines() if line.startswith("gongzhi_replica_lag_seconds{")]
    assert 0 <= float(lag) < 5
    assert f'gongzhi_share_places{{share="accounts at {name}"}}' in text


async def test_other_ways_in_tell_a_position_behind_what_they_wrote(station: Station) -> None:
    """Whoever signs in or uploads says it with the next read, as after a mutation."""
    reply = await station.server.client.post("/auth/sessions", json={"name": "nobody", "password": "wrong"})
    newest = station.replicas.primary.newest
    assert int(reply.headers[POSITION]) == newest
    assert POSITION not in (await station.server.client.get("/health")).headers


async def test_position_of_a_page_is_kept_by_its_browser(station: Station) -> None:
    positions = station.app.gateway.positions
    page = {b"x-gongzhi-session": b"cookie", b"host": b"here", b"origin": b"http://here"}
    note = type("Note", (), {"seen": None, "told": 41})()
    header, cookie = positions.lines(page, note)
    assert header == (b"gongzhi-position", b"41")
    assert cookie[0] == b"set-cookie" and cookie[1].startswith(
        b"gongzhi-position=41; HttpOnly; Path=/; SameSite=strict"
    )
    assert positions.lines({}, note) == (header,)
    for headers, seen in (
        ({**page, b"cookie": b"gongzhi-position=41"}, 41),
        ({**page, b"cookie": b"gongzhi-position=41", b"gongzhi-position": b"7"}, 41),
        ({b"cookie": b"gongzhi-position=41"}, None),
        ({**page, b"origin": b"http://there", b"cookie": b"gongzhi-position=41"}, None),
        ({**page, b"cookie": b"gongzhi-position=x", b"gongzhi-position": "４".encode()}, None),
    ):
        positions.read(headers, note)
        assert note.seen == seen, headers


async def use_reader(dsn: str) -> Any:
    async with await database.open_readers(dsn, 1) as pool:
        return await pool.fetchval("select pg_is_in_recovery()")


async def use_writer(dsn: str) -> Any:
    async with await database.open_writers(dsn, 1) as pool:
        return await pool.fetchval("select pg_is_in_recovery()")


async def use_tortoise(dsn: str) -> Any:
    async with database.open_tortoise(database.tortoise_config(dsn, size=1)) as context:
        [row] = await context.connections.get("default").execute_query_dict("select pg_is_in_recovery() found")
        return row["found"]


async def use_one(dsn: str) -> Any:
    async with database.connect_database(dsn) as connection:
        return await connection.fetchval("select pg_is_in_recovery()")


async def lead(dsn: str) -> Any:
    async with election.lead_when_elected(dsn, 1, lambda: asyncio.sleep(0)) as leader:
        return await leader.fetchval("select pg_is_in_recovery()")


def several_hosts(pair: Pair) -> str:
    hosts = ",".join(quote(str(one.socket)) for one in (pair.standby, pair.primary))
    return check_dsn(f"postgresql://postgres@/gongzhi?host={hosts}&port=5432")


@pytest.mark.parametrize("use", [use_reader, use_writer, use_tortoise, use_one, lead])
async def test_each_connection_goes_to_the_primary_of_several_hosts(station: Station, use: Callable[..., Any]) -> None:
    assert await use(several_hosts(station.pair)) is False


@pytest.mark.slow
async def test_replica_that_takes_over_is_found_and_read_as_the_primary(
    postgres: str, county: str, tmp_path: Path
) -> None:
    """The primary dies and its replica is promoted: the server finds it among the hosts, and reads its own writes."""
    with open_pair(tmp_path / "pair", sibling_dsn(postgres, county)) as pair:
        async with open_station(pair, tmp_path / "data", database=several_hosts(pair)) as station:
            caller = station.server.as_("administrator", grid="610921")
            position = await add(station, caller, "BEFORE")
            await station.catch_up()
            assert await finds(station, caller, "BEFORE", position) and station.read_there == 1
            await asyncio.to_thread(pair.primary.run, "pg_ctl", "stop", "-m", "immediate", "-D", pair.primary.folder)
            await asyncio.to_thread(pair.standby.run, "pg_ctl", "promote", "-w", "-D", pair.standby.folder)
            await station.replicas.look()
            assert station.replica.trouble == "follows nobody any more: it takes writes itself"
            given = UNIT | {"code": "610921-AFTER", "name": "单位", "idempotencyKey": str(uuid4())}
            async with asyncio.timeout(20):
                while True:
                    with suppress(AssertionError, asyncpg.PostgresError):
                        reply = await station.send(caller, ADD, position, input=given)
                        break
            for code in ("BEFORE", "AFTER"):
                assert await finds(station, caller, code, reply.headers[POSITION])
            assert station.read_there == 1
