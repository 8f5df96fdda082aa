"""Size: bytes that a case and a look take in each table and index, and how many updates spare the indexes (HOT).

Run it with `python -m benchmarks.size`. Cases live through the server's own commands, as in `lifecycles.py`; looks are
at the files of one person and of fifty, in turn through the county. It prints, and writes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import aiohttp
import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from .county import database_of, wait_until_idle
from .lifecycles import Life, Tally, grown, load_server
from .servers import Server, running

PEOPLE, CLIENTS = 2_000, 8
"""How many people the county has, and how many act at once."""
BARS = {"case": 6_000, "look": 800}
"""The bytes that each may take, tables and indexes together."""
PORTIONS = 10
"""How often tables are cleaned up meanwhile, as autovacuum does with its default settings."""
FLUSH = 11.0
"""Seconds until what connections have counted is told."""
SHOWN = 20
"""Bytes below which a table or index is summed up with others."""
PASSING = {
    *("events.job", "events.outbox", "events.resumption", "journal.request"),
    *("access.loose", "notices.waiting"),
}
"""Tables whose rows are deleted: when they are done with, or with the retention of events."""
PAGE = """query($first: Int!, $after: String) { people(first: $first, after: $after) {
  nodes { name birthDate } pageInfo { endCursor hasNextPage } } }"""
# A partition counts as the table that it is one of.
SIZES = """
with leaf as (
  select c.oid, coalesce(pg_partition_root(c.oid), c.oid)::regclass::text as name from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema'))
select name, '' as index, sum(pg_table_size(oid))::bigint as bytes from leaf group by 1
union all
select leaf.name, regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', ''),
  sum(pg_relation_size(i.indexrelid))::bigint
from leaf join pg_index i on i.indrelid = leaf.oid group by 1, 2
"""
UPDATES = """
select coalesce(pg_partition_root(relid), relid)::regclass::text as name, sum(n_tup_ins)::bigint as inserted,
  sum(n_tup_upd)::bigint as updated, sum(n_tup_hot_upd)::bigint as hot, sum(n_tup_del)::bigint as deleted
from pg_stat_user_tables group by 1
"""

Sizes = Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class State:
    """What tables and indexes took, and the rows that were written, at one moment."""

    sizes: Sizes
    rows: Mapping[str, Mapping[str, int]]


def measure(console: Console, cases: int, looks: int, data: Path, url: str | None) -> dict[str, float]:
    """Measure how much larger cases and looks make a county; print the tables, and return the bytes of each."""
    with database_of(data, url, PEOPLE) as dsn, grown(dsn, 0) as (copy, _), running(copy, ["ours"]) as servers:
        server = servers["ours"]
        asyncio.run(wait_until_idle(copy))
        start = asyncio.run(read_state(copy))
        for portion in range(PORTIONS):
            asyncio.run(live(server, cases * (portion + 1) // PORTIONS - cases * portion // PORTIONS))
            asyncio.run(wait_until_idle(copy))
            lived = asyncio.run(read_state(copy))
        asyncio.run(look(server, looks, 1))
        single = asyncio.run(read_state(copy))
        asyncio.run(look(server, looks, 50))
        end = asyncio.run(read_state(copy))
    found = {
        "case": show(console, "a case", start, lived, cases),
        "look at one file": show(console, "a look at one file", lived, single, looks),
        "look at fifty files": show(console, "a look at fifty files", single, end, looks),
    }
    show_updates(console, start, lived, cases)
    return found


async def live(server: Server, cases: int) -> None:
    """Take so many cases through their lives. Raises ValueError if one fails."""

    async def load(each: Callable[[int, Tally], Life]) -> Tally:
        tally, left = Tally(), iter(range(cases))

        async def run(lane: int) -> None:
            life = each(lane, tally)
            for _ in left:
                await life.live()

        await asyncio.gather(*map(run, range(CLIENTS)))
        return tally

    tally = await load_server(server, load)
    if tally.failures:
        raise ValueError(tally.failures[0])


async def look(server: Server, looks: int, people: int) -> None:
    """Look so often at the files of so many people, each time at the next ones."""
    address = f"http://127.0.0.1:{server.port}"
    async with aiohttp.ClientSession(address) as client:
        life, after = Life(client, 0, Tally()), None
        for _ in range(looks):
            page = (await life.ask(life.county, PAGE, {"first": people, "after": after}))["people"]
            after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None


async def read_state(dsn: str) -> State:
    """Return what tables and indexes take once everything is cleaned up."""
    connection = await asyncpg.connect(dsn)
    try:
        # What a connection has counted is told once it has been idle for ten seconds.
        await asyncio.sleep(FLUSH)
        rows = {row["name"]: dict(row) for row in await connection.fetch(UPDATES)}
        await connection.execute("vacuum")
        sizes = {(row["name"], row["index"]): row["bytes"] for row in await connection.fetch(SIZES)}
        return State(sizes, rows)
    finally:
        await connection.close()


def show(console: Console, title: str, before: State, after: State, count: int) -> float:
    """Print what each table and index grew by, for one of so many; return the sum without what passes."""
    grown = {key: (size - before.sizes.get(key, 0)) / count for key, size in after.sizes.items()}
    by_table: dict[str, float] = {}
    for (name, _), each in grown.items():
        by_table[name] = by_table.get(name, 0) + each
    made = Table("table, index", "rows", "bytes", title=f"bytes of {title}, of {count:,}")
    for name in sorted(by_table, key=lambda name: -by_table[name]):
        if by_table[name] < SHOWN:
            continue
        rows = after.rows[name]["inserted"] - before.rows.get(name, {"inserted": 0})["inserted"]
        passing = " (deleted in time)" if name in PASSING else ""
        made.add_row(f"[bold]{name}[/]{passing}", f"{rows / count:.1f}", f"[bold]{by_table[name]:,.0f}[/]")
        parts = sorted(((each, index) for (table, index), each in grown.items() if table == name), reverse=True)
        for each, index in parts:
            if each >= SHOWN:
                made.add_row(f"  {index.replace('[', chr(92) + '[') or 'rows'}", "", f"{each:,.0f}")
    total = sum(by_table.values())
    lasting = total - sum(by_table.get(name, 0) for name in PASSING)
    made.add_row("[bold]everything[/]", "", f"[bold]{total:,.0f}[/]")
    made.add_row("[bold]without what is deleted in time[/]", "", f"[bold]{lasting:,.0f}[/]")
    console.print(made)
    return lasting


def show_updates(console: Console, before: State, after: State, count: int) -> None:
    """Print how often the rows of each table were updated for a case, and how many of the updates were HOT."""
    made = Table("table", "inserted", "updated", "HOT", "deleted", title="rows written for a case")
    none = {"inserted": 0, "updated": 0, "hot": 0, "deleted": 0}
    total = dict(none)
    for name, row in sorted(after.rows.items()):
        since = {key: row[key] - before.rows.get(name, none)[key] for key in none}
        total = {key: total[key] + since[key] for key in none}
        if since["updated"] or since["deleted"]:
            made.add_row(name, *shares(since, count))
    made.add_row("everything", *shares(total, count))
    console.print(made)


def shares(since: Mapping[str, int], count: int) -> tuple[str, ...]:
    """Write what was counted as shares of a case, and the HOT updates as a share of updates."""
    hot = f"{since['hot'] / since['updated']:.0%}" if since["updated"] else ""
    inserted, updated, deleted = (f"{since[one] / count:.2f}" for one in ("inserted", "updated", "deleted"))
    return inserted, updated, hot, deleted


def main(
    cases: Annotated[int, typer.Option(help="How many cases live.")] = 1_000,
    looks: Annotated[int, typer.Option(help="How many looks there are of each kind.")] = 1_000,
    data: Annotated[Path, typer.Option(help="Where the embedded database is kept.")] = Path(".gongzhi/bench-quick"),
    database: Annotated[str | None, typer.Option(help="PostgreSQL 18 to use instead of it, postgresql://…")] = None,
) -> None:
    """Print the bytes of a case and of a look."""
    measure(Console(width=130, highlight=False), cases, looks, data, database)


if __name__ == "__main__":
    typer.run(main)
