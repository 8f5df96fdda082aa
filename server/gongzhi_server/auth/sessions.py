"""Sessions: families of refresh tokens, of which one at a time is good. A used one that comes back ends its session.

A refresh token is the session's key, its generation, and a MAC of both. Nothing of it is stored; a token we made is
known from one that somebody made up, so guessing ends nobody's session.

An answer may be lost on its way, and then the client has nothing but the used token. So the token before the newest
may come once more, within a minute: the answer is the same new token again. Whoever stole it gains nothing that the
theft of the newest would not give, and the second time anybody sends it the session ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

PREFIX = "gzr_"
IDLE, LONGEST = timedelta(days=14), timedelta(days=90)
"""How long a session lasts without being renewed, and at the longest."""

REPEATABLE = timedelta(seconds=60)
"""How long the token that was used last may be sent once more."""

logger = logging.getLogger(__name__)

OPEN = """
insert into accounts.session (id, account_id, device, methods, generation, created_at, used_at, expires_at)
values ($1, $2, $3, $4, 0, $5, $5, $6) on conflict (id) do nothing returning true
"""
# The generation is compared in the update, under the lock of the row: of two renewals with one token one succeeds.
RENEW = """
update accounts.session s
set generation = s.generation + 1, used_at = $3::timestamptz, repeated_at = null,
  expires_at = least($4, s.created_at + $5::interval)
from accounts.account a
where s.id = $1 and s.generation = $2 and s.ended_at is null and s.expires_at > $3 and a.id = s.account_id
  and a.suspended_at is null
returning s.account_id, s.generation
"""
# The condition on `repeated_at` is checked on the row under its lock, so of two repetitions at once one is answered.
REPEAT = """
update accounts.session s set repeated_at = $3::timestamptz
from accounts.account a
where s.id = $1 and s.generation = $2 + 1 and s.repeated_at is null and s.used_at >= $3::timestamptz - $4::interval
  and s.ended_at is null and s.expires_at > $3 and a.id = s.account_id and a.suspended_at is null
returning s.account_id, s.generation
"""
REUSED = "update accounts.session set ended_at=$3 where id=$1 and generation>$2 and ended_at is null returning 1"


@dataclass(frozen=True)
class OpenedSession:
    """A session as its client gets to know it."""

    account: UUID
    session: UUID
    refresh: str
    device: str | None = None
    """The token by which the device is known the next time."""
    cookie: str = ""
    """The name of the cookie that may hold it."""


class Sessions:
    """Opens, renews and ends sessions."""

    def __init__(self, pool: asyncpg.Pool[Any], secret: bytes) -> None:
        self.pool, self.secret = pool, secret

    async def open(
        self,
        connection: Any,
        session: UUID,
        account: UUID,
        device: str | None,
        methods: Sequence[str],
        now: datetime,
    ) -> OpenedSession | None:
        """Open a session with this key, and return it with its first refresh token; None if it was opened before."""
        opened = await connection.fetchval(OPEN, session, account, device, methods, now, now + IDLE)
        return OpenedSession(account, session, self.token(session, 0)) if opened else None

    async def renew(self, token: str, now: datetime) -> OpenedSession | None:
        """Renew a session and return its next refresh token; None for a token that is not good.

        The token used last is answered once more with the same, within a minute. Any other that was used ends the
        session, as does a third of several that come with the same token at once.
        """
        known = self.read(token)
        if known is None:
            return None
        session, generation = known
        found = await self.pool.fetchrow(RENEW, session, generation, now, now + IDLE, LONGEST)
        if found is None:
            found = await self.pool.fetchrow(REPEAT, session, generation, now, REPEATABLE)
        if found is not None:
            return OpenedSession(found["account_id"], session, self.token(session, found["generation"]))
        # A token of an earlier generation was stolen or copied. Who
        # has which cannot be known, so nobody keeps the session.
        if await self.pool.fetchval(REUSED, session, generation, now):
            logger.warning(
                "a refresh token was used twice; session %s has been ended, let its owner look at the others", session
            )
        return None

    async def end(self, token: str, now: datetime) -> None:
        """End the token's session; nothing happens if it is over or the token is no token."""
        if known := self.read(token):
            await self.pool.execute(
                "update accounts.session set ended_at=$2 where id=$1 and ended_at is null", known[0], now
            )

    def token(self, session: UUID, generation: int) -> str:
        """Make the refresh token of a generation."""
        body = session.bytes + generation.to_bytes(4, "big")
        return PREFIX + base64.urlsafe_b64encode(body + self._mac(body)).decode()

    def read(self, token: str) -> tuple[UUID, int] | None:
        """Return session and generation of a token that we made, or None."""
        # Bounded and checked before decoding: anybody may send anything.
        if not token.startswith(PREFIX) or len(token) > 100 or not token.isascii():
            return None
        try:
            raw = base64.b64decode(token.removeprefix(PREFIX), b"-_", validate=True)
        except ValueError:
            return None
        body, mac = raw[:20], raw[20:]
        # With the MAC a made-up token is told apart without the database, and ends nobody's session.
        if len(body) < 20 or not hmac.compare_digest(mac, self._mac(body)):
            return None
        return UUID(bytes=body[:16]), int.from_bytes(body[16:], "big")

    def _mac(self, body: bytes) -> bytes:
        # 28 bytes make a token whose base64 needs no padding (20 + 28 = 48).
        return hmac.digest(self.secret, body, hashlib.sha256)[:28]
