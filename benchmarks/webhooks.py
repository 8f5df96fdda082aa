"""Webhooks: how long an event takes to a healthy endpoint, alone and beside endpoints that hang or refuse.

    python -m benchmarks.webhooks

Milliseconds from the writer's commit until the receiver has it. It prints, and writes nothing.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import asyncpg
import orjson
import typer
from gongzhi.core.accounts.secrets import key_digest
from gongzhi_server.clock import clock
from rich.console import Console
from rich.table import Table

from . import county
from .bars import verdict
from .events import HAPPENED, Bench, serving
from .lifecycles import grown

BAR = 50.0
"""Milliseconds that nineteen of twenty events may take to a healthy endpoint, also beside fifty that hang."""
RATE, SECONDS, HANGING, VILLAGES = 30, 20.0, 50, 149
"""Events a second and for how long; endpoints of the whole county that hang, and healthy ones of a village each."""
BEGIN, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)
CREATE = "mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } errors { message } } }"
ACCOUNT = """
insert into accounts.account (id, name, kind, grid_id, county_id, created_at, created_by, version)
select $1, $2, 'MACHINE', g.id, g.county_id, $4, 'console', 1 from grids.grid g
where g.code = $3 and g.valid_to is null
"""
HOLDING = """
insert into accounts.holding (id, account_id, role, grid_id, since, granted_by)
select gen_random_uuid(), a.id, 'integrator', a.grid_id, $2, 'console' from accounts.account a where a.id = $1
"""
KEY = """
insert into accounts.key (id, account_id, label, digest, permissions, created_at, created_by, expires_at)
values (gen_random_uuid(), $1, 'bench', $2, '{cases.view,webhooks.edit}', $3, 'console', $4)
"""
CASES = "select id from cases.\"case\" where series = 'ORDINARY' order by id"
ASIDE = 20
"""Cases that what is refused is of: in its own case everything waits for it."""
PLACES = "select code from grids.grid where kind = 'VILLAGE' and valid_to is null order by code limit $1"
Answer = Callable[[Any], int | None]
"""The status for an event; None to answer nothing, ever."""


class Receiver:
    """An HTTP server that notes when each event came first."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.port = answer, 0
        self.came: dict[str, float] = {}
        self.waiting: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take deliveries for as long as the connection is kept."""
        try:
            while await self.take_delivery(reader, writer):
                pass
            return
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def take_delivery(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take one delivery; tell whether it was answered."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        body = await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        event = orjson.loads(body)
        status = self.answer(event)
        if status is None:
            self.waiting.add(writer)
            return False
        if status < 300:
            self.came.setdefault(event["id"], time.perf_counter())
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        return True

    async def open(self) -> str:
        """Listen, and return the address."""
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{self.port}/"


async def create_endpoint(bench: Bench, database: asyncpg.Connection[Any], url: str, grid: str = county.CODE) -> None:
    """Set up an endpoint of an account of its own."""
    account, key = uuid4(), f"gzk_{uuid4().hex:k<43}"
    await database.execute(ACCOUNT, account, f"bench-{account.hex[:8]}", county.CODE, BEGIN)
    await database.execute(HOLDING, account, BEGIN)
    await database.execute(KEY, account, key_digest(key), BEGIN, END)
    given = {"idempotencyKey": str(uuid4()), "url": url, "grid": grid, "selection": "{ number status }"}
    body, headers = {"query": CREATE, "variables": {"input": given}}, {"authorization": f"Bearer {key}"}
    reply = (await bench.client.post("/graphql", json=body, headers=headers, timeout=60)).json()
    assert reply["data"]["createWebhook"]["errors"] == [], reply


async def measure_endpoint(
    database: asyncpg.Connection[Any], receiver: Receiver, bad: Callable[[int], bool] = lambda at: False
) -> Any:
    """Write events at a rate, each of another case, and return how long those that are not `bad` take, and how many."""
    cases = [row["id"] for row in await database.fetch(CASES)]
    aside, cases = cases[:ASIDE], cases[ASIDE:]
    sent: dict[str, float] = {}
    begun = time.perf_counter()
    for at in range(round(RATE * SECONDS)):
        key = uuid4()
        if bad(at):
            REFUSED.add(str(key))
        of = aside if bad(at) else cases
        await database.execute(HAPPENED, key, clock(), of[at % len(of)])
        sent[str(key)] = time.perf_counter()
        await database.execute("notify gongzhi_written")
        await asyncio.sleep(max(0, begun + (at + 1) / RATE - time.perf_counter()))
    good = sent.keys() - REFUSED
    end = time.perf_counter() + 30
    while good - receiver.came.keys() and time.perf_counter() < end:
        await asyncio.sleep(0.1)
    took = sorted(1000 * (receiver.came[id] - sent[id]) for id in good if id in receiver.came)
    return took, len(good)


REFUSED: set[str] = set()
"""The events that the receiver refuses."""


async def measure_all(dsn: str) -> list[tuple[str, list[float], int]]:
    """Measure a healthy endpoint, the same while it refuses every fifth event, and beside those that hang."""
    os.environ["GONGZHI_WEBHOOK_NETWORKS"] = "127.0.0.0/8"
    database = await asyncpg.connect(dsn)
    found = []
    async with serving(dsn) as bench:
        receiver, hanging = Receiver(lambda event: 422 if event["id"] in REFUSED else 204), Receiver(lambda event: None)
        await create_endpoint(bench, database, await receiver.open())
        await measure_endpoint(database, receiver)  # connections are opened, statements prepared
        found.append(("alone", *await measure_endpoint(database, receiver)))
        found.append(("one in five refused", *await measure_endpoint(database, receiver, lambda at: at % 5 == 0)))
        url = await hanging.open()
        for _ in range(HANGING):
            await create_endpoint(bench, database, url)
        others = await Receiver(lambda event: 204).open()
        for row in await database.fetch(PLACES, VILLAGES):
            await create_endpoint(bench, database, others, row["code"])
        found.append((f"beside {HANGING} that hang", *await measure_endpoint(database, receiver)))
    await database.close()
    return found


def main(
    data: Annotated[Path, typer.Option(help="Where the embedded database is kept.")] = Path(".gongzhi/bench-quick"),
    people: Annotated[int, typer.Option(help="How many live in the county, if it is loaded now.")] = 2_000,
) -> None:
    """Print how long events take."""
    console = Console(highlight=False)
    with county.database_of(data, None, people) as dsn, grown(dsn, 0) as (copy, _):
        found = asyncio.run(measure_all(copy))
    table = Table(
        "endpoint", "taken", "median", "p95", "worst", "bar", "", title=f"{RATE} events a second, milliseconds"
    )
    for what, took, count in found:
        p95 = took[int(len(took) * 0.95)] if took else float("inf")
        kept = p95 <= BAR and len(took) == count
        figures = (statistics.median(took), p95, took[-1]) if took else ()
        table.add_row(
            what, f"{len(took)} of {count}", *(f"{one:.0f}" for one in figures), f"≤ {BAR:.0f}", verdict(kept)
        )
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
