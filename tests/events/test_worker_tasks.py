"""Handlers and jobs side by side: one that is slow holds up nothing else, and all of them take few connections."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest_asyncio
from gongzhi_server.jobs.worker_tasks import PASSED_OVER, WorkerTasks
from gongzhi_server.testing import Server, serve_application

from ..plugins.conftest import Market, market  # noqa: F401 - a fixture
from .conftest import MATTER

DRUM = """
import asyncio
from gongzhi.core.cases.events import Reported, Voided
from gongzhi.runtime.jobs import handler, job

gate, beat = asyncio.Event(), asyncio.Event()
begun, slow, quick = [], [], []


@handler("drum.slow", Reported)
async def slowly(call, event):
    begun.append(event.data["number"])
    beat.set()
    await gate.wait()
    slow.append(event.data["number"])
    beat.set()


@handler("drum.quick", Reported)
async def quickly(call, event):
    quick.append(event.data["number"])
    call.enqueue(late, str(event.id))
    beat.set()


@handler("drum.silent", Voided)
async def silently(call, event):
    raise NotImplementedError


@job("drum.late")
async def late(call, run):
    await gate.wait()


@hookimpl
def handlers():
    return [slowly, quickly, silently]


@hookimpl
def jobs():
    return [late]
"""


BEHIND = "select n.given - c.position from events.consumer c, events.counter n where c.name = $1"
REPORTED = "select count(*) from events.outbox where type = 'case.reported' and county_id is not null"


class Drum:
    """The plugin and the server it is in."""

    def __init__(self, server: Server, module: Any, database: asyncpg.Connection[Any]) -> None:
        self.server, self.module, self.database = server, module, database

    async def report(self) -> str:
        payload = await self.server.do("reportCase", "case { number }", **MATTER)
        await self.database.execute("select events.number(1000)")
        return str(payload["case"]["number"])

    @asynccontextmanager
    async def going(self, most: int) -> AsyncIterator[WorkerTasks]:
        hand = self.server.worker
        lines = WorkerTasks(hand.worker, most)
        task = asyncio.create_task(hand.runtime.run(lines.run()))
        yield lines
        task.cancel()
        await asyncio.wait([task])

    async def until(self, numbers: list[str], *heard: list[str]) -> None:
        """Wait until each of these has heard of all cases."""
        async with asyncio.timeout(20):
            while any(numbers != one for one in heard):
                await self.module.beat.wait()
                self.module.beat.clear()


@pytest_asyncio.fixture
async def drum(market: Market, own: str, tmp_path: Path) -> AsyncIterator[Drum]:  # noqa: F811
    package = market.ship("drum", DRUM)
    database = await asyncpg.connect(own)
    async with serve_application(own, tmp_path, plugins=market.load()) as server:
        yield Drum(server, sys.modules[package], database)
    await database.close()


async def test_slow_one_holds_up_nobody(drum: Drum) -> None:
    """Neither another handler nor, once its job is stuck as well, what that handler does next."""
    async with drum.going(most=4) as lines:
        numbers = []
        for _ in range(3):
            numbers.append(await drum.report())
            lines.call()
            await drum.until(numbers, drum.module.quick)
        assert drum.module.slow == []
        drum.module.gate.set()
        await drum.until(numbers, drum.module.slow)


async def test_a_handler_that_wants_none_of_it_is_passed_over(drum: Drum) -> None:
    """Its place moves when many events have happened, or nothing happens any more, and it is never given a turn."""
    tasks = WorkerTasks(drum.server.worker.worker, most=4)

    async def look(quiet: bool) -> tuple[set[str], int]:
        tasks.quiet = quiet
        busy = {name for _, name in await drum.server.worker.runtime.run(tasks.busy()) if name.startswith("drum.")}
        return busy, await drum.database.fetchval(BEHIND, "drum.silent")

    await drum.report()
    busy, behind = await look(quiet=False)
    assert busy == {"drum.slow", "drum.quick"} and 0 < behind < PASSED_OVER
    assert await look(quiet=True) == (busy, 0)
    while await drum.database.fetchval(BEHIND, "drum.silent") < PASSED_OVER:
        await drum.report()
    assert await look(quiet=False) == (busy, 0)
    # Those who want what has happened have lost none of it.
    drum.module.gate.set()
    await drum.server.worker.drain()
    assert len(drum.module.quick) == len(drum.module.slow) == await drum.database.fetchval(REPORTED)


async def test_one_place_is_enough(drum: Drum) -> None:
    """With a single connection everything is done in turn."""
    drum.module.gate.set()
    numbers = [await drum.report() for _ in range(3)]
    async with drum.going(most=1) as lines:
        await drum.until(numbers, drum.module.quick, drum.module.slow)
        assert len(lines.under_way) <= 1


async def test_stopping_takes_back(drum: Drum) -> None:
    """What is under way when the server stops has not happened, and happens again."""
    number = await drum.report()
    async with drum.going(most=4) as lines:
        await drum.until([number], drum.module.begun)
        assert ("handler", "drum.slow") in lines.under_way
    assert lines.under_way == set() and drum.module.slow == []
    drum.module.gate.set()
    await drum.server.worker.drain()
    assert drum.module.slow == [number]
