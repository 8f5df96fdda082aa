"""The client on the page for integrators does what the page says."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import sys
from asyncio.subprocess import PIPE
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.testing import ESSENTIAL, built_graphql_schema
from graphql import parse, validate

from .conftest import Station

PAGE = (Path(__file__).parents[2] / "docs" / "integrators" / "events.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.slow)])
async def test_client_goes_on_where_it_stopped(station: Station, tmp_path: Path, kills: int) -> None:
    """Killed at any moment, it has each event once in the end, and in order."""
    [client] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    script, kept = tmp_path / "client.py", tmp_path / "events.db"
    script.write_text(client, encoding="utf-8")
    integrator = station.as_("integrator", grid="610921")
    environment = os.environ | {
        "GONGZHI_URL": station.url.replace("http", "ws", 1) + "/graphql",
        "GONGZHI_TOKEN": integrator.headers["authorization"].removeprefix("Bearer "),
    }

    async def start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(sys.executable, script, kept, env=environment, stdout=PIPE)

    process, numbers = await start(), list[str]()
    async with asyncio.timeout(20 + 5 * kills):
        while read(kept, "select 1 from place") != [(1,)]:
            await asyncio.sleep(0.01)  # it has begun once it has kept a cursor
        for at in range(kills):
            numbers += [await station.report(), await station.report()]
            # Killed while it takes events, before it has any, and while it starts.
            if at % 3 == 0:
                await process.stdout.readline()  # type: ignore[union-attr]
            process.kill()
            await process.communicate()
            process = await start()
        reported = "select number from event where type = 'case.reported' order by rowid"
        while len(read(kept, reported)) < len(numbers):
            await asyncio.sleep(0.05)
    process.kill()
    await process.communicate()
    assert [number for (number,) in read(kept, reported)] == numbers


def read(kept: Path, query: str) -> list[tuple[Any, ...]]:
    """What the client has in its database; nothing before it has one."""
    with closing(sqlite3.connect(kept, timeout=10)) as store:
        try:
            return store.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []


def test_subscriptions_are_valid() -> None:
    found = re.findall(r"```graphql subscription\n(.*?)```", PAGE, re.DOTALL)
    assert len(found) == 2 and all(validate(built_graphql_schema(ESSENTIAL), parse(one)) == [] for one in found)
