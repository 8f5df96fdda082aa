"""Nemeses: what goes wrong, one thing after the other, while clients go on."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from ..chaos import Part, turn_one_clock
from . import packets
from .nats import SIZE, NatsCluster
from .postgres import Postgres, copy_base, freeze, kill, send
from .proxy import Proxy

PATIENCE = 180.0
"""Seconds within which everything goes on, on a machine that is busy with other things as well."""
LASTING = 5.0
"""Seconds for which something is frozen, cut off or slow."""
LEADERLESS = 15.0
"""Seconds for which NATS servers are apart: in ten a leader knows that nobody follows it, and others choose one."""
SLOW = {"commit_delay": "100000", "commit_siblings": "0"}
"""What makes each flush of the log take a tenth of a second longer, as a slow disk does."""
POSITIONS = "select given from events.counter"
OPEN_EPOCH = "select events.open_epoch()"


@dataclass
class System:
    """What is made to suffer."""

    postgres: Postgres
    nats: NatsCluster
    parts: Sequence[Part]
    fronts: Sequence[Proxy]
    luck: random.Random

    def pick(self, role: str | None = None) -> Part:
        """Pick a process, of a role."""
        return self.luck.choice([one for one in self.parts if role in (None, one.role)])

    async def wait_until_up(self) -> None:
        """Wait until every process answers."""
        await asyncio.wait_for(asyncio.gather(*(one.up.wait() for one in self.parts)), PATIENCE)


async def kill_server(system: System) -> None:
    """Kill a process of ours."""
    system.pick().send(signal.SIGKILL)


async def pause_server(system: System) -> None:
    """Freeze a process of ours, and let it go on."""
    part = system.pick()
    part.send(signal.SIGSTOP)
    await asyncio.sleep(LASTING)
    part.send(signal.SIGCONT)


async def jump_clock(system: System) -> None:
    """Have a process's clock jump two hours ahead or behind while it runs; the next jump of it is back."""
    turn_one_clock(system.parts, system.luck)
    await asyncio.sleep(LASTING)


async def skew_clock(system: System) -> None:
    """Start a process anew with a clock that is two hours ahead or behind; the next one is right again."""
    turn_one_clock(system.parts, system.luck).send(signal.SIGKILL)


async def partition_clients(system: System) -> None:
    """Hold what goes between clients and a process."""
    await partition(system.luck.choice(system.fronts))


async def partition_database(system: System) -> None:
    """Hold what goes between our processes and PostgreSQL."""
    await partition(system.postgres.proxy)


async def partition(proxy: Proxy) -> None:
    """Hold what goes through a proxy; then let it go on, or end it, as firewalls do that forget connections."""
    proxy.open.clear()
    await asyncio.sleep(LASTING)
    if proxy.streams and len(proxy.streams) % 2:
        proxy.cut()
    proxy.open.set()


async def cut_connections(system: System) -> None:
    """End every connection to the database, some of them between a commit and its acknowledgement."""
    for _ in range(5):
        system.postgres.proxy.cut()
        await asyncio.sleep(0.5)


async def delay_database(system: System) -> None:
    """Have everything to and from PostgreSQL take longer."""
    system.postgres.proxy.delay = 0.02
    await asyncio.sleep(LASTING)
    system.postgres.proxy.delay = 0.0


async def slow_disk(system: System) -> None:
    """Have PostgreSQL's disk take long."""
    for name, value in SLOW.items():
        await system.postgres.set_option(name, value)
    await asyncio.sleep(LASTING)
    for name in SLOW:
        await system.postgres.set_option(name, "0" if name == "commit_delay" else "5")


async def pause_database(system: System) -> None:
    """Freeze PostgreSQL, and let it go on."""
    freeze(system.postgres.primary)
    await asyncio.sleep(LASTING)
    send(system.postgres.primary, signal.SIGCONT)


async def kill_database(system: System) -> None:
    """Kill PostgreSQL, and start it again."""
    await system.postgres.restart()


async def lose_power(system: System) -> None:
    """Cut the power of the machine with the database; the one that followed is gone, and a new one comes."""
    await system.postgres.lose_power()
    await system.postgres.follow()


