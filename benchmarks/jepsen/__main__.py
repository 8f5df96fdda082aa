"""Main: makes a county suffer for a while, checks the history of it, and prints what came of it."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import orjson
from gongzhi.core.accounts.secrets import key_digest
from gongzhi_server import demo
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.clock import clock, today
from gongzhi_server.configuration import receipts_secret
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.events.cursors import Cursors, read_epochs
from gongzhi_server.plugins import loader
from gongzhi_server.settings import Settings
from gongzhi_server.storage.database import migrate_apps
from gongzhi_server.storage.key_ring import load_key_ring
from rich.console import Console
from rich.table import Table

from ..chaos import PEOPLE, SECRET, Part, chaos_settings
from ..ports import find_free_port
from .checker import check
from .clients import FOLLOWERS, Refused, World, Writer, follow_nats, receive_webhooks
from .histories import History, read_history
from .nats import NatsCluster
from .nemeses import NEMESES, OF_PACKETS, OPEN_EPOCH, PATIENCE, POSITIONS, Nemesis, System, restore_backup
from .packets import find_own_network, raise_loopback
from .postgres import Postgres
from .proxy import Proxy

WRITERS, ROLES = 3, ("web", "web", "work", "work")
DAYS = 300
"""Days of the past that points are claimed for."""
DRAINED = 120.0
"""Seconds within which all is told, once nothing goes wrong any more."""
BETWEEN = 5.0
"""Seconds that go by between a copy and its restoration."""
KEY = "gzk_" + "j" * 43
ENROL = """
with account as (
  insert into accounts.account (id, name, kind, grid_id, created_at, created_by, version)
  select gen_random_uuid(), 'jepsen', 'MACHINE', id, now(), 'console', 1 from grids.grid
  where code = '610921' and valid_to is null returning id, grid_id
), held as (
  insert into accounts.holding (id, account_id, role, grid_id, since, granted_by)
  select gen_random_uuid(), id, 'integrator', grid_id, now() - interval '1 day', 'console' from account
)
insert into accounts.key (id, account_id, label, digest, permissions, created_at, created_by, expires_at)
select gen_random_uuid(), id, 'jepsen', $1, '{cases.view,cases.intake,webhooks.edit}', now(), 'console',
  now() + interval '30 days' from account
