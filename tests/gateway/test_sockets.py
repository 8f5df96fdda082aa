"""GraphQL over WebSocket, on real sockets: the protocol, its close codes, and clients that misbehave."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
from gongzhi_server.gateway import (
    CloseCode,
    DocumentStore,
    GatewaySettings,
    Limits,
    Rate,
    Rates,
    Traits,
    Unauthenticated,
)
from gongzhi_server.gateway.rate_limits import Overloaded
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

INIT = {"type": "connection_init"}
ACK = {"type": "connection_ack"}


class Peer:
    """The client's end of a socket."""

    def __init__(self, wire: ClientConnection) -> None:
        self.wire = wire

    async def send(self, *messages: Any) -> None:
        """Send messages: objects as JSON, text and bytes as they are."""
        for message in messages:
            await self.wire.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    async def next(self) -> Any:
        async with asyncio.timeout(10):
            return json.loads(await self.wire.recv())

    async def closed(self) -> int | None:
        """Read to the end, and return the close code."""
        async with asyncio.timeout(10):
            try:
                while True:
                    await self.wire.recv()
            except ConnectionClosed as end:
                return end.rcvd and end.rcvd.code

    async def subscribe(self, query: str, id: str = "1", **more: Any) -> None:
        await self.send({"id": id, "type": "subscribe", "payload": {"query": query, **more}})

    async def ask(self, query: str, **more: Any) -> list[Any]:
        """What an operation answers, to its end."""
        await self.subscribe(query, **more)
        received = [await self.next()]
        while received[-1]["type"] == "next":
            received.append(await self.next())
        return received


@asynccontextmanager
async def open_socket(served: Any, init: Any = INIT, **more: Any) -> AsyncIterator[Peer]:
    more = {"subprotocols": ["graphql-transport-ws"], "compression": None, **more}
    async with connect(served.socket, **more) as wire:
        peer = Peer(wire)
        if init:
            await peer.send(init)
            assert await peer.next() == ACK
        yield peer


def next_(data: Any, id: str = "1") -> dict[str, Any]:
    return {"id": id, "type": "next", "payload": {"data": data}}


def complete(id: str = "1") -> dict[str, Any]:
    return {"id": id, "type": "complete"}


def code(message: Mapping[str, Any]) -> str:
    assert message["type"] == "error"
    return str(message["payload"][0]["extensions"]["code"])


SUBSCRIBE = {"id": "1", "type": "subscribe", "payload": {"query": "subscription { quiet }"}}


def subscribe(**payload: Any) -> dict[str, Any]:
    return {"id": "1", "type": "subscribe", "payload": payload}


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([SUBSCRIBE], CloseCode.UNINITIALIZED),
        ([INIT, INIT], CloseCode.AGAIN),
        ([INIT, SUBSCRIBE, SUBSCRIBE], CloseCode.DUPLICATE),
        ([INIT, {**SUBSCRIBE, "id": ""}], CloseCode.INVALID),
        ([INIT, {**SUBSCRIBE, "id": 1}], CloseCode.INVALID),
        ([INIT, {**SUBSCRIBE, "id": ["1"]}], CloseCode.INVALID),
        ([INIT, {**SUBSCRIBE, "id": None}], CloseCode.INVALID),
        ([INIT, {"type": "subscribe", "payload": {"query": "{ hello }"}}], CloseCode.INVALID),
        ([INIT, {"type": "subscribe", "id": "1"}], CloseCode.INVALID),
        ([INIT, {"type": "subscribe", "id": "1", "payload": None}], CloseCode.INVALID),
        ([INIT, {"type": "subscribe", "id": "1", "payload": "{ hello }"}], CloseCode.INVALID),
        ([INIT, subscribe()], CloseCode.INVALID),
        ([INIT, subscribe(query=None)], CloseCode.INVALID),
        ([INIT, subscribe(query=7)], CloseCode.INVALID),
        ([INIT, subscribe(query="{ hello }", variables=[])], CloseCode.INVALID),
        ([INIT, subscribe(query="{ hello }", variables="{}")], CloseCode.INVALID),
        ([INIT, subscribe(query="{ hello }", extensions=[])], CloseCode.INVALID),
        ([INIT, subscribe(query="{ hello }", operationName={})], CloseCode.INVALID),
        ([INIT, {"type": "complete"}], CloseCode.INVALID),
        ([INIT, {"type": "complete", "id": 1}], CloseCode.INVALID),
        ([INIT, {"type": "next", "id": "1", "payload": {}}], CloseCode.INVALID),
        ([INIT, ACK], CloseCode.INVALID),
        ([INIT, {"type": "start", "id": "1"}], CloseCode.INVALID),
        ([INIT, {"type": ["ping"]}], CloseCode.INVALID),
        ([INIT, {}], CloseCode.INVALID),
        ([{"type": "ping", "payload": "x"}], CloseCode.INVALID),
        ([{"type": "pong", "payload": []}], CloseCode.INVALID),
        ([{"type": "connection_init", "payload": "x"}], CloseCode.INVALID),
        ([{"type": "connection_init", "payload": {"token": 7}}], CloseCode.INVALID),
        ([{"type": "connection_init", "payload": {"token": "时"}}], CloseCode.INVALID),
        ([{"type": "connection_init", "payload": {"authorization": "Bearer bad"}}], CloseCode.FORBIDDEN),
        ([{"type": "connection_init", "payload": {"token": "weak"}}], CloseCode.FORBIDDEN),
        (["nonsense"], CloseCode.INVALID),
        ([""], CloseCode.INVALID),
        (['"ping"'], CloseCode.INVALID),
        (["[]"], CloseCode.INVALID),
        (["null"], CloseCode.INVALID),
        ([b'{"type":"ping"}'], CloseCode.INVALID),
        (['{"type":"ping","type":"ping"}'], CloseCode.INVALID),
        ([" " * 262_145], CloseCode.TOO_BIG),
    ],
)
async def test_socket_is_closed(served: Any, messages: list[Any], code: CloseCode) -> None:
    async with open_socket(served, None) as peer:
        await peer.send(*messages)
        assert await peer.closed() == code


