"""The process that leads is frozen, as by a debugger or a machine without power: another one takes over in seconds."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from gongzhi_server.testing import SECRET

from .conftest import CURSORS, learn_epochs
from .test_kills import Patient, written

pytestmark = pytest.mark.slow

REPLACED = 5.0
"""Seconds until another process leads."""
LEADS = """select a.application_name from pg_locks l join pg_stat_activity a using (pid)
where l.locktype = 'advisory' and l.granted and ((l.classid::bigint << 32) | l.objid::bigint) = $1"""


@asynccontextmanager
async def process(dsn: str, data: Path, port: int, role: str = "all") -> AsyncIterator[Process]:
    """A process of the deployment, once it answers or works."""
    environment = os.environ | {
        "DATABASE_URL": dsn, "GONGZHI_MODE": "development", "GONGZHI_SECRET": SECRET, "GONGZHI_ROLE": role,
        "PORT": str(port), "GONGZHI_DATA": str(data), "GONGZHI_POOL": "4", "GONGZHI_URL": "http://127.0.0.1:8000",
    }  # fmt: skip
    command = (sys.executable, "-m", "gongzhi_server", "serve")
    made = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=DEVNULL)
    assert made.stdout and "Gongzhi" in (await made.stdout.readline()).decode()
    try:
        yield made
    finally:
        if made.returncode is None:
            made.send_signal(signal.SIGKILL)
            await made.wait()


@pytest.mark.parametrize("role", ["all", "work"])
async def test_frozen_leader_is_replaced(own: str, tmp_path: Path, role: str) -> None:
    """Under load: none is lost, none comes twice, all in order; handlers go on, and it thaws in vain."""
    patient = Patient(own, tmp_path)
    database = await asyncpg.connect(own)
    await learn_epochs(database)
    start = await database.fetchval("select given from events.counter")
    async with process(own, tmp_path, 0, role) as leader:
        while not await database.fetchval("select count(*) from pg_locks where locktype = 'advisory'"):
            await asyncio.sleep(0.05)
        async with process(own, tmp_path, patient.port):
            following = asyncio.create_task(patient.follow(CURSORS.seal(start)))
            writing = [asyncio.create_task(patient.write()) for _ in range(4)]
            for _ in range(2):
                await patient.until(len(patient.told) + 20)
                leader.send_signal(signal.SIGSTOP)
                frozen = time.monotonic()
                await patient.until(len(patient.told) + 1 + await unnumbered(database))
                assert time.monotonic() - frozen < REPLACED
                await patient.until(len(patient.told) + 20)
                leader.send_signal(signal.SIGCONT)
            await patient.until(len(patient.told) + 20)
            patient.over = True
            await asyncio.gather(*writing)
            rows = await written(database, start)
            await patient.until(len(rows))
            assert [one["id"] for one in patient.told] == [str(row["id"]) for row in rows]
            async with asyncio.timeout(60):
                while await database.fetchval("select min(position) from events.consumer") < await last(database):
                    await asyncio.sleep(0.1)
            following.cancel()
    await database.close()


async def unnumbered(database: asyncpg.Connection) -> int:
    """How many events have no position yet: what the leader has numbered just before is no proof."""
    return int(await database.fetchval("select count(*) from events.outbox where position is null"))


async def last(database: asyncpg.Connection) -> int:
    return int(await database.fetchval("select given from events.counter"))
