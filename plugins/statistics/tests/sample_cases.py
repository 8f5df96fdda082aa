"""Cases written straight into the tables, so that it is known what they must count for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
from gongzhi.core.cases import catalog

CHINA = ZoneInfo("Asia/Shanghai")
COUNTY, TOWN, OTHER, VILLAGE, GROUP = "610921", "610921101", "610921102", "610921101222", "610921101222-010000"
GRIDS = (
    ("61", "PROVINCE", None),
    ("6109", "CITY", "61"),
    (COUNTY, "COUNTY", "6109"),
    (TOWN, "TOWN", COUNTY),
    (OTHER, "TOWN", COUNTY),
    (VILLAGE, "VILLAGE", TOWN),
    (GROUP, "GRID_1", VILLAGE),
)
GRID = """insert into grids.grid (code, name, kind, use, version, parent_id)
values ($1, $1, $2, 'BASE', 1, (select id from grids.grid where code = $3))"""
UNIT = """insert into units.unit (code, name, kind, reach, version, grid_id) values
  ($1, $1, 'COUNTY_DEPARTMENT', 'LINE', 1, (select id from grids.grid where code = $2)) returning id"""
CASE = """
insert into cases.case (id, number, series, kind, channel_id, category_id, title, description, status, grid_id,
  lead_unit_id, accused_unit_id, settled_level, reported_at, settled_at, replied_at, rating, solved,
  urgency, origin, anonymous, self_handled, reopenings, version)
select $1, $2, $3, 'HELP', (select id from cases.channel where code = $4),
  (select id from cases.category where code = $5), 't', 'd', $6, g.id, $7, $8, $9, $10, $11, $11, $12, $13,
  'ROUTINE', $15, false, false, 0, 1
from grids.grid g where g.code = $14
"""
EVENT = """insert into cases.event (id, case_id, type, at, audience, data) values ($1, $2, $3, $4, 'PUBLIC', '{}')"""
CLOCK = """
insert into clocks.clock (id, case_id, stage, rule_id, calendar_id, calendar_version, started_at, warn_at, due_at,
  stopped_at, pauses, extensions, working, allowed, counted, reminded)
select $1, $2, 'REPLY', (select min(id) from clocks.rule), (select min(id) from calendars.calendar), 1, $3, $4, $4,
  $5, '[]', $6, false, 1, 0, 0
"""
ORDER = """
insert into dispatch.work_order (id, case_id, unit_id, role, state, issued_at, due_at, warn_at, finished_at, extended,
  version)
values ($1, $2, $3, 'LEAD', $4, $5, $6, $6, $7, false, 1)
"""
RATING = """
insert into cases.rating (id, case_id, unit_id, answered_at, at, source, rating, solved, counts)
values ($1, $2, $3, $4, $4, 'RECEIPT', $5, $6, $7)
"""
SUMS = """
select g.code, r.dimension, r.sealed, r.monthly, r.day::text, r.value, r.reported, r.completed, r.gone, r.due, r.met,
  r.timely, r.extended, r.answered, r.solved, r.scored, r.satisfied, r.heard
