"""Nemeses: what goes wrong, one thing after the other, while clients go on."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

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


async def isolate_nats_node(system: System) -> None:
    """Lose all packets between one NATS server and the other two; clients reach all three."""
    process, ports = system.nats.processes[system.luck.randrange(SIZE)], system.nats.routes
    assert process
    with packets.set_rules(packets.isolate(packets.find_connections(process.pid, ports), ports)):
        await asyncio.sleep(LEADERLESS)


async def lose_packets(system: System) -> None:
    """Lose one in ten of all packets."""
    with packets.set_rules([packets.SOME]):
        await asyncio.sleep(LASTING)


async def double_packets(system: System) -> None:
    """Have every packet arrive twice."""
    with packets.set_rules(["dup to 127.0.0.1"], hook="output"):
        await asyncio.sleep(LASTING)


async def lose_requests(system: System) -> None:
    """Lose what clients send to a process; what it sends arrives."""
    with packets.set_rules([f"tcp dport {system.luck.choice(system.fronts).port} drop"]):
        await asyncio.sleep(LASTING)


async def lose_answers(system: System) -> None:
    """Lose what a process sends to clients; what they send arrives."""
    with packets.set_rules([f"tcp sport {system.luck.choice(system.fronts).port} drop"]):
        await asyncio.sleep(LASTING)


async def lose_statements(system: System) -> None:
    """Lose what our processes send to PostgreSQL; what it sends arrives."""
    with packets.set_rules([f"tcp dport {system.postgres.proxy.port} drop"]):
        await asyncio.sleep(LASTING)


async def lose_results(system: System) -> None:
    """Lose what PostgreSQL sends; what our processes send to it arrives, and is carried out."""
    with packets.set_rules([f"tcp sport {system.postgres.proxy.port} drop"]):
        await asyncio.sleep(LASTING)


Nemesis = Callable[[System], Awaitable[None]]
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
    "packets are lost": lose_packets,
    "packets are doubled": double_packets,
    "what clients send is lost": lose_requests,
    "what clients are sent is lost": lose_answers,
    "what PostgreSQL is sent is lost": lose_statements,
    "what PostgreSQL sends is lost": lose_results,
    "a NATS node is cut off": isolate_nats_node,
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
