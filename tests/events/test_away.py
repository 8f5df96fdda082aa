"""The database goes away for a while: who follows waits, and goes on; nothing is lost, nobody is sent away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from gongzhi.core.accounts.secrets import PREFIX
from gongzhi_server.gateway.websocket import CloseCode
from gongzhi_server.storage.database import migrate_apps
from gongzhi_server.storage.embedded_postgres import TUNING, Cluster, join_cluster
from gongzhi_server.testing import ESSENTIAL
from websockets import ConnectionClosed, Subprotocol
from websockets.asyncio.client import connect

from .conftest import MATTER, Station, station
from .test_streams import COUNTY, EVENTS


class Wire:
    """A port through which the database is reached, and which can be cut."""

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        query = parse_qs(parts.query)
        self.socket = f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
        self.name, self.port, self.whole = parts.path, 0, True
        self.tasks: set[asyncio.Task[None]] = set()
        self.refused = asyncio.Semaphore(0)
        """Released with each connection that was refused."""

    @property
    def dsn(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}{self.name}?sslmode=disable"

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes both ways until one side ends, or the wire is cut."""
        if not self.whole:
            self.refused.release()
            writer.transport.abort()
            return
        other, back = await asyncio.open_unix_connection(self.socket)
        if not self.whole:  # cut meanwhile
            back.transport.abort()
            writer.transport.abort()
            return
        ways = {asyncio.create_task(pump(reader, back)), asyncio.create_task(pump(other, writer))}
        self.tasks |= ways
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:  # also when the test is over before it has noticed the cut
            self.tasks -= ways
            for way in ways:
                way.cancel()
            # Both ends: the database, too, has to notice, or it would keep locks for who is gone.
            back.transport.abort()
            writer.transport.abort()

    def cut(self) -> None:
        """Have everybody lose their connection, and nobody get one."""
        self.whole = False
        for task in self.tasks:
            task.cancel()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()