"""
RESIDENTS = """
select p.id::text as person, g.code as grid, array_agg(r.id::text order by r.id) as rules from points.account a
join people.person p on p.id = a.person_id join grids.grid g on g.id = p.grid_id
join points.rule r on r.programme_id = a.programme_id
join points.act t on t.id = r.act_id and t.recorder = 'RESIDENT'
where r.proof = 'TEXT' and r.state = 'ADOPTED' and r.beneficiary = 'PERSON'
group by p.id, g.code order by p.id
"""
CREATE = "mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } errors { message } } }"
ROWS = """
select title as key, number as value from cases."case" where title ~ '^[0-9a-f]{32}$'
union all select text, 'PointsClaim:' || id from points.claim where text ~ '^[0-9a-f]{32}$'
"""
EVENTS = """
select o.id::text, o.position, o.type as event, o.data->>'number' as number
from events.outbox o join cases."case" k on k.id = o.case_id
where not o.internal and k.series = 'ORDINARY' and o.type like 'case.%' and o.position is not null order by o.position
"""
UNNUMBERED = "select exists (select from events.outbox where position is null)"


class Run:
    """A system that suffers, and the history that is written of it."""

    def __init__(self, system: System, folder: Path, settings: Settings) -> None:
        self.system, self.folder = system, folder
        self.cursors = Cursors(receipts_secret(settings))
        self.residents: Sequence[Any] = ()
        self.claimed = Counter[int]()
        self.tokens = Tokens(SECRET)

    def headers(self, who: str, lane: int) -> Mapping[str, str]:
        """Make what a client sends along."""
        resident = self.residents[lane]
        claims = {
            "resident": {"role": "resident", "person": resident["person"]},
            "dispatcher": {"role": "county_dispatcher", "grid": "610921"},
            "worker": {"role": "grid_worker", "grid": self.residents[0]["grid"]},
            "integrator": {"role": "integrator", "grid": "610921"},
        }[who]
        return {"authorization": f"Bearer {self.tokens.issue({'sub': f'{who} {lane}', **claims}, clock())}"}

    def find_claim(self, lane: int) -> Mapping[str, str] | None:
        """Find a rule and a day that the resident of a lane has not yet claimed; None once there are no more."""
        turn, days = divmod(self.claimed[lane], DAYS)
        self.claimed[lane] += 1
        rules = self.residents[lane]["rules"]
        day = (today() - timedelta(days=1 + days)).isoformat()
        return {"rule": f"PointsRule:{rules[turn]}", "actedOn": day} if turn < len(rules) else None

    async def read_epoch(self) -> Any:
        """Learn the epochs of the database, and return the last one."""
        [[found]] = await self.system.postgres.ask(OPEN_EPOCH)
        self.cursors.epochs = read_epochs(orjson.loads(found))
        return self.cursors.epochs[-1]

    def make_world(self, history: History) -> World:
        """Make what the clients of a phase share."""
        ports, grid = [front.port for front in self.system.fronts], self.residents[0]["grid"]
        # Of their own: how often clients throw dice must not change the order of faults.
        luck = random.Random(self.system.luck.random())
        return World(history, ports, self.cursors, luck, self.headers, grid, self.find_claim)

    @asynccontextmanager
    async def traffic(self, world: World, with_others: bool) -> AsyncIterator[None]:
        """Have clients follow and write for as long as the block lasts, and wait until all that follow know all."""
        [[start]] = await self.system.postgres.ask(POSITIONS)
        names = list(FOLLOWERS)
        async with AsyncExitStack() as stack:
            for name in FOLLOWERS:
                task = asyncio.ensure_future(FOLLOWERS[name](world, name, self.cursors.seal(start)))
                stack.callback(task.cancel)
            if with_others:
                names += ["webhook", "nats"]
                server = await receive_webhooks(world, "webhook")
                stack.callback(server.close)
                await self.create_webhook(world, server.sockets[0].getsockname()[1])
                stack.callback(asyncio.ensure_future(follow_nats(world, "nats", self.system.nats.addresses)).cancel)
            for name in names:
                world.history.write(name, "follower", position=start, once=name in FOLLOWERS)
            writing = [asyncio.ensure_future(Writer(world, lane).run()) for lane in range(WRITERS)]
            for task in writing:
                stack.callback(task.cancel)
            yield
            world.over = True
            await asyncio.wait_for(asyncio.gather(*writing), PATIENCE)
            await self.drain(world, names)

    async def create_webhook(self, world: World, port: int) -> None:
        """Have events delivered to the receiver."""
        await self.system.postgres.ask(ENROL, key_digest(KEY))
        given = {"idempotencyKey": "jepsen", "url": f"http://127.0.0.1:{port}/", "grid": "610921"}
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {KEY}"}, timeout=20) as client:
            body = {"query": CREATE, "variables": {"input": given}}
            reply = await client.post(f"http://127.0.0.1:{world.ports[0]}/graphql", json=body)
        assert reply.json()["data"]["createWebhook"]["errors"] == [], reply.text

    async def drain(self, world: World, names: Sequence[str]) -> None:
        """Wait until followers know what there is, and write down what that is."""
        end = time.monotonic() + DRAINED
        path = Path(world.history.file.name)
        while time.monotonic() < end:
            if not (await self.system.postgres.ask(UNNUMBERED))[0][0]:
                found = [dict(row) for row in await self.system.postgres.ask(EVENTS)]
                told = defaultdict[str, set[str]](set)
                start = dict[str, int]()
                for one in read_history(path):
                    if one["type"] == "told":
                        told[one["who"]].add(one["id"])
                    # One may begin anew in an epoch that nobody here knows yet; what it has to hear of is the same.
                    elif one["type"] in ("follower", "anew") and one["position"] is not None:
                        start[one["who"]] = one["position"]
                if all({one["id"] for one in found if one["position"] > start[name]} <= told[name] for name in names):
                    break
            await asyncio.sleep(1)
        for row in await self.system.postgres.ask(EVENTS):
            world.history.write("database", "event", **dict(row))
        for row in await self.system.postgres.ask(ROWS):
            world.history.write("database", "row", **dict(row))


async def suffer(run: Run, world: World, name: str, nemesis: Nemesis) -> None:
    """Let one thing go wrong, and measure how long it takes afterwards until a case goes through its life."""
    await run.system.wait_until_up()
    world.history.write("nemesis", "fault", op=name)
    before = len(run.cursors.epochs)
    await nemesis(run.system)
    epoch = await run.read_epoch()
    if len(run.cursors.epochs) > before:
        world.history.write("nemesis", "epoch", position=epoch.began, lost_since=None)
    began = time.monotonic()
    with suppress(Refused):  # which is in the history
        await asyncio.wait_for(Writer(world, WRITERS).live(), PATIENCE)
    world.history.write("nemesis", "healed", op=name, seconds=round(time.monotonic() - began, 2))


async def suffer_all(run: Run, world: World, seconds: float, nemeses: Mapping[str, Nemesis]) -> None:
    """Let things go wrong one after the other for so long, in another order each round."""
    end, names = time.monotonic() + seconds, list[str]()
    while time.monotonic() < end:
        names = names or run.system.luck.sample(list(nemeses), len(nemeses))
        name = names.pop()
        await suffer(run, world, name, nemeses[name])
    for part in run.system.parts:
        part.turn_clock(0.0)


async def restore(run: Run, world: World) -> None:
    """Have an older copy of the database take its place."""
    await asyncio.sleep(BETWEEN)
    since = time.monotonic() - world.history.began
    await restore_backup(run.system, lambda: asyncio.sleep(BETWEEN))
    epoch = await run.read_epoch()
    world.history.write("nemesis", "epoch", position=epoch.began, lost_since=round(since, 4))
    with suppress(Refused):
        await asyncio.wait_for(Writer(world, WRITERS).live(), PATIENCE)
    await asyncio.sleep(BETWEEN)


@asynccontextmanager
async def begin(folder: Path, luck: random.Random) -> AsyncIterator[Run]:
    """Start a county in a folder, with all that it consists of."""
    settings = chaos_settings("postgresql://", folder / "data")
    postgres, nats = Postgres(folder / "postgres"), NatsCluster(folder / "nats")
    for made in (postgres.folder, nats.folder):
        made.mkdir()
        made.chmod(0o777)
    await asyncio.to_thread(postgres.primary.start)
    async with AsyncExitStack() as stack:
        stack.callback(postgres.stop)
        stack.push_async_callback(nats.stop)
        await load_county(postgres.primary.dsn, settings)
        stack.callback((await postgres.proxy.start()).close)
        await postgres.follow()
        await nats.start()
        environment = {
            "GONGZHI_NATS": ",".join(nats.addresses), "GONGZHI_NATS_REPLICAS": "3",
            "GONGZHI_NATS_INTEGRATORS": "610921:hotline", "GONGZHI_WEBHOOK_NETWORKS": "127.0.0.0/8",
        }  # fmt: skip
        parts = [Part(role, find_free_port(), postgres.dsn, folder / "data", environment) for role in ROLES]
        fronts = [Proxy(connect_to(part.port)) for part in parts if part.role == "web"]
        for front in fronts:
            stack.callback((await front.start()).close)
        system = System(postgres, nats, parts, fronts, luck)
        for part in parts:
            stack.push_async_callback(part.end, asyncio.ensure_future(part.run()))
        await system.wait_until_up()
        run = Run(system, folder, settings)
        run.residents = await postgres.ask(RESIDENTS)
        await run.read_epoch()
        yield run


async def load_county(dsn: str, settings: Settings) -> None:
    """Load the demo county, and its points."""
    installed = loader.load_plugins()
    await migrate_apps(dsn, installed.apps)
    keys = load_key_ring(settings)
    await demo.load_county(dsn, people=PEOPLE, today=today(), keys=keys, apps=installed.apps)
    await plugin_activation.switch_plugins(dsn, installed.switchable, clock(), undecided=True)
    [points] = (one for one in installed.errands["points"] if one.name == "demo")
    await run_errand(settings, dsn, "points", points, {}, clock, installed)


def connect_to(port: int) -> Any:
    """Return what connects to a port of this machine."""
    return lambda: asyncio.open_connection("127.0.0.1", port)


async def run_all(
    folder: Path, seconds: float, seed: int, histories: Path, nemeses: Mapping[str, Nemesis]
) -> list[Path]:
    """Let things go wrong for so long, and then restore a copy; return the histories."""
    paths = [histories / f"{name}-{seed}.jsonl" for name in ("faults", "restore")]
    for path in paths:
        path.unlink(missing_ok=True)
    async with begin(folder, random.Random(seed)) as run:
        with closing(History(paths[0])) as history:
            world = run.make_world(history)
            async with run.traffic(world, with_others=True):
                await suffer_all(run, world, seconds, nemeses)
        with closing(History(paths[1])) as history:
            world = run.make_world(history)
            async with run.traffic(world, with_others=False):
                await restore(run, world)
    return paths


def print_history(console: Console, lines: Sequence[Mapping[str, Any]]) -> None:
    """Print what a history has."""
    healed = defaultdict[str, list[float]](list)
    for one in lines:
        if one["type"] == "healed":
            healed[one["op"]].append(one["seconds"])
    if healed:
        made = Table("fault", "times", "s until a case went through its life", "at the most")
        for name, times in healed.items():
            made.add_row(name, str(len(times)), f"{median(times):.1f}", f"{max(times):.1f}")
        console.print(made)
    told = sum(one["type"] == "told" for one in lines)
    acknowledged = sum(one["type"] == "ok" for one in lines)
    console.print(f"{acknowledged} acknowledgements, {told} events told, {len(lines)} lines")


def main() -> int:
    """Make a county suffer; return 1 if anything is wrong with its history."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600, help="for how long things go wrong")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000), help="the same seed is the same order")
    parser.add_argument("--histories", type=Path, default=Path(".gongzhi/jepsen"), help="the folder of histories")
    parser.add_argument("--only", nargs="+", choices=[*NEMESES, *OF_PACKETS], metavar="FAULT", help="what goes wrong")
    parser.add_argument("--own-network", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.own_network:
        raise_loopback()
    elif own := find_own_network():  # this program anew, within it
        os.execvp(own[0], [*own, sys.executable, "-m", "benchmarks.jepsen", *sys.argv[1:], "--own-network"])
    console, wrong = Console(), False
    nemeses = NEMESES | (OF_PACKETS if given.own_network else {})
    if not given.own_network:
        console.print(f"left out without unshare and nft, or without the right to them: {', '.join(OF_PACKETS)}")
    nemeses = {name: one for name, one in nemeses.items() if not given.only or name in given.only}
    if not nemeses:
        parser.error("nothing is left that goes wrong")
    given.histories.mkdir(parents=True, exist_ok=True)
    console.print(f"seed {given.seed}")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        paths = asyncio.run(run_all(folder, given.seconds, given.seed, given.histories, nemeses))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for path in paths:
        lines = list(read_history(path))
        console.print(f"\n{path}")
        print_history(console, lines)
        for name, found in check(lines).items():
            wrong = wrong or bool(found)
            console.print(f"{name}: {'; '.join(found[:5]) if found else 'yes'}", markup=False)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