async def fail_over(system: System) -> None:
    """Lose the database for good; the one that follows takes its place, and a new one follows that."""
    await system.postgres.fail_over()
    await system.postgres.follow()


async def lose_nats_node(system: System) -> None:
    """Lose one of three NATS servers for a while."""
    at = system.luck.randrange(SIZE)
    await system.nats.kill(at)
    await asyncio.sleep(LASTING)
    await system.nats.launch(at)


async def lose_nats_quorum(system: System) -> None:
    """Lose two of three NATS servers for a while: the last one may acknowledge nothing."""
    gone = system.luck.sample(range(SIZE), 2)
    for at in gone:
        await system.nats.kill(at)
    await asyncio.sleep(LEADERLESS)
    for at in gone:
        await system.nats.launch(at)


Nemesis = Callable[[System], Awaitable[None]]


def have_rules(build: Callable[[System], Iterable[str]], hook: str = "input", seconds: float = LASTING) -> Nemesis:
    """Return what has all packets go by rules for a while, and then as before."""

    async def go_by_rules(system: System) -> None:
        with packets.set_rules(build(system), hook):
            await asyncio.sleep(seconds)

    return go_by_rules


def drop_at(end: str, system: System) -> list[str]:
    """Write the rule that loses what has the port of one of the processes at this end, `sport` or `dport`."""
    return [f"tcp {end} {system.luck.choice(system.fronts).port} drop"]


def isolate_nats_node(system: System) -> list[str]:
    """Write rules that lose all packets between one NATS server and the other two; clients reach all three."""
    process, ports = system.nats.processes[system.luck.randrange(SIZE)], system.nats.routes
    assert process
    return packets.isolate(packets.find_connections(process.pid, ports), ports)


NEMESES: dict[str, Nemesis] = {
    "a server is killed": kill_server,
    "a server is paused": pause_server,
    "a server's clock jumps 2 h": jump_clock,
    "a server's clock is 2 h wrong": skew_clock,
    "clients are cut off": partition_clients,
    "the database is cut off": partition_database,
    "its connections are cut": cut_connections,
    "the way to it is slow": delay_database,
    "its disk is slow": slow_disk,
    "PostgreSQL is paused": pause_database,
    "PostgreSQL is killed": kill_database,
    "its power is lost": lose_power,
    "it fails over": fail_over,
    "a NATS node is lost": lose_nats_node,
    "two NATS nodes are lost": lose_nats_quorum,
}
OF_PACKETS: dict[str, Nemesis] = {
    "packets are lost": have_rules(lambda system: [packets.SOME]),
    "packets are doubled": have_rules(lambda system: ["dup to 127.0.0.1"], hook="output"),
    "what clients send is lost": have_rules(partial(drop_at, "dport")),
    "what clients are sent is lost": have_rules(partial(drop_at, "sport")),
    "what PostgreSQL is sent is lost": have_rules(lambda system: [f"tcp dport {system.postgres.proxy.port} drop"]),
    "what PostgreSQL sends is lost": have_rules(lambda system: [f"tcp sport {system.postgres.proxy.port} drop"]),
    "a NATS node is cut off": have_rules(isolate_nats_node, seconds=LEADERLESS),
}
"""What goes wrong only in a network of the run's own."""


async def restore_backup(system: System, between: Callable[[], Awaitable[None]]) -> None:
    """Copy the database, let things go on, and have the copy take its place: what came between is lost."""
    await system.postgres.stop_following()
    copy = system.postgres.make_cluster()
    await asyncio.to_thread(copy_base, system.postgres.primary, copy)
    # It must not hear of what comes after it.
    for name in ("postgresql.auto.conf", "postgresql.conf"):
        path = copy.folder / name
        path.write_text("".join(line for line in path.read_text().splitlines(True) if "primary_conninfo" not in line))
    await between()
    system.postgres.proxy.cut()
    kill(system.postgres.primary)
    await asyncio.to_thread(copy.start)
    await system.postgres.take_over(copy)
    with suppress(IndexError):
        await system.postgres.ask(OPEN_EPOCH)
