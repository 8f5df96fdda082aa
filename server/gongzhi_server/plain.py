"""What plain HTTP beside /graphql shares: refusals with a status, bodies of bounded size, tolls in headers."""

from __future__ import annotations

from gongzhi.errors import Text
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from .gateway.codes import Code
from .gateway.operations import Caller

__all__ = ["Mounted", "Refused", "TooLarge", "tolls", "whole"]


class Refused(Exception):
    """A request that is not carried out, with its status and code."""

    def __init__(self, status: int, code: Code, en: str, zh: str, **headers: str) -> None:
        super().__init__(en)
        self.status, self.code, self.text, self.headers = status, code, Text(en, zh), headers


class TooLarge(Exception):
    """A body of more bytes than are read."""


class Mounted:
    """An ASGI application as a class, which is how a Route tells it from a function of a request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


async def whole(request: Request, most: int) -> bytes:
    """The body. Raises TooLarge as soon as it has more than so many bytes."""
    kept = bytearray()
    async for piece in request.stream():
        kept += piece
        if len(kept) > most:
            raise TooLarge
    return bytes(kept)


def tolls(caller: Caller) -> dict[str, str]:
    """The headers that tell what may still be asked."""
    return {name.decode(): value.decode() for name, value in caller.headers()}