@pytest_asyncio.fixture
async def wire(filled: str) -> AsyncIterator[Wire]:
    made = Wire(filled)
    server = await asyncio.start_server(made.carry, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    made.cut()
    server.close()


async def test_subscriptions_wait_for_the_database(wire: Wire, filled: str, tmp_path: Path) -> None:
    """Also those whose credentials would have been looked at meanwhile."""
    async with station(filled, tmp_path, served=wire.dsn, limits=(("recheck", 0.05),)) as made:
        integrator = made.as_("integrator", grid=COUNTY)
        follower = await integrator.follow(EVENTS)
        screen = await integrator.follow(f'subscription {{ gridChanged(code: "{COUNTY}") {{ openCases }} }}')
        before = (await screen.next())["data"]["gridChanged"]["openCases"]
        first = await made.report()
        assert (await follower.of(first))["type"] == "case.reported"
        wire.cut()
        async with asyncio.timeout(60):
            for _ in range(6):  # whoever looks now and then has looked in vain
                await wire.refused.acquire()
        wire.whole = True
        number = await report_at_last(made)
        assert (await follower.of(number))["type"] == "case.reported"
        while (await screen.next())["data"]["gridChanged"]["openCases"] < before + 2:
            pass


async def report_at_last(made: Station) -> str:
    """Report a case as soon as the server has its database again."""
    async with asyncio.timeout(60):
        while True:
            with suppress(Exception):
                return await made.report()
            await asyncio.sleep(0.1)  # its pools connect again


@dataclass(frozen=True)
class Refused:
    """An answer of 503."""

    code: str
    after: str


async def refused(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> Refused:
    """Send what is answered with 503, and return by which code, and when to come again."""
    reply = await client.request(method, path, **more)
    assert reply.status_code == 503, (path, reply.status_code, reply.text)
    error = reply.json()["errors"][0]
    assert "暂时无法访问" in error["message"] or "cannot be reached" in error["message"]
    return Refused(error["extensions"]["code"], reply.headers["retry-after"])


REPORT = "mutation($input: ReportCaseInput!) { reportCase(input: $input) { case { number } errors { code } } }"
READ = f'{{ grid(code: "{COUNTY}") {{ name }} }}'
AGAIN = Refused("UNAVAILABLE", "1")


async def test_reads_and_mutations_alike_are_told_to_come_again(wire: Wire, filled: str, tmp_path: Path) -> None:
    """Also who signs in, hands files in, or calls a route of a plugin; and soon everything is as before."""
    async with station(filled, tmp_path, served=wire.dsn) as made:
        integrator = made.as_("integrator", grid=COUNTY)
        follower = await integrator.follow(EVENTS)
        await follower.of(await made.report())  # it has begun
        wire.cut()
        asking = partial(refused, made.client, "POST", "/graphql", headers=integrator.headers)
        report = {"query": REPORT, "variables": {"input": {"idempotencyKey": str(uuid4()), **MATTER}}}
        assert await asking(json={"query": READ}) == AGAIN
        assert await refused(made.client, "POST", "/graphql", json=report) == AGAIN
        credentials = {"name": "nobody", "password": "a long password"}
        assert await refused(made.client, "POST", "/auth/sign-in", json=credentials) == AGAIN
        key = {"authorization": f"Bearer {PREFIX}{'a' * 43}"}
        assert await refused(made.client, "POST", "/graphql", json={"query": READ}, headers=key) == AGAIN
        assert await refused(made.client, "POST", "/attachments", content=b"x", headers=integrator.headers) == AGAIN
        route = await made.client.get("/open311/v2/services.json", params={"jurisdiction_id": COUNTY})
        assert (route.status_code, route.headers["retry-after"]) == (503, "1")
        await follower.wire.send(json.dumps({"id": "2", "type": "subscribe", "payload": {"query": READ}}))
        assert await follower.code() == "UNAVAILABLE"  # and the socket stays
        wire.whole = True
        async with asyncio.timeout(20):
            while (reply := await made.client.post("/graphql", json=report)).status_code == 503:
                await asyncio.sleep(0.01)
        number = reply.json()["data"]["reportCase"]["case"]["number"]
        assert (await follower.of(number))["type"] == "case.reported"


async def test_transaction_that_is_cut_off_is_told_to_come_again(station: Station) -> None:
    """Not that something went wrong: with the same key it is done once, whether it was done or not."""
    body = {"query": REPORT, "variables": {"input": {"idempotencyKey": str(uuid4()), **MATTER}}}
    other = await asyncpg.connect(station.dsn)
    try:
        async with other.transaction():
            await other.execute("lock table journal.request in access exclusive mode")
            waiting = asyncio.create_task(refused(station.client, "POST", "/graphql", json=body))
            here = "(select oid from pg_database where datname = current_database())"
            ended = f"select count(pg_terminate_backend(pid)) from pg_locks where not granted and database = {here}"
            async with asyncio.timeout(20):
                while not waiting.done():  # the background waits for the table, too
                    await other.fetchval(ended)
                    await asyncio.sleep(0.01)
            assert await waiting == AGAIN
        reply = await station.client.post("/graphql", json=body)
        assert reply.json()["data"]["reportCase"]["errors"] == []
        key = body["variables"]["input"]["idempotencyKey"]  # type: ignore[index]
        assert await other.fetchval("select count(*) from journal.request where idempotency_key = $1", key) == 1
    finally:
        await other.close()


async def test_socket_is_closed_while_credentials_cannot_be_looked_at(wire: Wire, filled: str, tmp_path: Path) -> None:
    """By a code after which clients connect again by themselves."""
    async with station(filled, tmp_path, served=wire.dsn) as made:
        wire.cut()
        address = made.url.replace("http", "ws", 1) + "/graphql"
        async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as peer:
            await peer.send(json.dumps({"type": "connection_init", "payload": {"token": f"{PREFIX}{'a' * 43}"}}))
            with pytest.raises(ConnectionClosed) as closed:
                await peer.recv()
        assert closed.value.rcvd and closed.value.rcvd.code == CloseCode.UNAVAILABLE


async def test_log_tells_once_that_the_database_is_away(
    wire: Wire, filled: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with station(filled, tmp_path, served=wire.dsn) as made:
        wire.cut()
        for _ in range(5):
            await refused(made.client, "POST", "/graphql", json={"query": READ})
        wire.whole = True
        async with asyncio.timeout(20):
            while "can be reached again" not in caplog.text:
                await asyncio.sleep(0.01)
    said = [one for one in caplog.records if one.levelname == "ERROR"]
    assert [one.getMessage().partition(":")[0] for one in said] == ["the database cannot be reached"]


@pytest.mark.slow
async def test_real_server_that_stops_and_starts(tmp_path: Path) -> None:
    """What is answered meanwhile is 503 at once, and the first answer comes within the pools' next attempt."""
    cluster = Cluster(tmp_path / "postgres", TUNING)
    with join_cluster(cluster) as dsn:
        await migrate_apps(dsn, ESSENTIAL.apps)
        async with station(dsn, tmp_path) as made:
            assert (await made.ask(READ)).data == {"grid": None}
            await asyncio.to_thread(cluster.stop)
            assert await refused(made.client, "POST", "/graphql", json={"query": READ}) == AGAIN
            await asyncio.to_thread(cluster.start)
            assert (await made.ask(READ)).data == {"grid": None}
