"""Partitions: those of the outbox and of the access log, made ahead; the outbox's are dropped when nobody may ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

from gongzhi_server.clock import EARLIER

# If the process stands still over the end of a month, writers still find a partition.
AHEAD = 3
"""Months for which there is a partition before they begin."""

WAITING = "500ms"
"""How long a month's table waits for locks. All who come for the table after it wait as long, and one of them may have
to come before whoever has the lock lets go: a mutation that has read looks does not end before its own look is written,
by another connection."""

# Events of a month without a partition land in the default one and are deleted there by row.
STRAYS = """
with gone as (delete from events.outbox_other where at < $1 and position is not null returning position)
update events.counter set gone = greatest(gone, (select max(position) from gone)) where exists (select from gone)
"""

RECENT = timedelta(days=7)
"""How long the runs of periodic jobs are remembered."""
FORGET = """
delete from events.job j where j.state = 'DONE' and case when j.key like 'every %' then j.finished_at < $2 and exists (
  select from events.job later where later.name = j.name and later.key like 'every %' and later.key > j.key)
else j.finished_at < $1 end
"""
"""The last run of each periodic job stays: it is all that tells that the job has run."""
# Some at a time, by the time that their keys begin with.
FORGET_REQUESTS = """
delete from journal.request where id in (
  select id from journal.request where id < access.first_id($1) order by id limit 50000)
"""


async def tidy_partitions(connection: asyncpg.Connection[Any], now: datetime, retention: timedelta) -> None:
    """Make the partitions of this month and the next, and drop and forget what is older than the retention.

    Raises asyncpg.LockNotAvailableError if one is in use for longer than others may wait; what is done by then stays.
    """
    for ahead in range(AHEAD + 1):
        # One after the other: a mutation that waits for one of the tables may have written to another.
        for schema in ("events", "access"):
            async with brief_transaction(connection):
                await connection.execute(f"select {schema}.partition($1)", month_start(now, ahead))
    # By the database's clock if this process's own is ahead: what is dropped before its time is gone for good.
    now = await connection.fetchval(EARLIER, now)
    oldest = now - retention
    for name in await connection.fetch(
        "select relid::regclass::text as name from pg_partition_tree('events.outbox') where isleaf"
    ):
        if is_over(name["name"], oldest):
            await drop_partition(connection, name["name"])
    await connection.execute(STRAYS, oldest)
    await connection.execute(FORGET, oldest, now - RECENT)
    await connection.execute(FORGET_REQUESTS, oldest)


@asynccontextmanager
async def brief_transaction(connection: asyncpg.Connection[Any]) -> AsyncIterator[None]:
    """Open a transaction that waits for locks of tables no longer than those may who come after it."""
    async with connection.transaction():
        await connection.execute(f"set local lock_timeout = '{WAITING}'")
        yield


async def drop_partition(connection: asyncpg.Connection[Any], name: str) -> None:
    """Drop a month, and note the last position that is gone. What waits to be numbered is kept."""
    async with brief_transaction(connection):
        # The same row lock as numbering takes, so that no position is given in this partition while it goes.
        await connection.execute("select given from events.counter for update")
        if await connection.fetchval(f"select exists (select from {name} where position is null)"):
            return
        await connection.execute(f"update events.counter set gone = greatest(gone, (select max(position) from {name}))")
        await connection.execute(f"drop table {name}")


def month_start(now: datetime, ahead: int = 0) -> date:
    """Return the first day of a month, counted from this one, in UTC."""
    # Partitions are bounded by UTC months in the database.
    day = now.astimezone(UTC)
    years, months = divmod(day.month - 1 + ahead, 12)
    return date(day.year + years, months + 1, 1)


def is_over(name: str, oldest: datetime) -> bool:
    """Return whether all of the month that a partition is named after lies before a moment."""
    *_, year, number = name.rsplit("_", 2)
    if not (year.isdigit() and number.isdigit()):
        # The default partition has no month in its name, and is never dropped.
        return False
    # Over is a month whose successor has begun by then.
    return month_start(datetime(int(year), int(number), 1, tzinfo=UTC), 1) <= oldest.astimezone(UTC).date()
