"""How long the overview of a county over five years takes, with the sums of a million cases.

`python -m benchmarks.figures`, with GONGZHI_TEST_DSN the address of a PostgreSQL 18. Sums and facts are made at random,
as counting the cases themselves would leave them; the document is what the cockpit asks.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
from gongzhi_server import database, demo, testing
from gongzhi_server.app import keyring
from rich.console import Console
from rich.table import Table

from .bars import said

NAME = "bench_figures"
CASES, PEOPLE, ROUNDS, BAR = 1_000_000, 2_000, 30, 300
"""How many cases there are, how many people the demo county below them has, and the milliseconds it may take."""
TODAY = date(2026, 6, 30)
FIGURES = """reported completed open completionRate onTimeRate extensionShare resolutionRate satisfactionRate
  answerCoverage medianResponse medianHandling suppressed byLevel { level settled share }
  byCategory(first: 10) { category { name } reported } byChannel { channel reported }
  series(bucket: MONTH) { start reported completed }
  burden { fieldsPerWorkerWeek photosPerWorkerWeek minutesPerWorkerWeek }"""
PERIOD = 'from: "2021-07-01", to: "2026-06-30"'
DOCUMENTS = {
    "overview of the county": f'{{ grid(code: "610921") {{ statistics({PERIOD}) {{ {FIGURES} }} }} }}',
    "with its ten towns": f'{{ grid(code: "610921") {{ statistics({PERIOD}) {{ {FIGURES} }} '
    f"children(first: 20) {{ nodes {{ code statistics({PERIOD}) {{ reported completionRate }} }} }} }} }}",
    "digest of the quarter": '{ digest(grid: "610921", period: QUARTER, at: "2026-06-30") '
    "{ title sections { title text figures { name value formula } } } }",
}
FACTS = """
insert into statistics.fact
select gen_random_uuid(), random() < 0.01, g.county_id, g.town_id, g.village_id,
  (array(select c.id from cases.category c where c.parent_id is null order by c.id))[1 + (random() * 10)::int],
  (array(select c.id from cases.channel c order by c.id))[1 + (random() * 7)::int],
  null, x.day, x.day + x.took, null, x.day + 7, x.took < 7, random() < 0.1, random() < 0.5, random() < 0.4,
  random() < 0.4, (array['GRID', 'VILLAGE', 'TOWN', 'COUNTY'])[1 + (random() * 3)::int],
  statistics.step(random() * interval '2 days'), statistics.step(x.took * interval '1 day' + random() * interval '9 h'),
  null
from (select n, date '2021-07-01' + (random() * 1825)::int as day, (random() * 12)::int as took
  from generate_series(1, $1) n) x
join (select row_number() over () as at, v.* from grids.grid v where v.kind = 'VILLAGE') g on g.at = 1 + x.n % 150
"""
SUMS = """
insert into statistics.rollup (grid_id, dimension, sealed, day, value, {0})
select grid_id, dimension, sealed, day, value, {1}
from (select f.sealed as sealed, l.* from statistics.fact f cross join lateral statistics.lines(f) l) x
group by 1, 2, 3, 4, 5
"""
MEASURES = ("reported", "completed", "gone", "due", "met", "timely", "extended", "answered", "solved", "satisfied")


async def measure(console: Console, dsn: str) -> dict[str, float]:
    """The middle and the slowest milliseconds of each document, over HTTP without a wire; printed as well."""
    with tempfile.TemporaryDirectory() as folder:
        console.print(f"{await fill(dsn, Path(folder)):,} sums of {CASES:,} cases")
        async with testing.serving(dsn, Path(folder)) as server:
            lead = server.as_("county_dispatcher", grid="610921")
            found = {name: await timed(lead, text) for name, text in DOCUMENTS.items()}
    table = Table("what", "median ms", "slowest ms", f"bar {BAR} ms")
    for name, times in found.items():
        table.add_row(name, f"{statistics.median(times):.0f}", f"{max(times):.0f}", said(max(times) <= BAR))
    console.print(table)
    return {name: statistics.median(times) for name, times in found.items()}


async def timed(caller: testing.Server, document: str) -> list[float]:
    times = []
    for turn in range(ROUNDS + 3):
        began = time.perf_counter()
        assert (await caller.ask(document)).data
        if turn >= 3:  # the first have the statement made and the sums read in
            times.append(1000 * (time.perf_counter() - began))
    return times


async def fill(dsn: str, folder: Path) -> int:
    """The grids and people of the demo county, and the sums of a million cases; how many sums there are."""
    await database.migrate(dsn)
    await demo.load(dsn, people=PEOPLE, today=TODAY, keys=keyring(testing.settings(dsn, folder)))
    connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn)
    try:
        await connection.execute("truncate statistics.fact, statistics.rollup; set synchronous_commit = off")
        await connection.execute(FACTS, CASES)
        await connection.execute(SUMS.format(", ".join(MEASURES), ", ".join(f"sum({one})" for one in MEASURES)))
        await connection.execute("vacuum (analyze) statistics.fact, statistics.rollup")
        count: int = await connection.fetchval("select count(*) from statistics.rollup")
        return count
    finally:
        await connection.close()


async def main() -> None:
    outside = os.environ["GONGZHI_TEST_DSN"]
    await testing.drop(outside, NAME)
    try:
        await measure(Console(highlight=False), await testing.create(outside, NAME))
    finally:
        await testing.drop(outside, NAME)


if __name__ == "__main__":
    asyncio.run(main())
