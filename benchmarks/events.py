"""Events: how fast they reach followers, what a follower costs, and what the outbox costs a writer."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import orjson
import uvloop
from gongzhi_server import app as ours
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.clock import clock
from gongzhi_server.events.outbox import TransactionEvents
from gongzhi_server.gateway import Limits
from gongzhi_server.plugins.loader import essential_plugins
from gongzhi_server.serve import freeze_garbage
from gongzhi_server.settings import Settings
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from .bars import verdict
from .county import wait_until_idle
from .lifecycles import grown
from .peers.ours import SECRET

FOLLOWERS, ROUNDS = 2000, 10
RATE, MIXED, SECONDS = 200, 100, 10.0
"""Events a second, those who follow some of them, and for how long."""
REPORTS, UNMEASURED = 1000, 200
LATENCY, MEMORY, SUSTAINED, OVERHEAD = 250.0, 45.0, 1000.0, 0.10
"""The bars: milliseconds at p95, kilobytes a follower, milliseconds at p99, part of a writing transaction."""
COUNTY, GRID = "610921", "610921101222-020202"
QUERY = "subscription { caseEvents { id at case { number status grid { code } } data } }"
FILTERED = "subscription($g: String) { caseEvents(filter: { grid: { within: $g } }) { id at case { number status } } }"
GRIDS = (COUNTY, "610921101", "610921101222", "610921103")
"""What the others ask for; the last is asked for in vain."""
REPORT = "mutation($input: ReportCaseInput!) { reportCase(input: $input) { case { number } errors { code } } }"
MATTER = {"kind": "HELP", "channel": "WEB", "category": "roads.lighting", "title": "路灯", "description": "路灯不亮"}
HAPPENED = (
    "insert into events.outbox (id, type, version, at, actor, grid_id, county_id, town_id, village_id, case_id, data) "
    "select $1, 'case.accepted', 1, $2, 'STAFF', c.grid_id, c.county_id, c.town_id, c.village_id, c.id, '{}' "
    'from cases."case" c where c.id = $3'
)
ANYTHING = (
    'select c.id from cases."case" c join grids.grid g on g.id = c.grid_id '
    "where g.code = $1 and c.series = 'ORDINARY' limit 1"
)


def measure(console: Console, dsn: str, quick: bool = False) -> dict[str, Any]:
    """Measure what events cost those who follow and those who write, in a copy of the county."""
    with grown(dsn, 0) as (copy, _):
        found = uvloop.run(
            measure_server(copy, 200 if quick else FOLLOWERS, 2 if quick else ROUNDS, 2.0 if quick else SECONDS)
        )
    console.print(table(found))
    return found


def table(found: dict[str, Any]) -> Table:
    """Build the table of what was measured, with its bars."""
    made = Table("what", "measured", "bar", "")
    made.title = f"{found['followers']} followers of one event; {MIXED} of {found['rate']} events a second"
    for what, value, bar, unit in (
        ("until nineteen of twenty have it", found["p95"], LATENCY, "ms"),
        ("memory of an idle follower", found["memory"], MEMORY, "kB"),
        ("one after another, p99", found["p99"], SUSTAINED, "ms"),
        ("what a report takes longer for its event", 100 * found["overhead"], 100 * OVERHEAD, "%"),
    ):
        made.add_row(what, f"{value:.1f} {unit}", f"≤ {bar:.0f} {unit}", verdict(value <= bar))
    made.add_row("the server's processor time for one event to all", f"{found['busy']:.0f} ms", "", "")
    return made


async def measure_server(dsn: str, followers: int, rounds: int, seconds: float) -> dict[str, Any]:
    """Measure all of it."""
    overhead = await told_or_not(dsn)
    async with serving(dsn) as bench:
        one = await broadcast(bench, followers, rounds)
        many = await sustain_events(bench, seconds)
    return {"followers": followers, "overhead": round(overhead, 3), **one, **many}


def app() -> Any:
    """Build the server that is measured; it lets one address hold as many sockets as there are followers."""
    # Replaced in this process, which serves nothing else.
    shell = ours.gateway_settings
    ours.gateway_settings = lambda settings: replace(shell(settings), limits=Limits(sockets=10_000))
    made = ours.create_app(Settings(data=Path(), secret=SECRET), os.environ["BENCH_DSN"], plugins=essential_plugins())
    freeze_garbage()
    return made


class Bench:
    """A server in a process of its own, with what is measured of it."""

    def __init__(self, dsn: str, port: int, process: subprocess.Popen[bytes], client: httpx.AsyncClient) -> None:
        self.dsn, self.port, self.process, self.client = dsn, port, process, client

    def resident(self) -> float:
        """Return the memory that the process holds, in kilobytes."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return float(text.split("VmRSS:")[1].split()[0])

    def worked(self) -> float:
        """Return the processor time so far, in milliseconds."""
        # Counted behind the program's name, which may hold blanks; these are utime and stime.
        user, system = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return 1000 * (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    async def follow(self, query: str = QUERY, **variables: Any) -> ClientConnection:
        """Open a socket and subscribe on it."""
        url = f"ws://127.0.0.1:{self.port}/graphql"
        protocols = [Subprotocol("graphql-transport-ws")]
        wire = await connect(url, subprotocols=protocols, compression=None, open_timeout=60)
        token = Tokens(SECRET).issue({"sub": "follower", "role": "integrator", "grid": COUNTY}, clock())
        opening = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
        await wire.send(orjson.dumps(opening).decode())
        await wire.recv()
        payload = {"query": query, "variables": variables}
        await wire.send(orjson.dumps({"type": "subscribe", "id": "1", "payload": payload}).decode())
        return wire

    async def report(self) -> str:
        """Report a case and return its number."""
        reply = await self.client.post("/graphql", json=reporting(), timeout=60)
        return str(reply.json()["data"]["reportCase"]["case"]["number"])


def reporting() -> dict[str, Any]:
    """Build the request that reports a case."""
    given = {"idempotencyKey": str(uuid4()), "grid": GRID, **MATTER}
    return {"query": REPORT, "variables": {"input": given}}


@asynccontextmanager
async def serving(dsn: str, port: int = 8799) -> AsyncIterator[Bench]:
    """Run the measured server, and wait until it answers and has nothing left to do."""
    command = [
        *(sys.executable, "-m", "uvicorn", "benchmarks.events:app", "--factory", "--loop", "uvloop"),
        *("--http", "httptools", "--ws", "gongzhi_server.gateway.uvicorn_protocols:WebSocketProtocol"),
        *("--log-level", "warning", "--port", str(port), "--no-access-log"),
    ]
    environment = {**os.environ, "BENCH_DSN": dsn}
    process = subprocess.Popen(command, env=environment, cwd=Path(__file__).parent.parent)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            bench = Bench(dsn, port, process, client)
            while True:
                try:
                    await client.get("/health")
                    break
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
            await wait_until_idle(bench.dsn)
            yield bench
    finally:
        process.terminate()
        process.wait()


async def next_message(wire: ClientConnection, number: str | None = None) -> tuple[float, Any]:
    """Wait for the next event, or the next of the case with this number; return when it came, and what it says."""
    # Compared as text: parsing would be part of what is measured.
    while True:
        text = await wire.recv()
        if '"next"' in text[:60] and (number is None or f'"{number}"' in text):
            return time.perf_counter(), text


async def broadcast(bench: Bench, followers: int, rounds: int) -> dict[str, float]:
    """Measure the milliseconds from the writer's answer, which follows the commit, until everybody has the event."""
    before = bench.resident()
    wires: list[ClientConnection] = []
    # A hundred at a time: thousands of handshakes at once would time out.
    for at in range(0, followers, 100):
        wires += await asyncio.gather(*(bench.follow() for _ in range(min(100, followers - at))))
    await asyncio.sleep(1)
    memory = (bench.resident() - before) / followers
    p95, busy = [], []
    for _ in range(rounds):
        worked = bench.worked()
        number = await bench.report()
        committed = time.perf_counter()
        took = sorted(
            1000 * (moment - committed) for moment, _ in await asyncio.gather(*(next_message(w, number) for w in wires))
        )
        p95.append(took[int(len(took) * 0.95)])
        busy.append(bench.worked() - worked)
        await wait_until_idle(bench.dsn)
    await asyncio.gather(*(wire.close() for wire in wires))
    return {
        "memory": round(memory, 1), "p95": round(statistics.median(p95), 1), "p95_worst": round(max(p95), 1),
        "busy": statistics.median(busy),
    }  # fmt: skip


async def sustain_events(bench: Bench, seconds: float) -> dict[str, float]:
    """Write events at a rate straight into the outbox, until each of the followers has those it asked for."""
    database = await asyncpg.connect(bench.dsn)
    case = await database.fetchval(ANYTHING, GRID)
    wires = [await bench.follow(FILTERED, g=GRIDS[at % len(GRIDS)]) for at in range(MIXED)]
    await wait_until_idle(bench.dsn)
    total, sent, took = round(RATE * seconds), dict[str, float](), list[float]()

    async def hear(wire: ClientConnection) -> None:
        """Note how long each event takes to this follower."""
        for _ in range(total):
            moment, text = await next_message(wire)
            took.append(1000 * (moment - sent[orjson.loads(text)["payload"]["data"]["caseEvents"]["id"]]))

    hearing = [asyncio.create_task(hear(wire)) for at, wire in enumerate(wires) if GRIDS[at % len(GRIDS)] != GRIDS[-1]]
    begun = time.perf_counter()
    for at in range(total):
        key = uuid4()
        sent[str(key)] = time.perf_counter()
        await database.execute(HAPPENED, key, clock(), case)
        if at % 10 == 0 or at == total - 1:
            # Written past the server, so somebody must call the one that numbers events.
            await database.execute("notify gongzhi_written")
        # Towards fixed moments, so that a late write does not slow the rate down.
        await asyncio.sleep(max(0, begun + (at + 1) / RATE - time.perf_counter()))
    rate = total / (time.perf_counter() - begun)
    async with asyncio.timeout(60):
        await asyncio.gather(*hearing)
    took.sort()
    await asyncio.gather(*(wire.close() for wire in wires))
    await database.close()
    return {
        "rate": round(rate, 1),
        "median": round(statistics.median(took), 1),
        "p99": round(took[int(len(took) * 0.99)], 1),
    }


async def told_or_not(dsn: str) -> float:
    """Return how much longer a case takes to be reported with its event than without; in turns."""
    writes = TransactionEvents.writes
    application = ours.create_app(
        Settings(data=Path(), secret=SECRET), dsn, plugins=essential_plugins(), background=False
    )
    spent: dict[bool, list[float]] = {True: [], False: []}
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            for at in range(UNMEASURED + REPORTS):
                telling = at % 2 == 0
                # Telling is switched on and off by turns, so that both meet the same state of the machine.
                TransactionEvents.writes = writes if telling else lambda self: []  # type: ignore[method-assign]
                begun = time.perf_counter()
                await client.post("/graphql", json=reporting())
                if at >= UNMEASURED:
                    spent[telling].append(time.perf_counter() - begun)
    TransactionEvents.writes = writes  # type: ignore[method-assign]
    return statistics.median(spent[True]) / statistics.median(spent[False]) - 1
