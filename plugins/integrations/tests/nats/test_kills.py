"""The process that copies is killed under load; the next one goes on."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

import pytest
from gongzhi_server.clock import clock
from gongzhi_server.testing import SECRET

from .conftest import Cluster, Outbox, complete, passed

pytestmark = pytest.mark.slow


async def served(outbox: Outbox, cluster: Cluster, data: Path) -> Process:
    environment = os.environ | {
        "DATABASE_URL": outbox.dsn, "GONGZHI_MODE": "development", "GONGZHI_SECRET": SECRET, "PORT": "0",
        "GONGZHI_DATA": str(data), "GONGZHI_POOL": "2", "GONGZHI_NATS": ",".join(cluster.addresses),
        "GONGZHI_NATS_INTEGRATORS": "610921:hotline", "GONGZHI_NATS_FEED": "yes",
    }  # fmt: skip
    command = (sys.executable, "-m", "gongzhi_server", "serve")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=DEVNULL)
    assert process.stdout and b"answers at" in await process.stdout.readline()
    return process


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
async def test_killed_process_loses_nothing(outbox: Outbox, cluster: Cluster, tmp_path: Path, kills: int) -> None:
    outbox.now = clock()  # the server throws away what is older than its own clock allows
    luck, written, over = random.Random(kills), list[str](), asyncio.Event()

    async def write() -> None:
        while not over.is_set():
            written.extend(await outbox.write(luck.randrange(1, 30)))
            await outbox.connection.execute("notify gongzhi_numbered")
            await asyncio.sleep(0.05)

    process = await served(outbox, cluster, tmp_path / "data")
    writing = asyncio.create_task(write())
    try:
        for _ in range(kills):
            await passed(cluster, len(written) + luck.randrange(1, 60), 60)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            process = await served(outbox, cluster, tmp_path / "data")
        over.set()
        await writing
        await passed(cluster, await outbox.given(), 60)
    finally:
        over.set()
        process.kill()
        await process.wait()
    async with outbox.copying(cluster):  # of what the server itself told last, another one takes care
        await passed(cluster, await outbox.given(), 60)
    async with cluster.servers.connect() as client:
        await complete(client, outbox, written)
