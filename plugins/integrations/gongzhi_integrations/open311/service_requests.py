"""Service requests: cases as other systems see and file them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from gongzhi.runtime.checks import CHINA

from gongzhi_integrations.intake.commands import INTAKE

from .inquiry import GeoReportError, Inquiry, check_values
from .services import CHANNEL, KINDS, RESIDENTS, URGENCIES

OPEN = {
    "REPORTED": "已上报 Reported", "ACCEPTED": "已受理 Accepted", "DISPATCHED": "已派单 Given to a unit",
    "RETURNED": "已退单 Given back by the unit", "HANDLING": "办理中 Being handled", "SUSPENDED": "挂账 On hold",
}  # fmt: skip
CLOSED = {
    "REPLIED": "已答复 Answered", "CLOSED": "已结案 Closed", "DECLINED": "不予受理 Not accepted",
    "WITHDRAWN": "已撤回 Withdrawn", "MERGED": "已并单 Part of another case", "VOIDED": "已作废 Void",
}  # fmt: skip
STATUSES = {"open": OPEN, "closed": CLOSED}
PAGE, MOST = 100, 1000
"""Requests on a page, and that can be reached by pages: the specification's own limit."""
SPAN = timedelta(days=90)
TITLE = 60
UNKEPT = ("email", "device_id", "account_id", "first_name", "last_name", "phone", "media_url")

FIELDS = """
number status reportedAt dueAt lastEventAt description address place { longitude latitude }
category { code name } leadUnit { name } reply { text } grid { code }
"""
LIST = (
    "query($filter: CaseFilter!, $first: Int, $after: String) { cases(filter: $filter, first: $first, after: $after) "
    f"{{ nodes {{ {FIELDS} }} }} }}"
)
SKIP = (
    "query($filter: CaseFilter!, $first: Int, $after: String) { cases(filter: $filter, first: $first, after: $after) "
    "{ pageInfo { endCursor hasNextPage } } }"
)
GRID = "query($code: String!) { grid(code: $code) { code } }"
WHERE = "query($point: PointInput!) { gridAt(point: $point) { code } }"
REPORT = """
mutation($input: ReportCaseInput!) { reportCase(input: $input) { case { number } receiptCode errors { message path } } }
"""


