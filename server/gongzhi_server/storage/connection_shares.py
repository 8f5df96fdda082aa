"""Shares: bounded places at the database, so that no kind of caller takes the connections that another one needs.

A share is a bulkhead. Each has connections of its own; who comes when all of them are busy waits in a line of bounded
length for a bounded time, and is then told to come back later. So a flood of one kind fills its own share and no other.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.tracing import span

from gongzhi_server.gateway.interfaces import Kind
from gongzhi_server.gateway.rate_limits import Overloaded, spend_time
from gongzhi_server.planner.execution import Fetch
from gongzhi_server.settings import Settings

from . import database
from .availability import Connect
from .statement_batches import StatementBatches

__all__ = ["SharedReader", "Share", "Shares", "Unshared", "open_shares"]

log = logging.getLogger("gongzhi")

PATIENCE = 2.0
"""Seconds that somebody waits for a place."""
LONGEST_LINE, ACCOUNTS_LINE = 64, 512
"""How many wait for a place at most; of those with an account more, since each of them has rates of their own. Their
line moves by some thousand statements a second, and nobody stands in it for longer than `PATIENCE`."""
EARLY = 0.005
"""Seconds by which a timer may come too early."""
IDLE = 60.0
"""Seconds after which connections that were not used meanwhile go back to their pool, which closes them in time."""
DESCRIBED = "select parameter_types::text[] as types from pg_prepared_statements where statement=$1 limit 1"
"""Asked of the connection that was used last, and has prepared what others wait for."""
FILES = 4
"""Uploads and downloads that are at the database at a time."""
BESIDE = 19
"""Connections beside the shares: four for signing in, four for the access log, two that listen, nine for webhooks."""
SPARE = 1
"""Connections for writing beyond those of the shares, for alerts and notices."""


class Share:
    """A number of places. `async with share` takes one; raises Overloaded if none becomes free in time."""

    def __init__(self, name: str, size: int, patience: float = PATIENCE, longest: int = LONGEST_LINE) -> None:
        self.name, self.size, self.patience, self.longest = name, size, patience, longest
        self.busy = self.most = self.refused = self.waits = 0
        self.waiting_seconds = 0.0
        """How long all have waited together, who were as many as `waits`."""
        self._line: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waited(self) -> float:
        """Seconds for which the first in the line has waited; 0 if nobody waits."""
        return perf_counter() - self._line[0][0] if self._line else 0.0

    async def __aenter__(self) -> None:
        if not self.take():
            await self.wait()

    async def __aexit__(self, *error: object) -> None:
        self.leave()

    def take(self) -> bool:
        """Take a place if there is one at once; whoever has one must `leave`."""
        if self.busy >= self.size:
            return False
        self.busy += 1
        # The most at a time is a measure for operators.
        if self.busy > self.most:
            self.most = self.busy
        return True

    async def wait(self) -> None:
        """Wait for a place that somebody leaves. Raises Overloaded."""
        # A line that is full is refused at once: nobody waits whose turn cannot come in time.
        if len(self._line) >= self.longest:
            raise self._refusal()
        loop = asyncio.get_running_loop()
        place: asyncio.Future[None] = loop.create_future()
        entry = perf_counter(), place
        self._line.append(entry)
        # One timer for the whole line: whoever came first is also the first to have waited too long.
        if self._timer is None:
            self._timer = loop.call_later(self.patience, self._refuse_late)
        try:
            await place
        # Any end but success, cancelling included, must neither
        # stay in the line nor keep a place that was handed over.
        except asyncio.CancelledError:
            if entry in self._line:
                self._line.remove(entry)
            elif place.done() and not place.cancelled() and place.exception() is None:
                self.leave()  # it was given up in the moment in which it was handed over
            raise
        finally:
            self.waits += 1
            self.waiting_seconds += perf_counter() - entry[0]

    def _refuse_late(self) -> None:
        """Refuse those who have waited too long, and look again when the next one has."""
        self._timer, now = None, perf_counter()
        while self._line and (left := self._line[0][0] + self.patience - now) <= EARLY:
            _, place = self._line.popleft()
            if not place.done():
                place.set_exception(self._refusal())
        if self._line:
            self._timer = asyncio.get_running_loop().call_later(left, self._refuse_late)

    def leave(self) -> None:
        """Hand the place to the first in the line, or free it. `busy` never drops while somebody waits."""
        while self._line:
            _, place = self._line.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.busy -= 1

    def _refusal(self) -> Overloaded:
        self.refused += 1
        return Overloaded(self.name, self.patience)


class SharedReader:
    """Reads within a share. The seconds of each statement are added to what its operation is charged.

    It holds the connections that it has used, since to borrow one of the pool and to give it back costs as much as to
    send a statement. The share has as many places as the pool has connections, so there is one for each place.
    """

    def __init__(self, share: Share, pool: asyncpg.Pool[Any], metered: bool = True, slow: float = float("inf")) -> None:
        self.share, self.pool, self.metered, self.slow = share, pool, metered, slow
        self.batches = StatementBatches(self.fetch, self.describe)
        """What small statements are sent by."""
        self.statements, self.seconds = 0, 0.0
        """How many were sent, and how long they took together, for operators."""
        # Used from the end, so those that are not needed stay at the beginning.
        self._held: list[PoolConnectionProxy[Any]] = []
        self._unused = 0
        """How many of them were never used since the last look."""
        self._timer: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._closing = False

    async def fetch(self, sql: str, *values: Any) -> Sequence[Any]:
        """Fetch the rows of a statement within the share. Raises Overloaded, and Unavailable."""
        if not self.share.take():  # what every read does is spelled out: a context manager costs as much as all of it
            await self.share.wait()
        # The clock starts once there is a place: waiting in line is the fault of others, and is not charged.
        begun = perf_counter()
        try:
            connection = await self._take()
            try:
                with span("sql", share=self.share.name):
                    found: Sequence[Any] = await connection.fetch(sql, *values)
            # The pool knows what to do with a connection on which something went wrong or was given up.
            except BaseException:
                await self.pool.release(connection)
                raise
            if self._closing:
                await self.pool.release(connection)
            else:
                self._hold(connection)
            return found
        finally:
            self.share.leave()
            seconds = perf_counter() - begun
            if self.metered:
                spend_time(seconds)
            self.statements += 1
            self.seconds += seconds
            if seconds >= self.slow:
                log_slow_statement(sql, seconds)

    async def describe(self, sql: str) -> list[str] | None:
        """Return the types of the parameters of a statement that was sent; None where that connection is another."""
        found = await self.fetch(DESCRIBED, sql)
        return found[0]["types"] if found else None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """Lend a connection for several statements. Raises Overloaded."""
        async with self.share:
            begun = perf_counter()
            connection = await self._take()
            try:
                yield connection
            finally:
                await self.pool.release(connection)
                if self.metered:
                    spend_time(perf_counter() - begun)

    async def close(self) -> None:
        """Give back what is held, and hold nothing from now on."""
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        held, self._held = self._held, []
        for connection in held:
            await self.pool.release(connection)

    async def _take(self) -> PoolConnectionProxy[Any]:
        """Return a connection for the place that was taken."""
        while self._held:
            connection = self._held.pop()
            if len(self._held) < self._unused:
                self._unused = len(self._held)
            # The pool takes back by itself what is lost, and then nothing can be asked of it any more.
            with suppress(asyncpg.InterfaceError):
                if not connection.is_closed():
                    return connection
        return await self.pool.acquire()

    def _hold(self, connection: PoolConnectionProxy[Any]) -> None:
        """Hold a connection for the next statement."""
        self._held.append(connection)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(IDLE, self._give_back)

    def _give_back(self) -> None:
        """Give back the connections that were not used for a while."""
        loop = asyncio.get_running_loop()
        unused, self._held = self._held[: self._unused], self._held[self._unused :]
        for connection in unused:
            task = loop.create_task(self.pool.release(connection))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        self._unused = len(self._held)
        self._timer = loop.call_later(IDLE, self._give_back) if self._held else None


def log_slow_statement(sql: str, seconds: float) -> None:
    """Log a statement that took long by a digest of its text, which is the same whoever sends it with what values."""
    digest = hashlib.sha256(sql.encode()).hexdigest()[:12]
    extra = {"statement": digest, "seconds": round(seconds, 4), "repeats": ("statement", digest)}
    log.warning("a statement took long; gongzhi explain shows what an operation sends", extra=extra)


@dataclass(frozen=True)
class Unshared:
    """For one caller alone, as in tests and on the command line: nothing is shared."""

    fetch: Fetch

    def reader(self, viewer: Viewer, kind: Kind) -> Fetch:
        return self.fetch

    def small_reader(self, viewer: Viewer, kind: Kind) -> Fetch:
        return self.fetch

    def command(self, viewer: Viewer) -> AbstractAsyncContextManager[Any]:
        return nullcontext()


@dataclass(frozen=True)
class Shares:
    """The shares of one process, and which of them is whose."""

    strangers: SharedReader
    accounts: SharedReader
    commands: SharedReader
    """What a mutation reads. It writes over Tortoise's pool, which has a connection for each place in `writing`."""
    sessions: SharedReader
    background: SharedReader
    writing: Share
    strangers_writing: Share
    """How many of the places in `writing` strangers may have."""
    files: Share

    @property
    def readers(self) -> tuple[SharedReader, ...]:
        return self.strangers, self.accounts, self.commands, self.sessions, self.background

    @property
    def every(self) -> tuple[Share, ...]:
        return (*(one.share for one in self.readers), self.writing, self.strangers_writing, self.files)

    def seconds_waited(self) -> float:
        """Return the seconds for which a mutation, or the check of somebody's session, has waited by now."""
        return max(self.writing.waited, self.commands.share.waited, self.sessions.share.waited)

    def reader(self, viewer: Viewer, kind: Kind) -> Fetch:
        """Return what reads for an operation of this kind. What strangers follow is read by their share, too."""
        return self._reader(viewer, kind).fetch

    def small_reader(self, viewer: Viewer, kind: Kind) -> Fetch:
        """Return what reads a small statement with one row, together with others who ask by the same one."""
        return self._reader(viewer, kind).batches.fetch

    def _reader(self, viewer: Viewer, kind: Kind) -> SharedReader:
        if kind == "mutation":
            return self.commands
        name = viewer.account.name
        if name is None:
            return self.strangers
        # What is followed is asked again and again; it must not take the places of those who wait for one answer.
        if kind == "subscription" or name.startswith("system:"):
            return self.background
        return self.accounts

    def command(self, viewer: Viewer) -> AbstractAsyncContextManager[None]:
        """Return a place for a mutation; strangers have half of them at most, so that offices always have some."""
        return self.writing if viewer.account.name is not None else self._strangers_command()

    @asynccontextmanager
    async def _strangers_command(self) -> AsyncIterator[None]:
        # In this order, so that no stranger holds a general place while waiting for one of theirs.
        async with self.strangers_writing, self.writing:
            yield


