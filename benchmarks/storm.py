"""Storm: how long a thousand alarms take until each is a case, by way of a plugin's handler."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
from gongzhi.core.cases.models import CaseKind
from gongzhi.core.cases.opening import CaseDraft, open_cases
from gongzhi.declare.events import Code, Event, Occurrence, event
from gongzhi.plugin.hooks import hookimpl
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import Handler, handler
from gongzhi_server import testing
from rich.console import Console
from rich.table import Table

from .bars import verdict
from .lifecycles import GRID, grown

ALARMS, BAR = 1000, 10.0
"""How many alarms there are, and the seconds they may take."""
SOUND = """
insert into events.outbox (id, type, version, internal, data, at, actor)
select gen_random_uuid(), 'storm.alarm', 1, true, jsonb_build_object('sensor', 'S' || n, 'grid', $1::text), now(),
  'SYSTEM'
from generate_series(1, $2::int) n
"""


@event("storm.alarm", "A sensor raised an alarm (传感器告警).", internal=True)
class Alarm(Event):
    sensor: Code
    grid: Code


@handler("storm.open_cases", Alarm, batch=500, together=True)
async def open_for_alarms(call: Call, alarms: Sequence[Occurrence]) -> None:
    """Open a case of each alarm."""
    found = [alarm.read(Alarm) for alarm in alarms]
    where = [(f"传感器 {one.sensor} 告警", one.grid) for one in found]
    drafts = [
        CaseDraft(CaseKind.HELP, "IOT", "environment.bins", title, "超过阈值。", grid, external=True)
        for title, grid in where
    ]
    await open_cases(call, drafts)


class Storm:
    """A plugin that declares the alarm and opens cases of alarms."""

    @hookimpl
    def events(self) -> list[type[Event]]:
        """Declare the alarm."""
        return [Alarm]

    @hookimpl
    def handlers(self) -> list[Handler]:
        """Declare the handler that opens cases."""
        return [open_for_alarms]


def measure(console: Console, dsn: str) -> dict[str, Any]:
    """Measure the seconds from the alarms until each is a case and all else that reports bring about is done."""
    with grown(dsn, 0) as (copy, _), tempfile.TemporaryDirectory() as data:
        found = asyncio.run(stormed(copy, Path(data)))
    made = Table("alarms", "cases", "seconds until all are cases", "and all that follows", "")
    kept = verdict(found["seconds"] <= BAR and found["cases"] == ALARMS)
    made.add_row(f"{ALARMS:,}", f"{found['cases']:,}", f"{found['seconds']:.1f}", f"{found['followed']:.1f}", kept)
    console.print(made)
    return found


async def stormed(dsn: str, data: Path) -> dict[str, Any]:
    """Raise the alarms and wait for their cases."""
    plugins = testing.essential_with("storm", Storm())
    async with testing.serve_application(dsn, data, plugins=plugins) as server:
        await server.worker.drain()  # what the county had left to do
        database = await asyncpg.connect(dsn)
        try:
            before = await database.fetchval("select count(*) from cases.case")
            await database.execute(SOUND, GRID, ALARMS)
            began = time.perf_counter()
            # Looked for while the worker is busy: it does not tell when the last case is open.
            seen = asyncio.create_task(until(database, before + ALARMS))
            await server.worker.drain()
            followed = time.perf_counter() - began
            return {
                "cases": await database.fetchval("select count(*) from cases.case") - before,
                "seconds": round(await asyncio.wait_for(seen, 60) - began, 2),
                "followed": round(followed, 2),
            }
        finally:
            await database.close()


async def until(database: asyncpg.Connection[Any], cases: int) -> float:
    """Return the moment at which there are so many cases, looked for on a connection of its own."""
    while True:
        async with asyncio.timeout(60):
            if await database.fetchval("select count(*) from cases.case") >= cases:
                return time.perf_counter()
        await asyncio.sleep(0.05)
