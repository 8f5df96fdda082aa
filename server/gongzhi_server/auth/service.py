"""Sign-in service: signing in and out, passwords, and invitations, as they are asked for at `/auth/`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi.core.accounts.rules import account_name, canonical_name
from gongzhi.core.accounts.secrets import invitation_mac
from gongzhi.declare.viewer import ViewerAccount
from gongzhi.runtime.checks import invalid_input
from gongzhi.values.errors import Refusal
from uuid6 import uuid7

from gongzhi_server.storage.connection_shares import Share

from . import sign_in_notices
from .attempts import Attempts, address_subject, guesser_subject
from .devices import Devices
from .passwords import LONGEST, Passwords, check_new_password
from .second_step import FirstStep, SecondStep, WrongCredentials
from .sessions import OpenedSession, Sessions
from .stored_passwords import store_password

FIND = """
select a.id, p.hash, p.changed_at, a.suspended_at is not null suspended
from accounts.account a join accounts.password p on p.account_id = a.id where a.name = $1
"""
# Only while it is the hash of this password: it may have been changed meanwhile.
RENEW = "update accounts.password set hash = $2 where account_id = $1 and hash = $3"
# Conditions are on the row that is written, not on its twin: of two at once, the second sees what the first wrote.
USE = """
update accounts.invitation i set used_at = $2::timestamptz from accounts.invitation o
left join accounts.account a on a.id = o.account_id left join people.person p on p.id = o.person_id
where i.id = o.id and i.mac = $1 and i.used_at is null and i.expires_at > $2
returning i.id, i.account_id, i.person_id, i.created_by, a.name, a.suspended_at is not null suspended,
  p.grid_id, p.county_id