def writers_pool_size(settings: Settings) -> int:
    """Return the size of Tortoise's pool: each share that writes finds its connections there."""
    return settings.commands_pool + settings.background_pool + FILES + SPARE


def count_connections(settings: Settings) -> int:
    """Return how many connections a process opens at the most, with the plugins that come along (docs/operators.md)."""
    reading = settings.pool + settings.strangers_pool + settings.sessions_pool + settings.background_pool
    return reading + commands_readers(settings) + writers_pool_size(settings) + BESIDE


def commands_readers(settings: Settings) -> int:
    """Return the size of the pool by which mutations read."""
    return max(2, settings.commands_pool // 2)


@asynccontextmanager
async def open_shares(dsn: str, settings: Settings, connect: Connect) -> AsyncIterator[Shares]:
    """Open the pools of every share. All but the first open their connections when they are needed."""
    async with AsyncExitStack() as stack:

        async def opened(name: str, size: int, **more: Any) -> SharedReader:
            metered, longest = more.pop("metered", True), more.pop("longest", LONGEST_LINE)
            pool = await stack.enter_async_context(await database.open_readers(dsn, size, connect=connect, **more))
            reader = SharedReader(Share(name, size, longest=longest), pool, metered, settings.slow / 1000)
            stack.push_async_callback(reader.close)
            return reader

        commands = settings.commands_pool
        yield Shares(
            accounts=await opened("accounts", settings.pool, longest=ACCOUNTS_LINE),
            # Without parallel workers a stranger's statement is one
            # process of PostgreSQL's; with them it could be three.
            strangers=await opened(
                "strangers", settings.strangers_pool, timeout=settings.strangers_seconds, least=0, parallel=False
            ),
            commands=await opened("commands", commands_readers(settings), least=0, metered=False),
            # All who are connected come back at once when a process was started anew, each with one small statement.
            sessions=await opened("sessions", settings.sessions_pool, longest=ACCOUNTS_LINE, least=0, metered=False),
            background=await opened("background", settings.background_pool, least=0),
            writing=Share("commands", commands),
            strangers_writing=Share("commands of strangers", max(1, commands // 2)),
            files=Share("files", FILES),
        )
