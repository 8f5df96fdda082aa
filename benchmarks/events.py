"""How fast events reach those who follow them, what a follower costs, and what the outbox costs a writer.

    python -m benchmarks.events DSN [--followers N]

DSN is a database with the demo county; what this writes stays in it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import orjson
import uvloop
from gongzhi_server.clock import clock
from gongzhi_server.tokens import Tokens
from websockets.asyncio.client import ClientConnection, connect

from .peers.ours import SECRET

LATENCY, MEMORY, OVERHEAD, SUSTAINED = 0.250, 45.0, 0.10, 1.0
"""The bars: seconds at p95, kilobytes a follower, part of a writing transaction, seconds at p99."""
ROUNDS = 10
COUNTY, GRID = "610921", "610921101222-020202"
QUERY = "subscription { caseEvents { cursor id type at case { number status grid { code } } data } }"
FILTERED = "subscription($g: String) { caseEvents(filter: { grid: { within: $g } }) { id at case { number status } } }"
GRIDS = (COUNTY, "610921101", "610921101222", "610921103")
REPORT = "mutation($input: ReportCaseInput!) { reportCase(input: $input) { case { number } errors { code } } }"
MATTER = {"kind": "HELP", "channel": "WEB", "category": "roads.lighting", "title": "路灯", "description": "路灯不亮"}
SAID = {True: "kept", False: "MISSED"}


class Bench:
    """A server in a process of its own, and what one does with it."""

    def __init__(self, dsn: str, port: int) -> None:
        self.dsn, self.port = dsn, port
        environment = {**os.environ, "BENCH_DSN": dsn}
        command = [
            *(sys.executable, "-m", "uvicorn", "benchmarks.events:app", "--factory", "--loop", "uvloop"),
            *("--http", "httptools", "--ws", "gongzhi_server.gateway.wire:Wire", "--log-level", "warning"),
            *("--port", str(port), "--no-access-log"),
        ]
        self.process = subprocess.Popen(command, env=environment, cwd=Path(__file__).parent.parent)
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")

    def headers(self, role: str = "integrator") -> dict[str, str]:
        claims = {"sub": role, "role": role, "grid": COUNTY}
        return {"authorization": f"Bearer {Tokens(SECRET).issue(claims, clock())}"}

    async def ready(self) -> None:
        while True:
            try:
                await self.client.get("/health")
                return
            except httpx.HTTPError:
                await asyncio.sleep(0.1)

    def resident(self) -> float:
        """Kilobytes."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return float(text.split("VmRSS:")[1].split()[0])

    def worked(self) -> float:
        """Seconds of processor time so far."""
        user, system = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    async def follow(self, query: str = QUERY, **variables: Any) -> ClientConnection:
        url = f"ws://127.0.0.1:{self.port}/graphql"
        wire = await connect(url, subprotocols=["graphql-transport-ws"], compression=None, open_timeout=60)
        await wire.send(orjson.dumps({"type": "connection_init", "payload": self.headers()}).decode())
        await wire.recv()
        payload = {"query": query, "variables": variables}
        await wire.send(orjson.dumps({"type": "subscribe", "id": "1", "payload": payload}).decode())
        return wire

    async def report(self) -> None:
        given = {"idempotencyKey": str(uuid4()), "grid": GRID, **MATTER}
        body = {"query": REPORT, "variables": {"input": given}}
        reply = await self.client.post("/graphql", json=body, timeout=60)
        assert reply.json()["data"]["reportCase"]["errors"] == [], reply.text


def app() -> Any:
    """The server that is measured; it lets one address hold as many sockets as there are followers."""
    from dataclasses import replace

    from gongzhi_server import app as ours
    from gongzhi_server.gateway import Limits
    from gongzhi_server.serve import SWEEPS
    from gongzhi_server.settings import Settings

    shell = ours.shell
    ours.shell = lambda settings: replace(shell(settings), limits=Limits(sockets=10_000))
    made = ours.create_app(Settings(data=Path(), secret=SECRET), os.environ["BENCH_DSN"])
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SWEEPS)  # as `serve` does
    return made


async def told(wire: ClientConnection) -> tuple[float, Any]:
    """When the next event arrives, and what it says."""
    while True:
        text = await wire.recv()
        if '"next"' in text[:60]:
            return time.perf_counter(), text


async def latency(bench: Bench, followers: int) -> bool:
    """Seconds from the writer's answer, which follows the commit, until everybody has the event."""
    before = bench.resident()
    wires: list[ClientConnection] = []
    for at in range(0, followers, 100):
        wires += await asyncio.gather(*(bench.follow() for _ in range(min(100, followers - at))))
    await asyncio.sleep(1)
    each = (bench.resident() - before) / followers
    print(f"{followers} idle followers: {each:.1f} kB each; bar {MEMORY:.0f} kB: {SAID[each <= MEMORY]}")
    worst = []
    for _ in range(ROUNDS):
        waiting = [asyncio.create_task(told(wire)) for wire in wires]
        await asyncio.sleep(0.1)
        begun, busy = time.perf_counter(), bench.worked()
        await bench.report()
        committed = time.perf_counter()
        took = sorted(moment - committed for moment, _ in await asyncio.gather(*waiting))
        worst.append(took[int(len(took) * 0.95)])
        print(f"  mutation {1000 * (committed - begun):4.0f} ms; median {1000 * statistics.median(took):4.0f} ms, "
              f"p95 {1000 * worst[-1]:4.0f} ms, last {1000 * took[-1]:4.0f} ms; "
              f"the server was busy for {1000 * (bench.worked() - busy):.0f} ms")  # fmt: skip
    p95 = statistics.median(worst)
    print(f"p95 {1000 * p95:.0f} ms after the commit; bar {1000 * LATENCY:.0f} ms: {SAID[p95 <= LATENCY]}")
    await asyncio.gather(*(wire.close() for wire in wires))
    return each <= MEMORY and p95 <= LATENCY


