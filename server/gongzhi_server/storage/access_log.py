"""Access log: replies wait for their looks, which are written a batch at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import asyncpg
from gongzhi.core.access.alerts import raise_alert
from gongzhi.core.access.models import AlertKind, AlertRow
from gongzhi.core.notices.sending import Moment
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.context import Bounds, FileLook
from tortoise.transactions import in_transaction

from gongzhi_server.background_tasks import run_beside

from . import audit
from .audit import Seen
from .availability import AWAY, LOST
from .database import open_writers

log = logging.getLogger("gongzhi")

BATCH, PEOPLE = 200, 5_000
"""Looks in a batch at most, and people in all of them; a look at more people is a batch of its own."""
HOUR = timedelta(hours=1)
AT_ONCE = 2
"""Batches of a process that are written at once: while one waits for the disk, the next is made and sent."""
AGAIN = 5.0
"""Seconds after which whoever chains looks for what other processes have written."""
REST = 0.2
"""Seconds between two times that what is written is chained."""
PAUSE, LONGEST = 1.0, 60.0
"""Seconds between two counts of who reads much, at least and at most."""
SHARE = 0.02
"""How much of the time is spent on counting: whoever looks at very much makes the counts long."""

# Counted in SQL over the stored log, so that all processes of a deployment count together.
# Whoever asks for a list again sees the same people: lists are made distinct first, since people are far more.
READ = """(select distinct unnest(l.persons) as person, l.grid_id from (
  select distinct persons, grid_id from access.look where account=$1 and at>$2) l)"""
BULK = f"""select (select count(distinct person) from {READ} r where person is distinct from $3::uuid)::int
+(select count(*) from access.look where account=$1 and at>$2 and persons='{{}}')::int"""
"""Counts people whose files were read; a condition on files that found nobody counts as one."""
# Neighbours are people of one's own village outside of one's household, where the village is not one's office.
NEIGHBOURS = f"""select count(distinct p.id)::int
from {READ} r, people.person p, people.person me
where p.id=r.person and me.id=$3 and p.village_id=me.village_id and p.id<>me.id
and (select g.village_id from grids.grid g where g.id=r.grid_id) is distinct from me.village_id
and not exists(select from people.membership a join people.membership b using (household_id)
  where a.person_id=me.id and b.person_id=p.id and a.until is null and b.until is null)"""
COUNTY = (
    "select county_id from access.look where account=$1 and at>$2 and county_id is not null order by at desc limit 1"
)


class AccessLog:
    """The access log: writes looks, chains what is written and tells of bulk reading, on connections of its own."""

    def __init__(self, pool: asyncpg.Pool[Any], bounds: Bounds) -> None:
        self.pool, self.bounds = pool, bounds
        self.chains: Callable[[], bool] = lambda: True
        """Whether this process chains what is written, by itself and by others."""
        self._waiting: list[tuple[Seen, asyncio.Future[None]]] = []
        self._acted: datetime | None = None
        self._pending, self._looked, self._loose = asyncio.Event(), asyncio.Event(), asyncio.Event()
        # Batches may be left of a process that ended before it chained them.
        self._loose.set()
        # Who has looked since the last watch, by account: only they have to be counted.
        self._readers: dict[str, Viewer] = {}

    @property
    def waiting(self) -> int:
        """How many looks wait to be written."""
        return len(self._waiting)

    async def look(self, viewer: Viewer, look: FileLook) -> None:
        """Write a look down. Raises what went wrong, and then nothing may be shown."""
        # The reply waits on this future, which is set when the batch with its look is committed.
        written = asyncio.get_running_loop().create_future()
        self._waiting.append(((viewer, look), written))
        self._pending.set()
        await written

    def note_act(self, now: datetime) -> None:
        """Say that a mutation was committed, so that it is put into the chain soon."""
        self._acted = now
        self._loose.set()

    async def write(self) -> None:
        """Write what waits, for as long as the server runs. What comes in the meantime is the next batch."""
        while True:
            await self._pending.wait()
            if not self._waiting:
                self._pending.clear()
                continue
            # Many looks in one batch are one statement and one wait for the disk, instead of many.
            most = count_batch(self._waiting)
            batch, self._waiting = self._waiting[:most], self._waiting[most:]
            await self.keep(batch)

    async def keep(self, batch: list[tuple[Seen, asyncio.Future[None]]]) -> None:
        """Write one batch and release its replies, or fail them all."""
        try:
            await audit.write_looks(self.pool, [seen for seen, _ in batch])
        except Exception as error:
            for _, written in batch:
                if not written.done():
                    written.set_exception(error)
            return
        for _, written in batch:
            if not written.done():  # a caller who has gone is waited for by nobody
                written.set_result(None)
        self._readers |= {name: viewer for (viewer, _), _ in batch if (name := viewer.account.name)}
        self._looked.set()
        self._loose.set()

    async def chain(self) -> None:
        """Put what is written into the chain, for as long as the server runs. No reply waits for it."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN):
                    await self._loose.wait()
            self._loose.clear()
            # Of many processes one is enough: all would queue for the chain's end.
            if not self.chains():
                continue
            now, self._acted = self._acted, None
            await self.seal(now)
            # A link of the chain for each batch, but one lock of its end and one wait for the disk for many.
            await asyncio.sleep(REST)

    async def seal(self, now: datetime | None) -> None:
        """Put batches, and mutations committed until `now`, into the chain. What fails now is done the next time."""
        try:
            async with self.pool.acquire() as connection:
                await (audit.seal_acts(connection, now) if now else audit.close_chain(connection))
        except LOST as error:
            self._acted = self._acted or now
            # That the database is away is told once, as an error, by who numbers events.
            log.log(
                logging.WARNING if isinstance(error, AWAY) else logging.ERROR,
                "looks and mutations wait to be put into the audit's chain: %s; none is lost, look at the database if "
                "it goes on",
                type(error).__name__,
            )

    async def watch(self) -> None:
        """Count who looks at much, for as long as the server runs."""
        while True:
            await self._looked.wait()
            self._looked.clear()
            begun = perf_counter()
            try:
                await self.count_reads()
            # Alerts are best effort: a failure here must not stop the log itself.
            except Exception:
                log.exception(
                    "the access log could not be looked through for bulk reads; it is tried again with the "
                    "next look: report what is told below"
                )
            # Rests between two counts, so that many looks in a row are counted once.
            await asyncio.sleep(min(LONGEST, max(PAUSE, (perf_counter() - begun) / SHARE)))

    async def count_reads(self) -> None:
        """Count what those who looked since the last time have looked at in an hour, and write alerts."""
        readers, self._readers = self._readers, {}
        for account, viewer in readers.items():
            person, since = viewer.account.person, viewer.now - HOUR
            for kind, query, most in (
                (AlertKind.BULK, BULK, self.bounds.bulk),
                (AlertKind.NEIGHBOURS, NEIGHBOURS, self.bounds.neighbours),
            ):
                count = await self.pool.fetchval(query, account, since, person)
                if count > most:
                    await self.warn(kind, account, viewer, count, since)

    async def warn(self, kind: AlertKind, account: str, viewer: Viewer, count: int, since: datetime) -> None:
        """Write an alert, at most one an hour for an account."""
        county = await self.pool.fetchval(COUNTY, account, since)
        async with in_transaction():
            if county and not await AlertRow.exists(account=account, kind=kind, at__gt=since):
                await raise_alert(Moment(viewer.now), kind, account, viewer.role, count, county)


def count_batch(waiting: Sequence[tuple[Seen, asyncio.Future[None]]]) -> int:
    """Return how many of these looks are written at once: as many as are bounded in number and in people."""
    people = 0
    for at, ((_, look), _) in enumerate(waiting[:BATCH]):
        people += len(look.people)
        if people > PEOPLE and at:
            return at
    return min(len(waiting), BATCH)


@asynccontextmanager
async def open_access_log(dsn: str, bounds: Bounds) -> AsyncIterator[AccessLog]:
    """Open a log that writes for as long as the block lasts. Tortoise must know its connections."""
    # Besides the batches, one connection for chaining and one for the counting.
    pool = await open_writers(dsn, AT_ONCE + 2, short=True)
    kept = AccessLog(pool, bounds)
    writers = [kept.write() for _ in range(AT_ONCE)]
    try:
        async with run_beside(*writers, kept.chain(), kept.watch()):
            yield kept
    finally:
        await pool.close()
