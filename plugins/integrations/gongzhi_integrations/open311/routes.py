"""Routes: /open311/v2/ over plain HTTP, in the two formats of GeoReport."""

from __future__ import annotations

import re
from typing import Any, get_args
from urllib.parse import parse_qsl

from gongzhi.runtime.routes import Route, RouteCall, RouteRefusal
from starlette.requests import Request
from starlette.responses import Response

from . import service_requests, services
from .formats import MEDIA, Format, format_body
from .inquiry import GeoReportError, Inquiry

BASE = "/open311"
PATH = re.compile(r"(?P<what>.+?)\.(?P<format>json|xml)")
FORM = "application/x-www-form-urlencoded"
CONTACT = "The operator of this server"
CHANGED = "2026-11-01T00:00:00+08:00"


async def answer_request(call: RouteCall) -> Response:
    """Answer a request, or say in the format of the specification what is wrong with it."""
    request = call.request
    format = format_of(request)
    try:
        match = PATH.fullmatch(request.path_params["rest"])
        if match is None:
            raise GeoReportError(404, f"there is nothing here; paths end in {' or '.join(get_args(Format))}")
        # Only requests are posted.
        if (request.method == "POST") > (match["what"] == "v2/requests"):
            raise GeoReportError(405, "send a GET, or a POST to requests")
        root, value = await answer_inquiry(match["what"], Inquiry(call, await read_parameters(request)))
    except GeoReportError as error:
        return error_response(error.status, error.messages, format)
    return Response(
        format_body(root, value, format), 201 if request.method == "POST" else 200, {"content-type": MEDIA[format]}
    )


async def answer_inquiry(what: str, inquiry: Inquiry) -> tuple[str, Any]:
    """Return the root element and what is in it. Raises GeoReportError."""
    place, _, name = what.removeprefix("v2/").partition("/")
    match place if what.startswith("v2/") else what, bool(name), inquiry.call.request.method:
        case "services", False, _:
            return "services", await services.list_services(inquiry)
        case "services", True, _:
            return "service_definition", await services.service_definition(inquiry, name)
        case "requests", False, "POST":
            return "service_requests", await service_requests.file_request(inquiry)
        case "requests", False, _:
            return "service_requests", await service_requests.list_requests(inquiry)
        case "requests", True, _:
            return "service_requests", await service_requests.get_request(inquiry, name)
        case "discovery", False, _:
            return "discovery", discovery_document(inquiry.call.context.address)
    raise GeoReportError(404, "there is nothing here")


def discovery_document(address: str) -> dict[str, Any]:
    """Return where what is, below the deployment's own address."""
    endpoint = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": f"{address}{BASE}/v2",
        "changeset": CHANGED,
        "type": "production",
        "formats": ["text/xml", "application/json"],
    }
    return {"changeset": CHANGED, "contact": CONTACT, "key_service": f"{address}/graphql", "endpoints": [endpoint]}


async def read_parameters(request: Request) -> dict[str, str]:
    """Return the parameters of the address and of the form. Raises GeoReportError."""
    given = parse_parameters(request.scope["query_string"])
    # Addresses end up in logs, where no key belongs.
    if "api_key" in given:
        raise GeoReportError(400, "api_key does not belong into an address: send it as Authorization: Bearer")
    if request.method == "POST":
        if not is_form(request):
            raise GeoReportError(415, f"send the body as {FORM}")
        # The form goes before the address.
        given |= parse_parameters(await request.body())
    return given


def is_form(request: Request) -> bool:
    """Return whether the body is a form, as its Content-Type says."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM


def parse_parameters(text: bytes) -> dict[str, str]:
    """Return parameters by name; of one that comes twice, the values joined by commas. Raises GeoReportError."""
    try:
        pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise GeoReportError(400, "the parameters are not at most 100 in UTF-8, percent-encoded") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in found else value
    # PostgreSQL cannot store it.
    if any("\x00" in value for value in found.values()):
        raise GeoReportError(400, "a parameter holds the character U+0000")
    return found


async def find_key(request: Request) -> str | None:
    """Return the `api_key` of a form. What is wrong with the form itself is told once it is known who asks."""
    if request.method != "POST" or not is_form(request):
        return None
    try:
        return parse_parameters(await request.body()).get("api_key")
    except GeoReportError:
        return None


def refuse_request(request: Request, refusal: RouteRefusal) -> Response:
    """Write a refusal of the server's. GeoReport has 403 for a key that is not valid."""
    if refusal.status == 401:
        return error_response(403, ["api_key was invalid: ask for a new one"], format_of(request))
    return error_response(refusal.status, [text.en for text in refusal.texts], format_of(request))


def format_of(request: Request) -> Format:
    """Return the format that the end of the path asks for."""
    return "xml" if request.url.path.endswith(".xml") else "json"


def error_response(status: int, messages: Any, format: Format) -> Response:
    """Return the errors as the specification has them."""
    errors = [{"code": status, "description": message} for message in messages]
    return Response(format_body("errors", errors, format), status, {"content-type": MEDIA[format]})


ROUTES = [
    Route(
        "/{rest:path}",
        answer_request,
        ("GET", "POST"),
        strangers=True,
        root=BASE,
        credential=find_key,
        refuse=refuse_request,
    ),
]
