"""Killed clients: run a script that keeps events in SQLite, kill it again and again, and see what it has in the end."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from .conftest import Station

REPORTED = "select number from event where type = 'case.reported' order by rowid"


def read(kept: Path, query: str) -> list[Any]:
    """What the client has in its database; nothing before it has one."""
    with closing(sqlite3.connect(kept, timeout=10)) as store:
        try:
            return [value for (value,) in store.execute(query).fetchall()]
        except sqlite3.OperationalError:
            return []


async def kill(process: Process) -> None:
    process.kill()
    await process.communicate()


async def kill_while_it_follows(
    station: Station, script: Path, environment: Mapping[str, str], kills: int, patience: float
) -> tuple[list[str], list[str]]:
    """Report two cases before each kill; return the numbers that the client has, and those that were given."""
    kept, numbers = script.with_name("events.db"), list[str]()

    async def start() -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, script, kept, env=os.environ | environment, stdout=PIPE
        )

    process = await start()
    async with asyncio.timeout(patience):
        while read(kept, "select 1 from place") != [1]:
            await asyncio.sleep(0.01)  # it has begun once it has kept a cursor
        for at in range(kills):
            numbers += [await station.report(), await station.report()]
            # Killed while it takes events, before it has any, and while it starts.
            if at % 3 == 0:
                assert process.stdout
                await process.stdout.readline()
            await kill(process)
            process = await start()
        while len(read(kept, REPORTED)) < len(numbers):
            await asyncio.sleep(0.05)
    await kill(process)
    return read(kept, REPORTED), numbers
