"""Routing: which server a read goes to.

Whoever changes something is told the position of the primary's log behind it, and says it with what they ask next. A
replica that has replayed the log up to there shows them their own changes; where none has, the primary answers. So does
it for whoever says no position. What is written down as a look, and what Python reads on, never leaves the primary.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from time import monotonic
from typing import Any, cast

from asyncpg import DataError, QueryCanceledError
from gongzhi.declare.viewer import Viewer

from gongzhi_server.background_tasks import run_beside
from gongzhi_server.gateway.rate_limits import Overloaded
from gongzhi_server.planner.execution import Fetch
from gongzhi_server.settings import Settings
from gongzhi_server.storage.availability import AWAY, LOST
from gongzhi_server.storage.connection_shares import SharedReader, Shares
from gongzhi_server.telemetry.requests import REQUEST

from .primary_log import PrimaryLog
from .replica import PATIENCE, Replica, find_trouble, say_silence

log = logging.getLogger("gongzhi")

PERIOD = 0.5
"""Seconds between two looks at the servers."""
MISSED = 2
"""Looks in a row without an answer, after which those who wait for one are sent to the primary."""
BEYOND = 1 << 30
"""Bytes of log before anybody whose position could not be found out reads at a replica again."""
FLOOR = "position at which the account was looked up"


class Replicas:
    """The replicas of a process, and which of them is far enough for whom.

    `most` are the seconds that a replica may be behind.
    """

    def __init__(
        self, servers: Sequence[Replica], shares: Shares, most: float, now: Callable[[], float] = monotonic
    ) -> None:
        self.servers, self.shares, self.most, self.now = servers, shares, most, now
        self.began = now()
        # With some more, so that what is just too old is told with its age.
        self.primary = PrimaryLog(shares.sessions.fetch, now, 2 * most + 60)

    async def watch(self) -> None:
        """Look at the servers for as long as the server runs."""
        while True:
            await self.look()
            await asyncio.sleep(PERIOD)

    async def look(self) -> None:
        """Look once where the primary and each replica are. What is wrong with one is no matter of the others."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.primary.look()
        except (*LOST, Overloaded):
            pass  # whoever reads and writes there says so; all replicas get older meanwhile, and then too old
        await asyncio.gather(*map(self._look_at, self.servers))

    async def _look_at(self, replica: Replica) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                state = await replica.find_state()
        except LOST as error:
            replica.missed += 1
            if replica.missed >= MISSED:
                replica.drop_connections()
            replica.leave(say_silence(error))
            return
        replica.missed, replica.position = 0, -1 if state["position"] is None else state["position"]
        replica.current = self.primary.when_at(replica.position)
        # Nothing is known of what was before this process.
        age = min(self.age(replica), self.now() - self.began)
        replica.leave(find_trouble(state, self.primary, age, self.most))

    def age(self, replica: Replica) -> float:
        """Return how many seconds a replica is behind, as far as that is known."""
        return self.now() - replica.current

    async def note_write(self, viewer: Viewer) -> int:
        """Note that a viewer has changed something, and return the position behind it, which their reply tells."""
        position = await self.find_position_or_beyond()
        answers = viewer.account.answers
        # Strangers share one account, and are no one.
        if viewer.account.name is not None:
            answers[FLOOR] = max(position, cast(int, answers.get(FLOOR, 0)))
        if (note := REQUEST.get()) is not None:
            note.seen = note.told = position
        return position

    def note_fault(self) -> None:
        """Note that something may have been changed, where there is no time to ask for the position."""
        if (note := REQUEST.get()) is not None:
            note.seen = note.told = self.primary.newest + BEYOND

    async def find_position(self) -> int | None:
        """Find the position behind all that was committed by now; None while the primary does not say."""
        try:
            return await self.primary.find_position()
        except (*LOST, Overloaded):
            return None

    async def find_position_or_beyond(self) -> int:
        """Find that position, or return one behind it, with which nobody reads at a replica for long."""
        found = await self.find_position()
        return self.primary.newest + BEYOND if found is None else found

    async def choose(self, viewer: Viewer) -> Replica | None:
        """Choose the replica for a read of a viewer's; None for the primary."""
        note = REQUEST.get()
        # A glass is closed by others, and from then on shows nothing.
        if note is None or viewer.glass is not None:
            return None
        # Grants are always looked up at the primary. What is read is never older than the grants that it is read by:
        # whoever was just given or denied something sees what is there now.
        floor = viewer.account.answers.get(FLOOR)
        if floor is None:
            floor = await self.find_position()
            if floor is None:
                return None
            viewer.account.answers[FLOOR] = floor
            if note.seen is None:  # whoever has said none yet is told one, to begin with
                note.told = floor
        if note.seen is None:
            return None
        return self.find_free(viewer, max(note.seen, cast(int, floor)))

    def find_free(self, viewer: Viewer, position: int) -> Replica | None:
        """Find the replica with the fewest readers that is far enough and has a free place."""
        fresh = [
            (reader.share.busy, at, one)
            for at, one in enumerate(self.servers)
            if one.trouble is None
            and one.position >= position
            and self.age(one) <= self.most
            and (reader := one.reader(viewer)).share.busy < reader.share.size
        ]
        return min(fresh)[2] if fresh else None

    def fetches(self, replica: Replica, viewer: Viewer) -> tuple[Fetch, Fetch]:
        """Return what reads at a replica, and by small statements; what it does not answer the primary is asked for."""
        reader, shares = replica.reader(viewer), self.shares
        small = partial(fetch_or_ask, replica, reader.batches.fetch, shares.small_reader(viewer, "query"))
        return partial(fetch_or_ask, replica, reader.fetch, shares.reader(viewer, "query")), small


async def fetch_or_ask(replica: Replica, there: Fetch, here: Fetch, sql: str, *values: Any) -> Sequence[Any]:
    """Fetch rows at a replica, or here if it gives up. Raises what the statement itself is to blame for."""
    try:
        return await there(sql, *values)
    # A value that does not fit, and a statement that takes too long, would be the same here.
    except (DataError, QueryCanceledError):
        raise
    except (*LOST, Overloaded) as error:
        replica.given_up += 1
        if isinstance(error, AWAY):
            replica.leave(say_silence(error))
        else:
            # Such as a conflict with what it replays, or a table that it does not have yet.
            extra = {"repeats": ("replica", replica.name, type(error).__name__)}
            log.warning(
                "the replica %s gave up a read (%s); the primary answers it",
                replica.name,
                type(error).__name__,
                extra=extra,
            )
    return await here(sql, *values)


@asynccontextmanager
async def open_replicas(settings: Settings, shares: Shares) -> AsyncIterator[Replicas | None]:
    """Open the replicas that the settings name, and watch them for as long as the block lasts; None without any."""
    if not settings.replicas:
        yield None
        return
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(Replica(dsn).open(settings)) for dsn in settings.replicas]
        found = Replicas(servers, shares, settings.replica_lag)
        async with run_beside(found.watch()):
            yield found


def list_readers(replicas: Replicas | None) -> tuple[SharedReader, ...]:
    """Return what reads at replicas, for operators."""
    return tuple(reader for one in (replicas.servers if replicas else ()) for reader in one.readers)
