"""`gongzhi-listen` sends what happens to an address on one's own machine as an endpoint would get it."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from gongzhi_client import WrongSignature, read_webhook

from .conftest import Station

FOLDER = Path(__file__).parents[2] / "clients" / "python"
PAGE = (FOLDER.parents[1] / "docs" / "integrators" / "webhooks.md").read_text(encoding="utf-8")
SECRET = f"whsec_{'a' * 43}="


@asynccontextmanager
async def receiving(status: int = 204) -> AsyncIterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A receiver on a loopback port, and what came in."""
    got: list[tuple[dict[str, str], bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        got.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/events", got
    finally:
        server.close()


@asynccontextmanager
async def listening(station: Station, *arguments: str, secret: str = SECRET) -> AsyncIterator[Any]:
    """The command, with what it has printed until it listens."""
    token = station.as_("integrator", grid="610921").headers["authorization"].removeprefix("Bearer ")
    environment = {
        **os.environ, "GONGZHI_URL": station.url, "GONGZHI_TOKEN": token, "PYTHONPATH": str(FOLDER),
        "WEBHOOK_SECRET": secret,
    }  # fmt: skip
    command = (sys.executable, "-m", "gongzhi_client.listening", *arguments)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE)
    assert process.stdout
    try:
        async with asyncio.timeout(60):
            said = []
            while not said or said[-1] != "listening":
                said.append((await process.stdout.readline()).decode().strip())
            yield process.stdout, said
    finally:
        process.kill()
        await process.communicate()


async def test_it_sends_what_an_endpoint_gets(station: Station) -> None:
    """Signed, in the envelope of the page, with what is selected of the case; other types are left out."""
    selection = "{ number status }"
    async with (
        receiving() as (url, got),
        listening(station, url, "--type", "case.reported", "--selection", selection) as (out, _),
    ):
        number = await station.report()
        assert (await out.readline()).decode() == f"case.reported {number} 204\n"
    [(headers, body)] = got
    event: Any = read_webhook(body, headers, SECRET)
    assert event["subject"] == number and event["data"]["case"]["number"] == number
    assert headers["webhook-id"] == event["id"]
    [shown] = re.findall(r"```json\n(\{\"specversion\".*?)```", PAGE, re.DOTALL)
    wanted = orjson.loads(shown)
    assert event.keys() == wanted.keys() and event["data"].keys() == wanted["data"].keys()
    with pytest.raises(WrongSignature):
        read_webhook(body, headers, f"whsec_{'b' * 43}=")


async def test_it_makes_a_secret_and_goes_on_after_a_refusal(station: Station) -> None:
    async with receiving(500) as (url, got), listening(station, url, secret="") as (out, said):
        secret = said[0].removeprefix("WEBHOOK_SECRET=")
        numbers = [await station.report() for _ in range(2)]
        lines = [(await out.readline()).decode().split() for _ in range(2)]
    assert [line[1:] for line in lines] == [[number, "500"] for number in numbers]
    events: list[Any] = [read_webhook(body, headers, secret) for headers, body in got]
    assert [one["sequence"] for one in events] == ["0000000000000001", "0000000000000002"]
    assert all("case" not in one["data"] for one in events)
