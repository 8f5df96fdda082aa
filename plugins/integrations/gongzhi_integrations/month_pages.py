"""Month pages: GET /x/integrations/events/months/2026-05, what happened then to the cases that the caller may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.routes import Route, RouteCall
from gongzhi.values.errors import FIELD
from starlette.responses import Response

from .months import NIL, READ, Place, find_county, read_month, write_event, write_line
from .polling import PATH as EVENTS
from .polling import check_names, read_number

MEDIA = "application/x-ndjson"
PAGE, MOST = 200, 1_000
"""Events of a page, if nobody says how many, and at most."""
ASKED = 100
"""Cases that are asked for at once: how many a list has at most."""
NAMES = ("county", "after", "first")
SEEN = """
query($numbers: [String!]!, $first: Int!) {
  cases(filter: { number: { in: $numbers } }, first: $first) { nodes { number } }
}
"""
PLACE = "select e.at, e.id from cases.event e where e.id = $1"


async def answer_month(call: RouteCall) -> Response:
    """Answer with a page of a month as JSON lines; a header names the next one. Raises Refusal."""
    given = call.request.query_params
    check_names(given, NAMES)
    month, county = call.request.path_params["month"], given.get("county", "")
    span, key = read_month(month), await find_county(call.context.fetch, county)
    if span is None:
        raise invalid_input("The address ends in a month such as 2026-05.", "地址应以月份结尾，如 2026-05。", "month")
    if key is None:
        raise invalid_input(f"{FIELD} is the code of a county.", f"{FIELD}应为县级区划代码。", "county")
    first, place = read_number(given, "first", PAGE, 1, MOST), (span[0], NIL)
    if "after" in given:
        place = await find_place(call, given["after"])
    found = list[Any]()
    # Read on over what the caller may not see: where a page ends must tell nothing of it.
    while len(found) < first:
        rows = await call.context.fetch(READ, key, span[1], *place, MOST)
        if not rows:
            break
        found += await find_seen(call, rows)
        place = rows[-1]["at"], rows[-1]["id"]
    page, headers = found[:first], {"content-type": MEDIA}
    if len(page) == first:
        asked = urlencode({"county": county, "first": first, "after": page[-1]["id"]})
        headers["link"] = f'<{call.context.address}{call.request.url.path}?{asked}>; rel="next"'
    return Response(b"".join(write_line(write_event(row, county, call.context.address)) for row in page), 200, headers)


async def find_place(call: RouteCall, after: str) -> Place:
    """Find when the event happened behind which a page begins. Raises Refusal."""
    try:
        rows = await call.context.fetch(PLACE, UUID(after))
    except ValueError:
        rows = ()
    if not rows:
        raise invalid_input(
            f"{FIELD} is the id of the last event you have.", f"{FIELD}应为最后一个事件的标识。", "after"
        )
    return rows[0]["at"], rows[0]["id"]


async def find_seen(call: RouteCall, rows: Sequence[Any]) -> list[Any]:
    """Find the events of cases that the caller may see now, as the list of cases has them."""
    numbers = list(dict.fromkeys(row["number"] for row in rows))
    seen = set[str]()
    for at in range(0, len(numbers), ASKED):
        answer = await call.ask(SEEN, numbers=numbers[at : at + ASKED], first=ASKED)
        if errors := answer.get("errors"):
            # Nothing is left out because something failed.
            raise RuntimeError(errors[0]["message"])
        seen |= {case["number"] for case in answer["data"]["cases"]["nodes"]}
    return [row for row in rows if row["number"] in seen]


ROUTES = [Route(f"{EVENTS}/months/{{month}}", answer_month)]
