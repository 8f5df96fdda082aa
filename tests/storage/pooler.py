"""Pooler: stands before a PostgreSQL as pgbouncer does, and lends its connections for a session or a transaction."""

from __future__ import annotations

import asyncio
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from secrets import token_bytes
from typing import Literal
from urllib.parse import parse_qs, urlsplit

SSL, CANCEL = 80877103, 80877102
KNOWN = {"user", "database", "application_name", "client_encoding", "DateStyle", "TimeZone"}
"""Parameters of a connection's beginning that such poolers know; they refuse all others."""
Streams = tuple[StreamReader, StreamWriter]


class Pooler:
    """Lends connections to one database, each for a session or for a transaction, the one that came back last first."""

    def __init__(self, dsn: str, mode: Literal["session", "transaction"], most: int = 100) -> None:
        url = urlsplit(dsn)
        asked = parse_qs(url.query)
        self.socket = f"{asked['host'][0]}/.s.PGSQL.{asked['port'][0]}"
        self.user, self.database, self.mode = url.username or "", url.path[1:], mode
        self.free = list[Streams]()
        self.places = asyncio.Semaphore(most)
        self.keys = dict[bytes, bytes]()
        self.refused = list[str]()
        self.lent = 0
        """How often a connection was lent."""
        self.tasks, self.streams = set[asyncio.Task[None] | None](), set[StreamWriter]()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one client until it goes."""
        self.tasks.add(asyncio.current_task())
        self.streams.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            body = await read_beginning(reader, writer)
            if struct.unpack("!I", body[:4])[0] == CANCEL:
                await self.cancel(body[4:])
            elif await self.admit(body[4:], writer):
                await self.lend(reader, writer)
        writer.close()

    async def admit(self, said: bytes, writer: StreamWriter) -> bool:
        """Refuse a client that begins with parameters that nobody here knows."""
        names = said.rstrip(b"\0").split(b"\0")[::2]
        unknown = [name.decode() for name in names if name.decode() not in KNOWN]
        if unknown:
            self.refused += unknown
            text = f"SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: {unknown[0]}\0\0".encode()
            writer.write(b"E" + struct.pack("!I", len(text) + 4) + text)
            await writer.drain()
        return not unknown

    async def open(self) -> tuple[Streams, list[bytes], bytes]:
        """Connect to the database; return what it says of itself, and the key by which it cancels."""
        inner, outer = await asyncio.open_unix_connection(self.socket)
        self.streams.add(outer)
        text = b"".join(f"{name}\0".encode() for name in ("user", self.user, "database", self.database)) + b"\0"
        outer.write(struct.pack("!II", len(text) + 8, 196608) + text)
        said, key = list[bytes](), b""
        while (message := await read_message(inner))[:1] != b"Z":
            if message[:1] == b"K":
                key = message[5:]
            else:
                said.append(message)
        return (inner, outer), said, key

    async def lend(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Greet a client and relay what it says to the connections that it is lent."""
        server, said, key = await self.open()
        mine = token_bytes(len(key))
        self.keys[mine] = key
        greeting = b"K" + struct.pack("!I", len(mine) + 4) + mine + b"Z" + struct.pack("!I", 5) + b"I"
        writer.write(b"".join(said) + greeting)
        if self.mode == "session":
            self.lent += 1
            pumps = [asyncio.create_task(pump(reader, server[1])), asyncio.create_task(pump(server[0], writer))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            # Closed both, so that either pump ends by itself.
            server[1].close()
            writer.close()
            await asyncio.wait(pumps)
        else:
            self.free.append(server)
            await self.lend_for_transactions(reader, writer)

    async def lend_for_transactions(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Relay each transaction to whichever connection is free."""
        held: Streams | None = None
        try:
            while (message := await read_message(reader))[:1] != b"X":
                if held is None:
                    await self.places.acquire()
                    held = self.free.pop() if self.free else (await self.open())[0]
                    self.lent += 1
                held[1].write(message)
                if message[:1] not in (b"Q", b"S"):
                    continue
                while True:
                    answer = await read_message(held[0])
                    writer.write(answer)
                    if answer[:1] == b"Z":
                        break
                if answer[5:] == b"I":
                    self.free.append(held)
                    self.places.release()
                    held = None
        finally:
            if held is not None:
                held[1].close()
                self.places.release()

    async def cancel(self, key: bytes) -> None:
        """Pass on that a client gives a statement up."""
        _, outer = await asyncio.open_unix_connection(self.socket)
        real = self.keys[key]
        outer.write(struct.pack("!II", len(real) + 8, CANCEL) + real)
        await outer.drain()
        outer.close()


async def read_beginning(reader: StreamReader, writer: StreamWriter) -> bytes:
    """Read how a client begins, which may first ask for TLS."""
    while True:
        [length] = struct.unpack("!I", await reader.readexactly(4))
        body = await reader.readexactly(length - 4)
        if struct.unpack("!I", body[:4])[0] != SSL:
            return body
        writer.write(b"N")


async def read_message(reader: StreamReader) -> bytes:
    """Read one message of PostgreSQL's protocol."""
    head = await reader.readexactly(5)
    return head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)


async def pump(reader: StreamReader, writer: StreamWriter) -> None:
    """Relay bytes one way."""
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def open_pooler(
    dsn: str, mode: Literal["session", "transaction"], most: int = 100
) -> AsyncIterator[tuple[Pooler, str]]:
    """Yield a pooler before a database, and the address by which it is reached."""
    pooler = Pooler(dsn, mode, most)
    server = await asyncio.start_server(pooler.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield pooler, f"postgresql://{pooler.user}@127.0.0.1:{port}/{pooler.database}"
    server.close()
    for writer in pooler.streams:
        writer.transport.abort()
    await asyncio.gather(*(one for one in pooler.tasks if one), return_exceptions=True)