@pytest.mark.parametrize("protocols", [["graphql-ws"], ["nonsense"], None])
async def test_subprotocol_4406(served: Any, protocols: Any) -> None:
    async with open_socket(served, None, subprotocols=protocols) as peer:
        assert await peer.closed() == CloseCode.SUBPROTOCOL


@pytest.mark.parametrize("payload", [None, {}, {"token": "wang"}, {"Authorization": "Bearer wang"}])
async def test_init_is_acknowledged(served: Any, payload: Any) -> None:
    async with open_socket(served, {**INIT, "payload": payload}) as peer:
        expected = next_({"viewer": "wang" if payload else None})
        assert await peer.ask("{ viewer }") == [expected, complete()]


async def test_header_is_enough(served: Any) -> None:
    async with open_socket(served, additional_headers={"authorization": "Bearer li"}) as peer:
        assert (await peer.ask("{ viewer }"))[0] == next_({"viewer": "li"})


async def test_any_operation_runs(served: Any) -> None:
    async with open_socket(served) as peer:
        assert await peer.ask("{ hello }") == [next_({"hello": "hello world"}), complete()]
        [answer, end] = await peer.ask("mutation { touch }", id="时 2")
        assert answer["payload"]["data"]["touch"] and end == complete("时 2")
        ticks = await peer.ask("subscription($n: Int) { ticks(until: $n) }", variables={"n": 2})
        assert ticks == [next_({"ticks": 1}), next_({"ticks": 2}), complete()]


async def test_extra_null_ignored(served: Any) -> None:
    async with open_socket(served) as peer:
        nulls = {"operationName": None, "variables": None, "extensions": None}
        assert (await peer.ask("{ hello }", **nulls))[-1] == complete()
        await peer.send({"type": "complete", "id": "unknown"}, {"type": "pong", "payload": None})
        assert (await peer.ask("{ hello }", id="2"))[-1] == complete("2")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ unknown }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello } query B { hello }", "OPERATION_RESOLUTION_FAILURE"),
        ("query($n: Int!) { page(length: $n) }", "BAD_USER_INPUT"),
        ("subscription($n: Int!) { pages(length: $n) }", "BAD_USER_INPUT"),
        ("{ hello" + "".join(f" a{n}: hello" for n in range(16)) + " }", "LIMIT_EXCEEDED"),
        ("{ late }", "TIMEOUT"),
    ],
)
async def test_error_ends_operation(served: Any, query: str, expected: str) -> None:
    """An error is the last word: no complete comes after it, and the id is free again."""
    async with open_socket(served) as peer:
        [answer] = await peer.ask(query)
        assert code(answer) == expected
        assert await peer.ask("{ hello }") == [next_({"hello": "hello world"}), complete()]


