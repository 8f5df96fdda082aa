"""Real NATS servers on loopback ports, and an outbox to copy."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import nats
import orjson
import pytest_asyncio
from gongzhi.runtime.event_access import EventAccess
from gongzhi_integrations.nats.connection import CUT, NatsServers
from gongzhi_integrations.nats.publisher import Publisher
from gongzhi_integrations.settings import Integrators
from gongzhi_server.configuration import receipts_secret
from gongzhi_server.events.cursors import Cursors
from gongzhi_server.events.outbox import PUBLISH
from gongzhi_server.testing import TODAY, settings_for_tests
from nats.aio.client import Client

from benchmarks.jepsen.nats import find_binary
from benchmarks.ports import find_free_port

CURSORS = Cursors(receipts_secret(settings_for_tests("postgresql:///x", Path("."))))
SOURCE = "https://county.example.org"
HANYIN = "610921"
HOTLINE = (HANYIN, "hotline")


@dataclass
class Cluster:
    """One NATS server, or three that keep everything three times."""

    folder: Path
    accounts: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    """The publisher's, with a password and an @."""
    size: int = 1
    ports: list[int] = field(default_factory=list)
    routes: list[int] = field(default_factory=list)
    processes: list[Process | None] = field(default_factory=list)

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.known_as(self.user)

    def known_as(self, user: str) -> tuple[str, ...]:
        return tuple(f"nats://{user}127.0.0.1:{port}" for port in self.ports)

    @property
    def servers(self) -> NatsServers:
        return NatsServers(self.addresses, 1 if self.size == 1 else 3)

    async def start(self) -> None:
        self.ports, self.routes = [[find_free_port() for _ in range(self.size)] for _ in range(2)]
        self.processes = [None] * self.size
        for at in range(self.size):
            await self.launch(at)
        await self.ready()

    async def launch(self, at: int) -> None:
        text = f'listen: "127.0.0.1:{self.ports[at]}"\nserver_name: n{at}\n'
        text += f'jetstream {{ store_dir: "{self.folder / str(at)}" }}\n{self.accounts}'
        if self.size > 1:
            routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in self.routes)
            text += f'cluster {{ name: c, listen: "127.0.0.1:{self.routes[at]}", routes: [{routes}] }}\n'
        file = self.folder / f"{at}.conf"
        file.write_text(text)
        self.processes[at] = await asyncio.create_subprocess_exec(
            find_binary(), "-c", file, env=os.environ | self.environment, stdout=DEVNULL, stderr=DEVNULL
        )

    async def ready(self) -> None:
        """Wait until JetStream answers."""
        async with asyncio.timeout(30):
            while True:
                with suppress(*CUT):
                    async with self.servers.connect() as client:
                        await client.jetstream(timeout=1).account_info()
                        return
                await asyncio.sleep(0.05)  # other processes are starting

    async def kill(self, at: int) -> None:
        process = self.processes[at]
        assert process
        process.send_signal(signal.SIGKILL)
        await process.wait()

    async def stop(self) -> None:
        for process in self.processes:
            if process and process.returncode is None:
                process.kill()
                await process.wait()


@dataclass
class Outbox:
    """Writes events as commands do, and gives them their positions."""

    dsn: str
    connection: asyncpg.Connection[Any]
    cases: list[UUID]
    steps: dict[UUID, int] = field(default_factory=dict)
    now: datetime = TODAY

    async def write(self, count: int = 1, type: str = "case.accepted", case: UUID | None = None) -> list[str]:
        """So many events of cases in turn, each with the number of its step; their ids."""
        ids, cases, data = [uuid4() for _ in range(count)], [], []
        for at in range(count):
            chosen = case or self.cases[at % len(self.cases)]
            self.steps[chosen] = self.steps.get(chosen, 0) + 1
            cases.append(chosen)
            data.append(orjson.dumps({"number": chosen.hex, "step": self.steps[chosen]}).decode())
        grids = [await self.connection.fetchval('select grid_id from cases."case" where id=$1', each) for each in cases]
        columns = [ids, [type] * count, [1] * count, [False] * count, cases, data]
        await self.connection.execute(PUBLISH, *columns, self.now, ["STAFF"] * count, grids)
        while await self.connection.fetchval("select events.number(1000)"):
            pass
        return [str(one) for one in ids]

    async def given(self) -> int:
        return int(await self.connection.fetchval("select given from events.counter"))

    def publisher(self, cluster: Cluster, integrators: Integrators = (HOTLINE,)) -> Publisher:
        return Publisher(cluster.servers, SealedCursors(), SOURCE, timedelta(days=90), integrators)

    @asynccontextmanager
    async def copying(self, cluster: Cluster, integrators: Integrators = (HOTLINE,)) -> AsyncIterator[None]:
        """Have a publisher copy for as long as the block lasts."""
        async with copying(self.dsn, self.publisher(cluster, integrators)):
            yield


