"""Backpressure: sends messages to a client that stays connected, and gives up on one that does not read."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Send

from .limits import Limits

__all__ = ["ClientGone", "MessageSender", "ClientTooSlow"]


class ClientGone(Exception):
    """The client is gone; nobody waits for anything."""


class ClientTooSlow(Exception):
    """The client does not read what it asked for."""


class MessageSender:
    """Sends messages one by one.

    Each producer waits for its own message to leave, so there is one message waiting per operation, and of all of them
    no more than `limits.outgoing` bytes. Whoever makes us wait for longer than `limits.stalling` is slow.
    """

    def __init__(self, send: Send, limits: Limits) -> None:
        self.send, self.limits = send, limits
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.closed = False

    async def put(self, message: Message, size: int, last: bool = False) -> None:
        """Send a message. Raises ClientTooSlow or ClientGone. Nothing goes out after the last message."""
        # One message always fits, however large; only further ones wait for room.
        if self.waiting and self.waiting + size > self.limits.outgoing:
            raise ClientTooSlow
        self.waiting += size
        try:
            # The lock keeps messages whole and in order; waiting for it counts as waiting for the client.
            async with asyncio.timeout(self.limits.stalling), self.lock:
                if self.closed:
                    raise ClientGone
                self.closed = last
                await self.send(message)
        except TimeoutError:
            raise ClientTooSlow from None
        except OSError:
            raise ClientGone from None
        finally:
            self.waiting -= size