"""
OPEN = """
insert into accounts.account (id, name, kind, grid_id, person_id, created_at, created_by, version)
values ($1, $2, 'PERSON', $3, $4, $5, $6, 1)
"""
# Inserted only if they do not hold the role already.
RESIDENT = """
insert into accounts.holding (id, account_id, role, grid_id, since, granted_by)
select $1, $2::uuid, 'resident', $3::int, $4, $5
where not exists(
  select from accounts.holding where account_id=$2 and role='resident' and grid_id=$3 and (until is null or until>$4)
)
"""


def wrong_credentials() -> WrongCredentials:
    """Make the one answer for a name nobody has, a wrong password, and a suspended account."""
    return WrongCredentials(
        "The name or the password is wrong, or the account is suspended.", "账户名或密码错误，或账户已停用。"
    )


GUESTS, GUESTS_PATIENCE = 8, 5.0
"""Devices that are not known and sign in side by side, and the seconds for which further ones wait."""


@dataclass(frozen=True)
class AttemptOrigin:
    """The origin of an attempt: the network, and the tokens by which the device may be known."""

    network: str
    token: str | None = None
    cookies: Mapping[str, str] = field(default_factory=dict)

    def device(self, cookie: str) -> str | None:
        """Return the device token that was sent, by itself or in a cookie."""
        return self.token or self.cookies.get(cookie)


@dataclass(frozen=True)
class AuthenticationService:
    """Opens sessions for those who prove who they are. `where` is the network that somebody comes from."""

    pool: asyncpg.Pool[Any]
    passwords: Passwords
    attempts: Attempts
    sessions: Sessions
    receipts: bytes
    devices: Devices
    second_step: SecondStep
    guests: Share = field(default_factory=lambda: Share("sign-in", GUESTS, GUESTS_PATIENCE))
    """Places for devices that are not known, so that no crowd of them holds up those that are."""

    async def sign_in(
        self, name: str, password: str, device: str | None, where: AttemptOrigin, now: datetime
    ) -> OpenedSession:
        """Open a new session.

        Raises WrongCredentials, Blocked, Overloaded, PasswordsBusy and SecondFactorRequired.
        """
        first = await self._prove_password(canonical_name(name), password, where, now)
        return await self.second_step.enter(replace(first, label=device), now)

    async def is_password(self, name: str, password: str, where: AttemptOrigin, now: datetime) -> bool:
        """Return whether this is the password of a name; counted like signing in. Raises Blocked and PasswordsBusy."""
        try:
            await self._prove_password(canonical_name(name), password, where, now)
        except WrongCredentials:
            return False
        return True

    async def change(self, name: str, password: str, new: str, where: AttemptOrigin, now: datetime) -> OpenedSession:
        """Set a new password; every session ends and a new one begins. Raises what `sign_in` raises, and Refusal."""
        # The new password is checked first: that costs nothing and counts as no attempt.
        plain = check_new_password(new, canonical_name(name), "newPassword")
        first = await self._prove_password(canonical_name(name), password, where, now)
        hash = await self.passwords.hash(plain)
        return await self.second_step.enter(replace(first, told=True, hash=hash), now)

    async def accept(self, code: str, name: str, password: str, where: str, now: datetime) -> OpenedSession:
        """Use an invitation: set the password of the account it is for, or open one for the person it is for.

        Raises WrongCredentials, Refusal, Blocked and PasswordsBusy.
        """
        plain = check_new_password(password, canonical_name(name), "password")
        await self.attempts.begin(now, address_subject(where))
        # Hashed before the transaction, which would otherwise stay open for the time of a hash.
        hash = await self.passwords.hash(plain)
        async with self.pool.acquire() as connection, connection.transaction():
            # Using the code and what it is for are one transaction:
            # if the account cannot be made, the code stays good.
            found = await self._use_code(connection, code, now)
            account, called = found["account_id"], found["name"]
            if account is None:
                called = account_name(name, "name")
                account = await self._open_account(connection, found, called, now)
            await store_password(connection, account, hash, now)
            await sign_in_notices.tell_owner(connection, account, sign_in_notices.PASSWORD_SET, now)
            if await self.second_step.codes.remove(connection, account, found["id"]):
                await sign_in_notices.tell_owner(connection, account, sign_in_notices.FACTOR_REMOVED, now)
        await self.attempts.record_success(now, address_subject(where), guesser_subject(called, where))
        # The code gives a new password and no more: a second factor that it was not made to remove is asked for.
        return await self.second_step.enter(FirstStep(account, called, now, told=True), now)

    async def link(self, code: str, account: ViewerAccount, where: str, now: datetime) -> None:
        """Use an invitation for a person with the account that is signed in.

        Raises WrongCredentials, Refusal and Blocked.
        """
        # A key acts for an account and is no person, so it must not bind one.
        if account.id is None or account.api_key is not None:
            raise WrongCredentials("Sign in with an account of your own first.", "请先登录本人账户。")
        await self.attempts.begin(now, address_subject(where))
        async with self.pool.acquire() as connection, connection.transaction():
            found = await self._use_code(connection, code, now)
            if found["person_id"] is None:
                raise invalid_input("This code is for setting a password.", "该邀请码用于设置密码。", "code")
            await self._link_person(connection, account.id, found, now)
            await sign_in_notices.tell_owner(connection, account.id, sign_in_notices.LINKED, now)
        await self.attempts.record_success(now, address_subject(where))

    async def _prove_password(self, name: str, password: str, where: AttemptOrigin, now: datetime) -> FirstStep:
        """Verify name and password, with the same work whether there is such an account."""
        device = self.devices.find(where.device(self.devices.cookie(name)), name, now)
        async with self.guests if device is None else nullcontext():
            found = await self._verify_password(name, password, where.network, device, now)
        return FirstStep(found["id"], name, found["changed_at"], known=device)

    async def _verify_password(
        self, name: str, password: str, network: str, device: bytes | None, now: datetime
    ) -> Any:
        """Count the attempt, verify the password, and return the account's row.

        Raises WrongCredentials, Blocked and PasswordsBusy.
        """
        subjects = await self.attempts.subjects(now, name, network, device)
        await self.attempts.begin(now, *subjects)
        found = await self.pool.fetchrow(FIND, name)
        # Cut, so that a text of a megabyte is not normalised and hashed; one longer than allowed fails all the same.
        right = await self.passwords.verify(found and found["hash"], password[: LONGEST + 1], device is not None)
        if found is None or not right or found["suspended"]:
            raise wrong_credentials()
        await self.attempts.record_success(now, *subjects)
        # Now is the only time at which the password is at hand in clear, so an old hash is replaced now.
        if self.passwords.needs_rehash(found["hash"]):
            renewed = await self.passwords.hash(password)
            await self.pool.execute(RENEW, found["id"], renewed, found["hash"])
        return found

    async def _use_code(self, connection: Any, code: str, now: datetime) -> Any:
        """Use a code and return what it is for. Raises WrongCredentials."""
        found = await connection.fetchrow(USE, invitation_mac(self.receipts, code), now)
        if found is None or found["suspended"]:
            raise WrongCredentials(
                "The code is wrong, used, or over; ask for a new one.", "邀请码错误、已使用或已过期，请重新获取。"
            )
        return found

    async def _open_account(self, connection: Any, found: Any, name: str, now: datetime) -> UUID:
        """Open a new account for the person of an invitation."""
        account = uuid7()
        try:
            # They made it themselves: whoever invited them appoints nobody (`gongzhi.core.accounts.independence`).
            await connection.execute(OPEN, account, name, found["grid_id"], found["person_id"], now, name)
        except asyncpg.UniqueViolationError as error:
            raise already_taken(error) from None
        await connection.execute(RESIDENT, uuid7(), account, found["county_id"], now, found["created_by"])
        return account

    async def _link_person(self, connection: Any, account: UUID, found: Any, now: datetime) -> None:
        """Have the account belong to the person from now on."""
        # "person_id is null" in the update itself: of two links at once the second changes nothing.
        update = "update accounts.account set person_id=$2, version=version+1 where id=$1 and person_id is null"
        try:
            done = await connection.execute(update, account, found["person_id"])
        except asyncpg.UniqueViolationError as error:
            raise already_taken(error) from None
        # asyncpg returns the command's tag, "UPDATE 1" for one row.
        if not done.endswith(" 1"):
            raise invalid_input("This account belongs to somebody already.", "该账户已关联人员。", "code")
        await connection.execute(RESIDENT, uuid7(), account, found["county_id"], now, found["created_by"])


def already_taken(error: asyncpg.UniqueViolationError) -> Refusal:
    """Make the refusal for a name, or a person, that has an account."""
    if "person" in (error.constraint_name or ""):
        return invalid_input("They have an account already.", "该人员已有账户。", "code")
    return invalid_input(
        "There is an account with this name already; choose another.", "该账户名已存在，请更换。", "name"
    )
