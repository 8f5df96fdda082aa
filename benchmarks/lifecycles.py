"""Lifecycles: whole lives of cases over HTTP, many at once: how many a second, how long each, and what a spike does.

A lifecycle is what the best open system publishes its figures for: create, dispatch, complete, query. Here it is six
requests: a grid worker reports, the county accepts, the town dispatches, the unit begins and answers, the worker looks.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import asyncpg
import orjson
from gongzhi_server import testing
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.clock import clock
from rich.console import Console
from rich.table import Table

from .bars import verdict
from .county import wait_until_idle
from .growth import CHANGED, INDEXES, copy_statement
from .peers.ours import SECRET
from .servers import Server, running

NAME = "bench_lifecycles"
CLIENTS, SECONDS, WARMUP = 50, 30.0, 5.0
SPIKE, STAGE = (1, 15, 1, 25, 2, 35, 10), 10.0
"""Lifecycles begun a second, stage after stage, and the seconds of a stage."""
PATIENCE = 60.0
"""Seconds a request may take before it counts as failed."""
RATE, P95 = 60.0, 558.0
"""Our bars at a million cases: lifecycles a second, and the milliseconds that nineteen of twenty requests keep."""
PUBLISHED = (
    "published for the best open system on 16 vCPU: 37/s up to 100,000 cases, 6.3/s with p95 3.34 s at a million"
)
GRID, TOWN, COUNTY, UNIT = "610921101222", "610921101", "610921", "610921-GDGS"

STEP = "case {{ number version status }} errors {{ code message }}"
MUTATION = "mutation($i: {kind}!) {{ {name}(input: $i) {{ " + STEP + " }} }}"
SEEN = """query($n: String!) { case(number: $n) { number status reply { text } leadUnit { name } grid { name }
  dueAt light timeline(last: 20) { type at role } } }"""


def mutation(name: str, kind: str) -> tuple[str, str]:
    """Return a mutation's name and document."""
    return name, MUTATION.format(name=name, kind=kind)


REPORT = mutation("reportCase", "ReportCaseInput")
ACCEPT, DISPATCH = mutation("acceptCase", "AcceptCaseInput"), mutation("dispatchCase", "DispatchCaseInput")
HANDLE, REPLY = mutation("handleCase", "CaseInput"), mutation("replyToCase", "ReplyToCaseInput")
MATTER = {
    "kind": "HELP", "channel": "GRID_WORKER", "category": "utilities.electricity", "title": "电线杆倒向房屋",
    "description": "屋后电线杆被树压斜", "grid": GRID,
}  # fmt: skip


@dataclass
class Tally:
    """The outcome of a load: milliseconds of lifecycles and of requests, what failed, and how long it took."""

    lives: list[float] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0

    def p95(self, times: list[float]) -> float:
        """Return the time that nineteen of twenty keep."""
        return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else 0

    def figures(self) -> dict[str, float]:
        """Return the figures as they are written down."""
        return {
            "rate": round(len(self.lives) / self.seconds, 1),
            "lifecycle_p95": round(self.p95(self.lives), 1),
            "request_p95": round(self.p95(self.requests), 1),
            "failures": len(self.failures),
            "share_failed": round(len(self.failures) / max(1, len(self.failures) + len(self.lives)), 4),
        }


class Life:
    """The accounts that take a case through its life, in each lane their own."""

    def __init__(self, client: aiohttp.ClientSession, lane: int, tally: Tally) -> None:
        self.client, self.tally = client, tally
        self.worker = self.bearer(lane, role="grid_worker", grid=GRID)
        self.county = self.bearer(lane, role="county_dispatcher", grid=COUNTY)
        self.town = self.bearer(lane, role="town_dispatcher", grid=TOWN)
        self.unit = self.bearer(lane, role="department_handler", unit=UNIT)

    def bearer(self, lane: int, **claims: str) -> Mapping[str, str]:
        """Return the headers of somebody with an account of their own, so that rate limits count each apart."""
        token = Tokens(SECRET).issue({"sub": f"{claims['role']} {lane}", **claims}, clock())
        return {"authorization": f"Bearer {token}", "content-type": "application/json"}

    async def live(self) -> None:
        """Take a case from the report to a look at the answer; what fails is counted once, and is over."""
        began = time.perf_counter()
        try:
            case = await self.step(self.worker, REPORT, **MATTER)
            for who, what, more in (
                (self.county, ACCEPT, {}),
                (self.town, DISPATCH, {"leadUnit": UNIT}),
                (self.unit, HANDLE, {}),
                (self.unit, REPLY, {"text": "已扶正加固。"}),
            ):
                case = await self.step(who, what, number=case["number"], expectedVersion=case["version"], **more)
            seen = await self.ask(self.worker, SEEN, {"n": case["number"]})
            if seen["case"]["status"] != "REPLIED":
                raise ValueError(f"a case is {seen['case']['status']} in the end")
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            self.tally.failures.append(f"{type(error).__name__}: {error}"[:200])
        else:
            self.tally.lives.append(1000 * (time.perf_counter() - began))

    async def step(self, who: Mapping[str, str], what: tuple[str, str], **given: Any) -> Any:
        """Take one step and return the case. Raises ValueError if it is refused."""
        name, document = what
        payload = (await self.ask(who, document, {"i": {"idempotencyKey": str(uuid4()), **given}}))[name]
        if payload["errors"]:
            raise ValueError(f"{name}: {payload['errors']}")
        return payload["case"]

    async def ask(self, who: Mapping[str, str], document: str, variables: Mapping[str, Any]) -> Any:
        """Send a document and note how long it takes."""
        began = time.perf_counter()
        asked = {"query": document, "variables": variables}
        async with self.client.post("/graphql", data=orjson.dumps(asked), headers=who) as reply:
            text = await reply.read()
        self.tally.requests.append(1000 * (time.perf_counter() - began))
        reply.raise_for_status()
        body = orjson.loads(text)
        if "errors" in body:
            raise ValueError(f"{body['errors']}")
        return body["data"]


