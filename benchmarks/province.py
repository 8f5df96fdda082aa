"""Province: a day of the demo county, times the counties of a province, against one, two and four processes.

Run it with `python -m benchmarks.province`. It first measures what each operation of a day takes by itself: processor
time of the server and of PostgreSQL, and bytes of its log. Then staff of so many counties at their busiest hour come
whether or not those before them were answered, and it prints how long they wait. Rates and what they are reckoned from
stand in `DAY`; docs/province.md reckons on with what comes out. PostgreSQL must run on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg
import orjson
import uvloop
from argon2 import PasswordHasher
from gongzhi_server.errors import Problem
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from .chaos import EVENTS
from .county import CODE, database_of, numbers, wait_until_idle
from .figures import BOARD
from .lifecycles import ACCEPT, COUNTY, DISPATCH, GRID, HANDLE, MATTER, REPLY, REPORT, TOWN, UNIT, grown
from .processes import bearer, find_postmaster, processor_time, serving
from .questions import DOCUMENTS

COUNTIES, CASES_A_YEAR, WORK_DAYS, WORKERS, LOOKS = 100, 10_000_000, 250, 100_000, 30
"""A province: 40 million people; 100 000 field workers with thirty looks each a day."""
PEAK = 0.2
"""The share of a day's work that its busiest hour has; of eight even hours each would have 0.125."""
CASES = CASES_A_YEAR / WORK_DAYS
"""A day, as if all came on work days."""
DAY: Mapping[str, float] = {
    "report": CASES,
    "step": 4 * CASES,  # accepted, dispatched, taken up, answered
    "case": 5 * CASES,  # whoever takes a step reads the case first, and somebody reads it in the end
    "look": WORKERS * LOOKS,
    "list": WORKERS * 10,  # assumed: a list each time somebody comes back to the page
    "count": WORKERS * 10,  # assumed: how much is left to do, as often
    "board": COUNTIES * 20 * 16,  # assumed: 20 desks a county have the board open, and it is asked each half hour
    "sign in": WORKERS,
    "renew": WORKERS * 24,  # tokens last ten minutes: assumed for half of eight hours
}
PROCESSES, FACTORS = (1, 2, 4), (10, 25, 50, 100)
ALONE, STAGE, LANES, FOLLOWERS = 6.0, 15.0, 8, 5
"""Seconds of each operation by itself, and of a stage; those who ask at a time; desks of a county that follow."""
LATE, LEAST = 500.0, 0.95
"""Milliseconds that nineteen of twenty may wait, and the share of what comes that must be answered in time."""
PASSWORD = "correct horse battery staple"
LOOK = "query($id: ID!) { person(id: $id) { name birthDate phone household { address } } }"
COUNT = "{ open: cases(filter: { status: { in: [DISPATCHED, HANDLING] } }) { totalCount } }"
PEOPLE = (
    "select p.id::text as id from people.person p join grids.grid g on g.id = p.grid_id where g.code like $1 limit 500"
)
NAMES = [f"province.{at}" for at in range(200)]
"""Those who sign in: whoever tries one name from one address several times at once is taken for a guesser."""
ENROL = """
with made as (
  insert into accounts.account (id, name, kind, created_at, created_by, version)
  select gen_random_uuid(), name, 'PERSON', now(), 'console', 1 from unnest($1::text[]) name
  on conflict (name) do nothing returning id
)
insert into accounts.password (id, account_id, hash, changed_at) select gen_random_uuid(), id, $2, now() from made
"""