async def test_large_list_refused(served: Any) -> None:
    """What is too large for a limit hurts its own operation, not the socket."""
    async with open_socket(served) as peer:
        [answer] = await peer.ask("{ hello }", variables={"ids": ["x"] * 1_001})
        assert code(answer) == "LIMIT_EXCEEDED"
        assert (await peer.ask("{ hello }"))[-1] == complete()


async def test_complete_stops_stream(served: Any) -> None:
    async with open_socket(served) as peer:
        await peer.subscribe("subscription { quiet }")
        await peer.send(complete())
        assert await peer.ask("{ hello }") == [next_({"hello": "hello world"}), complete()]
    await settled(lambda: served.engine.streams == 0)


async def settled(holds: Callable[[], bool]) -> None:
    """Wait until the server, in its own thread, has come so far."""
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


async def test_leaving_ends_streams(served: Any) -> None:
    async with open_socket(served) as peer:
        for id in "abc":
            await peer.subscribe("subscription { quiet }", id)
        await settled(lambda: served.engine.streams == 3)
    await settled(lambda: served.engine.streams == 0)


async def test_ping_is_answered(served: Any) -> None:
    async with open_socket(served, None) as peer:
        await peer.send({"type": "ping"}, {"type": "ping", "payload": {"at": 1}}, {"type": "ping", "payload": None})
        assert [await peer.next() for _ in range(3)] == [
            {"type": "pong"},
            {"type": "pong", "payload": {"at": 1}},
            {"type": "pong"},
        ]


async def test_server_pings(serve: Callable[..., Any]) -> None:
    async with open_socket(serve(GatewaySettings(limits=Limits(ping=0.02)))) as peer:
        assert [await peer.next() for _ in range(2)] == [{"type": "ping"}] * 2


@pytest.mark.parametrize("messages", [[], [{"type": "ping"}]])
async def test_late_init_4408(serve: Callable[..., Any], messages: list[Any]) -> None:
    async with open_socket(serve(GatewaySettings(limits=Limits(initializing=0.05))), None) as peer:
        await peer.send(*messages)
        assert await peer.closed() == CloseCode.LATE


async def test_operations_are_bounded(serve: Callable[..., Any]) -> None:
    async with open_socket(serve(GatewaySettings(limits=Limits(operations=2)))) as peer:
        for id in "ab":
            await peer.subscribe("subscription { quiet }", id)
        [answer] = await peer.ask("{ hello }", id="c")
        assert code(answer) == "LIMIT_EXCEEDED"
        await peer.send(complete("a"))
        assert (await peer.ask("{ hello }", id="c"))[-1] == complete("c")


async def test_sockets_are_bounded(serve: Callable[..., Any]) -> None:
    """By account, wherever it comes from; a socket that was closed counts no more."""
    served = serve(GatewaySettings(limits=Limits(sockets=1)), traits=Traits(account=lambda viewer: viewer))
    wang, li = ({**INIT, "payload": {"token": name}} for name in ("wang", "li"))
    waiting = open_socket(served, None)
    async with open_socket(served, wang), open_socket(served, li), open_socket(served), waiting as second:
        await second.send(wang)
        assert await second.closed() == CloseCode.CROWDED
    await settled(lambda: not served.gateway.operations._open)
    async with open_socket(served, wang):
        pass


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        (None, True),
        ("http://{host}", True),
        ("https://desk.example", True),
        ("https://elsewhere.example", False),
        ("https://desk.example.evil.example", False),
        ("null", False),
        ("", False),
    ],
)
async def test_origin_is_checked(serve: Callable[..., Any], origin: str | None, welcome: bool) -> None:
    served = serve(GatewaySettings(origins=("https://desk.example",)))
    headers = {} if origin is None else {"origin": origin.format(host=served.url.split("/")[2])}
    if welcome:
        async with open_socket(served, additional_headers=headers) as peer:
            assert (await peer.ask("{ hello }"))[-1] == complete()
    else:
        with pytest.raises(InvalidStatus) as refused:
            await open_socket(served, additional_headers=headers).__aenter__()
        assert refused.value.response.status_code == 403


