"""Calendar reading: makes `gongzhi_deadlines.worktime` calendars of rows, and spans for statements to count with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from gongzhi_deadlines.worktime import Calendar, Shift

from . import holidays

Fetch = Callable[..., Awaitable[Iterable[Mapping[str, Any]]]]
"""Runs a statement with its values: `Call.fetch`, or a connection's."""

AHEAD = 2
"""Years beyond the last one known, in which weekdays alone are worked."""

OF_COUNTY = (
    "select content from calendars.calendar where county_id = $1::int or county_id is null "
    "order by county_id nulls last limit 1"
)
# A county's own day goes before the nation's.
DAYS = (
    "select distinct on (d.day) d.day, d.spans from calendars.day d join calendars.calendar c on c.id = d.calendar_id "
    "where c.id = $1 or c.county_id is null order by d.day, c.county_id nulls last"
)
LAID = (
    "insert into calendars.span (calendar_id, opens_at, closes_at, before) "
    "select $1, * from unnest($2::timestamptz[], $3::timestamptz[], $4::bigint[])"
)

# No span is longer than a day, so the index is entered a day before.
NEXT_OPENING = (
    "coalesce((select greatest({at}, s.opens_at) from calendars.span s where s.calendar_id = (select k.id from "
    "calendars.calendar k where k.county_id = {county} or k.county_id is null order by k.county_id nulls last limit 1) "
    "and s.opens_at > {at} - interval '1 day' and s.closes_at > {at} order by s.opens_at limit 1), {at})"
)
"""When the offices of a county are open next: at once if they are, or if its calendar ends before."""


async def load_calendar(fetch: Fetch, county: int | None) -> Calendar:
    """Return the calendar of a county; above counties, everybody's."""
    [row] = await fetch(OF_COUNTY, county)
    return parse_calendar(row["content"])


# Counties without a calendar of their own have the same content; what changes has another.
@lru_cache(maxsize=256)
def parse_calendar(content: str) -> Calendar:
    """Return the calendar that a row's content describes."""
    found = orjson.loads(content)
    return Calendar(
        date.fromisoformat(found["first"]),
        date.fromisoformat(found["last"]),
        {
            date.fromisoformat(day): spans if spans is None else read_spans(spans)
            for day, spans in found["days"].items()
        },
        [Shift(month, day, read_spans(spans)) for month, day, spans in found["shifts"]],
        found["weekdays"],
    )


def read_spans(spans: Iterable[Iterable[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((start, end) for start, end in spans)


async def rebuild_calendar(fetch: Fetch, calendar: int) -> None:
    """Make content and spans of a calendar anew; its version grows."""
    [row] = await fetch("select weekdays, shifts from calendars.calendar where id = $1", calendar)
    days = {found["day"].isoformat(): read_json(found["spans"]) for found in await fetch(DAYS, calendar)}
    last = max(int(day[:4]) for day in days) if days else holidays.FIRST
    # Two years more than days are known of, for terms reach into them.
    content = {"first": f"{holidays.FIRST}-01-01", "last": f"{last + AHEAD}-12-31", "days": days}
    content |= {"weekdays": read_json(row["weekdays"]), "shifts": read_json(row["shifts"])}
    text = orjson.dumps(content).decode()
    # Laid out by the code that reckons deadlines, so that statements count as it does.
    laid = parse_calendar(text)
    # Written anew: nothing refers to a span.
    await fetch("delete from calendars.span where calendar_id = $1", calendar)
    seconds = [int(before.total_seconds()) for before in laid.before]
    await fetch(LAID, calendar, laid.opens, laid.closes, seconds)
    # By its version clocks show that they were reckoned by an older one.
    await fetch(
        "update calendars.calendar set content = $2, ends_on = $3, version = version + 1 where id = $1",
        calendar,
        text,
        date(last, 12, 31),
    )


async def rebuild_calendars(fetch: Fetch) -> None:
    """Make every calendar anew, for the nation's days are in all of them."""
    for row in await fetch("select id from calendars.calendar order by id"):
        await rebuild_calendar(fetch, row["id"])


def read_json(value: Any) -> Any:
    """Return JSON as it is read, whether the connection has read it or not."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value
