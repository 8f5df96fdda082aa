"""The database goes away for a while: who follows waits, and goes on; nothing is lost, nobody is sent away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest_asyncio

from .conftest import Station, station
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
        ways = {asyncio.create_task(pump(reader, back)), asyncio.create_task(pump(other, writer))}
        self.tasks |= ways
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
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
