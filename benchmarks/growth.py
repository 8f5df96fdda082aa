"""Growth: what a list costs with a hundred times as many cases, the newest under a scope, one caller at a time."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg
from gongzhi_server import testing
from rich.console import Console
from rich.progress import track
from rich.table import Table

from .bars import verdict
from .load import body, fire
from .questions import Entry
from .servers import Server, running

NAME = "bench_growth"
TIMES = 100
ROUNDS, SECONDS = 5, 2
PAGE = 50
BAR = 1.3

# Every copy is a case of its own, shifted in time so that a page is full of neighbours; its events move with it.
KEY = "md5(copy::text || {0}::text)::uuid"
TIME = "{0} - copy * interval '37 minutes'"
NUMBER = "to_char(copy, 'FM000') || substr({0}, 4)"
CHANGED = {
    'cases."case"': {"id": KEY, "number": NUMBER, "reported_at": TIME, "settled_at": TIME, "closed_at": TIME},
    "cases.event": {"id": KEY, "case_id": KEY, "at": TIME},
}
INDEXES = """
select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as made from pg_index i
where i.indrelid::regclass::text = any($1) and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
"""
BUSIEST = """
select g.code, count(*) as cases from cases."case" c join grids.grid g on g.id = c.{level}_id
where c.series = 'ORDINARY' group by g.code order by 2 desc, 1 limit 1
"""


@dataclass(frozen=True)
class Scope:
    """A viewer: a role in the grid of its level that has the most cases, and how many of them the list shows."""

    level: str
    role: str
    grid: str
    first: int


ROLES = {
    "county": "county_dispatcher",
    "town": "town_dispatcher",
    "village": "grid_leader",
    "grid_3": "grid_worker",
}


def measure(console: Console, dsn: str) -> dict[str, dict[str, float]]:
    """Measure the milliseconds of a list for every scope, with few cases and with many."""
    scopes = asyncio.run(find_scopes(dsn))
    with grown(dsn) as large, running(dsn, ["ours"]) as few, running(large, ["ours"]) as many:
        results = {scope.level: compare(scope, few["ours"], many["ours"]) for scope in scopes}
    console.print(table(scopes, results))
    return results


def compare(scope: Scope, few: Server, many: Server) -> dict[str, float]:
    """Compare medians of several rounds, the two asked in turn; the ratio is of rounds, too."""
    request = [body(Entry("ours", "list").text, {"first": scope.first})]
    times = [
        [
            1000 / fire(server.target(scope.role, scope.grid), request, seconds=SECONDS, connections=1).rate
            for server in (few, many)
        ]
        for _ in range(ROUNDS)
    ]
    before, after = (statistics.median(one) for one in zip(*times, strict=True))
    return {
        "few": round(before, 3),
        "many": round(after, 3),
        "ratio": round(statistics.median(b / a for a, b in times), 2),
    }


def table(scopes: list[Scope], results: dict[str, dict[str, float]]) -> Table:
    """Build the table of scopes."""
    made = Table("viewer of", "role", "rows", "ms", f"ms with {TIMES} × the cases", "ratio", "", title="cost of growth")
    for scope in scopes:
        result = results[scope.level]
        shown = (f"{result['few']:.2f}", f"{result['many']:.2f}", f"{result['ratio']:.2f} ×")
        made.add_row(scope.grid, scope.role, str(scope.first), *shown, verdict(result["ratio"] <= BAR))
    return made


async def find_scopes(dsn: str) -> list[Scope]:
    """Return the scopes to look from. A page is never longer than what the smaller database can fill."""
    connection = await asyncpg.connect(dsn)
    try:
        busiest = {level: await connection.fetch(BUSIEST.format(level=level)) for level in ROLES}
        return [
            Scope(level, ROLES[level], row["code"], min(PAGE, row["cases"]))
            for level, rows in busiest.items()
            for row in rows
        ]
    finally:
        await connection.close()


@contextmanager
def grown(dsn: str) -> Iterator[str]:
    """Yield a copy of the database with many times the cases and events; it is dropped in the end."""
    outside = testing.sibling_dsn(dsn, "postgres")
    # A run that was broken off may have left one.
    asyncio.run(testing.drop_database(outside, NAME))
    large = asyncio.run(testing.create_database(outside, NAME, urlsplit(dsn).path.strip("/")))
    try:
        asyncio.run(multiply(large))
        yield large
    finally:
        asyncio.run(testing.drop_database(outside, NAME))


async def multiply(dsn: str) -> None:
    """Add the copies, with the indexes out of the way: made anew they are as good, and sooner."""
    connection = await asyncpg.connect(dsn)
    try:
        # The copies have their ancestors and what they refer to from the originals, so no trigger need fire.
        await connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        statements = [await copy_statement(connection, table, changed) for table, changed in CHANGED.items()]
        indexes = {row["name"]: row["made"] for row in await connection.fetch(INDEXES, list(CHANGED))}
        await connection.execute(f"drop index {', '.join(indexes)}")
        for copy in track(range(1, TIMES), f"making {TIMES} × the cases", transient=True):
            for statement in statements:
                await connection.execute(statement, copy)
        for made in track(indexes.values(), "making the indexes", transient=True):
            await connection.execute(made)
        for table in CHANGED:
            await connection.execute(f"vacuum (analyze) {table}")
    finally:
        await connection.close()


async def copy_statement(connection: asyncpg.Connection[asyncpg.Record], table: str, changed: Mapping[str, str]) -> str:
    """Return the statement that adds one copy of what is in the table now."""
    kept = f"original_{table.split('.')[1].strip(chr(34))}"
    # Copied from a temporary table: reading the growing one would copy the copies.
    await connection.execute(f"create temporary table {kept} as table {table}")
    rows = await connection.fetch(
        "select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped", kept
    )
    names = [row["attname"] for row in rows]
    values = [changed.get(name, "{0}").format(name) for name in names]
    source = f"{kept} cross join (select $1::int as copy) c"
    return f"insert into {table} ({', '.join(names)}) select {', '.join(values)} from {source}"
