"""GraphQL over HTTP: one ASGI application between the wire and the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Generic

from graphql import GraphQLError
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gongzhi_server.errors import Unavailable
from gongzhi_server.telemetry.requests import HEADER, begin_request

from . import error_responses, negotiation
from .discovery import PAGE
from .error_codes import Code, coded_error
from .http_messages import (
    HTML,
    TYPED,
    Disconnected,
    HttpRefusal,
    HttpReply,
    compress_body,
    dump_errors,
    read_body,
    too_large,
)
from .interfaces import (
    Answer,
    Authenticate,
    Engine,
    Forbidden,
    Kind,
    Memory,
    P,
    Positions,
    RequestRefused,
    Stage,
    Traits,
    Unauthenticated,
)
from .negotiation import EVENTS, GRAPHQL, JSON
from .operations import Caller, Operations, Progress
from .options import GatewaySettings
from .origins import OriginMiddleware, tell_refused
from .overload import Guard
from .rate_limits import Header, RateLimited
from .request import Malformed, Request, Unreadable
from .server_sent_events import EventStream
from .timeouts import Timeout
from .trusted_documents import DocumentStore
from .uvicorn_replies import take_body, write_reply
from .websocket import Socket

__all__ = ["Gateway", "GatewaySettings"]

BLANK = b" \t\r\n"


class Gateway(Generic[P]):
    """An ASGI application for one URL: negotiates, authenticates, reads, lets the engine answer, frames the reply.

    It speaks HTTP and WebSocket. `documents` knows the trusted ones; without it there are none, and hashes of
    persisted queries are accepted. `memory` holds where subscriptions go on after their token has ended. `positions`
    are read and told where the database has replicas.
    """

    def __init__(
        self,
        engine: Engine[P],
        authenticate: Authenticate,
        settings: GatewaySettings | None = None,
        traits: Traits | None = None,
        documents: DocumentStore | None = None,
        memory: Memory | None = None,
        guard: Guard | None = None,
        positions: Positions | None = None,
    ) -> None:
        self.positions = positions
        self.settings = settings or GatewaySettings()
        self.limits = self.settings.limits
        documents = DocumentStore() if documents is None else documents
        self.operations = Operations(engine, authenticate, self.settings, traits or Traits(), documents, memory, guard)
        self.audit = self.settings.status == "audit"
        self.default = JSON if self.audit else GRAPHQL
        # Clients send the same few headers again and again, so what they parse to is remembered.
        self.media = negotiation.cache_parsed(partial(negotiation.choose_media_type, default=self.default))
        self.gzips = negotiation.cache_parsed(negotiation.accepts_gzip)
        self.is_json = negotiation.cache_parsed(negotiation.is_json)
        self.origins = frozenset(origin.encode() for origin in self.settings.origins)
        self.app = wrap_application(self.serve, self.settings)
        self.page: ASGIApp | None = None
        """A plugin's page for browsers, in the place of the text."""
        self.stopping = asyncio.Event()
        """Set when the server is about to stop: what would go on for ever ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request behind the middleware for other origins and proxies."""
        await self.app(scope, receive, send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request over HTTP, or hand over to the WebSocket."""
        if scope["type"] == "websocket":
            begin_request(None)
            await Socket(self.operations, scope, receive, send).serve(self.origins)
            return
        headers = negotiation.fold_headers(scope["headers"])
        note = begin_request(headers.get(HEADER))
        named = (HEADER, note.id.encode())
        if self.positions is not None:
            self.positions.read(headers, note)
        media = self.default
        try:
            media = self.negotiate_media_type(headers, scope)
            if media == HTML and self.page is not None:
                await self.page(scope, receive, send)
                return
            reply = await self.answer(scope, headers, media, receive)
        except Disconnected:
            return
        except Exception as problem:
            reply = self.refusal(problem, media)
        if note.told is not None and self.positions is not None:
            reply = add_headers(reply, self.positions.lines(headers, note))
        if isinstance(reply, EventStream):
            # "x-accel-buffering: no" keeps nginx from holding events back.
            lines = [*TYPED[EVENTS], (b"x-accel-buffering", b"no"), named, *reply.headers]
            await reply.write(receive, send, lines, self.limits)
        else:
            await self.write(reply, self.media_type_of(reply, media), headers, send, named)

    def media_type_of(self, reply: HttpReply, media: bytes) -> bytes:
        """Return the media type of a reply. By the release, only a success may call itself JSON."""
        if reply.media:
            return reply.media
        if reply.status >= 300 and not self.audit:
            return GRAPHQL
        return media if media in (GRAPHQL, JSON) else self.default

    def negotiate_media_type(self, headers: Mapping[bytes, bytes], scope: Scope) -> bytes:
        """Choose the media type to reply in. Raises HttpRefusal."""
        # Before anything is parsed out of them.
        if sum(map(len, headers.values())) > self.limits.headers:
            raise too_large(431, "The headers are", "headers", self.limits.headers)
        accept = headers.get(b"accept")
        if accept is None:
            return self.default
        if self.settings.page and HTML in accept and scope["method"] == "GET" and not scope["query_string"]:
            return HTML
        media = self.media(accept)
        if media is None:
            message = "Accept application/graphql-response+json or application/json; nothing else can be sent."
            raise HttpRefusal(406, coded_error(Code.NOT_ACCEPTABLE, message))
        return media

    async def answer(
        self, scope: Scope, headers: Mapping[bytes, bytes], media: bytes, receive: Receive
    ) -> HttpReply | EventStream:
        """Admit, authenticate and answer a request."""
        method = scope["method"]
        if media == HTML:
            return HttpReply(200, PAGE, media=HTML)
        # What HTTP alone can refuse is refused before the credentials are checked, which costs a query at worst.
        self.admit(method, headers)
        caller = await self.operations.enter(headers, scope)
        try:
            reply = await self.reply(scope, headers, media, receive, caller)
        except Disconnected:
            raise
        except Exception as problem:
            reply = self.refusal(problem, media, caller)
        if caller.budget is None:
            return reply
        return add_headers(reply, caller.headers())

    async def reply(
        self, scope: Scope, headers: Mapping[bytes, bytes], media: bytes, receive: Receive, caller: Caller
    ) -> HttpReply | EventStream:
        """Read the request and run what it asks for."""
        method = scope["method"]
        try:
            request = await self.read(receive, headers) if method == "POST" else self.url(scope["query_string"])
        except (Malformed, RequestRefused, HttpRefusal):  # reading it took time, too
            if caller.budget:
                caller.budget.consume()
            raise
        if isinstance(request, list):
            return await self.batch(request, caller)
        if media == EVENTS:
            return await self.stream(resume_request(request, headers), caller, scope, headers)
        prepared = await self.operations.prepare(request, caller)
        check_method(prepared.operation, method)
        answer = await self.operations.run(prepared, request, caller)
        # 294 is an answer with data and errors (docs/gateway.md).
        return HttpReply(294 if answer.errors and media == GRAPHQL else 200, answer.body)

    async def stream(
        self, request: Request, caller: Caller, scope: Scope, headers: Mapping[bytes, bytes]
    ) -> EventStream:
        """Answer in events.

        Who reads them sees no status, so a document that is refused is told in an event, too.
        """
        # Taken before the document is prepared, so that a caller cannot have more prepared at once than connections.
        seat = ExitStack()
        seat.enter_context(self.operations.reserve_connection(caller))
        progress = Progress()
        try:
            prepared = await self.operations.prepare(request, caller)
            if prepared.operation == "mutation":
                check_method(prepared.operation, scope["method"])
            answers = self.operations.answers(prepared, request, caller, progress)
        except (RequestRefused, Malformed) as problem:
            answers = single_answer(dump_errors(self.operations.describe_errors(problem, caller)))
        # From here the stream holds the seat and lets it go at its end; until then it is ours to let go.
        except BaseException:
            seat.close()
            raise

        async def watch() -> None:
            try:
                await self.operations.watch(caller, headers, scope)
            except (Unauthenticated, Forbidden, RateLimited):
                await self.operations.remember([progress])
                raise

        describe = partial(self.operations.describe_errors, caller=caller)
        return EventStream(answers, describe, watch, seat, self.stopping, lambda: progress.cursor)

    async def batch(self, requests: Sequence[Request], caller: Caller) -> HttpReply:
        """Answer one after the other, within one budget of cost and time."""
        bodies: list[bytes] = []
        cost, loop = 0, asyncio.get_running_loop()
        end = loop.time() + self.limits.running
        # In sequence: in parallel a batch would take as many connections as it has operations.
        for request in requests:
            try:
                if cost > self.limits.cost:
                    raise RequestRefused([batch_too_costly(cost, self.limits.cost)], Stage.COST)
                prepared = await self.operations.prepare(request, caller)
                check_method(prepared.operation, "POST")
                answer = await self.operations.run(prepared, request, caller, end - loop.time())
                cost += answer.cost
                bodies.append(answer.body)
            except Exception as problem:
                bodies.append(dump_errors(self.operations.describe_errors(problem, caller)))
        return HttpReply(200, b"[" + b",".join(bodies) + b"]", media=JSON)

    def admit(self, method: str, headers: Mapping[bytes, bytes]) -> None:
        """Refuse what needs no engine to be refused."""
        if method == "POST":
            if not self.is_json(headers.get(b"content-type", b"")):
                message = "Send the body as Content-Type: application/json, in UTF-8."
                raise HttpRefusal(415, coded_error(Code.UNSUPPORTED_MEDIA_TYPE, message), (b"accept-post", JSON))
            # A compressed body could be a thousand times its size (a zip bomb), and its length would say nothing.
            if headers.get(b"content-encoding", b"identity").lower() != b"identity":
                message = "Send the body uncompressed, without Content-Encoding."
                raise HttpRefusal(
                    415, coded_error(Code.UNSUPPORTED_MEDIA_TYPE, message), (b"accept-encoding", b"identity")
                )
            return  # JSON is not sent to another site without a preflight, so nothing more need be asked
        if method != "GET":
            if method == "OPTIONS" and negotiation.is_foreign_origin(headers):
                tell_refused(headers)
            message = "Send a POST, or a GET for queries."
            raise HttpRefusal(405, coded_error(Code.METHOD_NOT_ALLOWED, message), (b"allow", b"GET, POST"))
        # Such a page cannot read the answer, but could make the browser send it with cookies: CSRF.
        if negotiation.cross_site(headers, self.origins):
            tell_refused(headers)
            message = "Requests from other sites need the header GraphQL-Require-Preflight."
            raise HttpRefusal(403, coded_error(Code.CROSS_SITE_REQUEST, message))

    def url(self, query: bytes) -> Request:
        """Read a request from the query string of a GET."""
        if len(query) > self.limits.url:
            raise too_large(414, "The query string is", "url", self.limits.url)
        return Request.url(query, self.limits)

    async def read(self, receive: Receive, headers: Mapping[bytes, bytes]) -> Request | list[Request]:
        """Read a request, or a batch, from the body of a POST."""
        limit = self.limits.body
        length = headers.get(b"content-length", b"0")
        # Refused by its header before a byte is read; the length
        # itself is bounded, since int() of many digits is slow.
        if length.isdigit() and (len(length) > 15 or int(length) > limit):
            raise too_large(413, "The body is", "body", limit)
        body = take_body(receive)
        if body is None:
            body = await self.receive_body(receive)
        elif len(body) > limit:
            raise too_large(413, "The body is", "body", limit)
        if self.settings.batch and body.lstrip(BLANK).startswith(b"["):
            return Request.bodies(body, self.limits, self.settings.batch)
        return Request.body(body, self.limits)

    async def receive_body(self, receive: Receive) -> bytes:
        """Receive a body that has not arrived yet, within the time for it."""
        try:
            with Timeout(self.limits.reading):
                return await read_body(receive, self.limits.body)
        except TimeoutError:
            message = f"The body did not arrive within {self.limits.reading:g} seconds (limits.reading)."
            # Closed, because the rest of the body would be taken for the next request.
            raise HttpRefusal(408, coded_error(Code.REQUEST_TIMEOUT, message), (b"connection", b"close")) from None

    def refusal(self, problem: Exception, media: bytes, caller: Caller | None = None) -> HttpReply:
        """Turn what was raised into a reply."""
        if isinstance(problem, HttpRefusal):
            return HttpReply(
                problem.status, dump_errors(error_responses.format_errors([problem.problem])), problem.headers
            )
        status, extra = self.line(problem, media)
        return HttpReply(status, dump_errors(self.operations.describe_errors(problem, caller)), extra)

    def line(self, problem: Exception, media: bytes) -> tuple[int, tuple[Header, ...]]:
        """Return the status of a reply that tells of a problem, and the headers that go with it."""
        match problem:
            case RequestRefused(stage=stage):
                return self.status(stage, media), ()
            case Malformed():
                return 400 if self.audit or isinstance(problem, Unreadable) else 422, ()
            case Unauthenticated(challenge=challenge):
                return 401, ((b"www-authenticate", challenge.encode("latin-1")),)
            case Forbidden():
                return 403, ()
            case RateLimited(after=after):
                return 429, ((b"retry-after", b"%d" % after),)
            case Unavailable(after=after):
                return 503, ((b"retry-after", b"%d" % after),)
            case TimeoutError():
                return 503, ()
        return 500, ()

    def status(self, stage: Stage, media: bytes) -> int:
        """Return the status of a request that is well-formed and yet was not executed."""
        if self.audit:
            return 200 if media == JSON else 400
        return 400 if stage is Stage.PARSE else 422

    async def write(
        self, reply: HttpReply, media: bytes, headers: Mapping[bytes, bytes], send: Send, named: Header
    ) -> None:
        """Send a reply, compressed where the client reads that and it pays."""
        body, extra = reply.body, (named, *reply.headers)
        smallest = self.settings.compress
        if smallest is not None and len(body) >= smallest and self.gzips(headers.get(b"accept-encoding", b"")):
            body = await compress_body(body)
            extra += ((b"content-encoding", b"gzip"),)
        if await write_reply(send, reply.status, TYPED[media], extra, body):
            return
        lines = [*TYPED[media], (b"content-length", b"%d" % len(body)), *extra]
        await send({"type": "http.response.start", "status": reply.status, "headers": lines})
        await send({"type": "http.response.body", "body": body})


def wrap_application(app: ASGIApp, settings: GatewaySettings, methods: Sequence[str] = ("GET", "POST")) -> ASGIApp:
    """Wrap an application in what other origins and proxies need."""
    if settings.origins:
        app = OriginMiddleware(app, settings.origins, methods)
    # Outermost, so that whatever comes after sees the client's address and not the proxy's.
    if settings.proxies:
        app = ProxyHeadersMiddleware(app, list(settings.proxies))  # type: ignore[arg-type,assignment]
    return app


def add_headers(reply: HttpReply | EventStream, lines: tuple[Header, ...]) -> HttpReply | EventStream:
    """Return a reply with more headers."""
    if isinstance(reply, EventStream):
        return replace(reply, headers=reply.headers + lines)
    return HttpReply(reply.status, reply.body, reply.headers + lines, reply.media)


def check_method(operation: Kind, method: str) -> None:
    """Refuse an operation that may not be sent this way."""
    if operation == "subscription":
        message = "Subscriptions need a connection that stays open; this one gives a single reply."
        raise RequestRefused([coded_error(Code.OPERATION_NOT_ALLOWED, message)], Stage.OPERATION)
    # A GET may be sent by a link or an image of any page, and may be repeated by what lies between.
    if operation == "mutation" and method == "GET":
        raise HttpRefusal(405, coded_error(Code.OPERATION_NOT_ALLOWED, "Send mutations by POST."), (b"allow", b"POST"))


def batch_too_costly(cost: int, most: int) -> GraphQLError:
    """Make the error for a batch that costs too much together."""
    message = f"The operations of a batch may return {most:,} objects together (limits.cost); ask for fewer at once."
    return coded_error(Code.COST_EXCEEDED, message, cost=cost, limit=most, setting="limits.cost")


def resume_request(request: Request, headers: Mapping[bytes, bytes]) -> Request:
    """Add the place to go on from to a request, if its event stream was cut off."""
    last = headers.get(b"last-event-id")
    if not last:
        return request
    return replace(request, extensions={**(request.extensions or {}), "lastEventId": last.decode("utf-8", "replace")})


async def single_answer(body: bytes) -> AsyncGenerator[Answer, None]:
    """Yield one response as a stream."""
    yield Answer(body, errors=True, data=False)
