"""Polling: GET /x/integrations/events, the next events behind a cursor or a time, now or as soon as there are any."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import orjson
from gongzhi.declare.bounds import check_argument
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.routes import Route, RouteCall
from gongzhi.values.errors import FIELD
from starlette.datastructures import QueryParams
from starlette.responses import Response

from .event_pages import MOST, PAGE, find_start, read_page, write_event

PATH = "/events"
MEDIA = "application/json"
LONGEST = 8
"""The most seconds to wait for events: less than a route may take, and than a server that stops leaves to requests."""
NAMES = ("after", "since", "first", "wait")


async def answer_poll(call: RouteCall) -> Response:
    """Answer with the events behind `after` that the caller may know of. Raises Refusal."""
    given, context = call.request.query_params, call.context
    check_names(given, NAMES)
    first, wait = read_number(given, "first", PAGE, 1, MOST), read_number(given, "wait", 0, 0, LONGEST)
    since = read_time(given["since"]) if "since" in given else None
    page = await read_page(context, await find_start(context, given.get("after"), since), first)
    with suppress(TimeoutError):
        async with asyncio.timeout(wait):
            # What happens may be nothing that the caller may know of; then they go on waiting.
            while wait and not page.events:
                await context.events.wait(page.position)
                page = await read_page(context, page.position, first)
    # Of the events alone: the cursor is another one each time, so that it tells nothing of what others are told.
    ids = [str(event.id) for event, _ in page.events]
    tag = f'"{hashlib.sha256(orjson.dumps(ids)).hexdigest()[:32]}"'
    headers = {"content-type": MEDIA, "etag": tag}
    if tag in [one.strip().removeprefix("W/") for one in call.request.headers.get("if-none-match", "").split(",")]:
        return Response(None, 304, headers)
    events = [write_event(context, event, county) for event, county in page.events]
    answer = {"events": events, "cursor": context.events.seal_cursor(page.position)}
    return Response(orjson.dumps(answer), headers=headers)


def check_names(given: QueryParams, names: Sequence[str]) -> None:
    """Refuse parameters that are none of these. Raises Refusal."""
    if unknown := set(given) - set(names):
        raise invalid_input(
            f"{len(unknown)} parameters are unknown; there are {', '.join(names)}.",
            f"有 {len(unknown)} 个未知参数，可用参数为 {'、'.join(names)}。",
        )


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
    check_argument(found, "since")
    return found


ROUTES = [Route(PATH, answer_poll)]
