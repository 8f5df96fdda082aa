"""Second factor service: adds, renews and removes the second factor of whoever is signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from gongzhi.declare.viewer import ViewerAccount
from gongzhi.runtime.checks import invalid_input
from gongzhi.values.errors import Refusal

from . import sign_in_notices
from .attempts import Attempts, code_subjects
from .authentication import CachedCredential
from .claims import InSession
from .one_time_codes import NewFactor, OneTimeCodes
from .second_step import WrongCredentials
from .service import AttemptOrigin, AuthenticationService
from .tickets import Tickets

ENROLMENT = "second factor"
LASTING = timedelta(minutes=10)
"""How long a secret may be shown before a code of it comes."""
# The session in which a code was shown is as good as one signed in to by a code; the others were opened without any.
PROVE = "update accounts.session set methods=array_append(array_remove(methods, 'otp'), 'otp') where id=$1"
END_OTHERS = "update accounts.session set ended_at=$3 where account_id=$1 and id<>$2 and ended_at is null"


@dataclass(frozen=True)
class SignedIn:
    """Whoever asks: an account in a session, from a network."""

    account: UUID
    name: str
    session: UUID
    roles: frozenset[str]
    origin: AttemptOrigin


def require_session(account: ViewerAccount, origin: AttemptOrigin) -> SignedIn:
    """Return who is signed in with a password. Raises WrongCredentials for a key, another provider's token, nobody."""
    claim = account.credential.claim if isinstance(account.credential, CachedCredential) else None
    if not isinstance(claim, InSession) or account.name is None:
        raise WrongCredentials("Sign in with an account of your own first.", "请先登录本人账户。")
    return SignedIn(claim.account, account.name, claim.session, frozenset(one.role for one in account.grants), origin)


@dataclass(frozen=True)
class FactorService:
    """Lets people look after their second factor. `required` are the roles that may not be without."""

    pool: asyncpg.Pool[Any]
    codes: OneTimeCodes
    tickets: Tickets
    attempts: Attempts
    sign_in: AuthenticationService
    required: frozenset[str] = frozenset()

    async def begin(self, who: SignedIn, password: str | None, code: str | None, now: datetime) -> Mapping[str, Any]:
        """Show a new secret, after a code of the factor that there is, or the password where there is none.

        Raises Refusal, WrongCredentials, Blocked and PasswordsBusy.
        """
        if await self.codes.find(self.pool, who.account) is not None:
            async with self._code_used(who, code, now):
                pass
        # A session alone is not enough: whoever finds one open would lock its owner out.
        elif not await self.sign_in.is_password(who.name, password or "", who.origin, now):
            raise invalid_input("The password is wrong.", "密码错误。", "password")
        new = await self.codes.begin(self.pool, who.account)
        claims = [str(who.account), new.text, new.replaces and str(new.replaces)]
        ticket = self.tickets.issue(ENROLMENT, {"factor": claims}, now)
        return {"secret": new.text, "uri": new.address(who.name), "enrolment": ticket}

    async def confirm(self, who: SignedIn, enrolment: str, code: str, now: datetime) -> list[str]:
        """Keep a secret whose code is right, and return recovery codes; other sessions end. Raises Refusal, Blocked."""
        claims = self.tickets.read(ENROLMENT, enrolment, LASTING, now)
        account, secret, replaces = claims["factor"] if claims else (None, "", None)
        if account != str(who.account):
            raise began_too_long_ago()
        subjects = code_subjects(str(who.account), who.origin.network)
        await self.attempts.begin(now, *subjects)
        new = NewFactor.read(secret, replaces)
        async with self.pool.acquire() as connection, connection.transaction():
            try:
                codes = await self.codes.keep(connection, who.account, new, code, now)
            except LookupError:
                raise began_too_long_ago() from None
            if codes is None:
                raise wrong_code()
            await connection.execute(PROVE, who.session)
            await connection.execute(END_OTHERS, who.account, who.session, now)
            await sign_in_notices.tell_owner(connection, who.account, sign_in_notices.FACTOR_ADDED, now)
        await self.attempts.record_success(now, *subjects)
        return codes

    async def renew_sheet(self, who: SignedIn, code: str, now: datetime) -> list[str]:
        """Make other recovery codes, after a code. Raises Refusal and Blocked."""
        async with self._code_used(who, code, now) as connection:
            codes = await self.codes.renew_sheet(connection, who.account)
            await sign_in_notices.tell_owner(connection, who.account, sign_in_notices.CODES_RENEWED, now)
        return codes

    async def remove(self, who: SignedIn, code: str, now: datetime) -> None:
        """Take the second factor away, after a code. Raises Refusal and Blocked."""
        if not self.required.isdisjoint(who.roles):
            raise invalid_input(
                "Your role asks for a second factor; renew it instead of removing it.",
                "您的角色必须使用动态验证码，不能解除，可以更换。",
                "code",
            )
        async with self._code_used(who, code, now) as connection:
            await self.codes.remove(connection, who.account)
            await sign_in_notices.tell_owner(connection, who.account, sign_in_notices.FACTOR_REMOVED, now)

    @asynccontextmanager
    async def _code_used(self, who: SignedIn, code: str | None, now: datetime) -> AsyncIterator[Any]:
        """Use a code of the factor that there is, and go on in the same transaction. Raises Refusal and Blocked."""
        subjects = code_subjects(str(who.account), who.origin.network)
        await self.attempts.begin(now, *subjects)
        async with self.pool.acquire() as connection, connection.transaction():
            if code is None or await self.codes.use(connection, who.account, code, now) is None:
                raise wrong_code()
            yield connection
        await self.attempts.record_success(now, *subjects)


def wrong_code() -> Refusal:
    """Make the refusal for a code that is not good."""
    return invalid_input(
        "The code is wrong, over, or was used; wait for the next one.",
        "验证码错误、已过期或已使用，请等待下一个验证码。",
        "code",
    )


def began_too_long_ago() -> Refusal:
    """Make the refusal for a secret that was shown too long ago, to somebody else, or is not the newest."""
    return invalid_input(
        "This secret is over; begin again with a new one.", "该密钥已失效，请重新开始设置。", "enrolment"
    )