async def sustained(bench: Bench, rate: int = 200, seconds: int = 10, followers: int = 100) -> bool:
    """Events written at a rate straight into the outbox, until each of the followers has those it asked for."""
    database = await asyncpg.connect(bench.dsn)
    case = await database.fetchrow(
        'select c.id, c.grid_id, g.county_id, g.town_id, g.village_id from cases."case" c '
        "join grids.grid g on g.id=c.grid_id where g.code=$1 and c.series='ORDINARY' limit 1",
        GRID,
    )
    wires = [await bench.follow(FILTERED, g=GRIDS[at % len(GRIDS)]) for at in range(followers)]
    await asyncio.sleep(1)
    sent: dict[str, float] = {}
    took: list[float] = []

    async def hear(wire: ClientConnection, count: int) -> None:
        for _ in range(count):
            moment, text = await told(wire)
            took.append(moment - sent[orjson.loads(text)["payload"]["data"]["caseEvents"]["id"]])

    total = rate * seconds
    hearing = [
        asyncio.create_task(hear(wire, total)) for at, wire in enumerate(wires) if GRIDS[at % len(GRIDS)] != GRIDS[3]
    ]
    begun = time.perf_counter()
    for at in range(total):
        key = uuid4()
        await database.execute(
            "insert into events.outbox (id,type,version,at,actor,grid_id,county_id,town_id,village_id,case_id,data) "
            "values ($1,'case.accepted',1,$2,'STAFF',$3,$4,$5,$6,$7,'{}')",
            *(key, clock(), case["grid_id"], case["county_id"], case["town_id"], case["village_id"], case["id"]),
        )
        sent[str(key)] = time.perf_counter()
        if at % 10 == 0:
            await database.execute("notify gongzhi_written")
        await asyncio.sleep(max(0, begun + (at + 1) / rate - time.perf_counter()))
    async with asyncio.timeout(60):
        await asyncio.gather(*hearing)
    took.sort()
    p99 = took[int(len(took) * 0.99)]
    print(f"{total / (time.perf_counter() - begun):.0f} events/s to {followers} followers, {len(took)} told: "
          f"median {1000 * statistics.median(took):.0f} ms, p99 {1000 * p99:.0f} ms; "
          f"bar {1000 * SUSTAINED:.0f} ms: {SAID[p99 <= SUSTAINED]}")  # fmt: skip
    await asyncio.gather(*(wire.close() for wire in wires))
    await database.close()
    return p99 <= SUSTAINED


async def overhead(dsn: str) -> bool:
    """A case reported with its event, beside one without, in turns."""
    from gongzhi_server import app as ours
    from gongzhi_server.events.outbox import Told
    from gongzhi_server.settings import Settings

    def nothing(self: Told) -> list[Any]:
        return []

    writes = Told.writes
    application = ours.create_app(Settings(data=Path(), secret=SECRET), dsn, background=False)
    spent: dict[str, list[float]] = {"with": [], "without": []}
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            for at in range(1200):
                kind = ("with", "without")[at % 2]
                Told.writes = writes if kind == "with" else nothing  # type: ignore[method-assign]
                body = {
                    "query": REPORT,
                    "variables": {"input": {"idempotencyKey": str(uuid4()), "grid": GRID, **MATTER}},
                }
                begun = time.perf_counter()
                await client.post("/graphql", json=body)
                if at >= 200:
                    spent[kind].append(time.perf_counter() - begun)
    Told.writes = writes  # type: ignore[method-assign]
    on, off = (statistics.median(spent[kind]) for kind in ("with", "without"))
    part = on / off - 1
    print(f"a report takes {1000 * on:.2f} ms with its event, {1000 * off:.2f} ms without: {100 * part:+.1f} %; "
          f"bar {100 * OVERHEAD:.0f} %: {SAID[part <= OVERHEAD]}")  # fmt: skip
    return part <= OVERHEAD


async def main(dsn: str, followers: int) -> int:
    kept = [await overhead(dsn)]
    bench = Bench(dsn, 8799)
    steps: tuple[Callable[[], Any], ...] = (lambda: latency(bench, followers), lambda: sustained(bench))
    try:
        await bench.ready()
        kept += [await step() for step in steps]
    finally:
        bench.process.terminate()
        bench.process.wait()
        await bench.client.aclose()
    return 0 if all(kept) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dsn")
    parser.add_argument("--followers", type=int, default=2000)
    given = parser.parse_args()
    sys.exit(uvloop.run(main(given.dsn, given.followers)))
