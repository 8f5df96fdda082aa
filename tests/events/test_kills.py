"""The server is killed again and again under load; who follows it loses nothing and gets nothing twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.clock import clock
from gongzhi_server.testing import SECRET
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from benchmarks.ports import find_free_port

from .conftest import EVENTS, MATTER

pytestmark = pytest.mark.slow


AWAY = (OSError, WebSocketException, InvalidHandshake, TimeoutError, httpx.HTTPError)
REPORT = "mutation($input: ReportCaseInput!) { reportCase(input: $input) { case { number } errors { code } } }"
ACCEPT = "mutation($input: AcceptCaseInput!) { acceptCase(input: $input) { case { number } errors { code } } }"


class Patient:
    """A server that dies, those who write to it, and one who follows it."""

    def __init__(self, dsn: str, data: Path) -> None:
        self.dsn, self.data = dsn, data
        self.port = find_free_port()
        claims = {"sub": "tester", "role": "county_dispatcher", "grid": "610921"}
        self.headers = {"authorization": f"Bearer {Tokens(SECRET).issue(claims, clock())}"}
        self.told: list[Any] = []
        self.more = asyncio.Event()
        self.over = False

    async def start(self) -> Process:
        environment = os.environ | {
            "DATABASE_URL": self.dsn, "GONGZHI_MODE": "development", "GONGZHI_SECRET": SECRET,
            "PORT": str(self.port), "GONGZHI_DATA": str(self.data), "GONGZHI_POOL": "4",
        }  # fmt: skip
        command = (sys.executable, "-m", "gongzhi_server", "serve")
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=DEVNULL)
        assert process.stdout and b"answers at" in await process.stdout.readline()
        return process

    async def write(self) -> None:
        """Report cases and accept them; what is not answered is sent again under the same key."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=self.headers) as client:
            while not self.over:
                number = (await self.do(client, REPORT, **MATTER))["reportCase"]["case"]["number"]
                await self.do(client, ACCEPT, number=number, expectedVersion=1)

    async def do(self, client: httpx.AsyncClient, query: str, **given: Any) -> Any:
        body = {"query": query, "variables": {"input": {"idempotencyKey": str(uuid4()), **given}}}
        while True:
            with suppress(*AWAY):
                reply = await client.post("/graphql", json=body)
                if "data" in reply.json():
                    assert "errors" not in reply.json(), reply.json()
                    return reply.json()["data"]
            await asyncio.sleep(0.05)  # it is dead

    async def follow(self, cursor: str | None) -> None:
        """Follow it through all its lives, each time from the last cursor."""
        while True:
            with suppress(*AWAY):
                async with connect(
                    f"ws://127.0.0.1:{self.port}/graphql", subprotocols=["graphql-transport-ws"]
                ) as wire:
                    await wire.send(json.dumps({"type": "connection_init", "payload": self.headers}))
                    await wire.recv()
                    payload = {"query": EVENTS, "variables": {"after": cursor}}
                    await wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
                    async for text in wire:
                        message = json.loads(text)
                        if message["type"] == "next":
                            event = message["payload"]["data"]["caseEvents"]
                            cursor = event["cursor"]
                            self.told.append(event)
                            self.more.set()
            await asyncio.sleep(0.05)  # it is dead

    async def until(self, count: int) -> None:
        """Wait until so many events have been told."""
        async with asyncio.timeout(60):
            while len(self.told) < count:
                self.more.clear()
                await self.more.wait()


async def survive(dsn: str, data: Path, kills: int, seed: int) -> None:
    luck, patient = random.Random(seed), Patient(dsn, data)
    database = await asyncpg.connect(dsn)
    start = await database.fetchval("select given from events.counter")
    from .conftest import CURSORS, learn_epochs

    await learn_epochs(database)
    process = await patient.start()
    following = asyncio.create_task(patient.follow(CURSORS.seal(start)))
    writing = [asyncio.create_task(patient.write()) for _ in range(4)]
    try:
        for _ in range(kills):
            await patient.until(len(patient.told) + luck.randrange(1, 25))
            process.send_signal(signal.SIGKILL)
            await process.wait()
            process = await patient.start()
        patient.over = True
        await asyncio.gather(*writing)
        rows = await written(database, start)
        await patient.until(len(rows))
        assert [one["id"] for one in patient.told] == [str(row["id"]) for row in rows]
        steps = defaultdict(list)
        for one in patient.told:
            steps[one["data"]["number"]].append(one["type"])
        ours = {tuple(types) for types in steps.values() if "case.reported" in types}  # clocks move others
        assert ours == {("case.reported", "case.accepted")}
    finally:
        following.cancel()
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        await database.close()


async def written(database: asyncpg.Connection[Any], start: int) -> list[Any]:
    """All that has happened, once every event has its position."""
    while await database.fetchval("select exists (select from events.outbox where position is null)"):
        await asyncio.sleep(0.05)  # somebody else numbers
    return list(await database.fetch("select id from events.outbox where position > $1 order by position", start))


async def test_nothing_lost_over_kills(own: str, tmp_path: Path) -> None:
    await survive(own, tmp_path, kills=5, seed=8)


@pytest.mark.slow
async def test_nothing_lost_over_many_kills(own: str, tmp_path: Path) -> None:
    await survive(own, tmp_path, kills=50, seed=88)