class Lock:
    """A door that can be locked while people are in."""

    def __init__(self) -> None:
        self.locked = False

    async def __call__(self, headers: Mapping[bytes, bytes]) -> str:
        if self.locked:
            raise Unauthenticated("The token has expired.")
        return "wang"


@pytest.mark.parametrize("traits", [Traits(), Traits(expiry=lambda viewer: 0.05)])
async def test_expired_token_4403(serve: Callable[..., Any], traits: Traits) -> None:
    """At expiry where that is known, or when the credentials are looked at again."""
    lock = Lock()
    recheck = 60 if traits.expiry("wang") else 0.05
    served = serve(GatewaySettings(limits=Limits(recheck=recheck)), authenticate=lock, traits=traits)
    async with open_socket(served) as peer:
        await peer.subscribe("subscription { quiet }")
        lock.locked = True
        assert await peer.closed() == CloseCode.FORBIDDEN
    await settled(lambda: served.engine.streams == 0)


async def test_busy_server_ends_an_operation_and_no_socket(serve: Callable[..., Any]) -> None:
    """That an account cannot be looked up at this moment says nothing against its credentials."""
    door = BusyDoor()
    served = serve(GatewaySettings(), authenticate=door)
    async with open_socket(served) as peer:
        await peer.subscribe("subscription { quiet }", id="followed")
        await settled(lambda: served.engine.streams == 1)
        door.busy = True
        [refused] = await peer.ask("{ hello }", id="other")
        assert (refused["type"], refused["id"]) == ("error", "other")
        assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert served.engine.streams == 1
        async with connect(served.socket, subprotocols=["graphql-transport-ws"], compression=None) as wire:
            newcomer = Peer(wire)
            await newcomer.send(INIT)
            assert await newcomer.closed() == CloseCode.UNAVAILABLE
        door.busy = False
        assert (await peer.ask("{ hello }", id="another"))[-1]["type"] == "complete"


class BusyDoor:
    """A door behind which somebody may have too much to do."""

    busy = False

    async def __call__(self, headers: Mapping[bytes, bytes]) -> str:
        if self.busy:
            raise Overloaded("sessions", 1)
        return "wang"


@pytest.mark.parametrize("left", [0.0, -1.0])
async def test_token_over_already_4403(serve: Callable[..., Any], left: float) -> None:
    """A token that ended while the socket was being opened does not get a minute more."""
    served = serve(GatewaySettings(limits=Limits(recheck=60)), traits=Traits(expiry=lambda viewer: left))
    async with open_socket(served) as peer:
        assert await peer.closed() == CloseCode.FORBIDDEN


async def test_end_is_announced(serve: Callable[..., Any]) -> None:
    served = serve(traits=Traits(expiry=lambda viewer: 30.0))
    async with open_socket(served) as peer:
        assert await peer.next() == {"type": "ping", "payload": {"expiresIn": 30}}


@dataclass
class Notes:
    """A memory of where streams go on."""

    places: dict[str, str] = field(default_factory=dict)

    async def remember(self, places: Mapping[str, str]) -> None:
        self.places.update(places)

    async def recall(self, key: str) -> str | None:
        return self.places.get(key)


async def test_streams_go_on_where_a_token_ended(serve: Callable[..., Any]) -> None:
    """Also where nothing had come yet; not for strangers, other documents, or one that says itself where to go on."""
    lock, notes = Lock(), Notes()
    served = serve(
        GatewaySettings(limits=Limits(recheck=0.05)), authenticate=lock, traits=Traits(account=lambda who: who)
    )
    served.gateway.operations.memory = notes
    quiet, other = "subscription { quiet }", "subscription Other { quiet }"

    async def follow(*payloads: Any) -> None:
        async with open_socket(served) as peer:
            before = len(served.engine.begun)
            for at, payload in enumerate(payloads):
                await peer.send({"type": "subscribe", "id": str(at), "payload": payload})
            await settled(lambda: len(served.engine.begun) == before + len(payloads))
            lock.locked = True
            assert await peer.closed() == CloseCode.FORBIDDEN
            lock.locked = False

    await follow({"query": quiet})
    await follow({"query": quiet}, {"query": other}, {"query": quiet, "extensions": {"lastEventId": "mine"}})
    assert sorted(served.engine.begun, key=str) == sorted([None, "here", None, "mine"], key=str)
    served.gateway.operations.traits = Traits()
    await follow({"query": quiet})
    assert served.engine.begun[-1] is None


