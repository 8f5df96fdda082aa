"""Chaos: kills, freezes and stops each part of a deployment under load, and checks that nothing was lost.

`python -m benchmarks.chaos` runs two processes that answer, two that work, and a PostgreSQL of their own, all on this
machine; people report cases and accept them, with idempotency keys, and others follow what happens. After each fault it
measures how long a new report takes until it is acknowledged, and until all who follow were told of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import orjson
from gongzhi_server import demo
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.clock import clock, today
from gongzhi_server.configuration import receipts_secret
from gongzhi_server.events.cursors import OPEN_EPOCH, Cursors, read_epochs
from gongzhi_server.plugins import loader
from gongzhi_server.settings import Settings
from gongzhi_server.storage.database import migrate_apps
from gongzhi_server.storage.embedded_postgres import TUNING, Cluster, join_cluster
from gongzhi_server.storage.key_ring import load_key_ring
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.typing import Subprotocol

from .ports import find_free_port

SECRET = "a secret for chaos, as long as it must be"
PEOPLE, WRITERS, FOLLOWERS = 1_000, 4, 2
FROZEN = 4.0
"""Seconds for which something is frozen or stopped."""
SKEW = 7200.0
"""Seconds by which a clock is wrong, either way."""
PATIENCE = 60.0
"""Seconds within which everything goes on; what takes longer has failed."""
AWAY = (OSError, WebSocketException, InvalidHandshake, TimeoutError, httpx.HTTPError)
TITLE = "混沌试验"
MATTER = {"kind": "HELP", "channel": "WEB", "category": "roads.lighting", "title": TITLE, "description": "村口路灯不亮"}
REPORT = "mutation($input: ReportCaseInput!) { reportCase(input: $input) { case { number } errors { code } } }"
ACCEPT = "mutation($input: AcceptCaseInput!) { acceptCase(input: $input) { case { number } errors { code } } }"
EVENTS = "subscription($after: String) { caseEvents(after: $after) { cursor id type data } }"
PLACE = "select code from grids.grid where kind = 'VILLAGE' and valid_to is null order by code limit 1"
UNNUMBERED = "select exists (select from events.outbox where position is null)"
TOLD = "select id::text from events.outbox where position > $1 and case_id is not null order by position"
END_OTHERS = """select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()"""
CASES = 'select number, status from cases."case" where title = $1'


@dataclass
class Part:
    """A process of the deployment, which is started anew whenever it ends, as compose and systemd do."""

    role: str
    port: int
    dsn: str
    data: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    skew: float = 0.0
    """By how many seconds its clock is wrong."""
    process: Process | None = None
    up: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Start it again and again."""
        self.turn_clock(self.skew)
        environment = os.environ | {
            "DATABASE_URL": self.dsn,
            "GONGZHI_MODE": "development",
            "GONGZHI_SECRET": SECRET,
            "GONGZHI_DATA": str(self.data),
            "GONGZHI_ROLE": self.role,
            "GONGZHI_POOL": "4",
            "GONGZHI_URL": "http://127.0.0.1",
            "PORT": str(self.port),
            **self.environment,
        }
        while True:
            command = (sys.executable, "-m", "benchmarks.jepsen.skewed", str(self.clock), "serve")
            self.process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=DEVNULL)
            assert self.process.stdout
            if "Gongzhi" in (await self.process.stdout.readline()).decode():  # not while the database is away
                self.up.set()
            await self.process.wait()
            self.up.clear()
            await asyncio.sleep(1)

    @property
    def clock(self) -> Path:
        """The file that says by how many seconds its clock is wrong."""
        return self.data / f"clock-{self.port}"

    def turn_clock(self, seconds: float) -> None:
        """Have its clock be wrong by so many seconds, at once."""
        self.skew = seconds
        (written := self.clock.with_suffix(".new")).write_text(str(seconds))
        written.replace(self.clock)  # whole, since the process may read it at any time

    async def end(self, running: asyncio.Future[None]) -> None:
        """Kill it, and start no other one."""
        running.cancel()
        self.send(signal.SIGKILL)
        if self.process:
            await self.process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.process and self.process.returncode is None:
            self.process.send_signal(number)


def turn_one_clock(parts: Sequence[Part], luck: random.Random) -> Part:
    """Turn the clock of a process ahead or behind, or the one that is wrong right again; return whose it was.

    One is wrong at a time: tokens seem to be over to it, and if all did, clients would find nobody who takes them.
    """
    wrong = next((one for one in parts if one.skew), None)
    part = wrong or luck.choice(parts)
    part.turn_clock(0.0 if wrong else luck.choice((-SKEW, SKEW)))
    return part


