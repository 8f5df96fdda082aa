"""Resumptions: how far a client had come when its token ended, for clients that do not say so themselves.

A client of plain graphql-ws connects again with its next token and sends its subscription as before, without a
cursor. Without this memory it would be told what happens from then on, and what happened in between would be lost to
it. The memory is a table, since the next connection may come to another process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import asyncpg

WINDOW = timedelta(minutes=2)
"""How long after its connection ended a client may come back."""

# Old entries are deleted along the way, so no job has to do it. Of one key the last connection counts.
REMEMBER = """
with gone as (delete from events.resumption where until < least($3, now()))
insert into events.resumption (key, cursor, until)
select k, c, $3::timestamptz + $4::interval from unnest($1::text[], $2::text[]) as given (k, c)
on conflict (key) do update set cursor = excluded.cursor, until = excluded.until
"""
RECALL = "select cursor from events.resumption where key = $1 and until >= $2"


class Resumptions:
    """Remembers cursors by the digest of who followed what; of a person or a subscription nothing is stored."""

    def __init__(self, pool: asyncpg.Pool[Any], now: Callable[[], datetime]) -> None:
        self.pool, self.now = pool, now

    async def remember(self, places: Mapping[str, str]) -> None:
        """Store how far each subscription has come."""
        await self.pool.execute(REMEMBER, list(places), list(places.values()), self.now(), WINDOW)

    async def recall(self, key: str) -> str | None:
        """Return the cursor to go on after; None if no connection ended lately.

        It stays until it is too old: of two windows of one account the second must not lose what the first took.
        """
        found: str | None = await self.pool.fetchval(RECALL, key, self.now())
        return found
