"""Similar cases: how long it takes to find them among a million, by place, by village, and by title."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from gongzhi_dispatch.merging.similar_cases import ALIKE, HEARD, LEAST, SHOWN, to_cells_sql
from gongzhi_server import testing
from gongzhi_server.storage import database
from rich.console import Console
from rich.table import Table

from .bars import verdict
from .growth import CHANGED, INDEXES, copy_statement

NAME = "bench_similar"
CASES, SAMPLE, BAR = 1_000_000, 400, 50
"""How many cases there are, how many are looked at, and the milliseconds that the slowest twentieth may take."""
TABLE = 'cases."case"'
CANDIDATES = to_cells_sql(ALIKE).format("$1")
DESK = f"select x.number from ({CANDIDATES}) x where x.likeness>={LEAST} order by x.likeness desc, x.id limit 3"
# Half at random, half where the most happens within a kilometre: the middle of the county's largest town.
SOME = f"select id from {TABLE} where series = 'ORDINARY' and {{0}} order by md5(id::text) limit {SAMPLE // 2}"
CROWDED = """longitude is not null and village_id = (select village_id from cases."case"
where longitude is not null and village_id is not null group by village_id order by count(*) desc limit 1)"""


def measure(console: Console, dsn: str) -> dict[str, Any]:
    """Measure milliseconds, median and 95th percentile, for a dispatcher and for a resident's report."""
    with grown(dsn) as large:
        results, plan = asyncio.run(ask_similar(large))
    console.print(table(results))
    console.print(plan)
    return results


def table(results: dict[str, dict[str, float]]) -> Table:
    """Build the table of who asks."""
    made = Table("who asks", "cases", "median ms", "p95 ms", "", title=f"similar cases among {CASES:,}")
    for who, found in results.items():
        kept = verdict(found["p95"] <= BAR)
        made.add_row(who, f"{found['cases']:,.0f}", f"{found['median']:.1f}", f"{found['p95']:.1f}", kept)
    return made


async def ask_similar(dsn: str) -> tuple[dict[str, dict[str, float]], str]:
    """Ask as a dispatcher and as a resident, and explain the dispatcher's statement."""
    pool = await database.open_readers(dsn, 1)
    try:
        count = await pool.fetchval(f"select count(*) from {TABLE}")
        found = {}
        for where, condition in (("anywhere", "true"), ("in the busiest village", CROWDED)):
            keys = [row["id"] for row in await pool.fetch(SOME.format(condition))]
            for who, statement, more in (("dispatcher", DESK, ()), ("resident", HEARD, (list(SHOWN), 3))):
                times = await time_queries(pool, statement, keys, *more)
                found[f"{who}, {where}"] = {"cases": count, **times}
        plan = await pool.fetch(f"explain (analyze, buffers, costs off) {DESK}", keys[0])
        return found, "\n".join(line for (line,) in plan)
    finally:
        await pool.close()


async def time_queries(pool: Any, statement: str, keys: list[Any], *more: Any) -> dict[str, float]:
    """Run each once to have it in memory, as today's cases are, and then measure."""
    times = []
    for key in [*keys, *keys]:
        began = time.perf_counter()
        await pool.fetch(statement, key, *more)
        times.append(1000 * (time.perf_counter() - began))
    warm = sorted(times[len(keys) :])
    return {"median": round(statistics.median(warm), 2), "p95": round(warm[int(len(warm) * 0.95)], 2)}


@contextmanager
def grown(dsn: str) -> Iterator[str]:
    """Yield a copy of the database with a million cases over the same years; it is dropped in the end."""
    outside = testing.sibling_dsn(dsn, "postgres")
    asyncio.run(testing.drop_database(outside, NAME))
    large = asyncio.run(testing.create_database(outside, NAME, urlsplit(dsn).path.strip("/")))
    try:
        asyncio.run(multiply(large))
        yield large
    finally:
        asyncio.run(testing.drop_database(outside, NAME))


async def multiply(dsn: str) -> None:
    """Add copies of the cases alone, and make their indexes anew."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        times = -(-CASES // await connection.fetchval(f"select count(*) from {TABLE}"))
        statement = await copy_statement(connection, TABLE, CHANGED[TABLE])
        indexes = {row["name"]: row["made"] for row in await connection.fetch(INDEXES, [TABLE])}
        await connection.execute(f"drop index {', '.join(indexes)}")
        for copy in range(1, times):
            await connection.execute(statement, copy)
        for made in indexes.values():
            await connection.execute(made)
        await connection.execute(f"vacuum (analyze) {TABLE}")
    finally:
        await connection.close()
