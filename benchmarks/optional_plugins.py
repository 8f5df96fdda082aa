"""Optional plugins: what a list and a life of a case cost with all that are installed, beside the core's."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import uvloop
from gongzhi_server import testing
from gongzhi_server.clock import clock
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.errors import Problem
from gongzhi_server.plugins import loader
from gongzhi_server.storage import database
from rich.console import Console
from rich.table import Table

from .bars import verdict
from .county import CODE, wait_until_idle
from .lifecycles import CLIENTS, Tally, grown, load_server, steadily
from .processes import find_postmaster, load, processor_time, spent
from .questions import Entry
from .servers import Server, running

NAME = "bench_plugins"
ROUNDS, SECONDS, WARMUP = 5, 8.0, 2.0
MOST = 1.05
"""What a request costs with all plugins in processor time, over what it costs with those that are always on."""
FIGURES = ("rate", "server", "database")
LIST = Entry("ours", "list").text

Cost = Mapping[str, float]
Measure = Callable[[str, Server, float], Awaitable[Cost]]


def measure(console: Console, dsn: str, quick: bool = False) -> dict[str, Any]:
    """Measure both servers in turn, each round another first, on copies of one county."""
    rounds, seconds = (1, 1.0) if quick else (ROUNDS, SECONDS)
    found: dict[str, list[dict[str, Cost]]] = {"list": [], "life": []}
    with (
        grown(dsn, 0) as (core, _),
        equipped(core) as full,
        running(core, ["ours"]) as without,
        running(full, ["all"]) as with_all,
    ):
        servers = {"core": (core, without["ours"]), "all": (full, with_all["all"])}
        for copy, _ in servers.values():
            uvloop.run(wait_until_idle(copy))
        for at in range(rounds):
            order = list(servers)[:: 1 if at % 2 else -1]
            for what, cost in MEASURES.items():
                found[what].append({name: uvloop.run(cost(*servers[name], seconds)) for name in order})
    console.print(table(found))
    return {what: {"ratio": round(ratio(rows), 3), **middle(rows)} for what, rows in found.items()}


@contextmanager
def equipped(core: str) -> Iterator[str]:
    """Yield a copy of the county with the tables of all installed plugins, where all of them are switched on."""
    plugins, outside = loader.load_plugins(), testing.sibling_dsn(core, "postgres")
    asyncio.run(testing.drop_database(outside, NAME))
    full = asyncio.run(testing.create_database(outside, NAME, urlsplit(core).path.strip("/")))
    try:
        asyncio.run(database.migrate_apps(full, plugins.apps))
        asyncio.run(plugin_activation.switch_plugins(full, plugins.switchable, clock(), undecided=True))
        yield full
    finally:
        asyncio.run(testing.drop_database(outside, NAME))


async def list_cost(dsn: str, server: Server, seconds: float) -> Cost:
    """Return what a page of a county's newest cases costs."""
    body = {"query": LIST, "variables": {"first": 50}}
    headers = {**server.target("county_dispatcher", CODE).headers, "content-type": "application/json"}
    return await load(dsn, server.port, server.pid, lambda lane: (headers, body), seconds, WARMUP)


async def life_cost(dsn: str, server: Server, seconds: float) -> Cost:
    """Return what a case costs from the report to a look at the answer."""
    await load_server(server, lambda each: steadily(each, WARMUP, 0))
    roots = server.pid, await find_postmaster(dsn)
    before = tuple(map(processor_time, roots))
    tally: Tally = await load_server(server, lambda each: steadily(each, seconds, 0))
    if tally.failures:
        raise Problem(f"a life of a case failed, so nothing is measured: {tally.failures[0]}")
    spans = [processor_time(root) - was for root, was in zip(roots, before, strict=True)]
    lives = len(tally.lives)
    return {"rate": lives / tally.seconds, "server": spans[0] / lives, "database": spans[1] / lives}


MEASURES: Mapping[str, Measure] = {"list": list_cost, "life": life_cost}


def ratio(rows: list[dict[str, Cost]]) -> float:
    """Return the middle one of the rounds' ratios."""
    return statistics.median(spent(one["all"]) / spent(one["core"]) for one in rows)


def middle(rows: list[dict[str, Cost]]) -> dict[str, dict[str, float]]:
    """Return the medians of the rounds."""
    return {
        name: {key: round(statistics.median(one[name][key] for one in rows), 3) for key in FIGURES}
        for name in ("core", "all")
    }


def table(found: Mapping[str, list[dict[str, Cost]]]) -> Table:
    """Build the table of what was measured, with its bar."""
    made = Table("what", "plugins", "a second", "server's ms each", "database's ms each", "cost")
    made.title = f"list: 16 clients, life: {CLIENTS}; the load shares the machine"
    for what, rows in found.items():
        for name, row in middle(rows).items():
            times = ratio(rows)
            said = f"{times:.3f} {verdict(times <= MOST)}" if name == "all" else ""
            figures = f"{row['rate']:.0f}", f"{row['server']:.2f}", f"{row['database']:.2f}"
            made.add_row(what, name, *figures, said)
    return made
