"""Processes: what a mutation and a page of people with looks cost with one, two and four processes at a port."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg
import orjson
import uvloop
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.clock import clock
from gongzhi_server.errors import Problem
from rich.console import Console
from rich.table import Table

from .bars import verdict
from .county import CODE, wait_until_idle
from .lifecycles import GRID, MATTER, REPORT, grown
from .servers import ROOT

SECRET = "of no use outside of the benchmark of several processes"
PROCESSES = (1, 2, 4)
CLIENTS = 16
SECONDS, WARMUP = 15.0, 3.0
LEAST, MOST = 0.95, 1.15
"""The rate with four processes over that with one, and what a request costs in processor time, at the most."""
PEOPLE = "{ people(first: 50) { nodes { name birthDate phone household { address } } } }"

Ask = Callable[[int], tuple[Mapping[str, str], dict[str, Any]]]


def measure(console: Console, dsn: str, quick: bool = False) -> dict[str, Any]:
    """Measure mutations and pages of people, with as many processes as there are in `PROCESSES`."""
    found: dict[str, Any] = {}
    with grown(dsn, 0) as (copy, _):
        for count in PROCESSES:
            with serving(copy, count) as (port, master):
                uvloop.run(wait_until_idle(copy))
                for name, ask in (("mutations", report), ("looks", look_at_people)):
                    seconds, warmup = (1.0, 0.5) if quick else (SECONDS, WARMUP)
                    found[f"{name} {count}"] = uvloop.run(load(copy, port, master, ask, seconds, warmup))
    console.print(table(found))
    return found


def table(found: Mapping[str, Mapping[str, float]]) -> Table:
    """Build the table of what was measured, with its bars."""
    made = Table("what", "processes", "a second", "server's ms each", "database's ms each", "rate", "cost")
    made.title = f"{CLIENTS} clients; the load shares the machine"
    for key, row in found.items():
        name, _, count = key.partition(" ")
        one = found[f"{name} 1"]
        rate, cost = row["rate"] / one["rate"], spent(row) / spent(one)
        bars = (f"{rate:.2f} {verdict(rate >= LEAST)}", f"{cost:.2f} {verdict(cost <= MOST)}") if count != "1" else ()
        made.add_row(name, count, f"{row['rate']:.0f}", f"{row['server']:.2f}", f"{row['database']:.2f}", *bars)
    return made


def spent(row: Mapping[str, float]) -> float:
    """Return the milliseconds of a processor that a request takes."""
    return row["server"] + row["database"]


@contextmanager
def serving(dsn: str, count: int, errors: int | None = None, **settings: str) -> Iterator[tuple[int, int]]:
    """Run so many processes, and yield their port and the id of the first of them, once they answer."""
    environment = os.environ | {
        "DATABASE_URL": dsn, "GONGZHI_MODE": "development", "GONGZHI_SECRET": SECRET, "PORT": "0",
        "GONGZHI_RATES": "no", "GONGZHI_GUARD": "no", "GONGZHI_BULK": "10000000", **settings,
    }  # fmt: skip
    command = [sys.executable, "-m", "gongzhi_server", "serve", "--workers", str(count)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, stderr=errors)
    try:
        assert process.stdout
        [port] = re.findall(r":(\d+)/graphql", process.stdout.readline())
        yield int(port), process.pid
    finally:
        process.terminate()
        process.wait()


def processor_time(root: int) -> float:
    """Return the milliseconds that a process and all that it has started have worked by now, also those gone."""
    found = dict[int, tuple[int, int]]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has gone meanwhile
            # Behind the program's name, which may hold blanks: its parent, and times of its own and its children.
            stat = path.read_text().rpartition(")")[2].split()
            found[int(path.parent.name)] = int(stat[1]), sum(map(int, stat[11:15]))
    family = {root}
    while grown := {one for one, (parent, _) in found.items() if parent in family} - family:
        family |= grown
    return 1000 * sum(found[one][1] for one in family if one in found) / os.sysconf("SC_CLK_TCK")


async def find_postmaster(dsn: str) -> int:
    """Return the process of PostgreSQL that has started all others; 1 cannot be told apart, so it must run here."""
    connection = await asyncpg.connect(dsn)
    try:
        pid = await connection.fetchval("select pg_backend_pid()")
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    finally:
        await connection.close()


async def load(dsn: str, port: int, master: int, ask: Ask, seconds: float, warmup: float) -> dict[str, float]:
    """Have each client ask again as soon as it is answered; return requests a second, and what each of them costs."""
    postmaster, done = await find_postmaster(dsn), 0
    connector = aiohttp.TCPConnector(limit=CLIENTS)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector) as client:

        async def run(lane: int, end: float) -> int:
            answered = 0
            while time.perf_counter() < end:
                headers, body = ask(lane)
                async with client.post("/graphql", data=orjson.dumps(body), headers=headers) as reply:
                    answer = orjson.loads(await reply.read())
                if "errors" in answer or any((one or {}).get("errors") for one in answer["data"].values()):
                    raise Problem(f"a request failed, so nothing is measured: {answer}")
                answered += 1
            return answered

        for span in (warmup, seconds):
            before = processor_time(master), processor_time(postmaster)
            began = time.perf_counter()
            done = sum(await asyncio.gather(*(run(lane, began + span) for lane in range(CLIENTS))))
            took = time.perf_counter() - began
    server, database = (processor_time(one) - was for one, was in zip((master, postmaster), before, strict=True))
    return {
        "rate": round(done / took, 1),
        "server": round(server / done, 3),
        "database": round(database / done, 3),
    }


def bearer(lane: int, **claims: str) -> Mapping[str, str]:
    """Return the headers of somebody with an account of their own."""
    token = Tokens(SECRET).issue({"sub": f"{claims['role']} {lane}", **claims}, clock())
    return {"authorization": f"Bearer {token}", "content-type": "application/json"}


def look_at_people(lane: int) -> tuple[Mapping[str, str], dict[str, Any]]:
    """Return what lists fifty people with their files, and who looks."""
    return bearer(lane, role="county_dispatcher", grid=CODE), {"query": PEOPLE}


def report(lane: int) -> tuple[Mapping[str, str], dict[str, Any]]:
    """Return what reports a case, and who does it."""
    name, document = REPORT
    given = {"idempotencyKey": str(uuid4()), **MATTER}
    return bearer(lane, role="grid_worker", grid=GRID), {"query": document, "variables": {"i": given}}
