"""uvicorn replies: whole requests and whole replies, past the messages of ASGI where nothing stands between.

By ASGI every header of every reply is searched twice for wrong bytes and written in lower case again, which costs as
much as all that the gateway does. Ours are fixed, and what they are written as is made once. Behind middleware, or
another server, `take_body` and `write_reply` do nothing, and the messages are sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from logging import INFO
from typing import Any

from starlette.types import Receive, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

__all__ = ["take_body", "write_reply"]

Header = tuple[bytes, bytes]


def take_body(receive: Receive) -> bytes | None:
    """Return the body if all of it has arrived; None if it has to be received."""
    cycle = find_cycle(receive)
    if cycle is None or cycle.more_body or cycle.disconnected or cycle.response_complete:
        return None
    if cycle.waiting_for_100_continue:  # who waits to be told to go on is told so by `receive`
        return None
    cycle.flow.resume_reading()
    # From now on the event means that the client is gone.
    cycle.message_event.clear()
    body, cycle.body = bytes(cycle.body), bytearray()
    return body


async def write_reply(send: Send, status: int, fixed: tuple[Header, ...], extra: Iterable[Header], body: bytes) -> bool:
    """Write a whole reply; return False if it has to be sent by messages. `fixed` headers are the same each time."""
    cycle = find_cycle(send)
    if cycle is None or cycle.response_started or cycle.scope["method"] == "HEAD":
        return False
    head = [write_fixed(status, tuple(cycle.default_headers), fixed)]
    for name, value in extra:
        # What a proxy would take for the end of a header must not be in one; uvicorn says so in its own words.
        if name == b"connection" or b"\r" in value or b"\n" in value or b"\0" in value:
            return False
        head += name, b": ", value, b"\r\n"
    head.append(b"content-length: %d\r\n\r\n" % len(body) if cycle.keep_alive else CLOSING % len(body))
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    if cycle.disconnected:
        return True
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.writelines([*head, body])
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


CLOSING = b"connection: close\r\ncontent-length: %d\r\n\r\n"


@lru_cache(64)
def write_fixed(status: int, default: tuple[Header, ...], fixed: tuple[Header, ...]) -> bytes:
    """Write the status line and the headers that are the same for many replies; the date is, for a second."""
    lines = (name + b": " + value + b"\r\n" for name, value in (*default, *fixed))
    return b"".join([STATUS_LINE[status], *lines])


def find_cycle(call: Any) -> RequestResponseCycle | None:
    """Return uvicorn's object behind `receive` or `send`, unless something stands between, or logs replies."""
    cycle = getattr(call, "__self__", None)
    if type(cycle) is not RequestResponseCycle or (cycle.access_log and cycle.access_logger.isEnabledFor(INFO)):
        return None
    return cycle
