"""Handlers and jobs: run in a transaction each, together with the note that they have run.

A handler has a place in the outbox, and whoever locks that row takes the next event. What fails becomes a job, so
that it holds up nothing behind it. Jobs are rows that are taken with `skip locked` when they are due.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from gongzhi.errors import Refusal
from gongzhi.events.event import Occurrence
from gongzhi.events.work import Handler, Run
from gongzhi.viewer import Account, Grant, Viewer
from tortoise.transactions import in_transaction
from uuid6 import uuid7

from ..clock import CHINA
from ..commands import Transaction
from ..plugins import Plugins
from .feed import EVENT, occurrence
from .outbox import Outbox
from .sequencer import BATCH, LOST, POLL

log = logging.getLogger("gongzhi")

ATTEMPTS = 8
FIRST, LONGEST = timedelta(seconds=10), timedelta(hours=6)
"""How long after the first failure it is tried again, and the longest it waits; four times as long each time."""
HANDLING, WORKING = 60.0, 900.0
"""Seconds that a handler and a job of a plugin may take."""
EPOCH = datetime(2000, 1, 1, tzinfo=CHINA)

NEXT = EVENT + "where o.position > $1 and o.type = any($2) order by o.position limit 1"
ONE = EVENT + "where o.id = $1"
BEGIN = """
insert into events.consumer (name, position)
select name, given from unnest($1::text[]) name, events.counter on conflict do nothing
"""
CLAIM = """
select c.position, n.given from events.consumer c, events.counter n where c.name = $1 for update of c skip locked
"""
MOVE = "update events.consumer set position = $2 where name = $1"
FAIL = """
insert into events.job (id, name, key, event_id, county_id, arguments, state, due_at, attempts, error)
values ($1, $2, $3, $4, $5, '{}', 'WAITING', $6, 1, $7) on conflict (name, key) do nothing
"""
DUE = """
select id, name, key, event_id, county_id, arguments::text as arguments, due_at, attempts from events.job
where state = 'WAITING' and due_at <= $1 and name = any($2) order by due_at, id limit 1 for update skip locked
"""
DONE = "update events.job set state = 'DONE', attempts = attempts + 1, finished_at = $2, error = null where id = $1"
AGAIN = """
update events.job set attempts = attempts + 1, state = $3, due_at = $4, error = $5
where id = $1 and attempts = $2 and state = 'WAITING'
"""
REDRIVE = """
update events.job set state = 'WAITING', attempts = 0, due_at = $1
where state = 'PARKED' and ($2::uuid is null or id = $2) returning id
"""
PLAN = """
insert into events.job (id, name, key, arguments, state, due_at, attempts)
values ($1, $2, $3, '{}', 'WAITING', $4, 0) on conflict (name, key) do nothing
"""
ON = "select county_id from plugins.activation where plugin = $1 and until is null and active"
COUNTIES = "select id from grids.grid where kind = 'COUNTY' and valid_to is null order by id"


@dataclass
class Tally:
    """What came of a turn."""

    done: int = 0
    failed: list[str] = field(default_factory=list)
    """The names of what failed, once for each time."""


class Worker:
    """Does what there is to do. `context` makes what runs for a viewer have at hand."""

    def __init__(
        self, plugins: Plugins, context: Callable[[Viewer], Any], outbox: Outbox, now: Callable[[], datetime]
    ) -> None:
        self.plugins, self.context, self.outbox, self.now = plugins, context, outbox, now
        self.handlers = {one.name: (whose, one) for whose, one in plugins.handlers}
        self.jobs = {one.name: (whose, one) for whose, one in plugins.jobs}
        self.called = asyncio.Event()

    async def open(self) -> None:
        """Give new handlers their place: they begin with what happens from now on."""
        if self.handlers:
            async with in_transaction() as connection:
                await connection.execute_query(BEGIN, [list(self.handlers)])

    def call(self) -> None:
        """There may be something to do."""
        self.called.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self.called.clear()
            try:
                await asyncio.gather(*(each(Tally()) for each in self.lines()))
            except Exception:  # whatever it is, the next turn may do better
                log.exception("handlers and jobs rest for a moment")
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self.called.wait()

    def lines(self) -> list[Callable[[Tally], Coroutine[Any, Any, None]]]:
        """What goes on side by side: each handler, and the jobs."""

        def handling(whose: str | None, handler: Handler) -> Callable[[Tally], Coroutine[Any, Any, None]]:
            return lambda tally: repeated(lambda: self.handle(whose, handler, tally))

        return [*(handling(*one) for one in self.handlers.values()), self.work]

    async def drain(self) -> Tally:
        """Number what is committed, then handle and run everything that is due, one after the other."""
        tally = Tally()
        while await self.turn(tally):
            pass
        return tally

    async def turn(self, tally: Tally) -> int:
        """One round; how much there was to do."""
        before = tally.done + len(tally.failed)
        async with in_transaction() as connection:
            await connection.execute_query("select events.number($1)", [BATCH])
        for line in self.lines():
            await line(tally)
        return tally.done + len(tally.failed) - before

    # handlers

    async def handle(self, whose: str | None, handler: Handler, tally: Tally) -> bool:
        """Let a handler have its next event; tell whether there was one."""
        event: Occurrence | None = None
        try:
            async with in_transaction() as connection:
                claimed = await connection.execute_query_dict(CLAIM, [handler.name])
                if not claimed:
                    return False  # another process is at it
                types = [one.type for one in handler.events]
                found = await connection.execute_query_dict(NEXT, [claimed[0]["position"], types])
                if not found:
                    await connection.execute_query(MOVE, [handler.name, claimed[0]["given"]])
                    return False
                event = occurrence(found[0])
                told = await self.told(connection, whose, handler, event)
                await connection.execute_query(MOVE, [handler.name, event.position])
        except LOST:
            raise
        except Exception as error:
            if event is None:
                raise
            await self.fail(handler, event, error)
            tally.failed.append(handler.name)
            return True
        self.wake(told)
        tally.done += 1
        return True

    async def told(self, connection: Any, whose: str | None, handler: Handler, event: Occurrence) -> bool:
        """Call a handler, but only where its plugin is on; tell whether it has told anything itself.

        Of what happened in no county it is told where the plugin is on in any.
        """
        on = await self.on(connection, whose)
        if on is not None and (event.county not in on if event.county else not on):
            return False
        call = self.calling(connection, whose)
        async with patience(whose, HANDLING):
            await handler.function(call, event)
        return await call.told.write(connection)

    async def fail(self, handler: Handler, event: Occurrence, error: Exception) -> None:
        """Leave the event to a job, and go on behind it."""
        log.error("the handler %s failed on an event %s", handler.name, event.type, exc_info=error)
        async with in_transaction() as connection:
            claimed = await connection.execute_query_dict(CLAIM, [handler.name])
            if claimed and claimed[0]["position"] < event.position:
                due = self.now() + FIRST
                key = str(event.id)
                values = [uuid7(), handler.name, key, event.id, event.county, due, said(error)]
                await connection.execute_query(FAIL, values)
                await connection.execute_query(MOVE, [handler.name, event.position])

    # jobs

    async def work(self, tally: Tally) -> None:
        """Run what is due."""
        await self.plan()
        await repeated(lambda: self.run_one(tally))

    async def plan(self) -> None:
        """Put down the runs of periodic jobs; of those missed only the last."""
        for _, one in self.jobs.values():
            if one.every:
                due = slot(self.now(), one.every, one.offset)
                async with in_transaction() as connection:
                    await connection.execute_query(PLAN, [uuid7(), one.name, f"every {due.isoformat()}", due])

    async def run_one(self, tally: Tally) -> bool:
        """Run one job that is due; tell whether there was one."""
        row: dict[str, Any] | None = None
        known = [*self.jobs, *self.handlers]
        try:
            async with in_transaction() as connection:
                found = await connection.execute_query_dict(DUE, [self.now(), known])
                if not found:
                    return False
                row = found[0]
                told = await self.perform(connection, row)
                await connection.execute_query(DONE, [row["id"], self.now()])
        except LOST:
            raise
        except Exception as error:
            if row is None:
                raise
            await self.retry(row, error)
            tally.failed.append(row["name"])
            return True
        self.wake(told)
        tally.done += 1
        return True

    async def perform(self, connection: Any, row: dict[str, Any]) -> bool:
        """Run a job, or a handler that failed before."""
        if row["event_id"]:
            found = await connection.execute_query_dict(ONE, [row["event_id"]])
            if not found:
                raise LookupError("the event is no longer kept")
            return await self.told(connection, *self.handlers[row["name"]], occurrence(found[0]))
        whose, one = self.jobs[row["name"]]
        counties = [each["id"] for each in await connection.execute_query_dict(COUNTIES)]
        on = await self.on(connection, whose)
        if on is not None:
            counties = [each for each in counties if each in on]
            if row["county_id"] not in on if row["county_id"] else not on:
                return False
        call = self.calling(connection, whose)
        arguments = orjson.loads(row["arguments"])
        async with patience(whose, WORKING):
            await one.function(call, Run(row["id"], row["due_at"], row["attempts"] + 1, tuple(counties), arguments))
        return await call.told.write(connection)

    async def retry(self, row: dict[str, Any], error: Exception) -> None:
        """Try it again later, or park it."""
        log.error("the job %s failed", row["name"], exc_info=error)
        attempts = row["attempts"] + 1
        state = "PARKED" if attempts >= ATTEMPTS else "WAITING"
        due = self.now() + min(FIRST * 4 ** (attempts - 1), LONGEST)
        async with in_transaction() as connection:
            await connection.execute_query(AGAIN, [row["id"], row["attempts"], state, due, said(error)])

    # for both

    def calling(self, connection: Any, whose: str | None) -> Transaction:
        """What a handler or job has at hand: it acts for its plugin, everywhere."""
        return Transaction(self.context(self.acting(whose)), connection, whose, self.outbox)

    def acting(self, whose: str | None) -> Viewer:
        """The core or a plugin itself, as somebody who asks."""
        held = frozenset(one.name for one in self.plugins.permissions)
        account = Account(f"system:{whose or 'core'}", grants=(Grant("system", held),))
        return Viewer(account, self.now())

    async def on(self, connection: Any, whose: str | None) -> frozenset[int] | None:
        """The counties where the plugin is on; None for the core, which is on everywhere."""
        if whose is None:
            return None
        return frozenset(one["county_id"] for one in await connection.execute_query_dict(ON, [whose]))

    def wake(self, told: bool) -> None:
        if told:
            self.outbox.wake()


class Slow(Exception):
    """A plugin took longer than it may."""


@asynccontextmanager
async def patience(whose: str | None, seconds: float) -> AsyncIterator[None]:
    """Give up on a plugin that takes too long; the core may."""
    limit = asyncio.timeout(seconds if whose else None)
    try:
        async with limit:
            yield
    except TimeoutError as late:
        if limit.expired():
            raise Slow(f"it took more than {seconds:g} seconds") from late
        raise


async def repeated(step: Callable[[], Awaitable[bool]]) -> None:
    while await step():
        pass


def slot(now: datetime, every: timedelta, offset: timedelta) -> datetime:
    """The last moment at which a periodic job was due."""
    begin = EPOCH + offset
    return begin + (now - begin) // every * every


def said(error: Exception) -> str:
    """What failed and where, without what it failed on: that may be somebody's."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    code = f" {error.code}" if isinstance(error, Refusal) else ""
    return f"{type(error).__name__}{code}{place}"[:300]


async def listed(dsn: str, everything: bool = False) -> list[Any]:
    """The jobs that wait or were given up, the first due first; with `everything` those that are done, too."""
    connection = await asyncpg.connect(dsn)
    try:
        columns = "id, name, state, due_at, attempts, error"
        query = f"select {columns} from events.job where $1 or state <> 'DONE' order by due_at, id"
        return list(await connection.fetch(query, everything))
    finally:
        await connection.close()


async def redrive(dsn: str, now: datetime, job: UUID | None = None) -> int:
    """Have a parked job tried again, or all of them; how many."""
    connection = await asyncpg.connect(dsn)
    try:
        return len(await connection.fetch(REDRIVE, now, job))
    finally:
        await connection.close()
