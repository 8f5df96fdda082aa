"""Addresses of databases: what an address says of TLS and names holds for every connection, also those that write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from gongzhi_server.replicas.replica import Replica
from gongzhi_server.storage import database, election
from gongzhi_server.testing import settings_for_tests

ASKS_FOR_TLS = bytes.fromhex("0000000804d2162f")
"""The first eight bytes of a client that speaks PostgreSQL's protocol and wants TLS (SSLRequest)."""


@asynccontextmanager
async def server_without_tls() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answer as a PostgreSQL without TLS does; yield an address that asks for it, and how each connection began."""
    begun = list[bytes]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.append(await reader.readexactly(8))
        writer.write(b"N")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"postgresql://county:hidden@127.0.0.1:{port}/county?sslmode=require", begun


async def use_reader(dsn: str) -> None:
    async with await database.open_readers(dsn, 1) as pool:
        await pool.fetchval("select 1")


async def use_writer(dsn: str) -> None:
    async with await database.open_writers(dsn, 1) as pool:
        await pool.fetchval("select 1")


async def use_tortoise(dsn: str) -> None:
    async with database.open_tortoise(database.tortoise_config(dsn)) as context:
        await context.connections.get("default").execute_query("select 1")


async def use_one(dsn: str) -> None:
    async with database.connect_database(dsn):
        pass


async def lead(dsn: str) -> None:
    async with election.lead_when_elected(dsn, 1, lambda: asyncio.sleep(0)):
        pass


async def use_replica(dsn: str) -> None:
    async with Replica(dsn).open(settings_for_tests(dsn, Path())) as replica:
        for reader in replica.readers:
            await reader.fetch("select 1")


async def watch_replica(dsn: str) -> None:
    replica = Replica(dsn)
    try:
        await replica.find_state()
    finally:
        replica.drop_connections()


USES = [use_reader, use_writer, use_tortoise, use_one, lead, use_replica, watch_replica]


@pytest.mark.parametrize("use", USES)
async def test_tls_that_is_asked_for_is_never_left_out(use: Callable[[str], Awaitable[None]]) -> None:
    """The first bytes ask for TLS, and where there is none the connection fails: no name or password goes in clear."""
    async with server_without_tls() as (dsn, begun):
        with pytest.raises(ConnectionError) as failed:
            await use(dsn)
    # Pools say that the database is away, and why in the cause.
    assert "SSL" in str(failed.value.__cause__ or failed.value)
    assert set(begun) == {ASKS_FOR_TLS}


@pytest.mark.parametrize("short", [False, True])
async def test_what_writes_takes_its_name_from_the_address(empty: str, short: bool) -> None:
    mark = "&" if "?" in empty else "?"
    named = database.tortoise_config(f"{empty}{mark}application_name=county%20one", size=1, short=short)
    async with database.open_tortoise(named) as context:
        [row] = await context.connections.get("default").execute_query_dict(
            "select current_setting('application_name') name, current_setting('search_path') path"
        )
    assert row == {"name": "county one", "path": "public"}
