"""GraphQL over HTTP: one ASGI application between the wire and the engine."""

from __future__ import annotations

import asyncio
import gzip
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, Literal

import orjson
from graphql import GraphQLError
from starlette.types import Receive, Scope, Send

from gongzhi_server.gateway import negotiation
from gongzhi_server.gateway.codes import Code, error
from gongzhi_server.gateway.engine import Authenticate, Engine, Forbidden, Kind, P, Refused, Stage, Unauthenticated
from gongzhi_server.gateway.limits import Limits
from gongzhi_server.gateway.negotiation import GRAPHQL, JSON
from gongzhi_server.gateway.request import Malformed, Request, Unreadable

__all__ = ["Gateway", "Settings"]

logger = logging.getLogger(__name__)

Header = tuple[bytes, bytes]

SAFE: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"vary", b"accept, accept-encoding"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
TYPED = {media: ((b"content-type", media + b"; charset=utf-8"), *SAFE) for media in (GRAPHQL, JSON)}
CODES = {
    Stage.PARSE: Code.GRAPHQL_PARSE_FAILED,
    Stage.VALIDATION: Code.GRAPHQL_VALIDATION_FAILED,
    Stage.OPERATION: Code.OPERATION_RESOLUTION_FAILURE,
    Stage.COERCION: Code.BAD_USER_INPUT,
    Stage.COST: Code.COST_EXCEEDED,
    Stage.LIMIT: Code.LIMIT_EXCEEDED,
}
LARGE = 131_072  # bytes from which compressing would hold up the others too long


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the gateway answers."""

    status: Literal["audit", "release"] = field(
        default="audit",
        metadata={
            "doc": "Where the official audits and the September 2026 release of GraphQL over HTTP clash: audit answers "
            "application/json clients with 200 and invalid documents with 400; release gives 4xx to both, 422 for what "
            "can be read but not executed."
        },
    )
    compress: int | None = field(
        default=1_024, metadata={"doc": "Bytes from which a response is compressed if the client can read it."}
    )
    limits: Limits = field(default=Limits(), metadata={"doc": "The most a request may ask for."})


class Refusal(Exception):
    """A request that HTTP alone is enough to refuse."""

    def __init__(self, status: int, problem: GraphQLError, *headers: Header) -> None:
        super().__init__(problem.message)
        self.status = status
        self.problem = problem
        self.headers = headers


class Disconnected(Exception):
    """The client is gone; nobody waits for a reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back over the wire."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = ()


