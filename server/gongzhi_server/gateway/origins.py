"""Origins: lets pages of allowed sites call, and tells operators which other ones were refused."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

__all__ = ["OriginMiddleware", "tell_refused"]

# By pages of other origins.
READABLE = ("GongZhi-Position", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id")
SENDABLE = (
    "Authorization",
    "Content-Type",
    "GongZhi-Position",
    "GongZhi-Purpose",
    "GraphQL-Require-Preflight",
    "Apollo-Require-Preflight",
    "X-Apollo-Operation-Name",
    "Last-Event-ID",
    "X-Request-Id",
)
ORIGIN = re.compile(rb"https?://[a-z0-9.\-:\[\]]{1,100}")

log = logging.getLogger("gongzhi")


class OriginMiddleware(CORSMiddleware):
    """CORS for the origins that an operator names."""

    def __init__(self, app: ASGIApp, origins: Sequence[str], methods: Sequence[str]) -> None:
        # Browsers ask apart whether a page from the internet may call a server in a private network: if it is named.
        super().__init__(app, origins, methods, SENDABLE, allow_private_network=True, expose_headers=READABLE)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a preflight, and tell of an origin that is not named."""
        if not self.is_allowed_origin(origin=request_headers["origin"]):
            tell_refused({b"origin": request_headers["origin"].encode("latin-1")})
        return super().preflight_response(request_headers)


def tell_refused(headers: Mapping[bytes, bytes]) -> None:
    """Tell the operator whose page was refused: in the browser it looks as if the server were away."""
    origin = headers.get(b"origin", b"")
    shown = origin.decode() if ORIGIN.fullmatch(origin) else "one without an address"
    log.warning("a page of another origin was refused, %s; name it in GONGZHI_ORIGINS if it may call", shown)
