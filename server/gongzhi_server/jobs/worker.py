"""Worker: runs handlers and jobs in a transaction each, together with the note that they have run.

A handler has a place in the outbox, and whoever locks that row takes the next event. What fails becomes a job, so
that it holds up nothing behind it. Jobs are rows that are taken with `skip locked` when they are due.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
from gongzhi.core.events.outbox_reading import event_of_row
from gongzhi.declare.events import Occurrence
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.runtime.jobs import Handler, JobRun
from gongzhi.runtime.tracing import span
from gongzhi.values.errors import Refusal
from tortoise.transactions import in_transaction
from uuid6 import uuid7

from gongzhi_server.clock import CHINA
from gongzhi_server.commands.transaction import Transaction
from gongzhi_server.errors import Unavailable
from gongzhi_server.events.feed import EVENT
from gongzhi_server.events.outbox import Outbox
from gongzhi_server.events.sequencer import BATCH
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.plugins.installed import is_switched
from gongzhi_server.plugins.ownership import acting_as
from gongzhi_server.storage.availability import AWAY, SHUT
from gongzhi_server.storage.database import ANEW
from gongzhi_server.storage.liveness import SILENCE, keep_alive

log = logging.getLogger("gongzhi")

ATTEMPTS = 8
FIRST, LONGEST = timedelta(seconds=10), timedelta(hours=6)
"""How long after the first failure it is tried again, and the longest it waits; four times as long each time."""
HANDLING, WORKING = 60.0, 900.0
"""Seconds that a handler and a job of a plugin may take."""
# Periodic jobs are counted from here, at midnight in China, so that "every day" means a Chinese day.
EPOCH = datetime(2000, 1, 1, tzinfo=CHINA)

# Whoever is frozen with a handler or a job in hand must not hold it up for others.
SHORT_PAUSE = f"set_config('idle_in_transaction_session_timeout', '{SILENCE}s', true)"
NEXT = EVENT + "where o.position > $1 and o.type = any($2) order by o.position limit $3"
LAST = EVENT + "where o.position > $1 and o.type = any($2) order by o.position desc limit 1"
ONE = EVENT + "where o.id = $1"
# A handler that is new begins at the counter's position: it is not given what happened before it existed.
BEGIN = """
insert into events.consumer (name, position)
select name, given from unnest($1::text[]) name, events.counter on conflict do nothing
"""
# "Skip locked": if another process has this handler's row, this one goes on with something else instead of waiting.
CLAIM = f"""
select c.position, n.given, {SHORT_PAUSE} from events.consumer c, events.counter n where c.name = $1
for update of c skip locked
"""
MOVE = "update events.consumer set position = $2 where name = $1"
# The key is the event's id, so an event fails into one job, however often it is noted.
FAIL = """
insert into events.job (id, name, key, event_id, county_id, arguments, state, due_at, attempts, error)
values ($1, $2, $3, $4, $5, '{}', 'WAITING', $6, 1, $7) on conflict (name, key) do nothing
"""
# Of those that are due the first comes first; what another process has locked is skipped.
DUE = f"""
select id, name, key, event_id, county_id, arguments::text as arguments, due_at, attempts, {SHORT_PAUSE} from events.job
where state = 'WAITING' and due_at <= $1 and name = any($2) order by due_at, id limit 1 for update skip locked
"""
DONE = "update events.job set state = 'DONE', attempts = attempts + 1, finished_at = $2, error = null where id = $1"
# The attempts are compared, so that only what this run took is changed: an operator may have redriven it meanwhile.
AGAIN = """
update events.job set attempts = attempts + 1, state = $3, due_at = $4, error = $5
where id = $1 and attempts = $2 and state = 'WAITING'
"""
# Each run of a periodic job has its moment as key, so that of many processes one plans it.
PLAN = """
insert into events.job (id, name, key, arguments, state, due_at, attempts)
select id, name, key, '{}', 'WAITING', due, 0
from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) j (id, name, key, due)
on conflict (name, key) do nothing
"""
ON = "select county_id from plugins.activation where plugin = $1 and until is null and active"
COUNTIES = "select id from grids.grid where kind = 'COUNTY' and valid_to is null order by id"


@dataclass
class Tally:
    """The outcome of a turn."""

    done: int = 0
    failed: list[str] = field(default_factory=list)
    """The names of what failed, once for each time."""


class Worker:
    """The worker of handlers and jobs. `context` makes what runs for a viewer have at hand."""

    def __init__(
        self,
        plugins: Plugins,
        context: Callable[[Viewer], Any],
        outbox: Outbox,
        now: Callable[[], datetime],
    ) -> None:
        self.plugins, self.context, self.outbox, self.now = plugins, context, outbox, now
        self.handlers = {one.name: (whose, one) for whose, one in plugins.handlers}
        self.jobs = {one.name: (whose, one) for whose, one in plugins.jobs}
        held = ViewerGrant("system", frozenset(one.name for one in plugins.permissions))
        owners = None, *(one.name for one in plugins.found)
        # One account for the core and each plugin, so that what they do is told apart in the audit.
        self.systems = {whose: ViewerAccount(f"system:{whose or 'core'}", grants=(held,)) for whose in owners}
        # What this process has planned already, to spare the statement at every turn.
        self.planned: dict[str, datetime] = {}

    async def open(self) -> None:
        """Give new handlers their place: they begin with what happens from now on."""
        if self.handlers:
            async with in_transaction() as connection:
                await connection.execute_query(BEGIN, [list(self.handlers)])

    async def drain(self) -> Tally:
        """Give committed events their positions, then handle and run everything that is due, one after the other."""
        tally = Tally()
        while await self.turn(tally):
            pass
        return tally

    async def turn(self, tally: Tally) -> int:
        """Do one round; return how much there was to do."""
        before = tally.done + len(tally.failed)
        async with in_transaction() as connection:
            await connection.execute_query("select events.number($1)", [BATCH])
        for name in self.handlers:
            await repeat_until_done(partial(self.handle, name, tally))
        await self.plan()
        await repeat_until_done(partial(self.work, [*self.jobs, *self.handlers], tally))
        return tally.done + len(tally.failed) - before

    # handlers

    async def handle(self, name: str, tally: Tally) -> bool:
        """Let a handler have its next events; return whether there were any.

        If one of several fails, one goes alone.
        """
        whose, handler = self.handlers[name]
        taken: list[Occurrence] = []
        try:
            try:
                published = await self.advance(whose, handler, taken, handler.batch)
            # The database is away: nothing was handled, and nothing has failed either.
            except AWAY:
                raise
            except Exception:
                # With one event there is nobody else to blame. Several
                # are tried again one by one, to find the one that fails.
                if len(taken) < 2:
                    raise
                taken.clear()
                published = await self.advance(whose, handler, taken, 1)
        except AWAY:
            raise
        except Exception as error:
            if not taken:
                # It failed before any event was taken, so it is no event's fault.
                raise
            await self.fail(handler, taken[0], cause_of(error))
            tally.failed.append(handler.name)
            return True
        self.wake(published)
        tally.done += len(taken)
        return bool(taken)

    async def advance(self, whose: str | None, handler: Handler, taken: list[Occurrence], most: int) -> bool:
        """Take up to so many events and handle them in one transaction; return whether anything was published."""
        async with in_transaction() as connection:
            claimed = await connection.execute_query_dict(CLAIM, [handler.name])
            if not claimed or claimed[0]["position"] >= claimed[0]["given"]:
                return False  # another process is at it, or there is nothing new
            after = [claimed[0]["position"], [one.type for one in handler.events]]
            wanted = (LAST, after) if self.needs_last(handler) else (NEXT, [*after, most])
            taken += map(event_of_row, await connection.execute_query_dict(*wanted))
            published = await self.hear(connection, whose, handler, taken)
            # The place moves in the same transaction as what the handler wrote:
            # either both are there or neither. Without events of its types it moves
            # to the end, so that the next look need not pass over the others again.
            await connection.execute_query(MOVE, [handler.name, taken[-1].position if taken else claimed[0]["given"]])
        return published

    def needs_last(self, handler: Handler) -> bool:
        """Return whether the last event is enough for a handler: one that is on in every county."""
        # A plugin that is on in some counties may have to skip the last event and hear an earlier one.
        whose, _ = self.handlers[handler.name]
        return handler.latest and (whose is None or not is_switched(whose))

    async def hear(self, connection: Any, whose: str | None, handler: Handler, events: Sequence[Occurrence]) -> bool:
        """Call a handler for what happened where its plugin is on; return whether it has published anything itself.

        Of what happened in no county it hears where the plugin is on in any.
        """
        on = await self.on(connection, whose)
        heard = [one for one in events if on is None or (one.county in on if one.county else on)]
        published = False
        for given in ([heard] if heard else []) if handler.together else heard:
            call = self.calling(connection, whose)
            async with keep_alive(partial(connection.execute_query, "select 1")), limit_time(whose, HANDLING):
                with acting_as(whose), span("handler", handler=handler.name, events=len(events)):
                    await handler.function(call, given)
            published |= await call.outgoing.write(connection)
        return published

    async def fail(self, handler: Handler, event: Occurrence, error: BaseException) -> None:
        """Leave an event to a job, and go on behind it."""
        log.error(
            "the handler %s failed on an event %s; it is tried again as a job, and parked in the end: mend what is "
            "told below",
            handler.name,
            event.type,
            exc_info=error,
        )
        # A transaction of its own, since that of the handler was rolled back with all it wrote.
        async with in_transaction() as connection:
            claimed = await connection.execute_query_dict(CLAIM, [handler.name])
            # Another process may have handled the event meanwhile; then there is nothing to leave.
            if claimed and claimed[0]["position"] < event.position:
                due = self.now() + FIRST
                key = str(event.id)
                values = [uuid7(), handler.name, key, event.id, event.county, due, describe_error(error)]
                await connection.execute_query(FAIL, values)
                await connection.execute_query(MOVE, [handler.name, event.position])

    # jobs

    async def plan(self) -> None:
        """Note the runs of periodic jobs that are not planned yet; of those missed only the last."""
        due = {one.name: last_due(self.now(), one.every, one.offset) for _, one in self.jobs.values() if one.every}
        new = {name: at for name, at in due.items() if self.planned.get(name) != at}
        if new:
            keys = [f"every {at.isoformat()}" for at in new.values()]
            async with in_transaction() as connection:
                await connection.execute_query(PLAN, [[uuid7() for _ in new], list(new), keys, list(new.values())])
            self.planned |= new

    async def work(self, names: Collection[str], tally: Tally) -> bool:
        """Run one job of these names that is due; return whether there was one."""
        row: dict[str, Any] | None = None
        try:
            async with in_transaction() as connection:
                found = await connection.execute_query_dict(DUE, [self.now(), list(names)])
                if not found:
                    return False
                # Set before it runs: after a failure it tells that there was a row to retry.
                row = found[0]
                published = await self.perform(connection, row)
                # Done is noted in the transaction of the job itself, so a
                # job has run once exactly as far as the database knows.
                await connection.execute_query(DONE, [row["id"], self.now()])
        except AWAY:
            raise
        except Exception as error:
            if row is None:
                raise
            await self.retry(row, cause_of(error))
            tally.failed.append(row["name"])
            return True
        self.wake(published)
        tally.done += 1
        return True

    async def perform(self, connection: Any, row: dict[str, Any]) -> bool:
        """Run a job, or a handler that failed before."""
        if row["event_id"]:
            found = await connection.execute_query_dict(ONE, [row["event_id"]])
            if not found:
                raise LookupError("the event is no longer kept")
            return await self.hear(connection, *self.handlers[row["name"]], [event_of_row(found[0])])
        whose, one = self.jobs[row["name"]]
        # Jobs read many rows by their values, so these statements
        # get a plan for the values (docs/decisions/commands.md).
        await connection.execute_query(ANEW)
        counties = [each["id"] for each in await connection.execute_query_dict(COUNTIES)]
        on = await self.on(connection, whose)
        if on is not None:
            counties = [each for each in counties if each in on]
            # Where the plugin is off the job is done without running: what it was for is no longer wanted.
            if row["county_id"] not in on if row["county_id"] else not on:
                return False
        call = self.calling(connection, whose)
        arguments = orjson.loads(row["arguments"])
        async with keep_alive(partial(connection.execute_query, "select 1")), limit_time(whose, WORKING):
            with acting_as(whose), span("job", job=one.name):
                await one.function(
                    call, JobRun(row["id"], row["due_at"], row["attempts"] + 1, tuple(counties), arguments)
                )
        return await call.outgoing.write(connection)

    async def retry(self, row: dict[str, Any], error: BaseException) -> None:
        """Try a job again later, or park it after its last attempt."""
        log.error(
            "the job %s failed; it is tried again, and parked in the end: mend what is told below",
            row["name"],
            exc_info=error,
        )
        attempts = row["attempts"] + 1
        state = "PARKED" if attempts >= ATTEMPTS else "WAITING"
        # Four times as long each time: most faults of others last minutes, some last a night.
        due = self.now() + min(FIRST * 4 ** (attempts - 1), LONGEST)
        async with in_transaction() as connection:
            await connection.execute_query(AGAIN, [row["id"], row["attempts"], state, due, describe_error(error)])

    # for both

    def calling(self, connection: Any, whose: str | None) -> Transaction:
        """Build what a handler or job has at hand: it acts for its plugin, everywhere."""
        return Transaction(self.context(self.acting(whose)), connection, whose, self.outbox)

    def acting(self, whose: str | None) -> Viewer:
        """Return the core or a plugin itself as a viewer."""
        return Viewer(self.systems[whose], self.now())

    async def on(self, connection: Any, whose: str | None) -> frozenset[int] | None:
        """Return the counties where the plugin is on; None for the core and for plugins that are on everywhere."""
        if whose is None or not is_switched(whose):
            return None
        return frozenset(one["county_id"] for one in await connection.execute_query_dict(ON, [whose]))

    def wake(self, published: bool) -> None:
        """Wake whoever numbers events, if anything was published."""
        if published:
            self.outbox.wake()


class WorkFailed(Exception):
    """A handler or job did not manage; the cause says why. It may have lost a connection, but that was none of ours."""


class PluginTooSlow(Exception):
    """A plugin took longer than it may."""


@asynccontextmanager
async def limit_time(whose: str | None, seconds: float) -> AsyncIterator[None]:
    """Give up on a plugin that takes too long; the core may take its time. Raises WorkFailed."""
    limit = asyncio.timeout(seconds if whose else None)
    try:
        async with limit:
            yield
    # The database going away is not the plugin's failure, so it is let through as it is.
    except (Unavailable, *SHUT):
        raise
    except TimeoutError as late:
        slow = PluginTooSlow(f"it took more than {seconds:g} seconds").with_traceback(late.__traceback__)
        # A timeout of the plugin's own is told apart from ours by the expired limit.
        raise WorkFailed from (slow if limit.expired() else late)
    except Exception as error:
        raise WorkFailed from error


def cause_of(error: Exception) -> BaseException:
    """Return what a handler or job failed by."""
    return error.__cause__ or error if isinstance(error, WorkFailed) else error


async def repeat_until_done(step: Callable[[], Awaitable[bool]]) -> None:
    """Take a step again and again until there is nothing left to do."""
    while await step():
        pass


def last_due(now: datetime, every: timedelta, offset: timedelta) -> datetime:
    """Return the last moment at which a periodic job was due."""
    begin = EPOCH + offset
    return begin + (now - begin) // every * every


def describe_error(error: BaseException) -> str:
    """Say what failed and where, without its text: that may hold somebody's values."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    code = f" {error.code}" if isinstance(error, Refusal) else ""
    return f"{type(error).__name__}{code}{place}"[:300]