@dataclass
class Staff:
    """The people of the counties: what they know, and the cases that wait for a step."""

    client: aiohttp.ClientSession
    cases: Sequence[str]
    people: Sequence[str]
    waiting: deque[tuple[str, int, int]] = field(default_factory=lambda: deque[tuple[str, int, int]]())
    """Numbers, versions, and how many steps were taken."""
    tokens: deque[str] = field(default_factory=lambda: deque[str]())
    turns: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        lanes = range(64)
        self.worker = [bearer(lane, role="grid_worker", grid=GRID) for lane in lanes]
        self.county = [bearer(lane, role="county_dispatcher", grid=COUNTY) for lane in lanes]
        town, unit = bearer(0, role="town_dispatcher", grid=TOWN), bearer(0, role="department_handler", unit=UNIT)
        self.steps: tuple[tuple[Mapping[str, str], tuple[str, str], Mapping[str, str]], ...] = (
            (self.county[0], ACCEPT, {}),
            (town, DISPATCH, {"leadUnit": UNIT}),
            (unit, HANDLE, {}),
            (unit, REPLY, {"text": "已扶正加固。"}),
        )

    def pick(self, several: Sequence[Any]) -> Any:
        """Return another one each time."""
        return several[next(self.turns) % len(several)]

    async def ask(self, who: Mapping[str, str], query: str, **variables: Any) -> Any:
        """Send a document. Raises Problem if anything of it fails."""
        body = orjson.dumps({"query": query, "variables": variables})
        async with self.client.post("/graphql", data=body, headers=who) as reply:
            answer = orjson.loads(await reply.read())
        if "errors" in answer or any((one or {}).get("errors") for one in answer["data"].values()):
            raise Problem(f"an operation failed: {answer}")
        return answer["data"]

    async def report(self) -> None:
        """Report a case."""
        name, document = REPORT
        given = {"idempotencyKey": str(uuid4()), **MATTER}
        case = (await self.ask(self.pick(self.worker), document, i=given))[name]["case"]
        self.waiting.append((case["number"], case["version"], 0))

    async def step(self) -> None:
        """Take the next step of the case that has waited longest; report one if none waits."""
        if not self.waiting:
            return await self.report()
        number, version, taken = self.waiting.popleft()
        who, (name, document), more = self.steps[taken]
        given = {"idempotencyKey": str(uuid4()), "number": number, "expectedVersion": version, **more}
        case = (await self.ask(who, document, i=given))[name]["case"]
        if taken + 1 < len(self.steps):
            self.waiting.append((number, case["version"], taken + 1))

    async def case(self) -> None:
        """Read a case."""
        await self.ask(self.pick(self.county), TEXTS["point"], number=self.pick(self.cases))

    async def look(self) -> None:
        """Look at somebody's file."""
        await self.ask(self.pick(self.worker), LOOK, id=self.pick(self.people))

    async def list(self) -> None:
        """Read the newest cases of the grid."""
        await self.ask(self.pick(self.worker), TEXTS["list"], first=20)

    async def count(self) -> None:
        """Count what is left to do in the grid."""
        await self.ask(self.pick(self.worker), COUNT)

    async def board(self) -> None:
        """Read the county's board."""
        await self.ask(self.pick(self.county), BOARD % CODE)

    async def sign_in(self) -> None:
        """Sign in with a password."""
        self.tokens.append(await self.get_token("sign-in", name=self.pick(NAMES), password=PASSWORD))

    async def renew(self) -> None:
        """Renew a token; sign in if nobody has one."""
        if not self.tokens:
            return await self.sign_in()
        self.tokens.append(await self.get_token("refresh", refreshToken=self.tokens.popleft()))

    async def get_token(self, path: str, **given: str) -> str:
        """Ask for tokens, and return the one to renew with."""
        async with self.client.post(f"/auth/{path}", json=given) as reply:
            if reply.status != 200:
                raise Problem(f"/auth/{path} answers {reply.status}: {await reply.text()}")
            return str((await reply.json())["refreshToken"])

    def operations(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Return what is done in a day, by the names in `DAY`."""
        return {name: getattr(self, name.replace(" ", "_")) for name in DAY}


TEXTS = {name: (DOCUMENTS / f"{name}.graphql").read_text() for name in ("list", "point")}


@dataclass(frozen=True)
class Cost:
    """What an operation takes: milliseconds of a processor, and bytes of PostgreSQL's log."""

    server: float
    database: float
    log: float


class Meter:
    """Reads what the server and PostgreSQL have taken so far."""

    def __init__(self, connection: asyncpg.Connection[Any], server: int, postmaster: int) -> None:
        self.connection, self.server, self.postmaster = connection, server, postmaster

    async def read(self) -> tuple[float, float, float]:
        """Return milliseconds of the server's and the database's processors, and bytes of the log."""
        log = await self.connection.fetchval("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return processor_time(self.server), processor_time(self.postmaster), float(log)

    async def since(self, before: tuple[float, float, float], times: int) -> Cost:
        """Return what each of so many operations has taken since then."""
        return Cost(*((now - was) / max(1, times) for now, was in zip(await self.read(), before, strict=True)))


async def measure_alone(staff: Staff, meter: Meter, dsn: str, seconds: float) -> dict[str, Cost]:
    """Measure each operation by itself, with what is done in the background for it."""
    found = {}
    for name, operation in staff.operations().items():
        for _ in range(LANES):  # documents are prepared once
            await operation()
        await wait_until_idle(dsn)
        before, end, done = await meter.read(), time.perf_counter() + seconds, 0

        async def run(operation: Callable[[], Awaitable[None]] = operation, end: float = end) -> int:
            times = 0
            while time.perf_counter() < end:
                await operation()
                times += 1
            return times

        done = sum(await asyncio.gather(*(run() for _ in range(LANES))))
        await wait_until_idle(dsn)
        found[name] = await meter.since(before, done)
    return found


@dataclass
class Stage:
    """What came of so many counties at their busiest hour."""

    processes: int
    counties: int
    rate: float
    waits: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    told: int = 0
    server: float = 0
    database: float = 0

    @property
    def p95(self) -> float:
        """Milliseconds that nineteen of twenty waited at the most."""
        return statistics.quantiles(self.waits, n=20)[-1] if len(self.waits) > 1 else float("inf")

    @property
    def kept(self) -> bool:
        """Whether all were answered, and in time."""
        return not self.failures and self.p95 <= LATE


async def live(staff: Staff, stage: Stage, seconds: float, luck: random.Random) -> None:
    """Have operations begin at their rates, whether or not those before are over."""
    names, operations = list(DAY), staff.operations()

    async def do(name: str, due: float) -> None:
        try:
            await operations[name]()
            stage.waits.append(1000 * (time.perf_counter() - due))
        except (Problem, aiohttp.ClientError, TimeoutError) as problem:
            stage.failures.append(f"{name}: {problem}"[:200])

    began, tasks = time.perf_counter(), []
    for at, name in enumerate(luck.choices(names, [DAY[name] for name in names], k=round(stage.rate * seconds))):
        # Counted from when it was due: a load that comes late itself must not look fast.
        due = began + at / stage.rate
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        tasks.append(asyncio.ensure_future(do(name, due)))
    await asyncio.gather(*tasks)


async def follow(port: int, stage: Stage, headers: Mapping[str, str]) -> None:
    """Follow the cases of the county, as an open desk does."""
    with suppress(WebSocketException, OSError):
        spoken = [Subprotocol("graphql-transport-ws")]
        async with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=spoken) as wire:
            await wire.send(json.dumps({"type": "connection_init", "payload": dict(headers)}))
            await wire.recv()
            await wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": EVENTS}}))
            async for _ in wire:
                stage.told += 1


async def run_stage(staff: Staff, meter: Meter, port: int, stage: Stage, seconds: float) -> Stage:
    """Let the staff of so many counties work for a while, and some desks follow."""
    async with AsyncExitStack() as stack:
        for at in range(FOLLOWERS):
            stack.callback(asyncio.ensure_future(follow(port, stage, staff.county[at])).cancel)
        before, began = await meter.read(), time.perf_counter()
        await live(staff, stage, seconds, random.Random(1))
        took = 1000 * (time.perf_counter() - began)
        server, database, _ = await meter.read()
        stage.server, stage.database = (server - before[0]) / took, (database - before[1]) / took
    return stage


async def measure(
    dsn: str, port: int, process: int, count: int, alone: float, seconds: float, factors: Sequence[int]
) -> tuple[dict[str, Cost], list[Stage]]:
    """Measure operations by themselves if there is one process, and the staff of more and more counties."""
    connection = await asyncpg.connect(dsn)
    address, patience = f"http://127.0.0.1:{port}", aiohttp.ClientTimeout(60)
    connector = aiohttp.TCPConnector(limit=0)
    try:
        await wait_until_idle(dsn)
        people = [f"Person:{row['id']}" for row in await connection.fetch(PEOPLE, f"{GRID}%")]
        await connection.execute(ENROL, NAMES, PasswordHasher().hash(PASSWORD))
        async with aiohttp.ClientSession(address, connector=connector, timeout=patience) as client:
            staff = Staff(client, await numbers(dsn), people)
            meter = Meter(connection, process, await find_postmaster(dsn))
            costs = await measure_alone(staff, meter, dsn, alone if count == 1 else alone / 10)
            stages = list[Stage]()
            for counties in factors:
                rate = counties / COUNTIES * sum(DAY.values()) * PEAK / 3600
                stages.append(await run_stage(staff, meter, port, Stage(count, counties, rate), seconds))
                if not stages[-1].kept:
                    break
            return costs, stages
    finally:
        await connection.close()


def cost_table(costs: Mapping[str, Cost]) -> Table:
    """Build the table of operations, and of what a province's day of them takes."""
    made = Table("operation", "a day", "server's ms", "database's ms", "bytes of log", title="each by itself")
    for name, cost in costs.items():
        made.add_row(name, f"{DAY[name]:,.0f}", f"{cost.server:.2f}", f"{cost.database:.2f}", f"{cost.log:,.0f}")
    parts = ("server", "database", "log")
    total = [sum(DAY[name] * getattr(cost, part) for name, cost in costs.items()) for part in parts]
    hours = f"{total[0] / 3.6e6:.1f} h", f"{total[1] / 3.6e6:.1f} h", f"{total[2] / 1e9:.1f} GB"
    made.add_row("a province's day", f"{sum(DAY.values()):,.0f}", *hours)
    busy = (f"{part * PEAK / 3.6e6:.2f}" for part in total[:2])
    made.add_row("processors at the busiest hour", "", *busy, f"{total[2] * PEAK / 3600 / 1e6:.2f} MB/s")
    return made


def stage_table(stages: Sequence[Stage]) -> Table:
    """Build the table of the curve."""
    heads = "processes", "counties", "operations/s", "p50 ms", "p95 ms", "failed", "told", "server", "database", ""
    made = Table(*heads, title=f"counties at their busiest hour; processors that are busy; kept: p95 ≤ {LATE:.0f} ms")
    for one in stages:
        middle = statistics.median(one.waits) if one.waits else float("inf")
        made.add_row(
            *(str(one.processes), str(one.counties), f"{one.rate:.0f}", f"{middle:.0f}", f"{one.p95:.0f}"),
            *(str(len(one.failures)), str(one.told), f"{one.server:.2f}", f"{one.database:.2f}"),
            "kept" if one.kept else "not kept",
        )
    return made


def main() -> None:
    """Measure in a copy of the county of the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alone", type=float, default=ALONE, help="seconds of each operation by itself")
    parser.add_argument("--stage", type=float, default=STAGE, help="seconds of a stage")
    parser.add_argument("--counties", type=int, nargs="+", default=FACTORS, help="how many counties, stage by stage")
    parser.add_argument("--processes", type=int, nargs="+", default=PROCESSES)
    parser.add_argument("--data", type=Path, default=Path(".gongzhi/bench"), help="where the county is kept")
    given, console = parser.parse_args(), Console(highlight=False)
    stages, costs = list[Stage](), dict[str, Cost]()
    with database_of(given.data, None) as dsn, grown(dsn, 0) as (copy, _), tempfile.TemporaryFile() as errors:
        for count in given.processes:
            with serving(copy, count, errors.fileno()) as (port, process):
                found, more = uvloop.run(measure(copy, port, process, count, given.alone, given.stage, given.counties))
                costs, stages = costs or found, [*stages, *more]
    console.print(cost_table(costs))
    console.print(stage_table(stages))
    for failure in sorted({one for stage in stages for one in stage.failures})[:5]:
        console.print(f"failed: {failure}", markup=False)


if __name__ == "__main__":
    main()
