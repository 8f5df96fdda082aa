"""uvicorn protocols: hardened so that slow clients are given up and wrong bytes are answered, not logged."""

from __future__ import annotations

import socket
from asyncio import BaseTransport, TimerHandle
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from websockets.frames import Frame

__all__ = ["HttpProtocol", "WebSocketProtocol", "protocol_with_timeout"]

FRAGMENTS = 100  # frames of a message kept apart
UNSENT = 131_072
"""Bytes the kernel takes for a client that has no room for them; by itself it takes some megabytes of each."""
REFUSED = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
HEAD = 131_072
"""Bytes of the head of a request that are read; the gateway refuses most of that by `limits.headers`, with words."""


class HttpProtocol(HttpToolsProtocol):
    """The protocol to start uvicorn with: `Config(http=protocol_with_timeout(seconds))`.

    uvicorn waits without end for a connection to say something, for the rest of a request's head, and for what is left
    of a body that nobody reads any more; and it keeps a head of any size. Bodies that somebody reads have their time
    limits where they are read. The callbacks are those of httptools, and of asyncio's protocols.
    """

    seconds = 10.0

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin to wait for the head of the first request."""
        self._size = 0
        self._deadline: TimerHandle | None = None
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer of a connection that is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, bound the size of a head, and keep the deadline for one that is not complete."""
        super().data_received(data)
        cycle = self.cycle
        if cycle is not None and cycle.scope is self.scope:  # the head is complete, and nothing of another one is here
            self._size = 0
            self._stop_waiting()
            if not cycle.response_complete:
                return
        else:
            self._size += len(data)
            if self._size > HEAD and not self.transport.is_closing():
                self.transport.write(REFUSED)
                self.transport.close()
        if self._deadline is None:  # the head is not complete, or these bytes belong to no request that anybody answers
            self._expect()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection to the WebSocket protocol."""
        super().handle_websocket_upgrade()
        self._stop_waiting()
        self._expect = lambda: None  # type: ignore[method-assign]  # from now on the connection is Wire's

    def _expect(self) -> None:
        """Start the time for the head of a request."""
        self._deadline = self.loop.call_later(self.seconds, self._give_up)

    def _stop_waiting(self) -> None:
        """Stop the time for the head of a request."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        """Close the connection. Whoever has begun a request is told why, unless an answer is under way."""
        self._deadline = None
        if self.transport.is_closing():
            return
        if self._size and (self.cycle is None or self.cycle.response_complete):
            self.transport.write(LATE)
        self.transport.close()


def protocol_with_timeout(seconds: float) -> type[HttpProtocol]:
    """Return the protocol with so many seconds for a head."""
    return type("Http", (HttpProtocol,), {"seconds": seconds})


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """The protocol to start uvicorn with: `Config(ws=WebSocketProtocol)`.

    uvicorn logs a traceback for text that is not UTF-8, keeps every empty fragment of a message, and never answers a
    handshake that websockets cannot read, such as one with a very long header. And it lets go of a client only once
    that has read everything, so one that reads nothing would stay for ever.
    """

    def connection_made(self, transport: BaseTransport) -> None:
        """Have the kernel take little for a client that does not read."""
        super().connection_made(transport)
        wire = transport.get_extra_info("socket")
        if wire is not None and wire.family in (socket.AF_INET, socket.AF_INET6):
            # With a low bound a send waits soon, and the gateway
            # notices a slow client before megabytes lie in the kernel.
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)

    async def run_asgi(self) -> None:
        """Run the application, and cut off a client that has not read everything by its end."""
        await super().run_asgi()
        if not self.writable.is_set():
            self.transport.abort()

    def keepalive_timeout(self) -> None:
        """Cut off a client that does not answer pings."""
        super().keepalive_timeout()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer a handshake that cannot be read, which uvicorn leaves open."""
        super().data_received(data)
        if self.conn.handshake_exc and not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(REFUSED)
            self.transport.close()

    def handle_cont(self, event: Frame) -> None:
        """Join many small frames of a message, which uvicorn keeps one by one."""
        if len(self.frames) > FRAGMENTS:
            self.frames = [b"".join(self.frames)]
        super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Pass a text that is not UTF-8 on as bytes."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.curr_msg_data_type = "bytes"  # which the gateway refuses
        super().send_receive_event_to_app()
