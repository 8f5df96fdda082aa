"""/open311/v2/ over plain HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, get_args
from urllib.parse import parse_qsl

from gongzhi.values.errors import Refusal
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from ..gateway import refusals
from ..gateway.engine import Forbidden, Refused, Unauthenticated
from ..gateway.http import SAFE, Settings, wrapped
from ..gateway.negotiation import fold
from ..gateway.operations import Operations
from ..gateway.rates import Limited
from ..plain import Late, Mounted, TooLarge, tolls, whole
from . import matters, subjects
from .asked import Asked, Wrong
from .formats import MEDIA, Format, written

BASE = "/open311"
LARGEST = 65_536
PATH = re.compile(rf"{BASE}/(?P<what>.+?)\.(?P<format>json|xml)")
FORM = b"application/x-www-form-urlencoded"
CONTACT = "The operator of this server"


class Window:
    """Answers at /open311. `issuer` is the deployment's own address."""

    def __init__(
        self, operations: Operations[Any], settings: Settings, issuer: str, now: Callable[[], datetime]
    ) -> None:
        self.operations, self.settings, self.issuer, self.now = operations, settings, issuer, now

    @property
    def routes(self) -> list[BaseRoute]:
        return [Route(f"{BASE}/{{rest:path}}", Mounted(wrapped(self.serve, self.settings)))]

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        match = PATH.fullmatch(request.url.path)
        format: Format = "xml" if match and match["format"] == "xml" else "json"
        paid: dict[str, str] = {}
        purse = self.operations.purse(scope)  # for who cannot be asked who they are
        try:
            if match is None:
                raise Wrong(404, f"there is nothing here; paths end in {' or '.join(get_args(Format))}")
            if request.method not in ("GET", "POST") or (request.method == "POST") > (match["what"] == "v2/requests"):
                raise Wrong(405, "send a GET, or a POST to requests")
            headers, given = await self.read(request)
            caller = await self.operations.enter(headers, scope)
            purse = caller.purse
            if purse:
                purse.check()
            if request.method == "GET":
                self.operations.admit(caller)
            paid = tolls(caller)
            root, value = await self.answer(
                match["what"], Asked(self.operations, caller, given, headers), request.method
            )
            response = Response(written(root, value, format), 201 if request.method == "POST" else 200)
        except ClientDisconnect:
            return
        except Exception as problem:
            response = refusal(problem, format)
        if purse:
            purse.settle()
        response.headers.update({name.decode(): value.decode() for name, value in SAFE} | paid)
        response.headers["content-type"] = MEDIA[format]
        await response(scope, receive, send)

    async def answer(self, what: str, asked: Asked, method: str) -> tuple[str, Any]:
        """The root element and what is in it. Raises Wrong."""
        place, _, name = what.removeprefix("v2/").partition("/")
        match place if what.startswith("v2/") else what, bool(name), method:
            case "services", False, _:
                return "services", await subjects.services(asked)
            case "services", True, _:
                return "service_definition", await subjects.definition(asked, name)
            case "requests", False, "GET":
                return "service_requests", await matters.listed(asked)
            case "requests", False, "POST":
                return "service_requests", await matters.filed(asked)
            case "requests", True, _:
                return "service_requests", await matters.single(asked, name)
            case "discovery", False, _:
                return "discovery", self.discovery()
        raise Wrong(404, "there is nothing here")

    def discovery(self) -> dict[str, Any]:
        return {
            "changeset": "2026-11-01T00:00:00+08:00",
            "contact": CONTACT,
            "key_service": f"{self.issuer}/graphql",
            "endpoints": [
                {
                    "specification": "http://wiki.open311.org/GeoReport_v2",
                    "url": f"{self.issuer}{BASE}/v2",
                    "changeset": "2026-11-01T00:00:00+08:00",
                    "type": "production",
                    "formats": ["text/xml", "application/json"],
                }
            ],
        }

    async def read(self, request: Request) -> tuple[Mapping[bytes, bytes], dict[str, str]]:
        """The headers, with the key among them, and the parameters. Raises Wrong."""
        headers = dict(fold(request.scope["headers"]))
        given = parsed(request.scope["query_string"])
        if "api_key" in given:
            raise Wrong(400, "api_key does not belong into an address: send it as Authorization: Bearer")
        if request.method == "POST":
            if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != FORM:
                raise Wrong(415, f"send the body as {FORM.decode()}")
            given |= parsed(await whole(request, LARGEST, self.settings.limits.reading))
            if "api_key" in given:
                headers[b"authorization"] = b"Bearer " + given["api_key"].encode("latin-1", "replace")
        return headers, given


def parsed(text: bytes) -> dict[str, str]:
    """Parameters by name; of one that comes twice, the values are joined by commas. Raises Wrong."""
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise Wrong(400, "the parameters are not at most 100 in UTF-8, percent-encoded") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in found else value
    if any("\x00" in value for value in found.values()):
        raise Wrong(400, "a parameter holds the character U+0000")
    return found


def refusal(problem: Exception, format: Format) -> Response:
    """The errors as the specification has them. What was not expected is in the log under an id."""
    match problem:
        case Wrong(status=status, messages=messages):
            return told(status, messages, format)
        case TooLarge():
            return told(413, (f"send {LARGEST} bytes at most",), format)
        case Late():
            return told(408, (str(problem),), format, connection="close")
        case Unauthenticated():
            return told(403, ("api_key was invalid: ask for a new one",), format)
        case Forbidden():
            return told(403, (str(problem),), format)
        case Limited(after=after):
            return told(429, (f"{problem} Try again in {after} seconds.",), format, **{"retry-after": str(after)})
        case Refused(errors=errors):
            return told(400, [refusals.discreet(one.message) for one in errors], format)
        case Refusal():
            return told(400, (problem.text.say("en"),), format)
        case TimeoutError():
            return told(503, ("it took too long; ask for less",), format)
    return told(500, (refusals.masked(problem).message,), format)


def told(status: int, messages: Any, format: Format, **headers: str) -> Response:
    errors = [{"code": status, "description": message} for message in messages]
    return Response(written("errors", errors, format), status, headers)
