"""Defaults: the national calendar that ships, and what happens to it when a year is announced."""

from __future__ import annotations

from typing import Any, Protocol

import orjson

from gongzhi_deadlines.worktime import OFFICE, WEEK

from . import holidays, reading


class Connection(Protocol):
    """As much of an asyncpg connection as seeding needs."""

    async def fetch(self, query: str, *args: Any) -> Any: ...


async def seed_calendar(connection: Connection) -> None:
    """Add the years that are missing, and replace provisional ones that have been announced since.

    What an operator has recorded of an announced year stays. Clocks are reckoned anew by the next sweep, with a trace.
    """
    # By a plain connection and not by models: it runs after each migration, where there is no `Call`.
    fetch = connection.fetch
    nation = await _find_nation(fetch)
    known = {row["year"]: row["provisional"] for row in await fetch("select year, provisional from calendars.year")}
    # A year that is missing, or that was provisional and has been announced.
    changed = [
        year
        for year in holidays.list_years()
        if known.get(year.year, True) and year.provisional != known.get(year.year)
    ]
    for year in changed:
        await _record(fetch, nation, year)
    if changed:
        await reading.rebuild_calendars(fetch)


async def _find_nation(fetch: reading.Fetch) -> int:
    for row in await fetch("select id from calendars.calendar where county_id is null"):
        return int(row["id"])
    [made] = await fetch(
        "insert into calendars.calendar (weekdays, shifts, content, version) values ($1, $2, '', 0) returning id",
        orjson.dumps(WEEK).decode(),
        orjson.dumps([[OFFICE.month, OFFICE.day, OFFICE.spans]]).decode(),
    )
    return int(made["id"])


async def _record(fetch: reading.Fetch, nation: int, year: holidays.Year) -> None:
    # The year is replaced as a whole, for its announcement moves days.
    await fetch("delete from calendars.day where calendar_id = $1 and extract(year from day) = $2", nation, year.year)
    days = year.days
    await fetch(
        "insert into calendars.day (calendar_id, day, spans, name, source) "
        "select $1, t.day, case when t.working then null else '[]'::jsonb end, t.name, $5 "
        "from unnest($2::date[], $3::bool[], $4::text[]) as t (day, working, name)",
        nation,
        [one.day for one in days],
        [one.working for one in days],
        [one.name for one in days],
        year.source,
    )
    await fetch(
        "insert into calendars.year (year, provisional, source) values ($1, $2, $3) "
        "on conflict (year) do update set provisional = excluded.provisional, source = excluded.source",
        year.year,
        year.provisional,
        year.source,
    )
