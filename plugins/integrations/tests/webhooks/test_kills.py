"""The server is killed again and again under load; a receiver gets every event, and what comes twice is the same."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.clock import clock
from gongzhi_server.testing import SECRET, create_database, drop_database

from benchmarks.ports import find_free_port

from .conftest import KEY, MATTER, enrol
from .receivers import Receiver

pytestmark = pytest.mark.slow


REPORT = "mutation($input: ReportCaseInput!) { reportCase(input: $input) { case { number } errors { code } } }"
ACCEPT = "mutation($input: AcceptCaseInput!) { acceptCase(input: $input) { case { number } errors { code } } }"
CREATE = "mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } errors { code } } }"


TOLD = """
select o.id from events.outbox o join cases."case" c on c.id = o.case_id
where o.position > $1 and not o.internal and c.series = 'ORDINARY'
"""


class Mortal:
    """A server that dies, and those who write to it."""

    def __init__(self, dsn: str, data: Path) -> None:
        self.dsn, self.data = dsn, data
        self.port = find_free_port()
        claims = {"sub": "tester", "role": "county_dispatcher", "grid": "610921"}
        self.token = Tokens(SECRET).issue(claims, clock())
        self.over = False

    async def start(self) -> Process:
        environment = os.environ | {
            "DATABASE_URL": self.dsn, "GONGZHI_MODE": "development", "GONGZHI_SECRET": SECRET,
            "PORT": str(self.port), "GONGZHI_DATA": str(self.data), "GONGZHI_POOL": "4",
            "GONGZHI_WEBHOOK_NETWORKS": "127.0.0.0/8",
        }  # fmt: skip
        command = (sys.executable, "-m", "gongzhi_server", "serve")
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=DEVNULL)
        assert process.stdout and b"answers at" in await process.stdout.readline()
        return process

    async def write(self) -> None:
        """Report cases and accept them; what is not answered is sent again under the same key."""
        while not self.over:
            number = (await self.do(REPORT, self.token, **MATTER))["reportCase"]["case"]["number"]
            await self.do(ACCEPT, self.token, number=number, expectedVersion=1)

    async def do(self, query: str, token: str, **given: Any) -> Any:
        body = {"query": query, "variables": {"input": {"idempotencyKey": str(uuid4()), **given}}}
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=headers) as client:
            while True:
                with suppress(httpx.HTTPError, OSError):
                    reply = await client.post("/graphql", json=body)
                    if "data" in reply.json():
                        assert "errors" not in reply.json(), reply.json()
                        return reply.json()["data"]
                await asyncio.sleep(0.05)  # it is dead


@pytest_asyncio.fixture
async def own(postgres: str, small_county: str) -> AsyncIterator[str]:
    """The address of a copy of the demo county that nobody else writes into."""
    name = f"test_{uuid4().hex}"
    yield await create_database(postgres, name, small_county)
    await drop_database(postgres, name)


async def survive(dsn: str, data: Path, receiver: Receiver, kills: int, seed: int) -> None:
    luck, mortal = random.Random(seed), Mortal(dsn, data)
    database = await asyncpg.connect(dsn)
    await enrol(database)
    process = await mortal.start()
    asked = {"url": receiver.url, "grid": "610921", "selection": "{ number status }"}
    assert (await mortal.do(CREATE, KEY, **asked))["createWebhook"]["errors"] == []
    start = await database.fetchval("select position from webhooks.webhook")
    writing = [asyncio.create_task(mortal.write()) for _ in range(4)]
    try:
        for _ in range(kills):
            await until(receiver, len(receiver.got) + luck.randrange(1, 25))
            process.send_signal(signal.SIGKILL)
            await process.wait()
            process = await mortal.start()
        mortal.over = True
        await asyncio.gather(*writing)
        written = {str(row["id"]) for row in await wait_for_events(database, start)}
        async with asyncio.timeout(60):
            while await database.fetchval("select exists (select from webhooks.delivery where state = 'WAITING')"):
                await asyncio.sleep(0.05)  # it is delivering
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await database.close()
    compare_deliveries(receiver, written)


def compare_deliveries(receiver: Receiver, written: set[str]) -> None:
    """Every event came; what came twice was the same; each case came in its order."""
    texts = defaultdict(set)
    steps = defaultdict(list)
    for got in receiver.got:
        texts[got.headers["webhook-id"]].add(got.text)
        steps[got.body["subject"]].append(got.body["type"])
    assert set(texts) == written
    assert all(len(of) == 1 for of in texts.values())
    ours = [told for told in steps.values() if "case.reported" in told]  # clocks move others
    assert ours and all(list(dict.fromkeys(told)) == ["case.reported", "case.accepted"] for told in ours)


async def until(receiver: Receiver, count: int) -> None:
    """Wait until so many deliveries have come in."""
    async with asyncio.timeout(60):
        while len(receiver.got) < count:
            receiver.more.clear()
            await receiver.more.wait()


async def wait_for_events(database: asyncpg.Connection[Any], start: int) -> list[Any]:
    """All that the system may know of, once every event has its position and has been looked at for the endpoint."""
    behind = """
    select exists (select from events.outbox where position is null)
      or (select position from webhooks.webhook) < (select given from events.counter)
    """
    async with asyncio.timeout(60):
        while await database.fetchval(behind):
            await asyncio.sleep(0.05)  # somebody else numbers and looks
    return list(await database.fetch(TOLD, start))


async def test_nothing_lost_over_kills(own: str, tmp_path: Path, receiver: Receiver) -> None:
    await survive(own, tmp_path, receiver, kills=3, seed=8)


@pytest.mark.slow
async def test_nothing_lost_over_many_kills(own: str, tmp_path: Path, receiver: Receiver) -> None:
    await survive(own, tmp_path, receiver, kills=50, seed=88)
