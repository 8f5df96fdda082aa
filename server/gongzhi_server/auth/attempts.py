"""Guessing is slowed down: after a few failures a name or an address waits, each time twice as long.

Counted in the database, so that all processes know, and for names nobody has just as for others. An attempt is counted
before it is checked: a hundred at once are a hundred.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

FORGOTTEN = timedelta(hours=1)
FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=15)

BEGIN = """
insert into accounts.attempt as a (subject, failures, at) values ($1, 1, $2)
on conflict (subject) do update set
  failures = case when a.at < $3 then 1 else a.failures + 1 end,
  at = $2,
  blocked_until = case when a.at >= $3 and a.failures >= $4
    then $2 + least($6::interval, $5::interval * power(2, least(a.failures - $4, 20))) end
where a.blocked_until is null or a.blocked_until <= $2
returning failures
"""

TAKE_BACK = """
update accounts.attempt set failures = greatest(failures - 1, 0),
  blocked_until = case when failures - 1 > $2 then blocked_until end
where subject = $1
"""


class Blocked(Exception):
    """Too many attempts failed; `after` seconds to wait (429)."""

    def __init__(self, after: int) -> None:
        super().__init__(f"wait for {after} seconds")
        self.after = after


@dataclass(frozen=True)
class Subject:
    """What attempts are counted for, and how many may fail before it waits."""

    kind: str
    value: str
    free: int


def named(name: str) -> Subject:
    return Subject("name", name, 5)


def addressed(network: str) -> Subject:
    """A whole office may come from one address."""
    return Subject("address", network, 30)


class Attempts:
    """Counts attempts. Names and addresses are kept as MACs: the table tells nobody who was guessed at."""

    def __init__(self, pool: asyncpg.Pool[Any], secret: bytes) -> None:
        self.pool, self.secret = pool, secret

    def mac(self, subject: Subject) -> bytes:
        return hmac.digest(self.secret, f"{subject.kind} {subject.value}".encode(), hashlib.sha256)

    async def begin(self, now: datetime, *subjects: Subject) -> None:
        """Count an attempt for each. Raises Blocked for one that has to wait."""
        for subject in subjects:
            since = now - FORGOTTEN
            counted = await self.pool.fetchval(BEGIN, self.mac(subject), now, since, subject.free, FIRST, LONGEST)
            if counted is None:
                raise Blocked(await self._left(subject, now))

    async def _left(self, subject: Subject, now: datetime) -> int:
        until = await self.pool.fetchval(
            "select blocked_until from accounts.attempt where subject=$1", self.mac(subject)
        )
        return max(1, math.ceil((until - now).total_seconds())) if until else 1

    async def succeeded(self, now: datetime, *subjects: Subject) -> None:
        """Take the attempt back: a name begins anew, an address is as it was. Forget what is long over."""
        for subject in subjects:
            if subject.kind == "name":
                await self.pool.execute("delete from accounts.attempt where subject=$1", self.mac(subject))
            else:
                await self.pool.execute(TAKE_BACK, self.mac(subject), subject.free)
        await self.pool.execute("delete from accounts.attempt where at < $1", now - 2 * FORGOTTEN)
