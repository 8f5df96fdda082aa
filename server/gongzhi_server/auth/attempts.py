"""Attempts: slows guessing down; after a few failures the guesser waits, each time twice as long.

Who waits is an address, an address with one name, or a device; never a name by itself, for anybody could keep the right
person out by it. A name that many addresses guess at leaves each further one two tries instead of six. Counted in the
database, so that all processes know, and for names nobody has just as for others. An attempt is counted before it is
checked: a hundred at once are a hundred.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg

FORGOTTEN = timedelta(hours=1)
# By the database's clock if this process's own is ahead, or whoever guesses would begin anew at the others.
FORGET = "delete from accounts.attempt where at < least($1, now()) - $2::interval"
FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=15)
SOME, MANY = 5, 50
"""Failures that an address may have with a name; and those of a name after which each address may have one."""
TIDY = timedelta(minutes=10)
FAILED = "select failures from accounts.attempt where subject = $1 and at >= $2"

# Counting and refusing are one statement: under the lock of the row a hundred attempts at once are counted one by
# one. No row comes back for one who still has to wait. The exponent is bounded, since 2^n would overflow an interval.
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
class AttemptSubject:
    """A subject that attempts are counted for, and how many may fail before it waits."""

    kind: str
    value: str
    free: int


def name_of(name: str) -> AttemptSubject:
    """Return the subject for everybody who tries this name. It is counted, and never waits."""
    return AttemptSubject("name", name, NEVER)


def guesser_subject(name: str, network: str) -> AttemptSubject:
    """Return the subject for an address that tries this name."""
    return AttemptSubject("guesser", f"{network} {name}", SOME)


def address_subject(network: str) -> AttemptSubject:
    """Return the subject for an address, which may be a whole office's."""
    return AttemptSubject("address", network, 30)


def device_of(key: bytes) -> AttemptSubject:
    """Return the subject for a device that has signed in before: it waits for its own failures alone."""
    return AttemptSubject("device", key.hex(), SOME)


def code_subjects(account: str, network: str, device: bytes | None = None) -> tuple[AttemptSubject, ...]:
    """Return what a code of a second factor counts for: only who has the password comes so far, so accounts do wait.

    Their owner goes on by a device that is known, which waits for its own failures alone.
    """
    if device is not None:
        return (AttemptSubject("device", f"{device.hex()} code", SOME),)
    here = AttemptSubject("guesser", f"{network} code {account}", SOME)
    return address_subject(network), here, AttemptSubject("codes", account, 2 * SOME)


NEVER = 2**31 - 1


class Attempts:
    """Counts attempts. Names and addresses are kept as MACs: the table tells nobody who was guessed at."""

    def __init__(self, pool: asyncpg.Pool[Any], secret: bytes) -> None:
        self.pool, self.secret = pool, secret
        self._tidied: datetime | None = None

    def mac(self, subject: AttemptSubject) -> bytes:
        """Compute the MAC that a subject is stored under."""
        return hmac.digest(self.secret, f"{subject.kind} {subject.value}".encode(), hashlib.sha256)

    async def subjects(
        self, now: datetime, name: str, network: str, device: bytes | None
    ) -> tuple[AttemptSubject, ...]:
        """Return what an attempt at this name counts for."""
        # A known device counts for itself only, so guessers elsewhere cannot keep its owner out.
        if device is not None:
            return (device_of(device),)
        everybody, here = name_of(name), guesser_subject(name, network)
        failures = await self.pool.fetchval(FAILED, self.mac(everybody), now - FORGOTTEN)
        # A name that very many guess at leaves each further address two tries. The name itself never waits.
        if failures is not None and failures >= MANY:
            here = replace(here, free=1)
        return address_subject(network), here, everybody

    async def begin(self, now: datetime, *subjects: AttemptSubject) -> list[int]:
        """Count an attempt for each subject, and return the counts. Raises Blocked for one that has to wait."""
        counts = []
        # Counted before the password is checked, or parallel
        # attempts would all be checked before the first is counted.
        for subject in subjects:
            since = now - FORGOTTEN
            counted = await self.pool.fetchval(BEGIN, self.mac(subject), now, since, subject.free, FIRST, LONGEST)
            if counted is None:
                raise Blocked(await self._seconds_left(subject, now))
            counts.append(counted)
        return counts

    async def _seconds_left(self, subject: AttemptSubject, now: datetime) -> int:
        """Return the whole seconds that a subject still has to wait."""
        until = await self.pool.fetchval(
            "select blocked_until from accounts.attempt where subject=$1", self.mac(subject)
        )
        return max(1, math.ceil((until - now).total_seconds())) if until else 1

    async def record_success(self, now: datetime, *subjects: AttemptSubject) -> None:
        """Take the attempt back: whoever was right begins anew, and what others share is as it was."""
        for subject in subjects:
            # What is one's own is forgotten; an address or a name is
            # shared, so only this attempt is taken off its count.
            if subject.kind in ("guesser", "device"):
                await self.pool.execute("delete from accounts.attempt where subject=$1", self.mac(subject))
            else:
                await self.pool.execute(TAKE_BACK, self.mac(subject), subject.free)
        await self._tidy(now)

    async def _tidy(self, now: datetime) -> None:
        """Forget what is long over; now and then, because it reads the whole table, which guessers can make large."""
        if self._tidied is None or now - self._tidied >= TIDY:
            self._tidied = now
            await self.pool.execute(FORGET, now, 2 * FORGOTTEN)
