"""Benchmark command: `python -m benchmarks`, from the root of the repository."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from gongzhi_server.errors import Problem
from rich.console import Console

from . import (
    bars,
    county,
    deadlines,
    door,
    events,
    growth,
    lifecycles,
    loads,
    memory,
    optional_plugins,
    processes,
    similar,
    speed,
    storm,
)
from .questions import Question, questions
from .servers import running

LATEST = Path(__file__).with_name("latest.json")
PEOPLE_IF_QUICK = 2_000
"""How many live in the county of a quick run; loading it takes seconds."""
CAUTION = (
    "The load, the servers and PostgreSQL share this machine with whatever else runs here. Rates wobble with that; "
    "ratios less so, for they are taken inside a round, and the middle one counts."
)

console = Console(width=None if sys.stdout.isatty() else 110, highlight=False)


def bench(
    quick: Annotated[bool, typer.Option(help="One short round in a small county, to see that all works.")] = False,
    grown: Annotated[bool, typer.Option("--growth", help="A hundred times the cases, instead.")] = False,
    held: Annotated[bool, typer.Option("--memory", help="Memory after 100 000 requests, instead.")] = False,
    loaded: Annotated[bool, typer.Option("--loads", help="How long loading takes, instead.")] = False,
    timed: Annotated[bool, typer.Option("--deadlines", help="How many deadlines a second, instead.")] = False,
    doors: Annotated[bool, typer.Option("--door", help="What signing in and grants cost, instead.")] = False,
    like: Annotated[bool, typer.Option("--similar", help="Finding similar cases among a million, instead.")] = False,
    lives: Annotated[bool, typer.Option("--lifecycles", help="Whole lives of cases over HTTP, instead.")] = False,
    alarms: Annotated[bool, typer.Option("--storm", help="A thousand alarms become cases, instead.")] = False,
    followed: Annotated[bool, typer.Option("--events", help="Events and who follows them, instead.")] = False,
    equipped: Annotated[bool, typer.Option("--plugins", help="With all plugins beside the core, instead.")] = False,
    several: Annotated[bool, typer.Option("--processes", help="One, two and four processes, instead.")] = False,
    cases: Annotated[int, typer.Option(help="Among how many cases the lives are lived.")] = 100_000,
    data: Annotated[Path | None, typer.Option(help="Where the embedded database is kept.", show_default=False)] = None,
    database: Annotated[str | None, typer.Option(help="PostgreSQL 18 to use instead of it, postgresql://…")] = None,
) -> None:
    """Compare the server with PostGraphile, with plain Strawberry, and with handwritten SQL."""
    # Reckoned without a database, so none is started.
    if timed:
        reckoned = deadlines.measure(console)
        if not quick:
            write(reckoned)
        return
    try:
        place = data or Path(".gongzhi/bench-quick" if quick else ".gongzhi/bench")
        with county.database_of(place, database, PEOPLE_IF_QUICK if quick else None) as dsn:
            found: dict[str, Any] = {}
            # Several may be asked for at once: the county is loaded once for all of them.
            if grown:
                found["growth"] = growth.measure(console, dsn)
            if held:
                found["memory"] = memory.measure(console, dsn, asked(dsn))
            if loaded:
                found["loads"] = loads.measure(console, dsn)
            if doors:
                found["door"] = door.measure(console, dsn, asked(dsn), speed.QUICK if quick else speed.FULL)
            if like:
                found["similar"] = similar.measure(console, dsn)
            if lives:
                found[f"lifecycles among {cases}"] = lifecycles.measure(console, dsn, cases, quick)
            if alarms:
                found["storm"] = storm.measure(console, dsn)
            if equipped:
                found["plugins"] = optional_plugins.measure(console, dsn, quick)
            if several:
                found["processes"] = processes.measure(console, dsn, quick)
            if followed:
                found["events"] = events.measure(console, dsn, quick)
            if not found:
                found = compare(dsn, speed.QUICK if quick else speed.FULL)
    except Problem as problem:
        console.print(f"[red]{problem}[/]")
        raise typer.Exit(1) from None
    # A quick run shows only that all works; its figures are no figures.
    if not quick:
        write(found)


def compare(dsn: str, pace: speed.Pace) -> dict[str, Any]:
    """Measure everybody, print the table, and return the rates."""
    with console.status("starting") as status, running(dsn) as servers:
        asyncio.run(county.wait_until_idle(dsn))  # what our own jobs write would be seen by those who are asked last
        results = speed.measure(servers, asked(dsn), pace, status)
    console.print(bars.table(results))
    if pace is speed.QUICK:
        console.print("Everything works. One short round in a small county is no figure to quote: run `make bench`.")
        return bars.rates(results)
    for bar in bars.missed_bars(results):
        console.print(f"[red]missed:[/] {bar.question} at least {bar.least} × {bar.over}")
    for question, times, most in bars.missed_tails(results):
        console.print(f"[red]missed:[/] the p99 of {question} at most {most} × the floor's; it is {times:.2f} ×")
    console.print(CAUTION)
    return bars.rates(results)


def asked(dsn: str) -> tuple[Question, ...]:
    """Return the questions, over cases of this database."""
    return questions(asyncio.run(county.numbers(dsn)))


def write(found: dict[str, Any]) -> None:
    """Put the figures into latest.json, and leave those of other runs there."""
    known = orjson.loads(LATEST.read_bytes()) if LATEST.exists() else {}
    LATEST.write_bytes(orjson.dumps({**known, **found}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    console.print(f"written: {LATEST.relative_to(Path.cwd()) if LATEST.is_relative_to(Path.cwd()) else LATEST}")


if __name__ == "__main__":
    typer.run(bench)