@dataclass
class Traffic:
    """Those who write and those who follow, and what they know."""

    ports: Sequence[int]
    grid: str
    cursor: str
    headers: dict[str, str]
    reported: list[str] = field(default_factory=list)
    """Numbers that were acknowledged, of reports that were acknowledged once each."""
    accepted: set[str] = field(default_factory=set)
    told: list[list[dict[str, Any]]] = field(default_factory=lambda: [[] for _ in range(FOLLOWERS)])
    over: bool = False

    async def write(self, lane: int) -> None:
        """Report cases and accept them until it is over."""
        async with httpx.AsyncClient(headers=self.headers, timeout=3) as client:
            while not self.over:
                await self.report(client, lane)

    async def report(self, client: httpx.AsyncClient, lane: int) -> str:
        """Report a case and accept it; return its number."""
        case = (await self.send(client, lane, REPORT, **MATTER, grid=self.grid))["reportCase"]["case"]
        self.reported.append(case["number"])
        await self.send(client, lane, ACCEPT, number=case["number"], expectedVersion=1)
        self.accepted.add(case["number"])
        return str(case["number"])

    async def send(self, client: httpx.AsyncClient, lane: int, query: str, **given: Any) -> Any:
        """Send a mutation again and again under one key, to another process each time, until it is acknowledged."""
        body = {"query": query, "variables": {"input": {"idempotencyKey": str(uuid4()), **given}}}
        for attempt in range(sys.maxsize):
            port = self.ports[(lane + attempt) % len(self.ports)]
            with suppress(*AWAY, ValueError):
                reply = (await client.post(f"http://127.0.0.1:{port}/graphql", json=body)).json()
                # With an error the change may be written, and what was asked of it could not be read: asked again.
                if reply.get("data") and not reply.get("errors"):
                    [payload] = reply["data"].values()
                    assert not payload["errors"], payload
                    return reply["data"]
            await asyncio.sleep(0.05)
        raise AssertionError

    async def follow(self, at: int) -> None:
        """Follow the cases through all faults, each time from the last cursor."""
        cursor, told = self.cursor, self.told[at]
        for attempt in range(sys.maxsize):
            port = self.ports[(at + attempt) % len(self.ports)]
            with suppress(*AWAY):
                address = f"ws://127.0.0.1:{port}/graphql"
                spoken = [Subprotocol("graphql-transport-ws")]
                async with connect(
                    address, subprotocols=spoken, open_timeout=3, ping_interval=1, ping_timeout=3
                ) as wire:
                    await wire.send(json.dumps({"type": "connection_init", "payload": self.headers}))
                    payload = {"query": EVENTS, "variables": {"after": cursor}}
                    await asyncio.wait_for(wire.recv(), 3)
                    await wire.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
                    async for text in wire:
                        message = json.loads(text)
                        if message["type"] == "error":
                            break  # the database is away, or it starts; it is asked again
                        if message["type"] == "next" and message["payload"].get("data"):
                            told.append(message["payload"]["data"]["caseEvents"])
                            cursor = told[-1]["cursor"]
            await asyncio.sleep(0.05)

    def has_heard(self, number: str) -> bool:
        """Return whether all who follow were told of a case's report."""
        return all(any(one["data"].get("number") == number for one in told[-2_000:]) for told in self.told)