async def test_expired_operation_4403(serve: Callable[..., Any]) -> None:
    lock = Lock()
    async with open_socket(serve(authenticate=lock)) as peer:
        lock.locked = True
        await peer.subscribe("{ hello }")
        assert await peer.closed() == CloseCode.FORBIDDEN


async def test_slow_consumer_4499(serve: Callable[..., Any]) -> None:
    """Who does not read is cut off; who does is served meanwhile."""
    served = serve(GatewaySettings(limits=Limits(stalling=1.0)))
    async with open_socket(served) as good, open_socket(served, max_queue=1) as slow:
        await slow.subscribe("subscription { pages(length: 200000) }")
        await settled(lambda: served.engine.streams == 1)
        async with asyncio.timeout(5):
            while served.engine.streams:
                assert (await good.ask("{ hello }"))[-1] == complete()
        assert await slow.closed() == CloseCode.SLOW


async def test_waiting_bytes_bounded(serve: Callable[..., Any]) -> None:
    served = serve(GatewaySettings(limits=Limits(outgoing=300_000)))
    async with open_socket(served, max_queue=1) as slow:
        for id in "abc":
            await slow.subscribe("subscription { pages(length: 200000) }", id)
        await settled(lambda: served.engine.streams == 0)
        assert await slow.closed() == CloseCode.SLOW


async def test_flood_is_paced(serve: Callable[..., Any]) -> None:
    """More messages than a socket may send wait; nothing is lost."""
    served = serve(GatewaySettings(limits=Limits(messages=20)))
    async with open_socket(served) as peer:
        began = time.monotonic()
        async with asyncio.timeout(5):
            await peer.send(*[{"type": "ping"}] * 104)
            assert [await peer.next() for _ in range(104)] == [{"type": "pong"}] * 104
        assert time.monotonic() - began > 0.1


async def test_fault_is_masked(served: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with open_socket(served) as peer:
        for query in ("{ crash }", "subscription { broken }"):
            answer = (await peer.ask(query))[-1]
            assert code(answer) == "INTERNAL_SERVER_ERROR"
            assert "password" not in json.dumps(answer)
            assert answer["payload"][0]["extensions"]["id"] in caplog.records[-1].getMessage()
    assert len(caplog.records) == 2


async def test_broken_door_4500(served: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with open_socket(served, None) as peer:
        await peer.send({**INIT, "payload": {"token": "odd"}})
        assert await peer.closed() == CloseCode.FAULT
        assert peer.wire.close_reason and peer.wire.close_reason in caplog.records[-1].getMessage()
    assert caplog.records[-1].levelno == logging.ERROR


async def test_hash_over_socket(served: Any) -> None:
    """Apollo's contract: hash, miss, hash with document, hash."""
    query = '{ hello(to: "socket") }'
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": sha256(query.encode()).hexdigest()}}
    async with open_socket(served) as peer:
        [miss] = await peer.ask("", extensions=persisted)
        assert code(miss) == "PERSISTED_QUERY_NOT_FOUND"
        assert (await peer.ask(query, extensions=persisted))[-1] == complete()
        assert (await peer.ask("", extensions=persisted))[0] == next_({"hello": "hello socket"})


async def test_document_over_socket(serve: Callable[..., Any]) -> None:
    hash = sha256(b"{ hello }").hexdigest()
    served = serve(documents=DocumentStore({hash: "{ hello }"}, only=True))
    async with open_socket(served) as peer:
        await peer.send({"id": "1", "type": "subscribe", "payload": {"documentId": f"sha256:{hash}"}})
        assert [await peer.next(), await peer.next()] == [next_({"hello": "hello world"}), complete()]
        [answer] = await peer.ask("{ nothing }")
        assert code(answer) == "QUERY_NOT_IN_SAFELIST"


async def test_rate_over_socket(serve: Callable[..., Any]) -> None:
    # The socket costs one. Seconds cost nothing here: how long a busy machine takes is not what is asked.
    served = serve(GatewaySettings(rates=Rates(address=Rate(3, 1_500), second=0)))
    async with open_socket(served) as peer:
        answers = [(await peer.ask("{ hello }"))[-1] for _ in range(3)]
    assert answers[:2] == [complete()] * 2
    assert code(answers[2]) == "RATE_LIMITED"
    assert answers[2]["payload"][0]["extensions"]["retryAfter"] == 500