def measure(console: Console, dsn: str, cases: int, quick: bool = False) -> dict[str, Any]:
    """Measure lifecycles among so many cases: as many as fifty clients bring about, and as a spike asks for them."""
    seconds, stage = (4.0, 1.0) if quick else (SECONDS, STAGE)
    with grown(dsn, cases) as (large, count), running(large, ["ours"]) as servers:
        asyncio.run(wait_until_idle(large))
        steady = asyncio.run(
            load_server(servers["ours"], lambda each: steadily(each, seconds, WARMUP if not quick else 1))
        )
        spike = asyncio.run(load_server(servers["ours"], lambda each: spiking(each, stage)))
    found = {"cases": count, "steady": steady.figures(), "spike": spike.figures()}
    console.print(table(found))
    console.print(PUBLISHED + "; 57 % errors in its spike test")
    for failure in sorted({*steady.failures, *spike.failures})[:5]:
        console.print(f"[red]failed:[/] {failure}")
    return found


def table(found: Mapping[str, Any]) -> Table:
    """Build the table of both loads."""
    made = Table("load", "lifecycles/s", "p95 lifecycle ms", "p95 request ms", "failed", "")
    made.title = f"{CLIENTS} clients, {found['cases']:,} cases; the load shares the machine"
    kept = {
        "steady": found["steady"]["rate"] >= RATE and found["steady"]["request_p95"] <= P95,
        "spike": not found["spike"]["failures"],
    }
    for load, ok in kept.items():
        row = found[load]
        failed = f"{row['failures']:.0f} ({row['share_failed']:.1%})"
        made.add_row(load, f"{row['rate']}", f"{row['lifecycle_p95']}", f"{row['request_p95']}", failed, verdict(ok))
    return made


Each = Callable[[int, Tally], Life]


async def load_server(server: Server, load: Callable[[Each], Awaitable[Tally]]) -> Tally:
    """Put a load on a server and return what came of it."""
    connector, patience = aiohttp.TCPConnector(limit=CLIENTS), aiohttp.ClientTimeout(PATIENCE)
    address = f"http://127.0.0.1:{server.port}"
    async with aiohttp.ClientSession(address, connector=connector, timeout=patience) as client:
        return await load(lambda lane, tally: Life(client, lane, tally))


async def steadily(each: Each, seconds: float, warmup: float) -> Tally:
    """Begin a life with each client as soon as its last one is over; those of the warm-up do not count."""
    tally, unmeasured = Tally(), Tally()
    began = time.perf_counter()
    start, end = began + warmup, began + warmup + seconds

    async def client(lane: int) -> None:
        life = each(lane, unmeasured)
        while (now := time.perf_counter()) < end:
            life.tally = tally if now >= start else unmeasured
            await life.live()

    await asyncio.gather(*map(client, range(CLIENTS)))
    tally.seconds = time.perf_counter() - start
    return tally


async def spiking(each: Each, stage: float) -> Tally:
    """Begin lives at the pace of each stage, whether or not those before are over."""
    tally = Tally()
    lives: list[asyncio.Task[None]] = []
    began = time.perf_counter()
    for at, pace in enumerate(SPIKE):
        for one in range(round(pace * stage)):
            # An open load: a server that is slow does not slow down those who come, as it would with waiting clients.
            due = began + at * stage + one / pace
            await asyncio.sleep(max(0, due - time.perf_counter()))
            lives.append(asyncio.create_task(each(len(lives) % CLIENTS, tally).live()))
    await asyncio.gather(*lives)
    tally.seconds = time.perf_counter() - began
    return tally


@contextmanager
def grown(dsn: str, cases: int) -> Iterator[tuple[str, int]]:
    """Yield a copy of the database with so many cases and their events, and how many there are; drop it in the end."""
    outside = testing.sibling_dsn(dsn, "postgres")
    asyncio.run(testing.drop_database(outside, NAME))
    large = asyncio.run(testing.create_database(outside, NAME, urlsplit(dsn).path.strip("/")))
    try:
        yield large, asyncio.run(multiply(large, cases))
    finally:
        asyncio.run(testing.drop_database(outside, NAME))


async def multiply(dsn: str, cases: int) -> int:
    """Add copies of the cases with their events until there are so many, and count them; indexes are made anew."""
    connection = await asyncpg.connect(dsn)
    try:
        # Copies have all that triggers would compute, so none need fire; and nothing has to survive a power cut.
        await connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        times = -(-cases // await connection.fetchval('select count(*) from cases."case"'))
        if times > 1:
            statements = [await copy_statement(connection, table, changed) for table, changed in CHANGED.items()]
            indexes = {row["name"]: row["made"] for row in await connection.fetch(INDEXES, list(CHANGED))}
            await connection.execute(f"drop index {', '.join(indexes)}")
            for copy in range(1, times):
                for statement in statements:
                    await connection.execute(statement, copy)
            for made in indexes.values():
                await connection.execute(made)
            # Its sums are made from the events, which were copied past the handlers.
            await connection.execute("select statistics.rebuild()", timeout=3600)
        for table in CHANGED:
            await connection.execute(f"vacuum (analyze) {table}")
        count: int = await connection.fetchval('select count(*) from cases."case"')
        return count
    finally:
        await connection.close()
