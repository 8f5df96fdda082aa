"""Sequencer: gives committed events their positions; every process stands ready, and one at a time does it.

Writers leave the position open. The leader numbers what is committed, in the order of insertion, with one statement
that locks the counter; so positions have no holes, and one becomes visible together with all before it. A
transaction that takes long is numbered when it is done and holds nobody back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson

from gongzhi_server.storage.availability import LOST
from gongzhi_server.storage.election import try_lead
from gongzhi_server.storage.lost_answers import destroy_answers

from . import partitions
from .cursors import OPEN_EPOCH

log = logging.getLogger("gongzhi")

# Key of the advisory lock. The lock only spares work: that positions have no holes is held by the counter's row lock.
LEADER = 0x676F6E677A6865  # "gongzhe"
WRITTEN, NUMBERED = "gongzhi_written", "gongzhi_numbered"
# Bounds how long the counter's row is locked by one statement.
BATCH = 1000
POLL = 1.0
"""Seconds after which every process looks, even if nobody called."""
PACE = 0.02
"""Seconds between two numberings while one commit follows another, so that each numbers more at once."""
TIDY, SWEEP = timedelta(hours=1), timedelta(minutes=1)


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
        advanced: Callable[[], None],
        epochs: Callable[[Sequence[Any]], None],
        poll: float = POLL,
    ) -> None:
        self.dsn, self.now, self.retention, self.advanced, self.poll = dsn, now, retention, advanced, poll
        self.epochs = epochs
        self.called = asyncio.Event()
        self.written = False
        self.leads, self.reachable = False, True
        self.tidied: datetime | None = None
        self.swept: datetime | None = None

    def wake(self) -> None:
        """Note that this process has committed something."""
        self.written = True
        self.called.set()

    async def run(self) -> None:
        """Serve until cancelled; a lost connection is made anew."""
        while True:
            try:
                await self.serve()
            except LOST as error:
                # Once, not each time that it is tried: this is the line by which an operator learns of it.
                if self.reachable:
                    tell_outage(error)
                self.reachable = False
                self.advanced()  # readers look for themselves
                await asyncio.sleep(self.poll)

    async def serve(self) -> None:
        """Listen, and take a turn whenever called, until the connection is lost."""
        # A connection outside the pools: listening and an advisory lock belong to the session.
        connection: asyncpg.Connection[Any] = await asyncpg.connect(self.dsn, server_settings={"search_path": "public"})
        try:
            # First of all: the database may be another one than before, and what it has lost must not be numbered anew.
            self.epochs(orjson.loads(await connection.fetchval(OPEN_EPOCH)))
            await connection.add_listener(NUMBERED, lambda *_: self.advanced())
            await connection.add_listener(WRITTEN, lambda *_: self.called.set())
            while True:
                # Cleared before the turn, so that a call during it leads to another.
                self.called.clear()
                numbered = await self.turn(connection)
                # Not before: a database whose tables are of another release lets us in and then answers nothing.
                if not self.reachable:
                    log.warning("the database can be reached again; nothing that was answered is lost")
                self.reachable = True
                if numbered:
                    # More commits usually follow one; waiting a moment numbers them together.
                    await asyncio.sleep(PACE)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.poll):
                        await self.called.wait()
        finally:
            self.leads = False
            # Not closed politely: a half-dead connection would be waited for, and its lock goes with it either way.
            connection.terminate()

    async def turn(self, connection: asyncpg.Connection[Any]) -> bool:
        """Give positions to what is committed, or call the leader; return whether any was given."""
        # Taken back at once: what is committed from now on sets it again.
        written, self.written = self.written, False
        if not self.leads:
            self.leads = await try_lead(connection, LEADER)
        if not self.leads:
            if written:
                # Notify takes a lock of the whole database, so only this
                # line does it, once for many commits, and never a writer.
                await connection.execute(f"notify {WRITTEN}")
            return False
        numbered = await number_events(connection.fetchval)
        await self.tidy(connection)
        return numbered > 0

    async def tidy(self, connection: asyncpg.Connection[Any]) -> None:
        """Look after the partitions, once an hour, and destroy secrets that nobody may ask for again, once a minute."""
        now = self.now()
        if self.swept is None or now - self.swept >= SWEEP:
            await destroy_answers(connection.execute, now)
            self.swept = now
        if self.tidied is None or now - self.tidied >= TIDY:
            await partitions.tidy_partitions(connection, now, self.retention)
            self.tidied = now


async def number_events(fetch: Callable[..., Awaitable[Any]]) -> int:
    """Give positions to everything that is committed by now; return how many were given."""
    # A full batch means that there may be more.
    done = found = await fetch("select events.number($1)", BATCH)
    while found == BATCH:
        found = await fetch("select events.number($1)", BATCH)
        done += found
    return int(done)
