"""Clients: those who write, each under a key until it is acknowledged, and those who follow, each in its own way."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import nats
import orjson
from gongzhi_server.events.cursors import Cursors, PositionExpired
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ..chaos import AWAY, EVENTS
from .histories import History

STEP = "mutation($input: {kind}!) {{ {name}(input: $input) {{ {value} errors {{ code message }} }} }}"
CASE, CLAIM = "case { number version }", "claim { id version }"
MATTER = {"kind": "HELP", "channel": "WEB", "category": "roads.lighting", "description": "村口路灯不亮"}
UNLUCKY = 2
"""How often the endpoint refuses one event, or takes it without an answer."""
AGAIN = 0.2
"""How often something that was acknowledged is asked for again under its key, as whoever lost the answer does."""
STREAM, CONSUMER = "GONGZHI_610921", "hotline"


@dataclass
class World:
    """What all clients share: where servers are, who they are, and the history."""

    history: History
    ports: Sequence[int]
    """The ports of the proxies in front of those who answer."""
    cursors: Cursors
    luck: random.Random
    headers: Callable[[str, int], Mapping[str, str]]
    """What a client sends along, by its role and its lane."""
    grid: str
    claims: Callable[[int], Mapping[str, str] | None]
    """What the resident of a lane may still claim points for; nobody claims twice for a day."""
    over: bool = False

    def find_position(self, cursor: str) -> int | None:
        """Open a cursor; None for one of a history that has been lost."""
        try:
            return self.cursors.open(cursor)
        except PositionExpired:
            return None


class Writer:
    """Reports cases, settles and rates them, and claims points."""

    def __init__(self, world: World, lane: int) -> None:
        self.world, self.lane, self.name = world, lane, f"writer {lane}"

    async def run(self) -> None:
        """Go on until it is over; a life ends where something is refused, which the checker is told."""
        while not self.world.over:
            with suppress(Refused):
                await self.live()

    async def live(self) -> str:
        """Take a case through its life, and claim points; return its number."""
        key = uuid4().hex
        case = await self.do(
            "resident", "reportCase", CASE, "case.reported", key, **MATTER, title=key, grid=self.world.grid
        )
        number = case["number"]
        for who, step, event, more in (
            ("dispatcher", "acceptCase", "case.accepted", {"expectedVersion": case["version"]}),
            ("worker", "handleInGrid", "case.settled", {"expectedVersion": case["version"] + 1, "text": "已修复。"}),
            ("resident", "rateCase", "case.rated", {"rating": 5, "solved": True}),
        ):
            await self.do(who, step, CASE, event, uuid4().hex, number=number, **more)
        if claim := self.world.claims(self.lane):
            key = uuid4().hex
            await self.do("resident", "claimPoints", CLAIM, None, key, **claim, text=key)
        return str(number)

    async def do(self, who: str, name: str, value: str, event: str | None, key: str, **given: Any) -> Any:
        """Carry out a mutation once, and sometimes ask for its answer again; write down what is answered."""
        found = await self.send(who, name, value, key, given)
        outcome = found.get("number") or found["id"]
        facts = {"op": name, "key": key, "event": event, "rows": name in ("reportCase", "claimPoints")}
        self.world.history.write(self.name, "ok", **facts, value=outcome)
        if self.world.luck.random() < AGAIN:
            again = await self.send(who, name, value, key, given)
            self.world.history.write(self.name, "ok", **facts, value=again.get("number") or again["id"])
        return found

    async def send(self, who: str, name: str, value: str, key: str, given: Mapping[str, Any]) -> Any:
        """Send a mutation under its key, to another process each time, until it is acknowledged."""
        query = STEP.format(kind=f"{name[0].upper()}{name[1:]}Input", name=name, value=value)
        body = {"query": query, "variables": {"input": {"idempotencyKey": key, **given}}}
        for attempt in range(sys.maxsize):
            port = self.world.ports[(self.lane + attempt) % len(self.world.ports)]
            with suppress(*AWAY, ValueError):
                async with httpx.AsyncClient(headers=self.world.headers(who, self.lane), timeout=3) as client:
                    reply = (await client.post(f"http://127.0.0.1:{port}/graphql", json=body)).json()
                if reply.get("data") and not reply.get("errors"):
                    payload = reply["data"][name]
                    if not payload["errors"]:
                        return next(one for field, one in payload.items() if field != "errors")
                    self.world.history.write(self.name, "refused", op=name, key=key, errors=payload["errors"])
                    raise Refused(f"{name}: {payload['errors']}")
            await asyncio.sleep(0.1)
        raise AssertionError


class Refused(Exception):
    """A mutation was refused that should have been carried out."""


async def follow_socket(world: World, name: str, cursor: str) -> None:
    """Follow over a WebSocket, each time from the last cursor."""
    for attempt in range(sys.maxsize):
        port = world.ports[attempt % len(world.ports)]
        with suppress(*AWAY):
            async with connect(
                f"ws://127.0.0.1:{port}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")],
                open_timeout=3, ping_interval=1, ping_timeout=3,
            ) as wire:  # fmt: skip
                await wire.send(
                    json.dumps({"type": "connection_init", "payload": dict(world.headers("integrator", 0))})
                )
                await asyncio.wait_for(wire.recv(), 3)
                world.history.write(name, "resumed", position=world.find_position(cursor))
                payload = {"query": EVENTS, "variables": {"after": cursor}}
                await wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
                async for text in wire:
                    message = json.loads(text)
                    if message["type"] == "error":
                        if "CURSOR_EXPIRED" in text:
                            cursor = await begin_anew(world, name)
                        break
                    if message["type"] == "next" and message["payload"].get("data"):
                        event = message["payload"]["data"]["caseEvents"]
                        cursor = event["cursor"]
                        note_event(world, name, event["id"], event["type"], event["data"]["number"], cursor)
        await asyncio.sleep(0.1)


async def follow_pages(world: World, name: str, cursor: str) -> None:
    """Ask for the next events again and again."""
    for attempt in range(sys.maxsize):
        port = world.ports[attempt % len(world.ports)]
        with suppress(*AWAY, ValueError):
            async with httpx.AsyncClient(headers=world.headers("integrator", 1), timeout=12) as client:
                asked: dict[str, str | int] = {"after": cursor, "first": 50, "wait": 5}
                reply = await client.get(f"http://127.0.0.1:{port}/x/integrations/events", params=asked)
            if reply.status_code == 410:
                cursor = await begin_anew(world, name)
            elif reply.status_code == 200:
                page = reply.json()
                for one in page["events"]:
                    note_event(world, name, one["id"], one["type"], one["subject"], one["cursor"])
                cursor = page["cursor"]
                continue
        await asyncio.sleep(0.1)


async def begin_anew(world: World, name: str) -> str:
    """Ask for the cursor of now, because the one that a follower had is refused."""
    for attempt in range(sys.maxsize):
        port = world.ports[attempt % len(world.ports)]
        with suppress(*AWAY, ValueError):
            async with httpx.AsyncClient(headers=world.headers("integrator", 2), timeout=3) as client:
                reply = await client.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{ eventCursor }"})
            cursor = str(reply.json()["data"]["eventCursor"])
            world.history.write(name, "anew", position=world.find_position(cursor))
            return cursor
        await asyncio.sleep(0.1)
    raise AssertionError


def note_event(world: World, name: str, id: str, event: str, number: str, cursor: str | None = None) -> None:
    """Write down that a follower was told of an event of a case; those of plugins are told by other means."""
    if not event.startswith("case."):
        return
    position = None if cursor is None else world.find_position(cursor)
    world.history.write(name, "told", id=id, event=event, number=number, position=position)


async def receive_webhooks(world: World, name: str) -> asyncio.Server:
    """Receive events as an endpoint that sometimes refuses, and sometimes takes what it does not answer.

    Not one event more than twice: it is tried again after ten seconds, half a minute, and then three times as long each
    time, so one that is unlucky more often, and all of its case behind it, would rightly come after the end.
    """
    spared = Counter[str]()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].split("\r\n")[0])
            body = orjson.loads(await reader.readexactly(length))
            events = body if isinstance(body, list) else [body]
            chance = world.luck.random()
            if any(spared[one["id"]] == UNLUCKY for one in events):
                chance = 0.5
            if not 0.05 <= chance < 0.95:
                spared.update(one["id"] for one in events)
            if chance >= 0.05:
                for one in events:
                    note_event(world, name, one["id"], one["type"], one["subject"])
            if chance < 0.95:
                status = "500 X" if chance < 0.05 else "204 X"
                writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
                await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


async def follow_nats(world: World, name: str, addresses: Sequence[str]) -> None:
    """Fetch from a county's stream, and acknowledge what was written down."""
    while True:
        with suppress(nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError):
            client = await nats.connect(list(addresses), max_reconnect_attempts=1, error_cb=ignore, connect_timeout=2)
            try:
                source = await client.jetstream(timeout=3).pull_subscribe_bind(CONSUMER, STREAM)
                while True:
                    for message in await fetch(source):
                        event = orjson.loads(message.data)
                        note_event(world, name, event["id"], event["type"], event["subject"])
                        await message.ack_sync(timeout=3)
            finally:
                with suppress(Exception):
                    await asyncio.wait_for(client.close(), 3)
        await asyncio.sleep(0.3)


async def fetch(source: Any) -> Sequence[Any]:
    """Fetch what there is; nothing, if nothing comes for a while."""
    try:
        # One, as the consumer hands out no other one before it is acknowledged: more would be waited for in vain.
        return list(await source.fetch(1, timeout=2))
    except nats.errors.TimeoutError:
        return ()


async def ignore(problem: Exception) -> None:
    """Leave to whoever fetches what is wrong with a connection."""


Follow = Callable[[World, str, str], Any]
FOLLOWERS: Mapping[str, Follow] = {"socket": follow_socket, "pages": follow_pages}