@dataclass
class County:
    """A deployment that is made to suffer, and the traffic on it."""

    cluster: Cluster
    parts: Sequence[Part]
    traffic: Traffic
    luck: random.Random

    def pick(self, role: str) -> Part:
        """Return one of the processes of a role."""
        return self.luck.choice([one for one in self.parts if one.role == role])

    def database_processes(self) -> list[int]:
        """Return PostgreSQL's processes, the first one first."""
        first = int((self.cluster.folder / "postmaster.pid").read_text().split()[0])
        return [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]

    async def kill(self, role: str) -> None:
        """Kill a process, once all are up."""
        await asyncio.wait_for(asyncio.gather(*(one.up.wait() for one in self.parts)), PATIENCE)
        self.pick(role).send(signal.SIGKILL)

    async def freeze(self, role: str) -> None:
        """Freeze a process, as a machine does that swaps; it thaws while all goes on."""
        part = self.pick(role)
        part.send(signal.SIGSTOP)
        asyncio.get_running_loop().call_later(2 * FROZEN, part.send, signal.SIGCONT)

    async def skew(self) -> None:
        """Start a process anew with a clock that is two hours ahead or behind; the next one is right again."""
        turn_one_clock(self.parts, self.luck).send(signal.SIGKILL)

    async def lock_cases(self) -> None:
        """Have whoever asks for cases wait, as behind a change of the table, until all places are taken."""
        database = await asyncpg.connect(self.parts[0].dsn)
        try:
            async with database.transaction():
                await database.execute('lock table cases."case" in access exclusive mode')
                await asyncio.sleep(FROZEN)
        finally:
            await database.close()

    async def take_connections(self) -> None:
        """End all connections to PostgreSQL, and take all that it has, so that none can be opened for a while."""
        async with AsyncExitStack() as stack:
            first = await asyncpg.connect(self.parts[0].dsn)
            stack.push_async_callback(first.close)
            await first.execute(END_OTHERS)
            with suppress(asyncpg.TooManyConnectionsError):
                while True:
                    taken = await asyncpg.connect(self.parts[0].dsn)
                    stack.push_async_callback(taken.close)
            await asyncio.sleep(FROZEN)

    async def stop_database(self) -> None:
        """Stop PostgreSQL for a while."""
        await asyncio.to_thread(self.cluster.stop)
        await asyncio.sleep(FROZEN)
        await asyncio.to_thread(self.cluster.start)

    async def kill_database(self) -> None:
        """Kill PostgreSQL, which recovers when it is started again."""
        for pid in self.database_processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(self.cluster.start)

    async def freeze_database(self) -> None:
        """Freeze PostgreSQL for a while."""
        frozen = self.database_processes()
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in frozen:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            if number is signal.SIGSTOP:
                await asyncio.sleep(FROZEN)


Fault = Callable[[County], Awaitable[None]]
FAULTS: dict[str, Fault] = {
    "web is killed": lambda county: county.kill("web"),
    "web is frozen": lambda county: county.freeze("web"),
    "work is killed": lambda county: county.kill("work"),
    "work is frozen": lambda county: county.freeze("work"),
    "a clock is 2 h wrong": County.skew,
    "cases are locked": County.lock_cases,
    "no connection is left": County.take_connections,
    "PostgreSQL is stopped": County.stop_database,
    "PostgreSQL is killed": County.kill_database,
    "PostgreSQL is frozen": County.freeze_database,
}


@dataclass(frozen=True)
class Recovery:
    """How long it took after a fault, or after the database was there again, until all went on."""

    fault: str
    acknowledged: float
    told: float


async def suffer(county: County, fault: str) -> Recovery:
    """Let one thing go wrong, and measure until a new report is acknowledged, and told to all who follow."""
    await FAULTS[fault](county)
    began = time.monotonic()
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient(headers=county.traffic.headers, timeout=3) as client:
        number = await county.traffic.report(client, county.luck.randrange(len(county.traffic.ports)))
        acknowledged = time.monotonic() - began
        while not county.traffic.has_heard(number):
            await asyncio.sleep(0.02)
    return Recovery(fault, acknowledged, time.monotonic() - began)


async def check(database: asyncpg.Connection[Any], traffic: Traffic, start: int) -> list[str]:
    """Compare what was acknowledged and what was told with the database; say what is wrong."""
    async with asyncio.timeout(PATIENCE):
        while await database.fetchval(UNNUMBERED):
            await asyncio.sleep(0.05)
        wanted = [row["id"] for row in await database.fetch(TOLD, start)]
        while any(len(told) < len(wanted) for told in traffic.told):
            await asyncio.sleep(0.05)
    there = {row["number"]: row["status"] for row in await database.fetch(CASES, TITLE)}
    wrong = [f"acknowledged and not there: {number}" for number in traffic.reported if number not in there]
    wrong += [f"there and never acknowledged, or twice: {number}" for number in there.keys() - set(traffic.reported)]
    wrong += [f"acknowledged twice: {number}" for number, times in Counter(traffic.reported).items() if times > 1]
    wrong += [f"accepted and not so: {number}" for number in traffic.accepted if there.get(number) == "REPORTED"]
    for at, told in enumerate(traffic.told):
        if [one["id"] for one in told] != wanted:
            wrong.append(f"follower {at}: {len(told)} events, not the {len(wanted)} there are in their order")
        steps = defaultdict(list)
        for one in told:
            steps[one["data"].get("number")].append(one["type"])
        wrong += [
            f"follower {at}: {number} was {' and '.join(types)}"
            for number, types in steps.items()
            if number in there and types[:2] != ["case.reported", "case.accepted"]
        ]
    return wrong


