"""Proxy: a TCP port in front of another, which cuts, holds or delays what goes through it."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress

Connect = Callable[[], Awaitable[tuple[StreamReader, StreamWriter]]]


class Proxy:
    """Relays connections to wherever `connect` leads at the moment.

    While it is not `open` bytes wait on their way, as they do while packets are lost, and no connection comes about.
    """

    def __init__(self, connect: Connect) -> None:
        self.connect, self.port, self.delay = connect, 0, 0.0
        self.open = asyncio.Event()
        self.open.set()
        self.streams = set[StreamWriter]()

    async def start(self) -> asyncio.Server:
        """Listen on a free port of this machine."""
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def cut(self) -> None:
        """End all connections, without the farewell that TCP has."""
        for stream in list(self.streams):
            stream.transport.abort()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Relay a connection both ways until one side ends it."""
        other = None
        self.streams.add(writer)
        try:
            await self.open.wait()
            inner, other = await self.connect()
            self.streams.add(other)
            pumps = [asyncio.ensure_future(self.pump(reader, other)), asyncio.ensure_future(self.pump(inner, writer))]
            _, running = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for one in running:
                one.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            pass  # nobody listens there now, which the other side learns by the end of its connection
        finally:
            for stream in (writer, other):
                if stream is not None:
                    self.streams.discard(stream)
                    with suppress(OSError):
                        stream.close()

    async def pump(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Relay bytes one way."""
        with suppress(OSError):
            while data := await reader.read(65_536):
                await asyncio.sleep(self.delay)
                await self.open.wait()
                writer.write(data)
                await writer.drain()
