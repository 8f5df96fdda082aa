"""Replica: a server that follows the primary, with connections of its own and what is known of its state."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

import asyncpg
from gongzhi.declare.viewer import Viewer

from gongzhi_server.errors import Unavailable
from gongzhi_server.settings import Settings
from gongzhi_server.storage import database
from gongzhi_server.storage.availability import LOST, connect, open_session
from gongzhi_server.storage.connection_shares import ACCOUNTS_LINE, LONGEST_LINE, Share, SharedReader

from .primary_log import DATABASE, PrimaryLog

log = logging.getLogger("gongzhi")

PATIENCE = 1.0
"""Seconds that a look at a server may take."""
STATE = f"""select pg_is_in_recovery() as follows, (pg_last_wal_replay_lsn() - '0/0')::bigint as position,
  upper(lpad(to_hex(timeline_id), 8, '0')) as history, {DATABASE} as database from pg_control_checkpoint()"""


class Replica:
    """A server that follows the primary."""

    def __init__(self, dsn: str) -> None:
        url = urlsplit(dsn)
        self.dsn = dsn
        self.name = url.netloc.rpartition("@")[2] or f"{url.path[1:]} of this machine"
        """What the log and metrics call it, without who connects and how."""
        self.position = -1
        """How far it has replayed the log; -1 where that is not known."""
        self.current = float("-inf")
        """The moment whose state of the primary it shows, at least."""
        self.trouble: str | None = None
        """Why it is left alone."""
        self.given_up = 0
        """Reads that it did not answer, and that the primary was asked for."""
        self.missed = 0
        self.accounts: SharedReader
        self.strangers: SharedReader
        self._opened: WeakSet[asyncpg.Connection[Any]] = WeakSet()
        self._watcher: asyncpg.Connection[Any] | None = None

    @asynccontextmanager
    async def open(self, settings: Settings) -> AsyncIterator[Replica]:
        """Open its pools, which connect when they are needed: it may be away."""
        async with AsyncExitStack() as stack:
            shares: dict[str, tuple[int, int, dict[str, Any]]] = {
                "accounts": (settings.pool, ACCOUNTS_LINE, {}),
                "strangers": (
                    settings.strangers_pool,
                    LONGEST_LINE,
                    {"timeout": settings.strangers_seconds, "parallel": False},
                ),
            }
            for name, (size, longest, more) in shares.items():
                pool = await stack.enter_async_context(
                    await database.open_readers(self.dsn, size, least=0, connect=self._connect, **more)
                )
                share = Share(f"{name} at {self.name}", size, longest=longest)
                reader = SharedReader(share, pool, slow=settings.slow / 1000)
                stack.push_async_callback(reader.close)
                setattr(self, name, reader)
            try:
                yield self
            finally:
                self.drop_connections()

    @property
    def readers(self) -> tuple[SharedReader, ...]:
        return self.accounts, self.strangers

    def reader(self, viewer: Viewer) -> SharedReader:
        """Return what reads for a viewer."""
        return self.strangers if viewer.account.name is None else self.accounts

    async def find_state(self) -> Any:
        """Ask how far it is and what it follows, on a connection that is for this alone."""
        if self._watcher is None or self._watcher.is_closed():
            self._watcher = await self._connect(self.dsn)
            self._watcher.add_termination_listener(self._forget)
        [state] = await self._watcher.fetch(STATE)
        return state

    def leave(self, trouble: str | None) -> None:
        """Leave it alone until it is looked at again, or no more; said once in the log, when that changes."""
        if trouble and not self.trouble:
            log.warning("the replica %s %s; the primary answers in its place", self.name, trouble)
        elif self.trouble and not trouble:
            log.warning("the replica %s is well again; it answers reads from now on", self.name)
        self.trouble = trouble

    def drop_connections(self) -> None:
        """End all connections: whoever waits for an answer there asks the primary."""
        for one in list(self._opened):
            one.terminate()

    def _forget(self, watcher: Any) -> None:
        """Forget how far it was: a server that was started again may begin at an earlier position."""
        self.position = -1

    async def _connect(self, *where: Any, **more: Any) -> asyncpg.Connection[Any]:
        # Whoever waits for it has the primary.
        made = await connect(*where, timeout=PATIENCE, **more)
        self._opened.add(made)
        return made


def find_trouble(state: Any, primary: PrimaryLog, age: float, most: float) -> str | None:
    """Say why a server in this state is left alone; None if it is well."""
    if not state["follows"]:
        return "follows nobody any more: it takes writes itself"
    if not primary.database:
        return "cannot be compared with the primary, which does not answer"
    if state["database"] != primary.database:
        return "is no copy of this database"
    # Positions of another history say nothing; its control file tells of a new one with its first checkpoint there.
    if state["history"] != primary.history:
        return "has not come to the history that began with the last failover"
    if age > most:
        return f"is more than {most:g} s behind"
    return None


def say_silence(error: Exception) -> str:
    """Say that a server does not answer, and by what that is known."""
    # Pools say that the database is away, and why in the cause.
    cause = error.__cause__ if isinstance(error, Unavailable) else error
    return f"does not answer ({type(cause or error).__name__})"


async def examine_replicas(connection: asyncpg.Connection[Any], settings: Settings) -> Sequence[tuple[bool, str]]:
    """Return of each replica that the settings name whether it is well, and what was found."""
    found = list[tuple[bool, str]]()
    for dsn in settings.replicas:
        replica, primary = Replica(dsn), PrimaryLog(connection.fetch, monotonic, 60)
        await primary.look()
        try:
            async with asyncio.timeout(PATIENCE):
                made = await open_session(dsn)
                try:
                    [state] = await made.fetch(STATE)
                finally:
                    made.terminate()
        except LOST as error:
            found.append((False, f"replica {replica.name}: it {say_silence(error)}"))
            continue
        if trouble := find_trouble(state, primary, 0, settings.replica_lag):
            found.append((False, f"replica {replica.name}: it {trouble}"))
            continue
        behind = max(0, primary.newest - state["position"])
        found.append((True, f"replica {replica.name}: it follows this database, {behind:,} bytes behind"))
    return found
