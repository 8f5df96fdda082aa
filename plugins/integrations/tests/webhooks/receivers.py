"""A receiver: an HTTP server on a loopback port that keeps what it gets and answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from standardwebhooks import Webhook


@dataclass
class Got:
    """What came in."""

    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return orjson.loads(self.text)

    @property
    def signatures(self) -> list[str]:
        return self.headers["webhook-signature"].split()

    def signed(self, secret: str) -> str:
        """What its signature should be. The library looks at the wall's clock, and tests have one of their own."""
        from datetime import UTC, datetime

        at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        return Webhook(secret).sign(self.headers["webhook-id"], at, self.text)


@dataclass
class Receiver:
    """`answer` gives the status and further headers for what came in; nothing is answered before `ready`.

    One that `keeps` connections gets a body for its answer in place of headers.
    """

    port: int = 0
    keeps: bool = False
    connections: int = 0
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], tuple[int, str]] = lambda got: (204, "")
    more: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events?from=gongzhi"

    @property
    def types(self) -> list[str]:
        return [one.body["type"] for one in self.got]

    def take(self) -> list[Got]:
        """What came in since one last asked."""
        found, self.got = self.got, []
        return found

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self.serve_one(reader, writer) and self.keeps:
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the sender was killed, or has closed a connection that was kept
        finally:
            writer.close()

    async def serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        got = Got(headers, (await reader.readexactly(int(headers.get("content-length", 0)))).decode())
        self.got.append(got)
        self.more.set()
        await self.ready.wait()
        status, extra = self.answer(got)
        ending = (
            f"content-length: {len(extra)}\r\n\r\n{extra}"
            if self.keeps
            else (f"content-length: 0\r\nconnection: close\r\n{extra}\r\n")
        )
        writer.write(f"HTTP/1.1 {status} X\r\n{ending}".encode())
        await writer.drain()
        return True


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    receiver.ready.set()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.ready.set()
        server.close()
