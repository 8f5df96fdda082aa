"""A server on a loopback port, and clients that follow it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import orjson
import pytest
import pytest_asyncio
import uvicorn
from gongzhi_server.app import create_app
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.configuration import receipts_secret
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.events.cursors import OPEN_EPOCH, Cursors, read_epochs
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.gateway.uvicorn_protocols import WebSocketProtocol
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import ESSENTIAL, SECRET, Clock, Server, create_database, drop_database, settings_for_tests
from websockets.asyncio.client import ClientConnection, connect

CURSORS = Cursors(receipts_secret(settings_for_tests("postgresql:///x", Path("."))))


async def learn_epochs(connection: Any) -> None:
    """Have cursors that are made here be of the database's epoch."""
    CURSORS.epochs = read_epochs(orjson.loads(await connection.fetchval(OPEN_EPOCH)))


MATTER = {
    "kind": "HELP",
    "channel": "WEB",
    "category": "roads.lighting",
    "title": "路灯不亮",
    "description": "村口路灯不亮",
    "grid": "610921101222-020202",
}
EVENTS = "subscription($after: String) { caseEvents(after: $after) { cursor id type case { number status } data } }"


@dataclass
class Follower:
    """One subscription over one socket."""

    wire: ClientConnection

    async def next(self, seconds: float = 10) -> Any:
        """The payload of the next answer; the errors, if it was refused."""
        async with asyncio.timeout(seconds):
            while True:
                message = json.loads(await self.wire.recv())
                if message["type"] in ("next", "error"):
                    return message["payload"]
                assert message["type"] in ("ping", "connection_ack"), message

    async def event(self) -> Any:
        """The one root field of the next answer; what the clocks tell by themselves is passed over."""
        while True:
            payload = await self.next()
            assert "data" in payload, payload
            [found] = payload["data"].values()
            if not found or found.get("type") not in ("case.reminded", "case.escalated", "case.supervised"):
                return found

    async def of(self, number: str) -> Any:
        """The next event of this case: what the clocks tell of others in the meantime is passed over."""
        while (found := await self.event())["case"]["number"] != number:
            pass
        return found

    async def code(self) -> str:
        """The code of the error that it ends with."""
        payload = await self.next()
        assert isinstance(payload, list), payload
        return str(payload[0]["extensions"]["code"])


@dataclass
class Station(Server):
    """A server that can be followed."""

    url: str = ""
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    dsn: str = ""
    open: Callable[[], int] = lambda: 0
    """How many sockets are."""
    stop: Callable[[], None] = lambda: None
    """Have streams end, as a server does that stops."""

    def as_(self, role: str, **claims: str) -> Station:
        claims = {"sub": "-".join([role, *claims.values()]), "role": role, **claims}
        token = Tokens(SECRET).issue(claims, self.clock())
        headers = {"authorization": f"Bearer {token}"}
        return replace(self, headers=headers)

    async def cursor(self) -> str:
        """Where the stream is now."""
        connection = await asyncpg.connect(self.dsn)
        try:
            await learn_epochs(connection)
            return CURSORS.seal(await connection.fetchval("select given from events.counter"))
        finally:
            await connection.close()

    async def position(self, number: str) -> int:
        """Where it stands that a case was reported."""
        connection = await asyncpg.connect(self.dsn)
        place = "select position from events.outbox where type = 'case.reported' and data->>'number' = $1"
        try:
            async with asyncio.timeout(20):
                while (found := await connection.fetchval(place, number)) is None:
                    await asyncio.sleep(0.01)  # another task numbers
            return int(found)
        finally:
            await connection.close()

    async def follow(self, query: str, options: Mapping[str, Any] | None = None, **variables: Any) -> Follower:
        """Subscribe; with `$after` from where the stream is now, if nothing else is said."""
        if "$after" in query:
            variables.setdefault("after", await self.cursor())
        address = self.url.replace("http", "ws", 1) + "/graphql"
        wire = await self.stack.enter_async_context(
            connect(address, subprotocols=["graphql-transport-ws"], compression=None, **(options or {}))
        )
        await wire.send(json.dumps({"type": "connection_init", "payload": self.headers}))
        payload = {"query": query, "variables": variables}
        await wire.recv()
        await wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        return Follower(wire)

    async def report(self, **more: Any) -> str:
        """Report a case; its number."""
        payload = await self.do("reportCase", "case { number }", **{**MATTER, **more})
        assert payload["errors"] == []
        return str(payload["case"]["number"])

    async def take(self, step: str, number: str, version: int = 1, **more: Any) -> None:
        payload = await self.do(step, "case { number }", number=number, expectedVersion=version, **more)
        assert payload["errors"] == []


@asynccontextmanager
async def station(
    dsn: str, data: Path, plugins: Plugins | None = None, served: str | None = None, **chosen: Any
) -> AsyncIterator[Station]:
    """The application over this database on a loopback port, in this very loop; it may have it from another address."""
    clock = Clock()
    plugins = plugins or ESSENTIAL
    await plugin_activation.switch_plugins(dsn, plugins.switchable, clock())
    app = create_app(replace(settings_for_tests(dsn, data), **chosen), served or dsn, clock, plugins)
    config = uvicorn.Config(
        app, port=0, log_config=None, access_log=False, ws=WebSocketProtocol, ws_max_size=Limits().message
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=url) as client, AsyncExitStack() as stack:
            sockets = partial(wires, server)
            yield Station(
                client,
                clock,
                worker=app.state.worker,
                url=url,
                stack=stack,
                dsn=dsn,
                open=sockets,
                stop=app.state.stopping.set,
            )
    finally:
        server.should_exit = True
        await task


def wires(server: uvicorn.Server) -> int:
    return sum(isinstance(one, WebSocketProtocol) for one in server.server_state.connections)


@pytest.fixture(scope="package")
def filled(postgres: str, county: str) -> Iterator[str]:
    """The address of one copy of the demo county for all tests of this folder; each looks at what is new only."""
    name = f"test_{uuid4().hex}"
    yield asyncio.run(create_database(postgres, name, county))
    asyncio.run(drop_database(postgres, name))


@pytest_asyncio.fixture(name="station")
async def opened(filled: str, tmp_path: Path) -> AsyncIterator[Station]:
    """A server over a small demo county of its own."""
    async with station(filled, tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def own(postgres: str, county: str) -> AsyncIterator[str]:
    """The address of a copy of the demo county that nobody else writes into."""
    name = f"test_{uuid4().hex}"
    yield await create_database(postgres, name, county)
    await drop_database(postgres, name)
