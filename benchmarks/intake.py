"""Intake: how many orders of a hotline become cases a second, in batches of a hundred that two clients send.

    python -m benchmarks.intake

The clock stands when the last answer has come: what orders set off is at work beside it. It prints, and writes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import asyncpg
import typer
from gongzhi.core.accounts.secrets import key_digest
from rich.console import Console
from rich.table import Table

from . import county
from .bars import verdict
from .events import Bench, serving
from .lifecycles import GRID, grown
from .webhooks import ACCOUNT, BEGIN, END, HOLDING

BAR = 150.0
"""Cases a second."""
BATCH, BATCHES, CLIENTS = 100, 40, 2
KEY = """
insert into accounts.key (id, account_id, label, digest, permissions, created_at, created_by, expires_at)
values (gen_random_uuid(), $1, 'bench', $2, '{cases.view,cases.intake}', $3, 'console', $4)
"""
INTAKE = """mutation($input: IntakeCasesInput!) { intakeCases(input: $input) {
  results { case { number } errors { code path } } errors { code path } } }"""
ORDER = {
    "kind": "HELP",
    "category": "roads.lighting",
    "title": "路灯不亮",
    "description": "村口路灯三天不亮",
    "grid": GRID,
}


async def enrol(database: asyncpg.Connection[Any]) -> str:
    """Make an account of a hotline, and return its key."""
    account, key = uuid4(), f"gzk_{uuid4().hex:k<43}"
    await database.execute(ACCOUNT, account, f"bench-{account.hex[:8]}", county.CODE, BEGIN)
    await database.execute(HOLDING, account, BEGIN)
    await database.execute(KEY, account, key_digest(key), BEGIN, END)
    return key


async def send_batches(bench: Bench, key: str, batches: Iterator[int]) -> None:
    """Send batches, one after the other, until there are no more; each order has to become a case."""
    headers = {"authorization": f"Bearer {key}"}
    for at in batches:
        entries = [{**ORDER, "externalNumber": f"{key[4:12]}-{at}-{n}"} for n in range(BATCH)]
        body = {"query": INTAKE, "variables": {"input": {"entries": entries}}}
        reply = (await bench.client.post("/graphql", json=body, headers=headers, timeout=60)).json()
        found = reply.get("data") and reply["data"]["intakeCases"]
        assert found and found["errors"] == [] and all(one["case"] for one in found["results"]), reply


async def measure_intake(dsn: str) -> float:
    """Return how many orders become cases a second."""
    database = await asyncpg.connect(dsn)
    key = await enrol(database)
    await database.close()
    async with serving(dsn) as bench:
        await send_batches(bench, key, iter(range(2)))  # statements are prepared
        batches = iter(range(2, 2 + BATCHES))
        begun = time.perf_counter()
        await asyncio.gather(*(send_batches(bench, key, batches) for _ in range(CLIENTS)))
        return BATCH * BATCHES / (time.perf_counter() - begun)


def main(
    data: Annotated[Path, typer.Option(help="Where the embedded database is kept.")] = Path(".gongzhi/bench-quick"),
    people: Annotated[int, typer.Option(help="How many live in the county, if it is loaded now.")] = 2_000,
) -> None:
    """Print how many cases a second."""
    console = Console(highlight=False)
    with county.database_of(data, None, people) as dsn, grown(dsn, 0) as (copy, _):
        found = asyncio.run(measure_intake(copy))
    table = Table("what", "cases/s", "bar", "", title=f"{BATCHES} batches of {BATCH} orders, {CLIENTS} clients")
    table.add_row("orders that became cases", f"{found:,.0f}", f"≥ {BAR:.0f}", verdict(found >= BAR))
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