class Gateway(Generic[P]):
    """An ASGI application for one URL: negotiates, authenticates, reads, lets the engine answer, frames the reply."""

    def __init__(self, engine: Engine[P], authenticate: Authenticate, settings: Settings | None = None) -> None:
        self.engine = engine
        self.authenticate = authenticate
        self.settings = settings or Settings()
        self.limits = self.settings.limits
        self.audit = self.settings.status == "audit"
        self.default = JSON if self.audit else GRAPHQL
        self.media = negotiation.remembered(partial(negotiation.media, default=self.default))
        self.gzips = negotiation.remembered(negotiation.gzips)
        self.is_json = negotiation.remembered(negotiation.is_json)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = negotiation.fold(scope["headers"])
        media = self.default
        try:
            media = self.negotiated(headers)
            reply = await self.answer(scope, headers, media, receive)
        except Disconnected:
            return
        except Exception as problem:
            reply = self.refusal(problem, media)
        if reply.status >= 300 and not self.audit:
            media = GRAPHQL  # by the release, only a success may call itself JSON
        await self.write(reply, media, headers, send)

    def negotiated(self, headers: Mapping[bytes, bytes]) -> bytes:
        """The media type to reply in."""
        if sum(map(len, headers.values())) > self.limits.headers:
            raise too_large(431, "The headers are", "headers", self.limits.headers)
        accept = headers.get(b"accept")
        media = self.default if accept is None else self.media(accept)
        if media is None:
            message = "Accept application/graphql-response+json or application/json; nothing else can be sent."
            raise Refusal(406, error(Code.NOT_ACCEPTABLE, message))
        return media

    async def answer(self, scope: Scope, headers: Mapping[bytes, bytes], media: bytes, receive: Receive) -> Reply:
        method = scope["method"]
        self.admit(method, headers)
        viewer = await self.authenticate(headers)
        request = await self.read(receive, headers) if method == "POST" else self.url(scope["query_string"])
        prepared = self.engine.prepare(request.query, request.name)
        permit(prepared.operation, method)
        async with asyncio.timeout(self.limits.running):
            answer = await self.engine.run(prepared, request.variables, viewer, request.extensions)
        return Reply(294 if answer.errors and media == GRAPHQL else 200, answer.body)

    def admit(self, method: str, headers: Mapping[bytes, bytes]) -> None:
        """Refuse what no engine needs to see."""
        if method == "POST":
            if not self.is_json(headers.get(b"content-type", b"")):
                message = "Send the body as Content-Type: application/json, in UTF-8."
                raise Refusal(415, error(Code.UNSUPPORTED_MEDIA_TYPE, message), (b"accept-post", JSON))
            if headers.get(b"content-encoding", b"identity").lower() != b"identity":
                message = "Send the body uncompressed, without Content-Encoding."
                raise Refusal(415, error(Code.UNSUPPORTED_MEDIA_TYPE, message), (b"accept-encoding", b"identity"))
        elif method != "GET":
            message = "Send a POST, or a GET for queries."
            raise Refusal(405, error(Code.METHOD_NOT_ALLOWED, message), (b"allow", b"GET, POST"))
        if negotiation.cross_site(headers):
            message = "Requests from other sites need the header GraphQL-Require-Preflight."
            raise Refusal(403, error(Code.CROSS_SITE_REQUEST, message))

    def url(self, query: bytes) -> Request:
        if len(query) > self.limits.url:
            raise too_large(414, "The query string is", "url", self.limits.url)
        return Request.url(query, self.limits)

    async def read(self, receive: Receive, headers: Mapping[bytes, bytes]) -> Request:
        limit = self.limits.body
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and (len(length) > 15 or int(length) > limit):
            raise too_large(413, "The body is", "body", limit)
        try:
            async with asyncio.timeout(self.limits.reading):
                body = await whole(receive, limit)
        except TimeoutError:
            message = f"The body did not arrive within {self.limits.reading:g} seconds (limits.reading)."
            raise Refusal(408, error(Code.REQUEST_TIMEOUT, message), (b"connection", b"close")) from None
        return Request.body(body, self.limits)

    def refusal(self, problem: Exception, media: bytes) -> Reply:
        """Turn what was raised into a reply. What is not meant for the client stays in the log."""
        match problem:
            case Refused(errors=errors, stage=stage):
                return Reply(self.status(stage, media), dump(errors, CODES[stage]))
            case Refusal(status=status, problem=refused, headers=headers):
                return Reply(status, dump([refused]), headers)
            case Malformed():
                status = 400 if self.audit or isinstance(problem, Unreadable) else 422
                return simple(status, Code.BAD_REQUEST, str(problem))
            case Unauthenticated(challenge=challenge):
                header = (b"www-authenticate", challenge.encode("latin-1"))
                return simple(401, Code.UNAUTHENTICATED, str(problem), header)
            case Forbidden():
                return simple(403, Code.FORBIDDEN, str(problem))
            case TimeoutError():
                message = f"The operation took longer than {self.limits.running:g} seconds (limits.running)."
                return simple(503, Code.TIMEOUT, message)
        return masked(problem)

    def status(self, stage: Stage, media: bytes) -> int:
        """The status of a request that is well-formed and yet was not executed."""
        if self.audit:
            return 200 if media == JSON else 400
        return 400 if stage is Stage.PARSE else 422

    async def write(self, reply: Reply, media: bytes, headers: Mapping[bytes, bytes], send: Send) -> None:
        body, extra = reply.body, reply.headers
        smallest = self.settings.compress
        if smallest is not None and len(body) >= smallest and self.gzips(headers.get(b"accept-encoding", b"")):
            body = await compress(body)
            extra += ((b"content-encoding", b"gzip"),)
        lines = [*TYPED[media], (b"content-length", b"%d" % len(body)), *extra]
        await send({"type": "http.response.start", "status": reply.status, "headers": lines})
        await send({"type": "http.response.body", "body": body})


def permit(operation: Kind, method: str) -> None:
    """Refuse an operation that may not be sent this way."""
    if operation == "subscription":
        message = "Subscriptions need a connection that stays open; this one gives a single reply."
        raise Refused([error(Code.OPERATION_NOT_ALLOWED, message)], Stage.OPERATION)
    if operation == "mutation" and method == "GET":
        raise Refusal(405, error(Code.OPERATION_NOT_ALLOWED, "Send mutations by POST."), (b"allow", b"POST"))


async def whole(receive: Receive, limit: int) -> bytes:
    """Read a body of at most `limit` bytes, whatever its header promised."""
    chunks: list[bytes] = []
    left, more = limit, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        chunks.append(message.get("body", b""))
        left -= len(chunks[-1])
        if left < 0:
            raise too_large(413, "The body is", "body", limit)
        more = message.get("more_body", False)
    return b"".join(chunks)


def too_large(status: int, subject: str, setting: str, limit: int) -> Refusal:
    message = f"{subject} larger than {limit:,} bytes (limits.{setting})."
    return Refusal(status, error(Code.REQUEST_TOO_LARGE, message, limit=f"limits.{setting}", allowed=limit))


def masked(problem: Exception) -> Reply:
    """Log a fault of ours under an id, and give the client the id alone."""
    name = secrets.token_hex(8)
    logger.error("request failed, id %s", name, exc_info=problem)
    message = f"Something went wrong on our side. Whoever runs the server finds it in the log under {name}."
    return Reply(500, dump([error(Code.INTERNAL_SERVER_ERROR, message, id=name)]))


def simple(status: int, code: Code, message: str, *headers: Header) -> Reply:
    """A reply of one error."""
    return Reply(status, dump([error(code, message)]), headers)


def dump(errors: Sequence[GraphQLError], code: Code | None = None) -> bytes:
    """Write a response of errors alone; those without a code of their own get this one."""
    formatted = [{**each.formatted, "extensions": {"code": code, **(each.extensions or {})}} for each in errors]
    return orjson.dumps({"errors": formatted}, default=str)


async def compress(body: bytes) -> bytes:
    if len(body) < LARGE:
        return gzip.compress(body, 1, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, 1, mtime=0)
