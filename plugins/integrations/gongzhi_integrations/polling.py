"""Polling: GET /x/integrations/events, the next events behind a cursor or a time, now or as soon as there are any."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson
from gongzhi.core.events.outbox_reading import COLUMNS, event_of_row
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.routes import Route, RouteCall
from gongzhi.values.errors import FIELD, Refusal, Text
from starlette.datastructures import QueryParams
from starlette.responses import Response

from .cloud_events import make_cloud_event
from .kept_events import find_position_before

PATH = "/events"
MEDIA = "application/json"
PAGE, MOST = 100, 200
"""Events in an answer, if nobody says how many, and at most."""
LOOKED_AT = 2000
"""Events that are looked at for one, of which the caller may know few; whoever waits has more looked at."""
LONGEST = 8
"""The most seconds to wait for events: less than a route may take, and than a server that stops leaves to requests."""
NAMES = ("after", "since", "first", "wait")
COUNTER = "select given, gone from events.counter"
# Positions are given without a hole, so the last one of a page is known without looking.
READ = f"""
select {COLUMNS}, c.code as county_code from events.outbox o
left join grids.grid g on g.id = o.grid_id left join grids.grid c on c.id = o.county_id
where o.position > $1 and o.position <= $2 order by o.position
"""


async def answer_poll(call: RouteCall) -> Response:
    """Answer with the events behind `after` that the caller may know of. Raises Refusal."""
    given = call.request.query_params
    if unknown := set(given) - set(NAMES):
        raise invalid_input(
            f"{len(unknown)} parameters are unknown; there are {', '.join(NAMES)}.",
            f"有 {len(unknown)} 个未知参数，可用参数为 {'、'.join(NAMES)}。",
        )
    first, wait = read_number(given, "first", PAGE, 1, MOST), read_number(given, "wait", 0, 0, LONGEST)
    position = await find_start(call, given)
    events, position = await read_page(call, position, first)
    with suppress(TimeoutError):
        async with asyncio.timeout(wait):
            # What happens may be nothing that the caller may know of; then they go on waiting.
            while wait and not events:
                await call.context.events.wait(position)
                events, position = await read_page(call, position, first)
    # Of the events alone: the cursor is another one each time, so that it tells nothing of what others are told.
    tag = f'"{hashlib.sha256(orjson.dumps([one["id"] for one in events])).hexdigest()[:32]}"'
    headers = {"content-type": MEDIA, "etag": tag}
    if tag in [one.strip().removeprefix("W/") for one in call.request.headers.get("if-none-match", "").split(",")]:
        return Response(None, 304, headers)
    page = {"events": events, "cursor": call.context.events.seal_cursor(position)}
    return Response(orjson.dumps(page), headers=headers)


async def find_start(call: RouteCall, given: QueryParams) -> int:
    """Find the position to go on from: of a cursor, of a time, or of now. Raises Refusal."""
    if "after" in given and "since" in given:
        raise invalid_input("Begin at a cursor or at a time, not both.", "起点只能是游标或时间之一。", "since")
    [counter] = await call.context.fetch(COUNTER)
    if "since" in given:
        advice = Text("begin with that time", "请从该时间开始")
        before = await find_position_before(call.context.fetch, read_time(given["since"]), advice)
        return int(counter["given"]) if before is None else before
    if "after" not in given:
        return int(counter["given"])
    position = call.context.events.open_cursor(given["after"])
    if position is None or not counter["gone"] <= position <= counter["given"]:
        raise Refusal(
            "CURSOR_EXPIRED",
            "One cannot go on from this cursor: it is none of ours, or what followed it is no longer kept. Load what "
            "you follow, and begin anew.",
            "无法从该游标继续：游标无效，或其后的事件已不再保留。请重新查询所关注的数据后再开始。",
            ("after",),
        )
    return position


async def read_page(call: RouteCall, position: int, first: int) -> tuple[list[dict[str, Any]], int]:
    """Read the events behind a position that the caller may know of, and up to where was looked."""
    context, events = call.context, list[dict[str, Any]]()
    [counter] = await context.fetch(COUNTER)
    end = min(counter["given"], position + LOOKED_AT)
    # Read on over what others are told: an answer without events would tell that there is something.
    while position < end and len(events) < first:
        last = min(position + MOST, end)
        found = [(event_of_row(row), row["county_code"]) for row in await context.fetch(READ, position, last)]
        known = await context.events.read([(one.id, one.type) for one, _ in found], context.viewer)
        told = [(one, county) for one, county in found if one.id in known]
        kept = told[: first - len(events)]
        events += [
            {**make_cloud_event(one, county, context.address), "cursor": context.events.seal_cursor(one.position)}
            for one, county in kept
        ]
        position = kept[-1][0].position if len(kept) < len(told) else last
    return events, position


def read_number(given: QueryParams, name: str, default: int, least: int, most: int) -> int:
    """Read a whole number. Raises Refusal."""
    text = given.get(name)
    if text is None:
        return default
    # Looked at as a text first: a number may have any length.
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and least <= int(text) <= most):
        raise invalid_input(f"{FIELD} is {least} to {most}.", f"{FIELD}应为 {least} 至 {most}。", name)
    return int(text)


def read_time(text: str) -> datetime:
    """Read a time with its offset. Raises Refusal."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min
    if found.tzinfo is None:
        raise invalid_input(
            f"{FIELD} is a time such as 2026-01-31T08:00:00+08:00.",
            f"{FIELD}应形如 2026-01-31T08:00:00+08:00。",
            "since",
        )
    return found


ROUTES = [Route(PATH, answer_poll)]
