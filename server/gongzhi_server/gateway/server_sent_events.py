"""Server-sent events: GraphQL as `graphql-sse` has it, an operation per request, in a response that stays open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import Receive, Send

from .backpressure import ClientGone, ClientTooSlow, MessageSender
from .error_codes import Code, coded_error
from .error_responses import format_errors
from .interfaces import Answer
from .limits import Limits
from .rate_limits import Header

__all__ = ["COMPLETE", "EventStream", "format_event"]

COMPLETE = b"event: complete\ndata: \n\n"
COMMENT = b":\n\n"


@dataclass(frozen=True, slots=True)
class EventStream:
    """A response that goes on until the operation is over, the client is gone or their credentials are."""

    answers: AsyncGenerator[Answer, None]
    describe_errors: Callable[[Exception], list[dict[str, Any]]]
    watch: Callable[[], Awaitable[None]]
    """Raises what `describe_errors` can word once the credentials do not hold any more."""
    seat: AbstractContextManager[Any]
    """What the caller holds for as long as it lasts."""
    stopping: asyncio.Event
    """Set when the server stops."""
    place: Callable[[], str | None] = lambda: None
    """The cursor that was sent last."""
    headers: tuple[Header, ...] = ()

    async def write(self, receive: Receive, send: Send, headers: list[Header], limits: Limits) -> None:
        """Send it all."""
        outlet = MessageSender(send, limits)
        try:
            with self.seat:
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                # One group: whichever ends first, operation, client or credentials, ends the others.
                async with asyncio.TaskGroup() as group:
                    beside = (
                        *(wait_for_disconnect(receive), send_heartbeats(outlet, limits.ping)),
                        *(self.expiry(outlet), self.leave(outlet)),
                    )
                    tasks = [group.create_task(each) for each in beside]
                    await self.flow(outlet)
                    for task in tasks:
                        task.cancel()
        except* (ClientGone, ClientTooSlow, OSError):
            pass

    async def flow(self, outlet: MessageSender) -> None:
        """Send an event for each answer, and the end."""
        try:
            async with aclosing(self.answers) as answers:
                async for answer in answers:
                    await send_text(outlet, format_event(answer))
        except (ClientGone, ClientTooSlow):
            raise
        except Exception as problem:
            await send_text(outlet, self.failure(problem) + COMPLETE, last=True)
        else:
            await send_text(outlet, COMPLETE, last=True)

    async def expiry(self, outlet: MessageSender) -> None:
        """End the stream when the credentials do."""
        try:
            await self.watch()
        except Exception as problem:
            await send_text(outlet, self.failure(problem) + COMPLETE, last=True)
            raise ClientGone from None

    async def leave(self, outlet: MessageSender) -> None:
        """End the stream when the server stops, with a last event that says where it goes on.

        It is not complete, so clients connect again by themselves, and find another server or the next one.
        """
        await self.stopping.wait()
        farewell = coded_error(Code.SERVER_STOPPING, "The server stops; connect again and go on after this event's id.")
        body = orjson.dumps({"errors": format_errors([farewell])})
        await send_text(outlet, format_event(Answer(body, cursor=self.place())), last=True)
        raise ClientGone

    def failure(self, problem: Exception) -> bytes:
        """Word a problem as an event."""
        return format_event(Answer(orjson.dumps({"errors": self.describe_errors(problem)}, default=str)))


def format_event(answer: Answer) -> bytes:
    """Frame an answer as a `next` event. A line feed between the tokens of the JSON begins another line of data."""
    body = answer.body
    # Strings in JSON hold no raw line breaks, so these only separate tokens and may be changed.
    if b"\n" in body or b"\r" in body:
        body = body.replace(b"\r", b" ").replace(b"\n", b"\ndata: ")
    place = b"id: " + answer.cursor.encode() + b"\n" if answer.cursor else b""
    return place + b"event: next\ndata: " + body + b"\n\n"


async def send_text(outlet: MessageSender, text: bytes, last: bool = False) -> None:
    """Send a piece of the body."""
    await outlet.put({"type": "http.response.body", "body": text, "more_body": not last}, len(text), last)


async def send_heartbeats(outlet: MessageSender, seconds: float) -> None:
    """Send a comment now and then, so that nothing on the way takes the connection for dead."""
    while True:
        await asyncio.sleep(seconds)
        await send_text(outlet, COMMENT)


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    raise ClientGone
