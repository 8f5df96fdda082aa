"""Clients that send slowly, or nothing: every way in lets go of them, and tells those who can hear why."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from gongzhi_server.app import create_app
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.gateway.uvicorn_protocols import HEAD, REFUSED, HttpProtocol
from gongzhi_server.testing import ESSENTIAL, settings_for_tests
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .conftest import running

SHORT = 0.5
WHOLE = b"GET /health HTTP/1.1\r\nhost: t\r\n\r\n"
TYPES = {"/open311/v2/requests.json": "application/x-www-form-urlencoded", "/attachments": "image/jpeg"}
POSTS = ("/graphql", "/auth/sign-in", "/auth/refresh", "/auth/password", "/auth/invitation", *TYPES)
LATE = b"HTTP/1.1 408 "


def head(path: str, length: int = 100, method: str = "POST") -> bytes:
    kind = TYPES.get(path, "application/json")
    more = "x-client-id: 7d444840-9dc0-11d1-b245-5ffdce74fad2\r\n"
    text = f"{method} {path} HTTP/1.1\r\nhost: t\r\n{more}content-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
    return text.encode()


SLOW: dict[str, tuple[list[bytes], bytes]] = {
    "says nothing": ([], b""),
    "half a head": ([b"GET /health HTTP/1.1\r\nhost"], LATE),
    "a head by drops": ([b"GET /he", *[b"a"] * 60], LATE),
    "half a head after an answer": ([WHOLE, b"GET /health HTT"], b"HTTP/1.1 200 "),
    "blank lines after an answer": ([WHOLE, *[b"\r\n"] * 60], b"HTTP/1.1 200 "),
    "a body that nobody reads": ([head("/health", method="GET"), *[b"x"] * 60], b"HTTP/1.1 200 "),
    "a body that nobody asked for": ([head("/nowhere"), *[b"x"] * 60], b"HTTP/1.1 404 "),
    **{f"half a body to {path}": ([head(path), b"{"], LATE) for path in POSTS},
    **{f"a body by drops to {path}": ([head(path), *[b" "] * 60], LATE) for path in POSTS},
}
"""What slow clients send, a piece every tenth of a second, and how the answer begins."""


async def ended(address: str, pieces: list[bytes]) -> bytes:
    """What a client hears that sends these pieces, until the server closes."""
    place = urlsplit(address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)

    async def send() -> None:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(SHORT / 5)

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(30):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        sending.cancel()
        writer.close()


async def test_every_way_in_ends(empty: str, tmp_path: Path) -> None:
    """Pieces come more often than anything times out that counts from piece to piece."""
    limits: Any = (("reading", SHORT), ("arriving", SHORT))
    app = create_app(replace(settings_for_tests(empty, tmp_path), limits=limits), empty, plugins=ESSENTIAL)
    with running(app, "on", arriving=SHORT) as address:
        heard = await asyncio.gather(*(ended(address, pieces) for pieces, _ in SLOW.values()))
    wrong = {
        name: answer for (name, (_, wanted)), answer in zip(SLOW.items(), heard, strict=True)
        if not answer.startswith(wanted) or (not wanted and answer)
    }  # fmt: skip
    assert not wrong


async def test_patient_clients_go_on(empty: str, tmp_path: Path) -> None:
    """Connections that are used may stay for longer than any head may take."""
    app = create_app(settings_for_tests(empty, tmp_path), empty)
    with running(app, "on", arriving=SHORT) as address:
        place = urlsplit(address)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        for _ in range(8):
            writer.write(WHOLE[:20])
            await asyncio.sleep(SHORT / 5)
            writer.write(WHOLE[20:])
            assert await reader.readuntil(b"\r\n\r\n") and await reader.readexactly(15) == b'{"status":"ok"}'
        writer.close()


async def test_heads_are_bounded(empty: str, tmp_path: Path) -> None:
    app = create_app(settings_for_tests(empty, tmp_path), empty)
    with running(app, "on") as address:
        flood = [b"GET /health HTTP/1.1\r\nx: " + b"y" * (HEAD // 2), b"y" * (HEAD // 2), b"y" * HEAD]
        assert (await ended(address, flood)) in (b"", REFUSED)  # a client that goes on sending may not hear it


async def test_silent_socket_ends(empty: str, tmp_path: Path) -> None:
    """A WebSocket on which nothing is said after the handshake, and one that begins a frame and does not end it."""
    lines = (
        "GET /graphql HTTP/1.1",
        "host: t",
        "upgrade: websocket",
        "connection: upgrade",
        "sec-websocket-version: 13",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-protocol: graphql-transport-ws",
    )
    shake = "\r\n".join((*lines, "", "")).encode()
    limits: Any = (("initializing", SHORT),)
    app = create_app(replace(settings_for_tests(empty, tmp_path), limits=limits), empty)
    with running(app, "on", arriving=SHORT) as address:
        heard = await asyncio.gather(*(ended(address, [shake, *more]) for more in ([], [b"\x81\xfe", b"\x7f"])))
    for answer in heard:
        assert answer.startswith(b"HTTP/1.1 101 ") and b"\x11\x38" in answer, "closed with 4408"


def test_hooks_are_there() -> None:
    """What Http builds upon is what uvicorn has; a new version that has it no more fails here, not in the field."""
    hooks = ("connection_made", "connection_lost", "data_received", "handle_websocket_upgrade")
    for name in (*hooks, "on_message_begin", "on_headers_complete"):
        assert inspect.signature(getattr(HttpProtocol, name)) is not None and name in vars(HttpToolsProtocol)
    assert "response_complete" in inspect.getsource(HttpToolsProtocol)


@pytest.mark.parametrize("name", ["arriving", "reading", "initializing", "stalling"])
def test_promise_is_kept(name: str) -> None:
    """Thirty seconds are what we promise."""
    assert getattr(Limits(), name) <= 30
