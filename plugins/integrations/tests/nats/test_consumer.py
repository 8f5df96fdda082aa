"""Subscriptions that are fed from NATS miss nothing, whether it is there or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import pytest
from gongzhi_integrations.nats.consumer import Consumer
from gongzhi_server.events.feed import EventFeed

from .conftest import Cluster, Outbox, SealedCursors, passed

pytestmark = pytest.mark.slow


class Reads:
    """The table, and how often it was asked for events."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox, self.count = outbox, 0

    async def fetch(self, sql: str, *values: Any) -> Any:
        self.count += "o.position >" in sql
        connection = await asyncpg.connect(self.outbox.dsn)  # the outbox's own is busy writing
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()


@asynccontextmanager
async def running(*runs: Any) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(run()) for run in runs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until(feed: EventFeed, position: int) -> list[str]:
    """The ids of what is told, up to this position."""
    found: list[str] = []
    async with asyncio.timeout(20):
        while len(found) < position:
            found += [str(one.id) for one in await feed.after(len(found))]
    return found


async def test_events_come_from_nats_and_from_the_table(outbox: Outbox, cluster: Cluster) -> None:
    reads = Reads(outbox)
    feed = EventFeed(reads.fetch, poll=0.1)
    feed.followers = 1
    await feed.open()
    consumer = Consumer(cluster.servers, feed, SealedCursors())
    async with outbox.copying(cluster):
        written = await outbox.write(2)
        await passed(cluster, 2)
        async with running(feed.run, consumer.run):
            assert await until(feed, 2) == written  # before it listened: from the table
            async with asyncio.timeout(10):
                while not feed.relied:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            before = reads.count
            for _ in range(5):
                written += await outbox.write(3)
                assert await until(feed, len(written)) == written
            assert reads.count == before  # the table was not asked
            one = (await feed.after(len(written) - 1))[0]
            row = await outbox.connection.fetchrow("select * from events.outbox where id = $1", one.id)
            assert row and (one.position, one.type, one.at, one.county, one.case, one.version) == (
                row["position"], row["type"], row["at"], row["county_id"], row["case_id"], row["version"],
            )  # fmt: skip
            await cluster.kill(0)
            written += await outbox.write(3)
            assert await until(feed, len(written)) == written  # NATS is dead: from the table
            await cluster.launch(0)
            await passed(cluster, len(written))
            written += await outbox.write(3)
            assert await until(feed, len(written)) == written
