"""Event pages: the next events behind a cursor or a time, as far as somebody may know of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gongzhi.core.events.outbox_reading import COLUMNS, event_of_row
from gongzhi.declare.events import Occurrence
from gongzhi.declare.filters import require_offset
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.context import Context
from gongzhi.values.errors import Refusal

from .cloud_events import make_cloud_event

PAGE, MOST = 100, 200
"""Events of a page, if nobody says how many, and at most."""
LOOKED_AT = 2000
"""Events that are looked at for one page, of which the caller may know few."""
COUNTER = "select given, gone from events.counter"
# Positions are given without a hole, so the last one of a page is known without looking.
READ = f"""
select {COLUMNS}, c.code as county_code from events.outbox o
left join grids.grid g on g.id = o.grid_id left join grids.grid c on c.id = o.county_id
where o.position > $1 and o.position <= $2 order by o.position
"""


@dataclass(frozen=True)
class EventPage:
    """Events, each with the code of its county, and up to which position was looked."""

    events: list[tuple[Occurrence, str | None]]
    position: int


async def find_start(context: Context, after: str | None, since: datetime | None) -> int:
    """Find the position to go on from: of a cursor, of a time, or of now. Raises Refusal."""
    if after is not None and since is not None:
        raise invalid_input("Begin at a cursor or at a time, not both.", "起点只能是游标或时间之一。", "since")
    if since is not None:
        return await context.events.find_position(require_offset(since, "since"))
    # Of now is what has a position, whether or not this process has heard of it.
    [counter] = await context.fetch(COUNTER)
    if after is None:
        return int(counter["given"])
    position = context.events.open_cursor(after)
    if position is None or not counter["gone"] <= position <= counter["given"]:
        raise Refusal(
            "CURSOR_EXPIRED",
            "One cannot go on from this cursor: it is none of ours, or what followed it is no longer kept. Load what "
            "you follow, and begin anew.",
            "无法从该游标继续：游标无效，或其后的事件已不再保留。请重新查询所关注的数据后再开始。",
            ("after",),
        )
    return position


async def read_page(context: Context, position: int, first: int) -> EventPage:
    """Read the events behind a position that the caller may know of."""
    events = list[tuple[Occurrence, str | None]]()
    [counter] = await context.fetch(COUNTER)
    end = min(counter["given"], position + LOOKED_AT)
    # Read on over what others are told: an answer without events would tell that there is something.
    while position < end and len(events) < first:
        last = min(position + MOST, end)
        found = [(event_of_row(row), row["county_code"]) for row in await context.fetch(READ, position, last)]
        known = await context.events.read([(one.id, one.type) for one, _ in found], context.viewer)
        told = [(one, county) for one, county in found if one.id in known]
        kept = told[: first - len(events)]
        events += kept
        position = kept[-1][0].position if len(kept) < len(told) else last
    return EventPage(events, position)


def write_event(context: Context, event: Occurrence, county: str | None) -> dict[str, Any]:
    """Write an event as a CloudEvent, with the cursor that leads on from it."""
    made = make_cloud_event(event, county, context.address)
    return {**made, "cursor": context.events.seal_cursor(event.position)}
