"""What goes past the messages of ASGI is on the wire what the messages would have made of it."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from gongzhi_server.gateway import GatewaySettings, Limits, uvicorn_replies

from .conftest import Served

DATE = re.compile(rb"(?:date|x-request-id): [^\r]+\r\n")
BODY = json.dumps({"query": "{ __typename }"}).encode()
LONG = json.dumps({"query": "{ __typename }", "variables": {"text": "x" * 100_000}}).encode()


def post(body: bytes, *headers: str, version: str = "1.1") -> bytes:
    lines = [f"POST /graphql HTTP/{version}", "host: test", "content-type: application/json", *headers]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


LAST = "connection: close"
ASKED: dict[str, list[bytes]] = {
    "query": [post(BODY, LAST)],
    "in two parts": [post(BODY, LAST)[:-10], post(BODY, LAST)[-10:]],
    "one behind the other": [post(BODY) + post(BODY) + post(BODY, LAST)],
    "kept alive": [post(BODY), post(BODY, LAST)],
    "HTTP 1.0": [post(BODY, version="1.0")],
    "waits to go on": [post(BODY, LAST, "expect: 100-continue")],
    "long": [post(LONG, LAST)],
    "compressed": [post(BODY, LAST, "accept-encoding: gzip")],
    "refused": [post(b"{", LAST)],
    "method": [f"PUT /graphql HTTP/1.1\r\nhost: test\r\n{LAST}\r\n\r\n".encode()],
    "head": [f"HEAD /graphql HTTP/1.1\r\nhost: test\r\n{LAST}\r\n\r\n".encode()],
}


def exchange(served: Served, parts: list[bytes]) -> bytes:
    """Send parts, the next when something came back or a moment has passed, and return all that came."""
    host, port = served.url.split("/")[2].split(":")
    with socket.create_connection((host, int(port))) as wire:
        wire.settimeout(10)
        found = b""
        for at, part in enumerate(parts):
            wire.sendall(part)
            if at + 1 < len(parts) and part.endswith(b"}"):
                found += wire.recv(65_536)
        while more := wire.recv(65_536):
            found += more
    return DATE.sub(b"", found)


@pytest.fixture(scope="module")
def limits() -> Limits:
    return Limits(body=150_000)


@pytest.mark.parametrize("asked", ASKED)
def test_same_bytes_with_and_without(
    asked: str, limits: Limits, serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(GatewaySettings(limits=limits, compress=1))
    found = exchange(served, ASKED[asked])
    monkeypatch.setattr(uvicorn_replies, "find_cycle", lambda call: None)
    by_messages = exchange(served, ASKED[asked])
    assert sorted(found.split(b"\r\n")) == sorted(by_messages.split(b"\r\n"))
    assert found.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4", b"HTTP/1.1 100"))


def test_nothing_stands_between_uvicorn_and_the_gateway(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a uvicorn that has changed, replies would be right and slow, and nobody would notice."""
    seen: list[Any] = []
    find = uvicorn_replies.find_cycle

    def found(call: Any) -> Any:
        seen.append(find(call))
        return seen[-1]

    monkeypatch.setattr(uvicorn_replies, "find_cycle", found)
    assert exchange(served, ASKED["query"]).startswith(b"HTTP/1.1 200")
    assert len(seen) == 2 and None not in seen


async def test_a_line_break_in_a_header_is_left_to_uvicorn_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    cycle: Any = SimpleNamespace(response_started=False, scope={"method": "POST"}, default_headers=[])
    monkeypatch.setattr(uvicorn_replies, "find_cycle", lambda call: cycle)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    assert not await uvicorn_replies.write_reply(send, 200, (), [(b"allow", b"GET\r\nset-cookie: a=b")], b"")
