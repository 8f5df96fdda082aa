"""uvicorn's WebSocket, hardened: what is wrong with a client's bytes is the client's business, not the log's."""

from __future__ import annotations

import socket
from asyncio import BaseTransport
from typing import TYPE_CHECKING

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from websockets.frames import Frame

__all__ = ["Wire"]

FRAGMENTS = 100  # frames of a message kept apart
UNSENT = 131_072
"""Bytes the kernel takes for a client that has no room for them; by itself it takes some megabytes of each."""
REFUSED = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Wire(WebSocketsSansIOProtocol):
    """The protocol to start uvicorn with: `Config(ws=Wire)`.

    uvicorn logs a traceback for text that is not UTF-8, keeps every empty fragment of a message, and never answers a
    handshake that websockets cannot read, such as one with a very long header. And it lets go of a client only once
    that has read everything, so one that reads nothing would stay for ever.
    """

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        wire = transport.get_extra_info("socket")
        if wire is not None and wire.family in (socket.AF_INET, socket.AF_INET6):
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.writable.is_set():
            self.transport.abort()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc and not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(REFUSED)
            self.transport.close()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) > FRAGMENTS:
            self.frames = [b"".join(self.frames)]
        super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.curr_msg_data_type = "bytes"  # which the gateway refuses
        super().send_receive_event_to_app()
