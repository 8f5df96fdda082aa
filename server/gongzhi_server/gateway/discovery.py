"""Discovery: the schema as a file, and a page for whoever opens the address in a browser."""

from __future__ import annotations

from hashlib import sha256

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

__all__ = ["PAGE", "PublishedSchema"]

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Gongzhi 共治</title>
<h1>Gongzhi 共治</h1>
<p>This address speaks GraphQL, and the server runs in development (开发模式).</p>
<ul>
<li>Queries and mutations: POST here, as <code>application/json</code>; queries also by GET.</li>
<li>Subscriptions: a WebSocket here with the subprotocol <code>graphql-transport-ws</code>, or
<code>Accept: text/event-stream</code>.</li>
<li>The schema: introspection is on here, so any GraphQL client shows it; <code>gongzhi schema</code> prints it.</li>
<li>A token (令牌): <code>gongzhi token --role administrator</code>, sent as
<code>Authorization: Bearer …</code>.</li>
</ul>
""".encode()


class PublishedSchema:
    """An ASGI application that serves the schema to anybody, to be cached."""

    def __init__(self, sdl: str, seconds: int = 3_600) -> None:
        self.text = sdl.encode()
        # A strong tag from the text itself: clients ask again and are told that nothing has changed.
        self.etag = f'"{sha256(self.text).hexdigest()[:32]}"'
        self.headers = [
            (b"cache-control", b"public, max-age=%d" % seconds),
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            (b"etag", self.etag.encode()),
            (b"x-content-type-options", b"nosniff"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await send_reply(send, 405, [(b"allow", b"GET, HEAD")])
        elif self.has_tag(Headers(scope=scope).get("if-none-match", "")):
            await send_reply(send, 304, self.headers)
        else:
            lines = [*self.headers, (b"content-type", b"text/plain; charset=utf-8")]
            lines.append((b"content-length", b"%d" % len(self.text)))
            await send_reply(send, 200, lines, self.text if scope["method"] == "GET" else b"")

    def has_tag(self, tags: str) -> bool:
        """Return whether the client has this very schema. A proxy that compresses may have made the tag a weak one."""
        return tags.strip() == "*" or self.etag in (tag.strip().removeprefix("W/") for tag in tags.split(","))


async def send_reply(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
    """Send a whole response."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