class SealedCursors(EventAccess):
    """What a publisher asks the server: cursors."""

    def seal_cursor(self, position: int | None = None) -> str:
        return CURSORS.seal(position or 0)

    def open_cursor(self, cursor: str) -> int | None:
        return CURSORS.open(cursor)


@asynccontextmanager
async def copying(dsn: str, publisher: Publisher) -> AsyncIterator[None]:
    """Have events copied over a connection, as the elected process does, for as long as the block lasts."""
    connection = await asyncpg.connect(dsn)
    task = asyncio.create_task(publisher.run(connection, lambda _: asyncio.sleep(0.05)))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await connection.close()


class Consumer:
    """A system of a county: fetches one message after the other and acknowledges it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.got: list[Any] = []

    async def fetch(self, count: int, seconds: float = 10, stream: str = f"GONGZHI_{HANYIN}") -> list[Any]:
        """Go on until so many events have come in all, told again or not."""
        subscription = await self.client.jetstream(timeout=2).pull_subscribe_bind("hotline", stream)
        async with asyncio.timeout(seconds):
            while len(self.got) < count:
                with suppress(nats.errors.TimeoutError, nats.errors.NoRespondersError, nats.js.errors.APIError):
                    for message in await subscription.fetch(1, timeout=1):
                        self.got.append(message)
                        await message.ack_sync(timeout=1)
        return self.got


def ids(messages: Sequence[Any]) -> list[str]:
    return [one.headers["Nats-Msg-Id"] for one in messages]


async def passed(cluster: Cluster, position: int, seconds: float = 30) -> None:
    """Wait until the stream of all events is that long."""
    async with cluster.servers.connect() as client, asyncio.timeout(seconds):
        while True:
            with suppress(*CUT):
                if (await client.jetstream(timeout=1).stream_info("GONGZHI")).state.last_seq >= position:
                    return
            await asyncio.sleep(0.02)  # another process writes


TOLD = """
select o.id::text, not o.internal and coalesce(c.series = 'ORDINARY', false) as open
from events.outbox o left join cases.case c on c.id = o.case_id where o.position is not null order by o.position
"""


async def complete(client: Any, outbox: Outbox, written: list[str]) -> None:
    """Both streams hold what the outbox does, once and in its order, and in it what was written."""
    js = client.jetstream(timeout=20)
    rows = await outbox.connection.fetch(TOLD)
    everything = [row["id"] for row in rows]
    known = set(written)
    assert [one for one in everything if one in known] == written
    county = [row["id"] for row in rows if row["open"]]
    for name, wanted in (("GONGZHI", everything), (f"GONGZHI_{HANYIN}", county)):
        info = await js.stream_info(name)
        subscription = await js.subscribe(info.config.subjects[0], stream=name, ordered_consumer=True)
        assert ids([await subscription.next_msg(timeout=5) for _ in range(info.state.messages)]) == wanted
        await subscription.unsubscribe()


@pytest_asyncio.fixture
async def outbox(database: str) -> AsyncIterator[Outbox]:
    connection = await asyncpg.connect(database)
    found = await connection.fetch("select id from cases.case where series = 'ORDINARY' order by id limit 20")
    yield Outbox(database, connection, [row["id"] for row in found])
    await connection.close()


@pytest_asyncio.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    """A single server."""
    made = Cluster(tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def three(tmp_path: Path) -> AsyncIterator[Cluster]:
    made = Cluster(tmp_path, size=3)
    await made.start()
    yield made
    await made.stop()
