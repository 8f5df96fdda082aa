"""Second step: lets somebody in whose password was right, at once, or after a code of the account's second factor.

Between the two steps nothing is stored. The challenge is a ticket with what the first step has shown; the session that
it is for has its key already, so of any number of answers one opens it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi.values.errors import Text
from uuid6 import uuid7

from . import sign_in_notices
from .attempts import SOME, Attempts, code_subjects
from .devices import Devices
from .one_time_codes import OneTimeCodes
from .sessions import OpenedSession, Sessions
from .stored_passwords import store_password
from .tickets import Tickets

CHALLENGE = "second step"
LASTING = timedelta(minutes=5)
"""How long a challenge may be answered."""
# The password is the one that was shown: whoever changes it ends what others have begun with the old one. Both rows
# are locked until the session is open, so a change or a suspension at the same moment comes before or ends it, too.
STILL = """
select true from accounts.account a join accounts.password p on p.account_id = a.id
where a.id = $1 and a.suspended_at is null and p.changed_at = $2 for no key update
"""
STILL_GOOD = "select true from accounts.account where id = $1 and suspended_at is null for no key update"


class WrongCredentials(Exception):
    """The credentials are not good (401)."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.text = Text(en, zh)


class SecondFactorRequired(Exception):
    """The password was right, and a code is due (401). `wrong` says that one was sent which is not good."""

    def __init__(self, challenge: str, wrong: bool = False) -> None:
        super().__init__("a code of the second factor is due")
        self.challenge, self.wrong = challenge, wrong

    @property
    def text(self) -> Text:
        """What whoever signs in is told."""
        if self.wrong:
            return Text(
                "The code is wrong, over, or was used; wait for the next one, or use a recovery code.",
                "验证码错误、已过期或已使用，请等待下一个验证码，或使用恢复码。",
            )
        return Text("Enter the code of your second factor, or a recovery code.", "请输入动态验证码或恢复码。")


@dataclass(frozen=True)
class FirstStep:
    """What somebody has shown by a password: whose, set when, on which device that was known; and what they want."""

    account: UUID
    name: str
    changed: datetime
    label: str | None = None
    """What the device calls itself."""
    known: bytes | None = None
    told: bool = False
    """Whether the owner was told by another notice, and need not be told of a new device."""
    hash: str | None = None
    """The hash of a password that is to be the account's from now on."""

    def write(self) -> Mapping[str, Any]:
        """Write it down for a ticket."""
        known = self.known and self.known.hex()
        return {
            "first": [str(self.account), self.name, self.changed, self.label, known, self.told, self.hash],
            "session": str(uuid7()),
        }

    @classmethod
    def read(cls, claims: Mapping[str, Any]) -> tuple[FirstStep, UUID]:
        """Read it from a ticket, with the key of the session that it is for."""
        account, name, changed, label, known, told, hash = claims["first"]
        first = cls(UUID(account), name, datetime.fromisoformat(changed), label, None, told, hash)
        return replace(first, known=bytes.fromhex(known) if known else None), UUID(claims["session"])


@dataclass(frozen=True)
class SecondStep:
    """Opens sessions for those who have shown a password, and a code where their account asks for one."""

    pool: asyncpg.Pool[Any]
    codes: OneTimeCodes
    tickets: Tickets
    attempts: Attempts
    sessions: Sessions
    devices: Devices

    async def enter(self, first: FirstStep, now: datetime) -> OpenedSession:
        """Open a session. Raises SecondFactorRequired where a code is due first, and WrongCredentials."""
        async with self.pool.acquire() as connection, connection.transaction():
            # Proving a password takes its time, in which the password may have been changed.
            if not await connection.fetchval(STILL, first.account, first.changed):
                raise begin_again()
            if await self.codes.find(connection, first.account) is None:
                return await self._open(connection, first, uuid7(), ("pwd",), now)
        raise SecondFactorRequired(self.tickets.issue(CHALLENGE, first.write(), now))

    async def enter_by_provider(self, session: UUID, first: FirstStep, now: datetime) -> OpenedSession:
        """Open a session for somebody whom an identity provider knows, which asks for what it asks for itself.

        Raises WrongCredentials.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(STILL_GOOD, first.account):
                raise begin_again()
            return await self._open(connection, first, session, ("idp",), now)

    async def answer(self, challenge: str, code: str, network: str, now: datetime) -> OpenedSession:
        """Open the session that a challenge is for. Raises SecondFactorRequired, WrongCredentials and Blocked."""
        claims = self.tickets.read(CHALLENGE, challenge, LASTING, now)
        if claims is None:
            raise begin_again()
        first, session = FirstStep.read(claims)
        subjects = code_subjects(str(first.account), network, first.known)
        failures = await self.attempts.begin(now, *subjects)
        async with self.pool.acquire() as connection:
            # Using the code and opening the session are one transaction: a code is not lost on what is refused.
            async with connection.transaction():
                if not await connection.fetchval(STILL, first.account, first.changed):
                    raise begin_again()
                method = await self.codes.use(connection, first.account, code, now)
                opened = method and await self._open(connection, first, session, ("pwd", method), now)
            if not opened:
                # The last is the account's own count, or that of a device of its owner.
                if failures[-1] == SOME:
                    await sign_in_notices.tell_owner(connection, first.account, sign_in_notices.CODES_FAILED, now)
                raise SecondFactorRequired(challenge, wrong=True)
            if method == "recovery":
                await sign_in_notices.tell_owner(connection, first.account, sign_in_notices.RECOVERY_USED, now)
        await self.attempts.record_success(now, *subjects)
        return opened

    async def _open(
        self, connection: Any, first: FirstStep, session: UUID, methods: tuple[str, ...], now: datetime
    ) -> OpenedSession:
        """Open a session, with the new password if there is one. Raises WrongCredentials for one that was opened."""
        if first.hash is not None:
            await store_password(connection, first.account, first.hash, now)
            await sign_in_notices.tell_owner(connection, first.account, sign_in_notices.PASSWORD_CHANGED, now)
        opened = await self.sessions.open(connection, session, first.account, first.label, methods, now)
        if opened is None:
            raise begin_again()
        # A device that is not known may be somebody else's: the owner is told.
        if first.known is None and not first.told:
            await sign_in_notices.tell_owner(connection, first.account, sign_in_notices.NEW_DEVICE, now)
        token, cookie = self.devices.issue(first.name, now, first.known), self.devices.cookie(first.name)
        return replace(opened, device=token, cookie=cookie)


def begin_again() -> WrongCredentials:
    """Make the answer for a challenge that is over, was answered, or was never issued."""
    return WrongCredentials("This took too long, or was done already; sign in again.", "登录验证已失效，请重新登录。")
