"""Figures: how long the overview of a county over five years takes, with the sums of a million cases.

Run it with `python -m benchmarks.figures`. The sums are made at random, as many as counting a million cases leaves for
a county; the documents are what the cockpit asks.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
from gongzhi_server import demo, testing
from gongzhi_server.plugins import loader
from gongzhi_server.storage import database
from gongzhi_server.storage.key_ring import load_key_ring
from rich.console import Console
from rich.table import Table

from .bars import verdict
from .county import scratch_database

NAME = "bench_figures"
CASES, PEOPLE, ROUNDS, BAR = 1_000_000, 2_000, 30, 300
"""How many cases there are, how many people the demo county below them has, and the milliseconds it may take."""
TODAY = date(2026, 6, 30)
FIGURES = """reported completed underWay completionRate onTimeRate extensionShare resolutionRate satisfactionRate
  answerCoverage medianResponse medianHandling suppressed byLevel { level settled share }
  byLevelAndCategory { category { name } levels { level settled } }
  byCategory(first: 10) { category { name } reported } byChannel { channel reported }
  series(bucket: MONTH) { start reported completed }
  burden { fieldsPerWorkerWeek photosPerWorkerWeek minutesPerWorkerWeek }"""
PERIOD = 'from: "2021-07-01", to: "2026-06-30"'
NOW = "reported completed underWay overdue dueOnLastDay"
LAST_YEAR = "satisfactionRate answerCoverage byLevel { level settled share suppressed }"
STANDS = f"""now: statistics(from: "2026-06-30", to: "2026-06-30") {{ {NOW} }}
  year: statistics(from: "2025-07-01", to: "2026-06-30") {{ {LAST_YEAR} }}"""
BOARD = f"""{{ grid(code: "%s") {{ code name kind path {{ code name kind }} {STANDS}
  children(first: 100) {{ totalCount nodes {{ code name boundary {STANDS} }} }} }} }}"""
"""What the console's board asks of a place."""
DOCUMENTS = {
    "overview of the county": f'{{ grid(code: "610921") {{ statistics({PERIOD}) {{ {FIGURES} }} }} }}',
    "with its ten towns": f'{{ grid(code: "610921") {{ statistics({PERIOD}) {{ {FIGURES} }} '
    f"children(first: 20) {{ nodes {{ code statistics({PERIOD}) {{ reported completionRate }} }} }} }} }}",
    "board of the county": BOARD % "610921",
    "board of a town, with its villages": BOARD % "610921100",
    "digest of the quarter": '{ digest(grid: "610921", period: QUARTER, at: "2026-06-30") '
    "{ title sections { title text figures { name value formula } } } }",
}
# 548 cases a day: how many sums of each dimension that comes to in a county, on each of 1 826 days. Durations spread
# over two weeks fall into some sixty steps.
DIMENSIONS = {"ALL": 1, "CATEGORY": 11, "CHANNEL": 8, "LEVEL": 4, "SETTLED": 44, "RESPONSE": 60, "HANDLING": 60}
CODES = {
    "CATEGORY": "select c.id from cases.category c where c.parent_id is null",
    "CHANNEL": "select c.id from cases.channel c",
    "SETTLED": "select c.id * 10 + l from cases.category c, generate_series(1, 4) l where c.parent_id is null",
}
SUMS = """
insert into statistics.rollup (grid_id, dimension, sealed, monthly, day, value, {measures})
select g.id, '{dimension}', false, false, date '2021-07-01' + d, v.value, {numbers}
from grids.grid g, generate_series(0, 1825) d, ({values}) v (value) where g.kind = any($1)
"""
MONTHS = """
insert into statistics.rollup (grid_id, dimension, sealed, monthly, day, value, {measures})
select grid_id, dimension, sealed, true, date_trunc('month', day::timestamp)::date, value, {sums}
from statistics.rollup group by 1, 2, 3, 5, 6
"""
MEASURES = {
    "reported": 1, "completed": 1, "gone": 8, "due": 1, "met": 1, "timely": 2, "extended": 9, "answered": 2,
    "solved": 3, "scored": 2, "satisfied": 3, "heard": 2,
}  # fmt: skip
"""What is summed, and of how many cases one counts for it."""


async def measure(console: Console, dsn: str) -> dict[str, float]:
    """Measure and print each document's middle and slowest milliseconds, over HTTP without a wire."""
    with tempfile.TemporaryDirectory() as folder:
        console.print(f"{await fill(dsn, Path(folder)):,} sums of {CASES:,} cases")
        async with testing.serve_application(dsn, Path(folder)) as server:
            lead = server.as_("county_dispatcher", grid="610921")
            found = {name: await timed(lead, text) for name, text in DOCUMENTS.items()}
    table = Table("what", "median ms", "slowest ms", f"bar {BAR} ms")
    for name, times in found.items():
        table.add_row(name, f"{statistics.median(times):.0f}", f"{max(times):.0f}", verdict(max(times) <= BAR))
    console.print(table)
    return {name: statistics.median(times) for name, times in found.items()}


async def timed(caller: testing.Server, document: str) -> list[float]:
    """Return the milliseconds of a document, round after round."""
    times = []
    for turn in range(ROUNDS + 3):
        began = time.perf_counter()
        assert (await caller.ask(document)).data
        if turn >= 3:  # the first have the statement made and the sums read in
            times.append(1000 * (time.perf_counter() - began))
    return times


async def fill(dsn: str, folder: Path) -> int:
    """Load grids and people of the demo county and the sums of a million cases; return how many sums there are."""
    apps = loader.essential_plugins().apps
    await database.migrate_apps(dsn, apps)
    await demo.load_county(
        dsn, people=PEOPLE, today=TODAY, keys=load_key_ring(testing.settings_for_tests(dsn, folder)), apps=apps
    )
    connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn)
    try:
        # Nothing here has to survive a power cut, so commits need not wait for the disk.
        await connection.execute("truncate statistics.fact, statistics.rollup; set synchronous_commit = off")
        for dimension, values in DIMENSIONS.items():
            await connection.execute(
                said_of(dimension, values), ["COUNTY", "TOWN", "VILLAGE"][: 3 if values < 9 else 1]
            )
        summed = ", ".join(f"sum({one})" for one in MEASURES)
        await connection.execute(MONTHS.format(measures=", ".join(MEASURES), sums=summed))
        await connection.execute("vacuum (analyze) statistics.fact, statistics.rollup")
        count: int = await connection.fetchval("select count(*) from statistics.rollup")
        return count
    finally:
        await connection.close()


def said_of(dimension: str, values: int) -> str:
    """Return the statement that makes a dimension's sums: a day's values have as many cases in all as a day."""
    daily = CASES / 1826 / values
    listed = f"{CODES.get(dimension, f'select generate_series(1, {values})')} order by 1 limit {values}"
    numbers = ", ".join(f"(random() * 2 * {daily:.3f} / {cases})::int" for cases in MEASURES.values())
    return SUMS.format(measures=", ".join(MEASURES), dimension=dimension, numbers=numbers, values=listed)


if __name__ == "__main__":
    # In a database of its own, which is dropped in the end.
    with scratch_database(NAME) as dsn:
        asyncio.run(measure(Console(highlight=False), dsn))
