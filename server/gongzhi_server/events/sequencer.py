"""Sequencer: gives committed events their positions; every process stands ready, and one at a time does it.

Writers leave the position open. The leader numbers what is committed, in the order of insertion, with one statement
that locks the counter; so positions have no holes, and one becomes visible together with all before it. A
transaction that takes long is numbered when it is done and holds nobody back.

Only those listen who have something to do: the leader for commits of others, and for what was numbered whoever follows
events. The others look once a second how far it is, which is also the sign of life that PostgreSQL wants of them.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from gongzhi_server.clock import EARLIER
from gongzhi_server.storage.availability import LOST, open_session
from gongzhi_server.storage.liveness import HOLDING, SILENCE
from gongzhi_server.storage.lost_answers import destroy_answers

from . import partitions

log = logging.getLogger("gongzhi")

# Key of the advisory lock. The lock only spares work: that positions have no holes is held by the counter's row lock.
LEADER = 0x676F6E677A6865  # "gongzhe"
WRITTEN, NUMBERED = "gongzhi_written", "gongzhi_numbered"
STAND = "select $2 and pg_try_advisory_lock($1) as leads, given from events.counter"
"""Stands for election, if this process may lead, and tells the last position."""
# Bounds how long the counter's row is locked by one statement.
BATCH = 1000
POLL = 1.0
"""Seconds after which every process looks, even if nobody called."""
PACE = 0.02
"""Seconds between two numberings while one commit follows another, so that each numbers more at once."""
TIDY, SWEEP = timedelta(hours=1), timedelta(minutes=1)
PATIENCE = timedelta(seconds=10)
"""Until tables of months that were in use are asked for again: who writes waits for each attempt."""


class StoodStill(Exception):
    """The process did not run for so many seconds: it was frozen, or something kept its loop."""


def tell_outage(error: BaseException) -> None:
    """Log that events cannot be numbered, and what to do."""
    # A table, a column or a function is missing: the tables are of an older release, such as after a restore.
    if isinstance(error, asyncpg.SyntaxOrAccessError):
        log.error(
            "the tables are not those of this server: %s; run gongzhi migrate, or start the release that they are of",
            type(error).__name__,
        )
        return
    log.error(
        "the database cannot be reached: %s; requests are answered with 503 until it can, look at it",
        type(error).__name__,
    )


class Sequencer:
    """A process's connection for numbering events: it listens, calls, and leads if nobody else does."""

    def __init__(
        self,
        dsn: str,
        now: Callable[[], datetime],
        retention: timedelta,
        advanced: Callable[[int | None], None],
        learn: Callable[[asyncpg.Connection[Any]], Awaitable[None]],
        poll: float = POLL,
    ) -> None:
        self.dsn, self.now, self.retention, self.advanced, self.poll = dsn, now, retention, advanced, poll
        self.learn = learn
        self.may_lead = True
        self.listeners = 0
        """How many in this process want to hear at once of what was numbered."""
        self.called = asyncio.Event()
        self.written = False
        self.leads, self.reachable = False, True
        self.channels: set[str] = set()
        """What the connection listens to."""
        self.given, self.stood = -1, -math.inf
        """The last position, and when this process stood for election, by the loop's time."""
        self.tidied: datetime | None = None
        self.tried: datetime | None = None
        self.swept: datetime | None = None
        self.destroyed: datetime | None = None
        """Until when secrets were destroyed, which is earlier than `swept` where this process's clock is ahead."""

    def wake(self) -> None:
        """Note that this process has committed something."""
        self.written = True
        self.called.set()

    async def run(self) -> None:
        """Serve until cancelled; a lost connection is made anew."""
        while True:
            try:
                await self.serve()
            except StoodStill as still:
                # Another process may lead by now, so nothing more is said over the old connection.
                log.warning(
                    "this process stood still for %.0f s, and another one may number events now; nothing is lost: see "
                    "what kept it from running",
                    still.args[0],
                )
            except LOST as error:
                # Once, not each time that it is tried: this is the line by which an operator learns of it.
                if self.reachable:
                    tell_outage(error)
                self.reachable = False
                self.advanced(None)  # readers look for themselves
                await asyncio.sleep(self.poll)

    async def serve(self) -> None:
        """Listen, and take a turn whenever called, until the connection is lost."""
        # A connection outside the pools: listening and an advisory lock belong to the session.
        connection = await open_session(self.dsn, server_settings={"search_path": "public", **HOLDING})
        try:
            # First of all: the database may be another one than before, and what it has lost must not be numbered anew.
            await self.learn(connection)
            while True:
                # Cleared before the turn, so that a call during it leads to another.
                self.called.clear()
                busy = await self.turn(connection)
                # Not before: a database whose tables are of another release lets us in and then answers nothing.
                if not self.reachable:
                    log.warning("the database can be reached again; nothing that was answered is lost")
                self.reachable = True
                if busy:
                    # More commits usually follow one; waiting a moment numbers them, or calls, together.
                    await asyncio.sleep(PACE)
                await self.rest()
        finally:
            self.leads, self.stood = False, -math.inf
            self.channels.clear()
            # Not closed politely: a half-dead connection would be waited for, and its lock goes with it either way.
            connection.terminate()

    async def rest(self) -> None:
        """Rest until called, but not for longer than a moment. Raises StoodStill if it was longer."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.poll):
                await self.called.wait()
        if (rested := loop.time() - begun) > self.poll + SILENCE / 2:
            raise StoodStill(rested)

    async def turn(self, connection: asyncpg.Connection[Any]) -> bool:
        """Give positions to what is committed, or call the leader; return whether there was anything."""
        # Taken back at once: what is committed from now on sets it again.
        written, self.written = self.written, False
        if not self.leads:
            await self.stand(connection)
        await self.listen(connection)
        if not self.leads:
            if written:
                # Notify takes a lock of the whole database, so only this
                # line does it, once for many commits, and never a writer.
                await connection.execute(f"notify {WRITTEN}")
            return written
        numbered = await number_events(connection.fetchval)
        await self.tidy(connection)
        return numbered > 0

    async def stand(self, connection: asyncpg.Connection[Any]) -> None:
        """Stand for election, if that was not done just now, and see how far it is."""
        time = asyncio.get_running_loop().time()
        if time - self.stood < self.poll:
            return
        row = await connection.fetchrow(STAND, LEADER, self.may_lead)
        assert row
        self.leads, self.stood = row["leads"], time
        if row["given"] != self.given:
            self.given = row["given"]
            self.advanced(self.given)

    async def listen(self, connection: asyncpg.Connection[Any]) -> None:
        """Listen to what there is a use for, and to nothing else: each notification wakes whoever listens."""
        wanted = {NUMBERED} if self.leads or self.listeners else set()
        if self.leads:
            wanted.add(WRITTEN)
        for channel in self.channels - wanted:
            await connection.remove_listener(channel, self.hear)
        for channel in wanted - self.channels:
            await connection.add_listener(channel, self.hear)
            if channel == NUMBERED:
                self.advanced(None)  # what was told before is not told again
        self.channels = wanted

    def hear(self, connection: Any, process: int, channel: str, payload: Any) -> None:
        """Take up what was called: that something was written, or up to which position it was numbered."""
        if channel == WRITTEN:
            self.called.set()
        else:
            self.advanced(int(payload))

    async def tidy(self, connection: asyncpg.Connection[Any]) -> None:
        """Look after the partitions, once an hour, and destroy secrets that nobody may ask for again, once a minute."""
        now = self.now()
        # A table of a month wants locks that those who write have. It can wait; they cannot.
        with suppress(asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError):
            if is_due(self.swept, now, SWEEP):
                # By the database's clock if this process's own is ahead, for others may still ask for them.
                by = await connection.fetchval(EARLIER, now)
                await destroy_answers(connection.execute, by, self.destroyed)
                self.swept, self.destroyed = now, by
            if is_due(self.tidied, now, TIDY) and is_due(self.tried, now, PATIENCE):
                self.tried = now
                await partitions.tidy_partitions(connection, now, self.retention)
                self.tidied = now


def is_due(last: datetime | None, now: datetime, every: timedelta) -> bool:
    """Return whether something is due again that was last done then, or never."""
    return last is None or now - last >= every


async def number_events(fetch: Callable[..., Awaitable[Any]]) -> int:
    """Give positions to everything that is committed by now; return how many were given."""
    # A full batch means that there may be more.
    done = found = await fetch("select events.number($1)", BATCH)
    while found == BATCH:
        found = await fetch("select events.number($1)", BATCH)
        done += found
    return int(done)
