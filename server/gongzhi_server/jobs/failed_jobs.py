"""Failed jobs: what waits, what was given up, and having it tried again, for operators."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from gongzhi_server.storage.database import connect_database

# On connections of their own: these run on the command line, beside or without a server.
LISTED = """
select id, name, state, due_at, attempts, error from events.job where $1 or state <> 'DONE' order by due_at, id
"""
BEHIND = """
select c.name, n.given - c.position as events from events.consumer c, events.counter n
where c.position < n.given order by c.name
"""
# Tried as often as a new one. The database's clock counts if this process's own is ahead: others would wait as long.
REDRIVE = """
update events.job set state = 'WAITING', attempts = 0, due_at = least($1, now())
where state = 'PARKED' and ($2::uuid is null or id = $2) returning id
"""


async def list_jobs(dsn: str, everything: bool = False) -> list[Any]:
    """List the jobs that wait or were given up, the first due first; with `everything` those that are done, too."""
    async with connect_database(dsn) as connection:
        return list(await connection.fetch(LISTED, everything))


async def list_handlers_behind(dsn: str) -> list[Any]:
    """List the handlers that have events before them, and how many have happened since theirs."""
    async with connect_database(dsn) as connection:
        return list(await connection.fetch(BEHIND))


async def redrive_jobs(dsn: str, now: datetime, job: UUID | None = None) -> int:
    """Have a parked job tried again, or all of them; return how many."""
    async with connect_database(dsn) as connection:
        return len(await connection.fetch(REDRIVE, now, job))
