"""GraphQL over WebSocket: the subprotocol `graphql-transport-ws`, on ASGI messages.

The libraries there are bring an executor of their own, or drop `extensions`, or cannot hold back a flood. The protocol
is eight messages, so it is spoken here, with the gateway's own limits, documents and errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, aclosing, contextmanager
from enum import IntEnum
from typing import Any, Generic

import orjson
from starlette.types import Receive, Scope, Send

from gongzhi_server.errors import Unavailable
from gongzhi_server.telemetry.requests import continue_request

from . import negotiation
from .backpressure import ClientGone, ClientTooSlow, MessageSender
from .error_codes import Code, coded_error
from .error_responses import mask_fault
from .interfaces import Forbidden, P, RequestRefused, Stage, Unauthenticated
from .operations import Caller, Operations, Progress
from .origins import tell_refused
from .rate_limits import Overloaded, RateLimited
from .request import Malformed, Request, decode_json

__all__ = ["PROTOCOL", "CloseCode", "Socket"]

PROTOCOL = "graphql-transport-ws"
REASON = 123  # bytes that a close frame has room for
LONGEST = 255  # characters of an id, which every answer repeats
BURST = 5  # seconds' worth of messages that may come at once


class CloseCode(IntEnum):
    """A close code and what it says."""

    description: str

    def __new__(cls, value: int, description: str = "") -> CloseCode:
        member = int.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member

    TOO_BIG = 1009, "A message is larger than limits.message."
    INVALID = 4400, "A message is not one of the protocol; the reason says what is wrong with it."
    UNINITIALIZED = 4401, "An operation came before connection_ack."
    FORBIDDEN = 4403, "The credentials are wrong, or have expired while the socket was open."
    SUBPROTOCOL = 4406, "The client does not speak graphql-transport-ws."
    LATE = 4408, "connection_init did not arrive within limits.initializing."
    DUPLICATE = 4409, "The id belongs to an operation that is still under way."
    AGAIN = 4429, "connection_init came twice."
    CROWDED = 4498, "The account, or the address of a stranger, has limits.sockets open; close one."
    SLOW = 4499, "The client does not read what it asked for (limits.stalling, limits.outgoing)."
    FAULT = 4500, "Our fault; the reason has the id of the entry in the server's log."
    UNAVAILABLE = 4503, "Credentials cannot be looked at: no database, or too much to do; connect again soon."


class SocketClosed(Exception):
    """The conversation ends with a code."""

    def __init__(self, code: CloseCode, reason: str | None = None) -> None:
        super().__init__(reason or code.description)
        self.code = code


class Socket(Generic[P]):
    """One connection, from the handshake to its end."""

    def __init__(self, operations: Operations[P], scope: Scope, receive: Receive, send: Send) -> None:
        self.operations, self.limits = operations, operations.limits
        self.scope, self.receive, self.send = scope, receive, send
        self.headers = dict(negotiation.fold_headers(scope["headers"]))
        self.outlet = MessageSender(send, self.limits)
        self.seat = ExitStack()
        self.caller: Caller | None = None
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.progress: dict[str, Progress] = {}
        self.due = 0.0

    async def serve(self, origins: frozenset[bytes]) -> None:
        """Shake hands and talk. A page of another site is refused before that."""
        # The first message is the handshake itself.
        await self.receive()
        large = sum(map(len, self.headers.values())) > self.limits.headers
        # Browsers open sockets to any origin with cookies, without a preflight: only Origin tells.
        foreign = negotiation.is_foreign_origin(self.headers, origins)
        if foreign:
            tell_refused(self.headers)
        if large or foreign:
            await self.send({"type": "websocket.close"})
            return
        try:
            if PROTOCOL not in self.scope["subprotocols"]:
                await self.send({"type": "websocket.accept"})
                await self.close(SocketClosed(CloseCode.SUBPROTOCOL))
                return
            await self.send({"type": "websocket.accept", "subprotocol": PROTOCOL})
            with self.seat:
                await self.run()
        except OSError:
            pass  # gone before we could say so

    async def run(self) -> None:
        """Obey messages until either side has had enough."""
        why: Exception = ClientGone()
        try:
            # One group for everything on the socket: the first fault ends all its operations.
            async with asyncio.TaskGroup() as self.group:
                await self.receive_messages()
        except* (SocketClosed, ClientGone) as ended:
            why = ended.exceptions[0]
        except* ClientTooSlow:
            why = SocketClosed(CloseCode.SLOW)
        except* (Unavailable, Overloaded):
            why = SocketClosed(CloseCode.UNAVAILABLE)
        except* Exception as faults:
            why = SocketClosed(CloseCode.FAULT, str((mask_fault(faults.exceptions[0]).extensions or {})["id"]))
        if isinstance(why, SocketClosed):
            if why.code is CloseCode.FORBIDDEN:  # before the client hears of it: it comes back at once
                await self.operations.remember(self.progress.values())
            await self.close(why)

    async def close(self, why: SocketClosed) -> None:
        """Send the close code. Its reason is cut to what a close frame holds, between characters."""
        reason = str(why).encode()[:REASON].decode(errors="ignore")
        try:
            async with asyncio.timeout(self.limits.stalling):
                await self.send({"type": "websocket.close", "code": int(why.code), "reason": reason})
        except TimeoutError:
            pass  # it does not read even that

    async def receive_messages(self) -> None:
        """Wait for connection_init, and then obey messages without end."""
        try:
            async with asyncio.timeout(self.limits.initializing):
                while self.caller is None:
                    await self.handle_message(await self.hear())
        except TimeoutError:
            raise SocketClosed(CloseCode.LATE) from None
        self.group.create_task(self.beat())
        self.group.create_task(self.watch(self.caller))
        while True:
            await self.handle_message(await self.hear())

    async def hear(self) -> Mapping[str, Any]:
        """Receive the next message. Raises SocketClosed for what is none."""
        await self.pace()
        message = await self.receive()
        if message["type"] == "websocket.disconnect":
            raise ClientGone
        text = message.get("text")
        if text is None:
            raise SocketClosed(CloseCode.INVALID, "Messages are text, not binary.")
        raw = text.encode("utf-8", "surrogatepass")
        if len(raw) > self.limits.message:
            raise SocketClosed(CloseCode.TOO_BIG)
        try:
            parsed = decode_json(raw, "The message", self.limits)
        except Malformed as problem:
            raise SocketClosed(CloseCode.INVALID, str(problem)) from None
        except RequestRefused as refused:
            return self.excessive(raw, refused)
        if not isinstance(parsed, dict):
            raise SocketClosed(CloseCode.INVALID, "A message is a JSON object.")
        return parsed

    def excessive(self, raw: bytes, refused: RequestRefused) -> Mapping[str, Any]:
        """Blame an operation that is too large for itself, and anything else on the socket."""
        parsed = orjson.loads(raw)
        if isinstance(parsed, dict) and parsed.get("type") == "subscribe":
            return {**parsed, "payload": refused}
        raise SocketClosed(CloseCode.INVALID, refused.errors[0].message)

    async def pace(self) -> None:
        """Delay reading, so that a flood waits in the client's own buffers."""
        now = asyncio.get_running_loop().time()
        # Like a token bucket kept as one moment: the time at which the next message is due.
        self.due = max(self.due + 1 / self.limits.messages, now - BURST)
        if self.due > now:
            await asyncio.sleep(self.due - now)

    async def handle_message(self, message: Mapping[str, Any]) -> None:
        """Carry out one message of the protocol."""
        payload = message.get("payload")
        match message.get("type"):
            case "subscribe":
                await self.subscribe(message_id(message), payload)
            case "complete":
                # Forgotten before it is cancelled: who completes a subscription does not want to go on with it.
                self.progress.pop(message_id(message), None)
                if task := self.tasks.pop(message_id(message), None):
                    task.cancel()
            case "connection_init":
                await self.initialize(optional_payload(payload))
            case "ping":
                await self.say({"type": "pong", "payload": payload} if optional_payload(payload) else {"type": "pong"})
            case "pong":
                optional_payload(payload)
            case _:
                kinds = "connection_init, subscribe, complete, ping or pong"
                raise SocketClosed(CloseCode.INVALID, f"The type of a message is {kinds}.")

    async def initialize(self, payload: Mapping[str, Any]) -> None:
        """Take connection_init: credentials, a seat and a point, then the acknowledgement."""
        if self.caller:
            raise SocketClosed(CloseCode.AGAIN)
        self.headers |= init_headers(payload)
        caller = await self.enter()
        try:
            self.seat.enter_context(self.operations.reserve_connection(caller))
        except RateLimited:
            raise SocketClosed(CloseCode.CROWDED) from None
        with close_on_refusal():
            if caller.budget:
                caller.budget.consume()
        await self.say({"type": "connection_ack"})
        # Set last: operations are taken only after the acknowledgement is out.
        self.caller = caller

    async def enter(self) -> Caller:
        """Find out who is at the other end by now. Raises SocketClosed if they may not be there."""
        with close_on_refusal():
            return await self.operations.enter(self.headers, self.scope)

    async def subscribe(self, name: str, payload: Any) -> None:
        """Start an operation. Raises SocketClosed for what breaks the protocol; other problems are the operation's."""
        if self.caller is None:
            raise SocketClosed(CloseCode.UNINITIALIZED)
        if name in self.tasks:
            raise SocketClosed(CloseCode.DUPLICATE)
        try:
            if isinstance(payload, RequestRefused):
                raise payload
            if len(self.tasks) >= self.limits.operations:
                raise RequestRefused([too_many_operations(self.limits.operations)], Stage.LIMIT)
            request = Request.take_parameters(payload)
        except Malformed as problem:
            raise SocketClosed(CloseCode.INVALID, str(problem)) from None
        except RequestRefused as refused:
            await self.fail(name, refused)
            return
        self.tasks[name] = self.group.create_task(self.operate(name, request))

    async def operate(self, name: str, request: Request) -> None:
        """Carry out an operation: its answers, and the end or an error."""
        continue_request()
        # The frame is put together from bytes, so that a large answer is not parsed and written again.
        head = b'{"id":' + orjson.dumps(name) + b',"type":"next","payload":'
        problem: Exception | None = None
        try:
            # Asked for each operation: grants may have changed since the socket was opened.
            caller = await self.enter()
            prepared = await self.operations.prepare(request, caller)
            progress = self.progress[name] = Progress()
            async with aclosing(self.operations.answers(prepared, request, caller, progress)) as answers:
                async for answer in answers:
                    await self.send_text(head + answer.body + b"}")
        except (ClientGone, ClientTooSlow, SocketClosed):
            raise
        except (Unauthenticated, Forbidden) as ended:
            # The whole socket ends: an error of one operation is final to clients, and they would not come back.
            raise SocketClosed(CloseCode.FORBIDDEN, str(ended)) from None
        except Exception as raised:
            problem = raised
        # Another task may have the id by now, if the client has completed this one and begun anew.
        if self.tasks.get(name) is asyncio.current_task():
            self.progress.pop(name, None)
            del self.tasks[name]  # before the last word, after which the client may use the id again
        await (self.fail(name, problem) if problem else self.say({"id": name, "type": "complete"}))

    async def fail(self, name: str, problem: Exception) -> None:
        """Send the error that ends an operation."""
        await self.say({"id": name, "type": "error", "payload": self.operations.describe_errors(problem, self.caller)})

    async def say(self, message: Mapping[str, Any]) -> None:
        """Send a message."""
        await self.send_text(orjson.dumps(message, default=str))

    async def send_text(self, text: bytes) -> None:
        """Send a message that is JSON already, and wait until it has left."""
        await self.outlet.put({"type": "websocket.send", "text": text.decode()}, len(text))

    async def beat(self) -> None:
        """Ping now and then, so that nothing on the way takes the connection for dead."""
        while True:
            await asyncio.sleep(self.limits.ping)
            await self.say({"type": "ping"})

    async def watch(self, caller: Caller) -> None:
        """Close the socket when the credentials expire or are taken back."""
        with close_on_refusal():
            await self.operations.watch(caller, self.headers, self.scope, self.announce)

    async def announce(self, left: float) -> None:
        """Tell the client in how many seconds its credentials end, in the payload of a ping."""
        await self.say({"type": "ping", "payload": {"expiresIn": round(left)}})


