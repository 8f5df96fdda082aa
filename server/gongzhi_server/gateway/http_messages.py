"""HTTP messages: bodies that come, replies and refusals that go, and the headers that all of them have."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from graphql import GraphQLError
from starlette.types import Receive

from .error_codes import Code, coded_error
from .negotiation import EVENTS, GRAPHQL, JSON
from .rate_limits import Header

# Answers may hold personal data: no cache keeps them. The policy is for browsers that are made to open one as a page.
SAFE: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"vary", b"accept, accept-encoding"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
HTML = b"text/html"
TYPED = {media: ((b"content-type", media + b"; charset=utf-8"), *SAFE) for media in (GRAPHQL, JSON, EVENTS, HTML)}
LARGE = 131_072  # bytes from which compressing would hold up the others too long


class HttpRefusal(Exception):
    """A request that HTTP alone is enough to refuse."""

    def __init__(self, status: int, problem: GraphQLError, *headers: Header) -> None:
        super().__init__(problem.message)
        self.status = status
        self.problem = problem
        self.headers = headers


class Disconnected(Exception):
    """The client is gone; nobody waits for a reply."""


class HttpReply(NamedTuple):
    """A reply before it is sent."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = ()
    media: bytes | None = None
    """The media type, where it is not the negotiated one."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """Read a body of at most `limit` bytes, whatever its header promised."""
    chunks: list[bytes] = []
    left, more = limit, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        chunks.append(message.get("body", b""))
        left -= len(chunks[-1])
        if left < 0:
            raise too_large(413, "The body is", "body", limit)
        more = message.get("more_body", False)
    return b"".join(chunks)


def too_large(status: int, subject: str, setting: str, limit: int) -> HttpRefusal:
    """Make the refusal of something larger than a limit."""
    message = f"{subject} larger than {limit:,} bytes (limits.{setting})."
    return HttpRefusal(status, coded_error(Code.REQUEST_TOO_LARGE, message, limit=f"limits.{setting}", allowed=limit))


def dump_errors(errors: Sequence[Mapping[str, Any]]) -> bytes:
    """Write a response of errors alone."""
    return orjson.dumps({"errors": errors}, default=str)


async def compress_body(body: bytes) -> bytes:
    """Compress a body, a large one on a thread. The fastest level: more costs time and saves little."""
    if len(body) < LARGE:
        # "mtime=0" makes equal bodies equal bytes.
        return gzip.compress(body, 1, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, 1, mtime=0)