@asynccontextmanager
async def begin(dsn: str, cluster: Cluster, data: Path, luck: random.Random) -> AsyncIterator[tuple[County, int]]:
    """Start the deployment and the traffic; yield it with the position before it began."""
    ports = [find_free_port() for _ in range(4)]
    roles = ("web", "web", "work", "work")
    parts = [Part(role, port, dsn, data) for role, port in zip(roles, ports, strict=True)]
    claims = {"sub": "chaos", "role": "county_dispatcher", "grid": "610921"}
    headers = {"authorization": f"Bearer {Tokens(SECRET).issue(claims, clock())}"}
    database = await asyncpg.connect(dsn)
    cursors = Cursors(receipts_secret(chaos_settings(dsn, data)))
    cursors.epochs = read_epochs(orjson.loads(await database.fetchval(OPEN_EPOCH)))
    start = await database.fetchval("select given from events.counter")
    traffic = Traffic(ports[:2], await database.fetchval(PLACE), cursors.seal(start), headers)
    await database.close()
    async with AsyncExitStack() as stack:
        for part in parts:
            stack.push_async_callback(part.end, asyncio.ensure_future(part.run()))
        for part in parts:
            await asyncio.wait_for(part.up.wait(), PATIENCE)
        for at in range(FOLLOWERS):
            stack.callback(asyncio.ensure_future(traffic.follow(at)).cancel)
        yield County(cluster, parts, traffic, luck), start


Outcome = tuple[list[Recovery], list[str]]
"""How long recoveries took, and what is wrong in the end."""


async def torment(dsn: str, cluster: Cluster, data: Path, seconds: float, seed: int) -> Outcome:
    """Let things go wrong one after the other for so long, each at least once."""
    luck, found = random.Random(seed), list[Recovery]()
    async with begin(dsn, cluster, data, luck) as (county, start):
        writing = [asyncio.ensure_future(county.traffic.write(lane)) for lane in range(WRITERS)]
        end = time.monotonic() + seconds
        while len(found) < len(FAULTS) or time.monotonic() < end:
            found += [await suffer(county, fault) for fault in luck.sample(list(FAULTS), len(FAULTS))]
        await asyncio.sleep(2 * FROZEN)  # until all have thawed
        county.traffic.over = True
        await asyncio.wait_for(asyncio.gather(*writing), PATIENCE)
        database = await asyncpg.connect(dsn)
        try:
            return found, await check(database, county.traffic, start)
        finally:
            await database.close()


def chaos_settings(dsn: str, data: Path) -> Settings:
    """Return the settings of the deployment."""
    return Settings(data=data, database=dsn, mode="development", secret=SECRET)


def run(seconds: float, seed: int, folder: Path) -> Outcome:
    """Make a county in a folder, and torment it."""
    apps = loader.load_plugins().apps
    cluster = Cluster(folder.resolve() / "postgres", TUNING)
    with join_cluster(cluster) as dsn:
        asyncio.run(migrate_apps(dsn, apps))
        keys = load_key_ring(chaos_settings(dsn, folder / "data"))
        asyncio.run(demo.load_county(dsn, people=PEOPLE, today=today(), keys=keys, apps=apps))
        return asyncio.run(torment(dsn, cluster, folder / "data", seconds, seed))


def main() -> int:
    """Torment a county, print how long it took to recover, and return 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="for how long; each fault comes once at least")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000), help="the same seed is the same order")
    given = parser.parse_args()
    console = Console()
    console.print(f"seed {given.seed}")
    with tempfile.TemporaryDirectory() as folder:
        found, wrong = run(given.seconds, given.seed, Path(folder))
    made = Table("fault", "times", "s until acknowledged", "s until told to all", "at the most")
    for fault in FAULTS:
        mine = [one for one in found if one.fault == fault]
        acknowledged, told = median(one.acknowledged for one in mine), [one.told for one in mine]
        made.add_row(fault, str(len(mine)), f"{acknowledged:.1f}", f"{median(told):.1f}", f"{max(told):.1f}")
    console.print(made)
    console.print(*wrong or ["Nothing acknowledged was lost, nothing came twice, all in order."], sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
