"""Months: what happened to a county's cases in a month, as CloudEvents, from the timelines.

The outbox forgets after some months, and never had what was imported. The timelines have all of it, under the same ids.
Of them is taken what a county's integrators are told in NATS: nothing internal, and nothing of a tip-off.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from gongzhi.core.events.outbox_reading import actor_of_role
from gongzhi.declare.bounds import FIRST, LAST
from gongzhi.runtime.checks import CHINA

Place = tuple[datetime, UUID]
"""When an event happened, and its id: what comes behind it is later, or has a greater id."""
NIL = UUID(int=0)
# What kind of actor it was stands in the outbox; of what that has no more, the role says so.
READ = """
select e.id, e.type, e.at, e.case_id, e.role, o.actor, k.number, g.code as grid, e.data::text as data
from cases.event e join cases."case" k on k.id = e.case_id join grids.grid g on g.id = k.grid_id
left join events.outbox o on o.id = e.id
where k.county_id = $1 and k.series = 'ORDINARY' and e.audience = 'PUBLIC'
  and e.at < $2 and e.at >= $3 and (e.at, e.id) > ($3::timestamptz, $4::uuid)
order by e.at, e.id limit $5
"""
COUNTY = "select id from grids.grid where code = $1 and kind = 'COUNTY' order by valid_to desc limit 1"


def read_month(month: str) -> tuple[datetime, datetime] | None:
    """Return the first moment of a month in China, and that of the next; None for what is no month."""
    try:
        since = datetime.strptime(month, "%Y-%m").replace(tzinfo=CHINA)
    except ValueError:
        return None
    # What lies near an end of the calendar has no next month, or no moment in UTC.
    if not FIRST <= since <= LAST:
        return None
    return since, since.replace(year=since.year + since.month // 12, month=since.month % 12 + 1)


async def find_county(fetch: Callable[..., Awaitable[Sequence[Any]]], code: str) -> int | None:
    """Find the key of a county."""
    found = await fetch(COUNTY, code)
    return int(found[0]["id"]) if found else None


def write_event(row: Any, county: str, source: str) -> dict[str, Any]:
    """Write a line of a timeline as a CloudEvent, as far as timelines know: without the version of the data."""
    actor = row["actor"] or (row["role"] and actor_of_role(row["role"]).value)
    return {
        "specversion": "1.0",
        "id": str(row["id"]),
        "source": source,
        "type": row["type"],
        "subject": row["number"],
        "time": row["at"].isoformat(),
        "datacontenttype": "application/json",
        **({"actor": actor} if actor else {}),
        "county": county,
        "grid": row["grid"],
        "caseid": str(row["case_id"]),
        "data": {"number": row["number"], **orjson.loads(row["data"])},
    }


def write_line(event: dict[str, Any]) -> bytes:
    """Write an event as a line of JSON."""
    return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