@contextmanager
def close_on_refusal() -> Iterator[None]:
    """Close the socket where the credentials do not hold. Raises Overloaded, which says nothing of them."""
    try:
        yield
    except Overloaded:
        raise
    except (Unauthenticated, Forbidden, RateLimited) as problem:
        raise SocketClosed(CloseCode.FORBIDDEN, str(problem)) from None


def message_id(message: Mapping[str, Any]) -> str:
    """Return the id of a message. Raises SocketClosed for one that cannot be one."""
    name = message.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST:
        raise SocketClosed(CloseCode.INVALID, f"The id of an operation is a string of 1 to {LONGEST} characters.")
    return name


def optional_payload(payload: Any) -> Mapping[str, Any]:
    """Return the payload of a message, empty if there is none."""
    if payload is not None and not isinstance(payload, dict):
        raise SocketClosed(CloseCode.INVALID, "The payload is a JSON object or null.")
    return payload or {}


TAKEN = ("authorization", "token", "accept-language")
"""What connection_init may say in place of headers."""


def init_headers(payload: Mapping[str, Any]) -> dict[bytes, bytes]:
    """Return the headers that stand in connection_init: a browser's page can set none at the handshake."""
    values = {name.lower(): value for name, value in payload.items() if name.lower() in TAKEN}
    if not all(value is None or isinstance(value, str) and value.isascii() for value in values.values()):
        raise SocketClosed(CloseCode.INVALID, f"{', '.join(TAKEN)} of connection_init are strings of ASCII.")
    found = {}
    if given := values.get("accept-language"):
        found[b"accept-language"] = given.encode()
    if given := values.get("authorization"):
        found[b"authorization"] = given.encode()
    elif given := values.get("token"):
        found[b"authorization"] = b"Bearer " + given.encode()
    return found


def too_many_operations(most: int) -> Any:
    """Make the error for too many operations at once."""
    message = f"At most {most} operations may be under way on a socket (limits.operations)."
    return coded_error(Code.LIMIT_EXCEEDED, message, limit="limits.operations", allowed=most)
