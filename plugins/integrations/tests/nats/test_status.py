"""Who looks after a deployment is told how far NATS is, and that it is away, soon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest
from gongzhi_integrations.nats import status
from gongzhi_integrations.settings import IntegrationSettings
from gongzhi_server.app import create_app
from gongzhi_server.testing import ESSENTIAL, TODAY, Clock, Server, settings_for_tests

from benchmarks.ports import find_free_port

from .conftest import HANYIN, Cluster, Consumer, Outbox, passed

ASK = """{ natsStatus {
  state unpublished oldestAt
  streams { name county messages lastSequence consumers { name pending unacknowledged acknowledged activeAt } }
} }"""
PAIRS = ((HANYIN, "hotline"), (HANYIN, "province"))


@asynccontextmanager
async def office(outbox: Outbox, data: Path, *addresses: str) -> AsyncIterator[Server]:
    """A server whose operator names these servers of NATS; nothing runs in its background."""
    chosen = {"GONGZHI_NATS": ",".join(addresses)} if addresses else {}
    environ = {**chosen, "GONGZHI_NATS_INTEGRATORS": ",".join(":".join(one) for one in PAIRS)}
    clock = Clock(TODAY)
    app = create_app(
        settings_for_tests(outbox.dsn, data), outbox.dsn, clock, ESSENTIAL, background=False, environ=environ
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        yield Server(client, clock)


async def find(server: Server) -> Any:
    answer = await server.as_("administrator").ask(ASK)
    assert not answer.errors
    return answer.data["natsStatus"]


async def test_lag_of_the_copy_and_of_those_who_fetch(outbox: Outbox, cluster: Cluster, tmp_path: Path) -> None:
    async with office(outbox, tmp_path / "data", *cluster.addresses) as server:
        before = await outbox.given()
        assert (await find(server))["state"] == "EMPTY"
        await outbox.write(3)
        assert (empty := await find(server))["unpublished"] == before + 3 and empty["streams"] == []
        async with outbox.copying(cluster, PAIRS[:1]):
            await passed(cluster, await outbox.given())
        outbox.now += timedelta(minutes=5)
        await outbox.write(2)
        outbox.now += timedelta(minutes=5)
        await outbox.write(4)
        async with cluster.servers.connect() as client:
            await Consumer(client).fetch(1)
        found = await find(server)
        assert (found["state"], found["unpublished"]) == ("CONNECTED", 6)
        assert found["oldestAt"].startswith((TODAY + timedelta(minutes=5)).isoformat()[:16])
        everything, county = found["streams"]
        assert (everything["name"], everything["county"], everything["lastSequence"]) == ("GONGZHI", None, before + 3)
        assert (county["name"], county["county"], everything["consumers"]) == ("GONGZHI_610921", HANYIN, [])
        hotline, province = county["consumers"]  # one of them has been added since
        assert hotline["pending"] == county["messages"] - 1 and hotline["acknowledged"] == 1 and hotline["activeAt"]
        assert province == dict.fromkeys(hotline) | {"name": "province"}
        for role in ("county_dispatcher", "data_protection_officer"):
            answer = await server.as_(role, grid="610921").ask(ASK)
            assert answer.codes == ["FORBIDDEN"] and answer.body["data"] == {"natsStatus": None}
        await outbox.connection.execute("update events.counter set given = 1")
        assert (await find(server))["state"] == "FOREIGN"


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a connection and never say anything."""
    await reader.read()
    writer.close()


async def test_what_is_away_is_told_soon(outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens, somebody listens and is silent, and somebody asks for another password."""
    monkeypatch.setattr(status, "PATIENCE", 0.5)
    async with AsyncExitStack() as stack:
        silent = await stack.enter_async_context(await asyncio.start_server(hang, "127.0.0.1", 0))
        locked = Cluster(tmp_path, "authorization { user: us, password: secret-word }\n", user="us:secret-word@")
        await locked.start()
        stack.push_async_callback(locked.stop)
        begun = monotonic()
        for address in (f"nats://127.0.0.1:{silent.sockets[0].getsockname()[1]}", *locked.known_as("us:another@")):
            assert await status.look(IntegrationSettings(nats=(address,))) is None
        assert await status.look(IntegrationSettings(nats=locked.addresses)) is not None
        async with office(outbox, tmp_path / "data", f"nats://127.0.0.1:{find_free_port()}") as server:
            found = await find(server)
            assert found == {"state": "UNREACHABLE", "unpublished": None, "oldestAt": None, "streams": []}
        assert monotonic() - begun < 10


async def test_who_names_no_servers_is_told_nothing(outbox: Outbox, tmp_path: Path) -> None:
    async with office(outbox, tmp_path / "data") as server:
        assert await find(server) is None
