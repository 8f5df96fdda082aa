"""Plain HTTP: what endpoints beside /graphql share: refusals with a status, bounded bodies, rate-limit headers."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from gongzhi.values.errors import Text
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gongzhi_server.errors import Unavailable
from gongzhi_server.gateway.error_codes import Code
from gongzhi_server.gateway.operations import Caller, client_address
from gongzhi_server.gateway.rate_limits import METER, RateLimited, RateLimiter, TimeMeter

__all__ = [
    "BodyTooLarge",
    "BodyTooLate",
    "HttpRefused",
    "MountedApp",
    "RateLimitedApp",
    "cost_headers",
    "read_body",
    "refuse_if_away",
]


E = TypeVar("E", bound=BaseException)


class HttpRefused(Exception):
    """A request that is not carried out, with its status and code."""

    def __init__(self, status: int, code: Code, en: str, zh: str, **headers: str) -> None:
        super().__init__(en)
        self.status, self.code, self.text, self.headers = status, code, Text(en, zh), headers


class BodyTooLate(Exception):
    """A body that did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The body did not arrive within {seconds:g} seconds (limits.reading).")
        self.zh = f"请求体未在 {seconds:g} 秒内送达（limits.reading）。"


class BodyTooLarge(Exception):
    """A body of more bytes than are read."""


class MountedApp:
    """An ASGI application as a class, which is how a Route tells it from a function of a request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def refuse_if_away(problem: E) -> E | HttpRefused:
    """Return the refusal of a request for which the database is away, and anything else as it is."""
    if not isinstance(problem, Unavailable):
        return problem
    return HttpRefused(503, Code.UNAVAILABLE, problem.text.en, problem.text.zh, **{"retry-after": str(problem.after)})


LATER = {"error": "Too much at this moment; try again later. 请求过多，请稍后重试。"}


class RateLimitedApp:
    """An ASGI application behind the rate limiter.

    Each request costs its address a point, and the time it takes. Whoever has none gets a 429, as does everybody while
    there is no place for the request; nothing may have been sent by then.
    """

    def __init__(self, app: ASGIApp, limiter: RateLimiter | None) -> None:
        self.app, self.limiter = app, limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        budget = self.limiter.budget(None, None, client_address(scope)) if self.limiter else None
        meter = TimeMeter()
        # Whatever the application reads of the database is added to this meter, and charged to the address.
        before = METER.set(meter)
        try:
            if budget:
                budget.consume()
            await self.app(scope, receive, send)
        except RateLimited as limited:
            headers = {"retry-after": str(limited.after), "cache-control": "no-store"}
            await JSONResponse(LATER, 429, headers)(scope, receive, send)
        finally:
            METER.reset(before)
            # A request that was refused for lack of points is not charged for it as well.
            if budget and budget.paid:
                budget.charge(0, meter.seconds, paid=1)


async def read_body(request: Request, most: int, seconds: float) -> bytes:
    """Read the body.

    Raises BodyTooLarge as soon as it has more than so many bytes, and BodyTooLate if it takes longer to arrive.
    """
    kept = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                kept += piece
                # By what arrives: the length in the header is only a promise.
                if len(kept) > most:
                    raise BodyTooLarge
    except TimeoutError:
        raise BodyTooLate(seconds) from None
    return bytes(kept)


def cost_headers(caller: Caller) -> dict[str, str]:
    """Return the headers that tell what may still be asked."""
    return {name.decode(): value.decode() for name, value in caller.headers()}
