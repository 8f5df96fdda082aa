"""Hostile handshakes, frames, messages and floods against a real server: closed with a code, never a fault."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from gongzhi_server.gateway import CloseCode
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

CPU = 0.1  # seconds of processor time any of these may take, client included
INIT = json.dumps({"type": "connection_init"})
FLOOD = 300


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing a client sends may put a fault of ours, or a traceback, into the log."""
    yield
    assert [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR] == []


@pytest.fixture(scope="module", autouse=True)
def swept(url: str) -> Iterator[None]:
    exchange(url, b"GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    gc.collect()
    gc.freeze()  # what other tests left behind is not the gateway's to sweep
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def cheap(swept: None) -> Iterator[None]:
    begin = time.process_time()
    yield
    assert time.process_time() - begin < CPU


def handshake(**changed: str | None) -> bytes:
    headers: dict[str, str | None] = {
        "Host": "test",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "graphql-transport-ws",
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join(["GET /graphql HTTP/1.1", *lines, "", ""]).encode("latin-1")


def frame(
    payload: bytes, opcode: int = 1, fin: bool = True, mask: bool = True, rsv: int = 0, length: int = -1
) -> bytes:
    """A frame as a client sends it, or as it must not."""
    size = length if length >= 0 else len(payload)
    first = (fin << 7) | (rsv << 4) | opcode
    if size < 126:
        head = struct.pack("!BB", first, mask << 7 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", first, mask << 7 | 126, size)
    else:
        head = struct.pack("!BBQ", first, mask << 7 | 127, size)
    return head + b"\0\0\0\0" * mask + payload


def exchange(url: str, *pieces: bytes) -> bytes:
    """Send raw bytes, each piece once something came back for the one before, and read until the server closes."""
    parts = urlsplit(url)
    received = []
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                received.append(connection.recv(65_536))
            while chunk := connection.recv(65_536):
                received.append(chunk)
        except (ConnectionResetError, BrokenPipeError):
            pass  # it did not want to read on
    return b"".join(received)


HANDSHAKES = {
    "no key": (handshake(Sec_WebSocket_Key=None), 400),
    "a short key": (handshake(Sec_WebSocket_Key="eA=="), 400),
    "a key that is none": (handshake(Sec_WebSocket_Key="\xff"), 400),
    "an old version": (handshake(Sec_WebSocket_Version="12"), 400),
    "no version": (handshake(Sec_WebSocket_Version=None), 400),
    "a protocol that is none": (handshake(Sec_WebSocket_Protocol="graphql transport ws,,;\x7f"), 400),
    "another site": (handshake(Origin="https://elsewhere.example"), 403),
    "an origin that is none": (handshake(Origin="\xff\xfe"), 403),
    "a large header": (handshake(X_Padding="x" * 20_000), 431),
    "large headers": (handshake(**{f"X_Padding{n}": "x" * 1_000 for n in range(40)}), 403),
}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_handshake_is_refused(url: str, name: str) -> None:
    raw, status = HANDSHAKES[name]
    answer = exchange(url, raw)
    assert answer.startswith(b"HTTP/1.1 ")
    assert int(answer.split(b" ", 2)[1]) == status


PING = frame(b"", 9)
FRAMES = {
    "not masked": frame(b'{"type":"ping"}', mask=False),
    "a reserved bit": frame(b'{"type":"ping"}', rsv=2),
    "compressed unasked": frame(b'{"type":"ping"}', rsv=4),
    "an unknown kind": frame(b"", 3),
    "an unknown control": frame(b"", 11),
    "a long ping": frame(b"x" * 126, 9),
    "a ping in parts": frame(b"", 9, fin=False),
    "no beginning": frame(b"x", 0),
    "two beginnings": frame(b"x", fin=False) + frame(b"x"),
    "2^62 bytes": frame(b"", length=2**62),
    "2^63 bytes": frame(b"", length=2**63),
    "300 kB": frame(b" " * 300_000),
    "300 kB in parts": frame(b" " * 100_000, fin=False)
    + frame(b" " * 100_000, 0, fin=False)
    + frame(b" " * 100_000, 0),
    "300 parts of nothing": frame(b"", fin=False) + frame(b"", 0, fin=False) * 299 + frame(b"", 0),
    "300 parts of a ping": frame(b'{"type":', fin=False) + frame(b" ", 0, fin=False) * 299 + frame(b'"ping"}', 0),
    "not UTF-8": frame(b"\xff\xfe"),
    "half a character": frame("时".encode()[:2]),
    "half a character in parts": frame("时".encode()[:2], fin=False) + frame(b"", 0),
    "a surrogate": frame(b'"\xed\xa0\x80"'),
    "binary": frame(b'{"type":"ping"}', 2),
    "a bad close": frame(b"\x00", 8),
    "a bad close code": frame(struct.pack("!H", 999), 8),
    "a close that is no text": frame(struct.pack("!H", 1000) + b"\xff", 8),
    "300 pings": PING * FLOOD + frame(b"", 8),
    "300 pongs": frame(b"", 10) * FLOOD + frame(b"", 8),
    "HTTP again": b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
}


@pytest.mark.parametrize("name", FRAMES)
def test_frame_is_survived(url: str, name: str) -> None:
    answer = exchange(url, handshake(), FRAMES[name] + frame(b"", 8))
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"Traceback" not in answer


def nested(levels: int) -> str:
    return '{"type":"ping","payload":' + '{"a":' * levels + "1" + "}" * levels + "}"


def operation(payload: str, id: str = '"1"') -> str:
    return '{"id":%s,"type":"subscribe","payload":%s}' % (id, payload)  # noqa: UP031


MESSAGES = {
    "100 000 lists": "[" * 100_000,
    "100 000 lists closed": "[" * 100_000 + "]" * 100_000,
    "30 000 objects": '{"a":' * 30_000,
    "21 levels": nested(21),
    "1 000 levels": nested(1_000),
    "5 000 digits": '{"type":"ping","payload":{"a":%s}}' % ("9" * 5_000),
    "5 000 digits as id": operation('{"query":"{ hello }"}', "9" * 5_000),
    "NaN": '{"type":"ping","payload":{"a":NaN}}',
    "a key twice": '{"type":"ping","type":"pong"}',
    "U+0000": '{"type":"ping","payload":{"a":"\\u0000"}}',
    "U+0000 in the id": operation('{"query":"{ hello }"}', '"\\u0000"'),
    "half a surrogate": '{"type":"ping","payload":{"a":"\\ud800"}}',
    "an id of nothing": operation('{"query":"{ hello }"}', '""'),
    "an id of 100 kB": operation('{"query":"{ hello }"}', '"%s"' % ("x" * 100_000)),
    "an id of objects": operation('{"query":"{ hello }"}', '{"a":{}}'),
    "an id of true": operation('{"query":"{ hello }"}', "true"),
    "a type of 100 kB": '{"type":"%s"}' % ("x" * 100_000),
    "260 kB of keys": "{" + ",".join(f'"k{n}":{n}' for n in range(10_001)) + "}",
    "a list as payload": operation("[]"),
    "a string as payload": operation('"{ hello }"'),
    "a list as query": operation('{"query":["{ hello }"]}'),
    "a number as variables": operation('{"query":"{ hello }","variables":7}'),
    "a list as extensions": operation('{"query":"{ hello }","extensions":[]}'),
    "a bad hash": operation('{"query":"","extensions":{"persistedQuery":{"version":1,"sha256Hash":["a"]}}}'),
}

OPERATIONS = {
    "a brace": "{",
    "250 levels": "{ self" * 250 + " { hello }" + "}" * 250,
    "a long string": '{ hello(to: "%s") }' % ("x" * 60_000),
    "fragments without end": "{ ...F0 } "
    + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(30))
    + " fragment F30 on Query { hello }",
    "U+0000": '{ hello(to: "\\u0000") }',
    "a circle": "{ ...A } fragment A on Query { ...A }",
    "two subscriptions": "subscription { ticks quiet }",
    "an unknown name": "subscription { nope }",
    "somebody's data": '{ hello(times: "Wang Xiaoming") }',
}


async def talk(url: str, *messages: str) -> tuple[list[Any], int | None]:
    """Send messages after the acknowledgement; return what came, and the close code if there was one."""
    received: list[Any] = []
    address = url.replace("http", "ws", 1)
    async with connect(address, subprotocols=["graphql-transport-ws"], compression=None) as wire:  # type: ignore
        for message in (INIT, *messages):
            await wire.send(message)
        try:
            async with asyncio.timeout(5):
                while len(received) <= len(messages):
                    received.append(json.loads(await wire.recv()))
        except ConnectionClosed as end:
            return received, end.rcvd and end.rcvd.code
    return received, None


@pytest.mark.parametrize("name", MESSAGES)
async def test_message_closes_socket(url: str, name: str) -> None:
    received, code = await talk(url, MESSAGES[name])
    if code is None:  # a bad hash hurts its own operation alone
        assert received[1]["payload"][0]["extensions"]["code"] == "BAD_REQUEST"
    else:
        assert (received, code) == ([{"type": "connection_ack"}], CloseCode.INVALID)


@pytest.mark.parametrize("name", OPERATIONS)
async def test_operation_is_refused(url: str, name: str) -> None:
    expected = ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "LIMIT_EXCEEDED")
    received, code = await talk(url, operation(json.dumps({"query": OPERATIONS[name]})))
    assert code is None and received[1]["type"] == "error"
    assert all(error["extensions"]["code"] in expected for error in received[1]["payload"])
    assert "Wang" not in json.dumps(received)


@pytest.mark.parametrize(
    "message",
    [
        '{"type":"ping"}',
        '{"type":"complete","id":"1"}',
        operation('{"query":"{"}'),
        '{"type":"connection_init"}',
        "x",
    ],
)
async def test_flood_is_cheap(url: str, message: str) -> None:
    """What a flood costs is what its first messages cost; then it waits, or is closed."""
    address = url.replace("http", "ws", 1)
    async with connect(address, subprotocols=["graphql-transport-ws"], compression=None, max_queue=None) as wire:  # type: ignore
        await wire.send(INIT)
        try:
            for _ in range(FLOOD // 3):
                await wire.send(message)
        except ConnectionClosed:
            pass


def test_server_goes_on(url: str) -> None:
    body = b'{"query": "{ hello }"}'
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
    answer = exchange(url, head + b"content-length: %d\r\n\r\n" % len(body) + body)
    assert answer.startswith(b"HTTP/1.1 200 ")
