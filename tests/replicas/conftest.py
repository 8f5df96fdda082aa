"""Fixtures: a county at a PostgreSQL, and a real one that follows it and can be held, killed and promoted."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from gongzhi_server.app import create_app
from gongzhi_server.replicas import routing
from gongzhi_server.replicas.replica import Replica
from gongzhi_server.replicas.routing import Replicas
from gongzhi_server.settings import Settings
from gongzhi_server.storage.embedded_postgres import Cluster, join_cluster, open_throwaway, postgres_binaries
from gongzhi_server.storage.template_databases import sibling_dsn
from gongzhi_server.testing import ESSENTIAL, Clock, Server, built_schema, settings_for_tests

REPLICATED = {
    "wal_level": "replica",
    "max_wal_senders": "4",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "synchronous_commit": "on",
    # Who reads there gives way at once.
    "max_standby_streaming_delay": "0",
    # A replay that waits for a lock is looked at again soon.
    "wal_retrieve_retry_interval": "100",
}
POSITION = "gongzhi-position"
REPLAYED = "select pg_last_wal_replay_lsn() >= $1::pg_lsn"


@dataclass(frozen=True)
class Pair:
    """The server that is written to, and the one that follows it."""

    primary: Cluster
    standby: Cluster

    async def run(self, cluster: Cluster, sql: str, *values: Any) -> Any:
        """Run a statement at one of them, past everything, and return its first value."""
        connection = await asyncpg.connect(cluster.dsn)
        try:
            return await connection.fetchval(sql, *values)
        finally:
            await connection.close()

    async def pause(self) -> None:
        """Have the standby replay nothing more."""
        await self.run(self.standby, "select pg_wal_replay_pause()")
        while await self.run(self.standby, "select pg_get_wal_replay_pause_state()") != "paused":
            pass

    async def catch_up(self) -> None:
        """Have the standby replay all there is."""
        await self.run(self.standby, "select pg_wal_replay_resume()")
        reached = await self.run(self.primary, "select pg_switch_wal()::text")
        connection = await asyncpg.connect(self.standby.dsn)
        there = False
        while not there:
            with suppress(asyncpg.SerializationError):  # a standby breaks off who reads what it is to remove
                there = await connection.fetchval("select pg_last_wal_replay_lsn() >= $1::text::pg_lsn", reached)
        await connection.close()

    def signal_standby(self, number: signal.Signals) -> None:
        """Send a signal to all processes of the standby."""
        first = int((self.standby.folder / "postmaster.pid").read_text().split()[0])
        for pid in (first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


@contextmanager
def open_pair(data: Path, county: str) -> Iterator[Pair]:
    """Yield a pair with a copy of the county at this address."""
    with open_throwaway(data) as made:
        primary = replace(made, options={**made.options, **REPLICATED})
        standby = Cluster(made.folder.with_name("standby"), primary.options)
        with join_cluster(primary) as dsn:
            dump = [postgres_binaries() / "pg_dump", "--no-owner", f"--dbname={county}"]
            load = [postgres_binaries() / "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--dbname={dsn}"]
            with subprocess.Popen(dump, stdout=subprocess.PIPE) as given:
                subprocess.run(load, stdin=given.stdout, stdout=subprocess.DEVNULL, check=True)
            assert given.returncode == 0
            arguments = ("--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf", "--no-sync")
            primary.own(standby.folder)
            primary.run("pg_basebackup", f"--dbname={dsn}", f"--pgdata={standby.folder}", *arguments)
            for left in standby.folder.glob(".s.PGSQL.*"):
                left.unlink()
            standby.start()
            pair = Pair(primary, standby)
            try:
                yield pair
            finally:
                with suppress(OSError):
                    pair.signal_standby(signal.SIGKILL)


@pytest.fixture(scope="package")
def pair(postgres: str, county: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with open_pair(tmp_path_factory.mktemp("pair") / "data", sibling_dsn(postgres, county)) as made:
        yield made


@dataclass
class Station:
    """An application that reads at the standby, too, and looks at the servers only when it is told to."""

    pair: Pair
    server: Server
    replicas: Replicas
    settings: Settings
    app: Any

    @property
    def state(self) -> Any:
        return self.app.state

    @property
    def replica(self) -> Replica:
        return self.replicas.servers[0]

    @property
    def read_there(self) -> int:
        """How many statements the standby has had."""
        return sum(one.statements for one in self.replica.readers)

    async def send(self, caller: Server, query: str, position: str | None = None, **variables: Any) -> httpx.Response:
        """Send an operation as somebody who has seen this position."""
        said = {POSITION: position} if position is not None else {}
        body = {"query": query, "variables": variables}
        reply = await self.server.client.post("/graphql", json=body, headers=caller.headers | said)
        assert "errors" not in reply.json(), reply.text
        return reply

    async def catch_up(self) -> None:
        """Have the standby replay all there is, and look at it."""
        await self.pair.catch_up()
        await self.replicas.look()


@asynccontextmanager
async def open_station(pair: Pair, data: Path, **more: Any) -> AsyncIterator[Station]:
    """Serve the application at the pair."""
    more = {"database": pair.primary.dsn, "replicas": (pair.standby.dsn,), **more}
    settings = replace(settings_for_tests(pair.primary.dsn, data), **more)
    assert settings.database
    clock = Clock()
    app = create_app(settings, settings.database, clock, ESSENTIAL, background=False, schema=built_schema(ESSENTIAL))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routing, "PERIOD", 3600)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                replicas = app.state.replicas
                station = Station(pair, Server(client, clock), replicas, settings, app)
                await station.catch_up()
                yield station


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def station(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Station]:
    async with open_station(pair, tmp_path_factory.mktemp("data"), batch=3) as made:
        yield made
