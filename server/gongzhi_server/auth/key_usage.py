"""Key usage: counts what is asked with each API key, and writes the counts down every few seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from uuid6 import uuid7

from gongzhi_server.background_tasks import run_beside
from gongzhi_server.clock import CHINA
from gongzhi_server.storage.availability import LOST

EVERY = 1.0
"""Seconds after which counts are written down; what a crash loses of them is no more."""
# Only of keys that are still there: one that went with its account meanwhile must not hold up the others.
WRITE = """
insert into api_keys.usage as u (id, key_id, day, requests, refused, last_at)
select one.id, one.key_id, one.day, one.requests, one.refused, one.last_at
from unnest($1::uuid[], $2::uuid[], $3::date[], $4::bigint[], $5::bigint[], $6::timestamptz[])
  one (id, key_id, day, requests, refused, last_at)
join accounts.key k on k.id = one.key_id order by one.key_id, one.day
on conflict (key_id, day) do update set requests = u.requests + excluded.requests,
  refused = u.refused + excluded.refused, last_at = greatest(u.last_at, excluded.last_at)
"""

log = logging.getLogger("gongzhi")


@dataclass(slots=True)
class Count:
    """What was asked with a key on a day, and has not been written down yet."""

    requests: int
    refused: int
    last_at: datetime


class KeyUsage:
    """The counts of this process, which it adds to the table's."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self.pool = pool
        self.counts: dict[tuple[UUID, date], Count] = {}

    def note(self, key: UUID, at: datetime, admitted: bool) -> None:
        """Count a request."""
        count = self.counts.setdefault((key, at.astimezone(CHINA).date()), Count(0, 0, at))
        count.requests += admitted
        count.refused += not admitted
        count.last_at = max(count.last_at, at)

    async def write(self) -> None:
        """Write the counts down; what comes meanwhile is counted for the next time."""
        counts, self.counts = self.counts, {}
        if not counts:
            return
        rows = [(uuid7(), key, day, one.requests, one.refused, one.last_at) for (key, day), one in counts.items()]
        try:
            await self.pool.execute(WRITE, *map(list, zip(*rows, strict=True)))
        except LOST as error:
            log.warning(
                "the use of API keys was not written down (%s); some of it is missing from their counts",
                type(error).__name__,
            )

    async def keep_writing(self) -> None:
        """Write the counts down again and again."""
        while True:
            await asyncio.sleep(EVERY)
            await self.write()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write down for as long as the block lasts, and what is left at its end."""
        try:
            async with run_beside(self.keep_writing()):
                yield
        finally:
            await self.write()