async def list_requests(inquiry: Inquiry) -> list[dict[str, Any]]:
    """Return requests, the last first. Raises GeoReportError."""
    size = inquiry.number("page_size", PAGE, PAGE)
    page = inquiry.number("page", 1, MOST // size)
    return await find_cases(inquiry, await read_filter(inquiry), size, page)


async def get_request(inquiry: Inquiry, number: str) -> list[dict[str, Any]]:
    """Return a list of the one. Raises GeoReportError if there is none, or none that may be seen."""
    matters = await find_cases(
        inquiry, county_filter(await inquiry.jurisdiction()) | {"number": {"equals": number}}, 1, 1
    )
    if not matters:
        raise GeoReportError(404, "service_request_id provided was not found")
    return matters


async def find_cases(inquiry: Inquiry, condition: dict[str, Any], size: int, page: int) -> list[dict[str, Any]]:
    after, left = None, (page - 1) * size
    # What lies before the page is passed by cursor, without its fields.
    while left:
        first = min(left, PAGE)
        data = await inquiry.ask(SKIP, filter=condition, first=first, after=after)
        before = data["cases"]["pageInfo"]
        # The list ends before the page begins.
        if not before["hasNextPage"]:
            return []
        after, left = before["endCursor"], left - first
    data = await inquiry.ask(LIST, filter=condition, first=size, after=after)
    return [request_of_case(one) for one in data["cases"]["nodes"]]


def county_filter(county: str) -> dict[str, Any]:
    """Return the county's cases but for tip-offs, whatever the key may see elsewhere."""
    # A tip-off would leave for a system that cannot keep it sealed.
    return {"grid": {"within": county}, "kind": {"in": list(KINDS)}}


async def read_filter(inquiry: Inquiry) -> dict[str, Any]:
    """Return the condition that the parameters state. Raises GeoReportError."""
    condition = county_filter(await inquiry.jurisdiction())
    if numbers := inquiry.texts("service_request_id"):  # then nothing else counts, says the specification
        if len(numbers) > PAGE:
            raise GeoReportError(400, f"service_request_id has more than {PAGE} values")
        return condition | {"number": {"in": numbers}}
    if subjects := inquiry.texts("service_code"):
        condition["category"] = {"in": subjects}
    if statuses := check_values(inquiry.texts("status"), STATUSES, "status"):
        condition["status"] = {"in": [one for each in statuses for one in STATUSES[each]]}
    if grid := inquiry.text("address_id"):
        condition["grid"] = {"within": await require_inside(inquiry, grid, inquiry.county)}
    if updated := inquiry.moment("updated_after"):
        condition["lastEventAt"] = {"from": updated}
    return condition | {"reportedAt": read_period(inquiry)}


def read_period(inquiry: Inquiry) -> dict[str, str]:
    """Return from when to when, 90 days at most, the last 90 if nothing is given. Raises GeoReportError."""
    start, end = inquiry.moment("start_date"), inquiry.moment("end_date")
    # A second more, for `before` leaves its moment out.
    last = datetime.fromisoformat(end) if end else inquiry.now + timedelta(seconds=1)
    first = datetime.fromisoformat(start) if start else last - SPAN
    # With a beginning alone it is the 90 days from there.
    if start and not end:
        last = min(last, first + SPAN)
    if not timedelta() <= last - first <= SPAN:
        raise GeoReportError(400, "start_date must lie before end_date, and not more than 90 days before it")
    return {"from": first.isoformat(), "before": last.isoformat()}


def request_of_case(case: Any) -> dict[str, Any]:
    """Return a case as GeoReport has it."""
    status = "open" if case["status"] in OPEN else "closed"
    notes = [STATUSES[status][case["status"]], *([case["reply"]["text"]] if case["reply"] else [])]
    category, unit, place = case["category"] or {}, case["leadUnit"] or {}, case["place"] or {}
    return {
        "service_request_id": case["number"],
        "status": status,
        "status_notes": "\n".join(notes),
        "service_name": category.get("name"),
        "service_code": category.get("code"),
        "description": case["description"],
        "agency_responsible": unit.get("name"),
        "service_notice": None,
        "requested_datetime": case["reportedAt"],
        "updated_datetime": case["lastEventAt"] or case["reportedAt"],
        "expected_datetime": case["dueAt"],
        "address": case["address"],
        "address_id": case["grid"] and case["grid"]["code"],
        "zipcode": None,
        "lat": place.get("latitude"),
        "long": place.get("longitude"),
        "media_url": None,
    }


async def file_request(inquiry: Inquiry) -> list[dict[str, Any]]:
    """File a case. Sent again, it is the same case. Raises GeoReportError."""
    if inquiry.viewer.account.name is None:
        raise GeoReportError(403, "api_key is missing: send it in the form, or as Authorization: Bearer")
    county = await inquiry.jurisdiction()
    given = {name: inquiry.text(name) for name in ("service_code", "description")}
    if missing := [f"{name} was not provided" for name, value in given.items() if value is None]:
        raise GeoReportError(400, *missing)
    said = read_attributes(inquiry)
    description = given["description"] or ""
    input = {
        "idempotencyKey": idempotency_key(inquiry),
        "kind": said["kind"],
        "urgency": said["urgency"],
        "channel": said["channel"],
        "category": given["service_code"],
        # GeoReport has no title, so it is the first line.
        "title": description.splitlines()[0][:TITLE],
        "description": description,
        **await read_location(inquiry, county),
    }
    payload = (await inquiry.ask(REPORT, input=input))["reportCase"]
    if payload["errors"]:
        raise GeoReportError(400, *(f"{'.'.join(one['path'] or ())}: {one['message']}" for one in payload["errors"]))
    return [
        {
            "service_request_id": payload["case"]["number"],
            "service_notice": service_notice(inquiry, payload["receiptCode"]),
            "account_id": None,
        }
    ]


def read_attributes(inquiry: Inquiry) -> dict[str, str]:
    """Return what attribute[…] says, or else what holds. Raises GeoReportError."""
    # The key of a hotline files as the hotline, anybody else as a resident.
    channel = CHANNEL if inquiry.viewer.can(INTAKE) else RESIDENTS
    said = {"kind": "HELP", "urgency": "ROUTINE", "channel": channel, **inquiry.attributes()}
    check_values(list(said), ("kind", "urgency", "channel"), "attribute[…]")
    check_values([said["kind"]], KINDS, "attribute[kind]")
    check_values([said["urgency"]], URGENCIES, "attribute[urgency]")
    return said


async def read_location(inquiry: Inquiry, county: str) -> dict[str, Any]:
    """Return where it is: a point, a grid as `address_id`, or words, for the county to place. Raises GeoReportError."""
    where: dict[str, Any] = {"address": inquiry.text("address_string")}
    if inquiry.text("lat") or inquiry.text("long"):
        # GeoReport's coordinates are WGS84.
        point = {
            "latitude": read_degrees(inquiry, "lat", 90),
            "longitude": read_degrees(inquiry, "long", 180),
            "crs": "WGS84",
        }
        found = (await inquiry.ask(WHERE, point=point))["gridAt"]
        # The codes of all grids in a county begin with the county's.
        if found is None or not found["code"].startswith(county):
            raise GeoReportError(400, "lat and long lie outside of the jurisdiction")
        return where | {"place": point}
    grid = inquiry.text("address_id")
    if grid is None and where["address"] is None:
        raise GeoReportError(400, "the location was not provided: send lat and long, address_id, or address_string")
    # What is described in words alone lies in the county, which places it.
    return where | {"grid": await require_inside(inquiry, grid, county) if grid else county}


async def require_inside(inquiry: Inquiry, grid: str, county: str) -> str:
    """Return the code of a grid of the county. Raises GeoReportError for another's, and if there is none."""
    found = (await inquiry.ask(GRID, code=grid))["grid"]
    if found is None or not grid.startswith(county):
        raise GeoReportError(400, "address_id is no grid of the jurisdiction")
    return grid


def read_degrees(inquiry: Inquiry, name: str, most: int) -> float:
    try:
        found = float(inquiry.text(name) or "")
    except ValueError:
        found = float("nan")
    if not -most <= found <= most:
        raise GeoReportError(400, f"{name} must be a number of degrees from -{most} to {most}")
    return found


def idempotency_key(inquiry: Inquiry) -> str:
    """Return the client's idempotency key, or one derived from all that it sent, for the day."""
    if given := inquiry.call.request.headers.get("idempotency-key"):
        # As a structured header it comes in quotes.
        return given.strip().strip('"')
    day = inquiry.now.astimezone(CHINA).date().isoformat()
    # With a new key it is the same request still.
    sent = {name: value for name, value in inquiry.given.items() if name != "api_key"}
    digest = hashlib.sha256(orjson.dumps([day, sent], option=orjson.OPT_SORT_KEYS)).digest()
    return str(UUID(bytes=digest[:16]))


def service_notice(inquiry: Inquiry, receipt: str) -> str:
    """Return what the client has to know: the receipt code, and what was not kept."""
    left = [name for name in UNKEPT if inquiry.text(name)]
    said = [f"回执码 Receipt code: {receipt}."]
    if left:
        said.append(f"未保存 Not kept: {', '.join(left)}.")
    return " ".join(said)
