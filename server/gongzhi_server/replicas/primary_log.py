"""Primary log: where the log of the server that is written to was at which moment."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable

from gongzhi_server.planner.execution import Fetch

# A commit that waits for no disk may be behind what is on it.
ASK = """select (case current_setting('synchronous_commit') when 'off' then pg_current_wal_insert_lsn()
  else pg_current_wal_flush_lsn() end - '0/0')::bigint as position"""
DATABASE = """(select system_identifier from pg_control_system())::text || '/' ||
  (select oid from pg_database where datname = current_database())"""
"""What tells a database and its copies from all others."""
# What is not on the disk is sent to nobody, so a server that has all of this is as far as can be.
LOOK = f"""select (pg_current_wal_flush_lsn() - '0/0')::bigint as position,
  left(pg_walfile_name(pg_current_wal_lsn()), 8) as history, {DATABASE} as database"""


class PrimaryLog:
    """The primary's log: where it was at which moment, as it was seen from here."""

    def __init__(self, fetch: Fetch, now: Callable[[], float], kept: float) -> None:
        self.fetch, self.now, self.kept = fetch, now, kept
        self.history = self.database = ""
        """The timeline of the log, which a failover changes, and what tells this database from all others."""
        self.newest = 0
        """The furthest position that is known."""
        self._moments: list[float] = []
        self._positions: list[int] = []
        self._next: asyncio.Task[int] | None = None
        self._turn = asyncio.Lock()

    async def look(self) -> None:
        """Look where it is now, and whose log it is. Raises what a statement raises."""
        moment = self.now()
        [row] = await self.fetch(LOOK)
        if (row["history"], row["database"]) != (self.history, self.database):
            self.history, self.database, self._moments, self._positions = row["history"], row["database"], [], []
        self.newest = max(self.newest, row["position"])
        while self._moments and self._moments[0] < moment - self.kept:
            del self._moments[0], self._positions[0]
        self._moments.append(moment)
        # A server that takes another one's place may begin a little before where that was.
        self._positions.append(max(row["position"], self._positions[-1] if self._positions else 0))

    async def find_position(self) -> int:
        """Find where it is, or a little later: behind all that was committed before this was called."""
        # Those who ask while a statement is under way wait for the next one, which is theirs together.
        if self._next is None:
            self._next = asyncio.create_task(self._ask())
        return await asyncio.shield(self._next)

    async def _ask(self) -> int:
        async with self._turn:
            self._next = None
            [row] = await self.fetch(ASK)
        found: int = row["position"]
        self.newest = max(self.newest, found)
        return found

    def when_at(self, position: int) -> float:
        """Return the last moment that is known at which it was no further; minus infinity if that is too long ago."""
        at = bisect_right(self._positions, position)
        return self._moments[at - 1] if at else float("-inf")
