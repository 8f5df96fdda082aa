"""PostgreSQL: a server and one that follows it, which are killed, slowed, copied and swapped."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
from gongzhi_server.storage.embedded_postgres import PORT, TUNING, Cluster

from .proxy import Proxy

# Commits wait for the disk, and for that of the server that follows, as soon as there is one.
OPTIONS = TUNING | {
    "wal_level": "replica",
    "max_wal_senders": "4",
    "shared_buffers": "64MB",
    "fsync": "on",
    "synchronous_commit": "on",
}
SEGMENT = 16 * 1024 * 1024
SYNCHRONOUS = "select exists (select from pg_stat_replication where sync_state in ('sync', 'quorum'))"
WRITERS = "select pid from pg_stat_activity where backend_type in ('checkpointer', 'background writer')"
FLUSHED = "select pg_walfile_name(pg_current_wal_flush_lsn()), pg_current_wal_flush_lsn() - '0/0'::pg_lsn"


class Postgres:
    """The server that is written to, one that follows it, and the proxy that clients reach the first by."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, 0
        self.primary = self.make_cluster()
        self.replica: Cluster | None = None
        self.proxy = Proxy(self.connect)

    @property
    def dsn(self) -> str:
        """The address for servers, by way of the proxy."""
        return f"postgresql://postgres@127.0.0.1:{self.proxy.port}/gongzhi"

    def make_cluster(self) -> Cluster:
        """Name another data folder."""
        self.made += 1
        return Cluster(self.folder / str(self.made), OPTIONS)

    async def connect(self) -> tuple[StreamReader, StreamWriter]:
        """Connect to the server that is written to."""
        return await asyncio.open_unix_connection(self.primary.socket / f".s.PGSQL.{PORT}")

    async def ask(self, sql: str, *values: Any, cluster: Cluster | None = None) -> list[Any]:
        """Ask a server past the proxy."""
        connection = await asyncpg.connect((cluster or self.primary).dsn)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    async def follow(self) -> None:
        """Have a new server follow, and commits wait for it."""
        self.replica = replica = self.make_cluster()
        await asyncio.to_thread(copy_base, self.primary, replica)
        await asyncio.to_thread(replica.start)
        await self.set_option("synchronous_standby_names", "*")
        async with asyncio.timeout(60):
            while not (await self.ask(SYNCHRONOUS))[0][0]:
                await asyncio.sleep(0.1)

    async def set_option(self, name: str, value: str) -> None:
        """Set an option of the server that is written to, at once."""
        await self.ask(f"alter system set {name} = '{value}'")
        await self.ask("select pg_reload_conf()")

    async def stop_following(self) -> None:
        """End the server that follows; commits wait for it no more."""
        if self.replica:
            await self.set_option("synchronous_standby_names", "")
            kill(self.replica)
            shutil.rmtree(self.replica.folder)
            self.replica = None

    async def restart(self) -> None:
        """Kill it and start it again where it lies."""
        kill(self.primary)
        await asyncio.to_thread(self.primary.start)

    async def lose_power(self) -> None:
        """End it as a power cut does: what was not flushed of its log is not there when it starts again.

        What clients wait for is held before one looks how far the log was flushed, so nobody hears of a commit that is
        behind that. No page is written meanwhile; one on disk is never ahead of the flushed log.
        """
        await self.stop_following()
        self.proxy.open.clear()
        for row in await self.ask(WRITERS):
            os.kill(row["pid"], signal.SIGSTOP)
        segment, flushed = (await self.ask(FLUSHED))[0]
        freeze(self.primary)
        old, self.primary = self.primary, self.make_cluster()
        await asyncio.to_thread(shutil.copytree, old.folder, self.primary.folder, ignore=ignore_sockets)
        kill(old)
        own(self.primary, old)
        drop_unflushed(self.primary.folder / "pg_wal", segment, int(flushed))
        (self.primary.folder / "postmaster.pid").unlink(missing_ok=True)
        await asyncio.to_thread(self.primary.start)
        self.proxy.cut()
        self.proxy.open.set()
        shutil.rmtree(old.folder)

    async def fail_over(self) -> None:
        """Kill the server, and have the one that follows take its place."""
        assert self.replica
        kill(self.primary)
        await self.take_over(self.replica)

    async def take_over(self, successor: Cluster) -> None:
        """Have another server take the place of this one, which is dead."""
        old, self.replica = self.primary, None
        await asyncio.to_thread(successor.run, "pg_ctl", "promote", "-w", "-D", successor.folder)
        self.primary = successor
        await self.set_option("synchronous_standby_names", "")
        self.proxy.cut()
        shutil.rmtree(old.folder, ignore_errors=True)

    def stop(self) -> None:
        """End all servers."""
        for one in (self.primary, self.replica):
            if one:
                kill(one)


def copy_base(source: Cluster, target: Cluster) -> None:
    """Copy a running server, so that the copy follows it."""
    arguments = ("--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf")
    source.run("pg_basebackup", f"--dbname={source.dsn}", f"--pgdata={target.folder}", *arguments)
    for left in target.folder.glob(".s.PGSQL.*"):
        left.unlink()


def ignore_sockets(folder: str, names: list[str]) -> list[str]:
    """Leave out what is no file."""
    return [name for name in names if name.startswith(".s.PGSQL")]


def own(cluster: Cluster, like: Cluster) -> None:
    """Give a copied folder to the user that the server runs as."""
    user, group = like.owner() if like.folder.exists() else cluster.owner()
    for path in (cluster.folder, *cluster.folder.rglob("*")):
        os.chown(path, user, group)


def drop_unflushed(folder: Path, segment: str, flushed: int) -> None:
    """Take out of a copied log what was not flushed: behind `flushed` there is nothing."""
    with (folder / segment).open("r+b") as file:
        file.truncate((flushed - 1) % SEGMENT + 1)
        file.truncate(SEGMENT)
    for path in folder.glob("[0-9A-F]" * 24):
        if path.name > segment:
            path.unlink()


def find_processes(cluster: Cluster) -> list[int]:
    """Find a server's processes, the first one first."""
    try:
        first = int((cluster.folder / "postmaster.pid").read_text().split()[0])
        return [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]
    except (OSError, IndexError, ValueError):
        return []


def freeze(cluster: Cluster) -> None:
    """Stop all of a server's processes where they are."""
    send(cluster, signal.SIGSTOP)


def kill(cluster: Cluster) -> None:
    """Kill all of a server's processes."""
    send(cluster, signal.SIGKILL)


def send(cluster: Cluster, number: signal.Signals) -> None:
    """Send a signal to a server's processes."""
    for pid in find_processes(cluster):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