from statistics.rollup r join grids.grid g on g.id = r.grid_id order by 1, 2, 3, 4, 5, 6
"""


TABLES = """from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema$)' and pg_relation_size(c.oid) > 0"""
NOTE_FILLED = f"""do $$ declare one regclass; has boolean; begin
  create temp table filled (name regclass);
  for one in select c.oid {TABLES} loop
    execute format('select exists(select from %s)', one) into has;
    if has then insert into filled values (one); end if;
  end loop;
end $$"""
CLEAR = f"""do $$ declare one regclass; begin
  set local session_replication_role = replica;  -- what is only ever added to goes as well
  for one in select c.oid {TABLES} and c.oid not in (select name from filled) loop
    execute format('delete from %s', one);
  end loop;
end $$"""


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@dataclass
class Ground:
    """The database, and what is written into it."""

    connection: asyncpg.Connection[Any]
    dsn: str
    units: dict[str, int] = field(default_factory=dict)
    written: int = 0

    @classmethod
    @asynccontextmanager
    async def opened(cls, dsn: str) -> AsyncIterator[Ground]:
        from gongzhi_deadlines.calendars import national_calendar
        from gongzhi_deadlines.clocks import default_rules

        connection = await asyncpg.connect(dsn)
        try:
            made = cls(connection, dsn)
            for row in GRIDS:
                await connection.execute(GRID, *row)
            for code in ("POWER", "WATER"):
                made.units[code] = await connection.fetchval(UNIT, code, COUNTY)
            for seed in (catalog.seed, national_calendar.seed_calendar, default_rules.seed_rules):
                await seed(connection)
            yield made
        finally:
            await connection.close()

    async def case(
        self,
        reported: str,
        *,
        status: str = "REPORTED",
        grid: str = GROUP,
        settled: str | None = None,
        due: str | None = None,
        extended: bool = False,
        level: str | None = None,
        rating: int | None = None,
        category: str = "utilities.electricity",
        channel: str = "MINI_APP",
        sealed: bool = False,
        unit: str | None = None,
        accused: str | None = None,
        seen: str | None = None,
        origin: str = "REACTIVE",
    ) -> UUID:
        """A case, with the clock, the order and the events it needs. Times are China's."""
        key, self.written = uuid4(), self.written + 1
        at, done = china(reported), china(settled) if settled else None
        lead, against = (self.units[one] if one else None for one in (unit, accused))
        await self.connection.execute(
            CASE, key, f"610921{self.written:09}", "SEALED" if sealed else "ORDINARY", channel, category, status,
            lead, against, level, at, done, rating, None if rating is None else rating > 2, grid, origin,
        )  # fmt: skip
        if rating is not None and done:
            await self.rating(key, done, rating, unit=lead)
        await self.event(key, "case.reported", at)
        if seen:
            await self.event(key, "case.accepted", china(seen))
        if status in ("DECLINED", "WITHDRAWN", "MERGED", "VOIDED"):
            await self.event(key, f"case.{status.lower()}", done or at + timedelta(hours=1))
        if due:
            extensions = '[{"until": "x"}]' if extended else "[]"
            await self.connection.execute(CLOCK, uuid4(), key, at, china(due), done, extensions)
        if lead:
            state = "DONE" if done else "HANDLING"
            await self.connection.execute(ORDER, uuid4(), key, lead, state, at, at + timedelta(days=4), done)
        return key

    async def note_filled(self) -> None:
        """Remember which tables have rows that are no test's."""
        await self.connection.execute(NOTE_FILLED)

    async def clear(self) -> None:
        """Make all tables empty that were so before the tests, and take away what they made of the grids."""
        await self.connection.execute(CLEAR)
        await self.connection.execute("update grids.grid set boundary = null where boundary is not null")
        await self.connection.execute("delete from grids.grid where code <> all($1)", [code for code, *_ in GRIDS])

    async def event(self, case: UUID, type: str, at: datetime) -> None:
        await self.connection.execute(EVENT, uuid4(), case, type, at)

    async def rating(
        self, case: UUID, answered: datetime, rating: int, *, unit: int | None = None, counts: bool = True
    ) -> None:
        """What the requester makes of an answer: solved, if it is better than 2."""
        await self.connection.execute(RATING, uuid4(), case, unit, answered, rating, rating > 2, counts)

    async def follow(self) -> None:
        """Count what has changed."""
        while await self.connection.fetchval("select statistics.follow(500)"):
            pass

    async def count(self, case: UUID) -> None:
        await self.connection.execute("select statistics.count($1)", [case])

    async def rebuild(self) -> list[tuple[Any, ...]]:
        await self.connection.execute("select statistics.rebuild()")
        return await self.sums()

    async def sums(self) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.connection.fetch(SUMS)]
