"""Discovery: the schema as a file, and a page for whoever opens the address in a browser."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from functools import cached_property
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from .negotiation import accepts_gzip

__all__ = ["PAGE", "Admit", "PublishedSchema"]

Admit = Callable[[Scope], Awaitable[int]]
"""Returns the status of a request for the schema: 200 for whoever may have it."""
SECONDS = 3_600
"""For how long what is public may be kept without asking again."""
REFUSED = {"error": "The schema is for whoever may explore it. 仅限有权查看接口结构的用户。"}

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Gongzhi 共治</title>
<h1>Gongzhi 共治</h1>
<p>This address speaks GraphQL.</p>
<ul>
<li>Queries and mutations: POST here, as <code>application/json</code>; queries also by GET.</li>
<li>Subscriptions: a WebSocket here with the subprotocol <code>graphql-transport-ws</code>, or
<code>Accept: text/event-stream</code>.</li>
<li>The schema: any GraphQL client shows it to whoever may explore it; <code>gongzhi schema</code> prints it.</li>
<li>A token (令牌), sent as <code>Authorization: Bearer …</code>; in development (开发模式) by
<code>gongzhi token --role administrator</code>.</li>
</ul>
""".encode()


class PublishedSchema:
    """An ASGI application that serves the schema or its labels, to be cached: to anybody, or to whom `admit` lets pass.

    Printing takes most of a second, so it is done when somebody asks first, and beside the event loop.
    """

    def __init__(
        self, print: Callable[[], str], admit: Admit | None = None, media: str = "text/plain; charset=utf-8"
    ) -> None:
        self.print, self.admit, self.media = print, admit, media.encode()
        self.caching = b"public, max-age=%d" % SECONDS if admit is None else b"private, no-cache"
        self._turn = asyncio.Lock()

    @cached_property
    def text(self) -> bytes:
        """The text as it is sent."""
        return self.print().encode()

    @cached_property
    def packed(self) -> bytes:
        """The text, compressed."""
        return gzip.compress(self.text, 6, mtime=0)

    @cached_property
    def etag(self) -> str:
        """A strong tag from the text itself: clients ask again and are told that nothing has changed."""
        return f'"{sha256(self.text).hexdigest()[:32]}"'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await send_reply(send, 405, [(b"allow", b"GET, HEAD")])
            return
        if self.admit is not None and (status := await self.admit(scope)) != 200:
            headers = {"cache-control": "no-store", **({"www-authenticate": "Bearer"} if status == 401 else {})}
            await JSONResponse(REFUSED, status, headers)(scope, receive, send)
            return
        # One thread prepares it; whoever asks meanwhile waits for that.
        async with self._turn:
            await asyncio.to_thread(lambda: (self.packed, self.etag))
        asked = Headers(scope=scope)
        if self.has_tag(asked.get("if-none-match", "")):
            await send_reply(send, 304, self.headers)
            return
        lines, body = [*self.headers, (b"content-type", self.media)], self.text
        if len(self.packed) < len(body) and accepts_gzip(asked.get("accept-encoding", "").encode("latin-1")):
            body = self.packed
            lines.append((b"content-encoding", b"gzip"))
        lines.append((b"content-length", b"%d" % len(body)))
        await send_reply(send, 200, lines, body if scope["method"] == "GET" else b"")

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that come with the text, and with the news that it is the same."""
        return [
            (b"cache-control", self.caching),
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            (b"etag", self.etag.encode()),
            (b"vary", b"accept-encoding, authorization, cookie"),
            (b"x-content-type-options", b"nosniff"),
        ]

    def has_tag(self, tags: str) -> bool:
        """Return whether the client has this very schema. A proxy that compresses may have made the tag a weak one."""
        return tags.strip() == "*" or self.etag in (tag.strip().removeprefix("W/") for tag in tags.split(","))


async def send_reply(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
    """Send a whole response."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
