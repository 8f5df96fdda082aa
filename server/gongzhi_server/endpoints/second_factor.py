"""Second factor endpoints: the second step of signing in, and what people do about their own factor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gongzhi_server.auth.authentication import Authenticator
from gongzhi_server.auth.factor_service import FactorService, SignedIn, require_session
from gongzhi_server.auth.sessions import OpenedSession

if TYPE_CHECKING:
    from .sign_in import Answer, AuthRequest

PATH = "second-factor"


class SecondFactorEndpoint:
    """The endpoints at `/auth/second-factor`."""

    def __init__(self, service: FactorService, authenticator: Authenticator) -> None:
        self.service, self.authenticator = service, authenticator

    @property
    def posts(self) -> Mapping[str, Answer]:
        """What is answered, by path."""
        return {
            PATH: self.answer,
            f"{PATH}/enrolment": self.begin,
            f"{PATH}/confirmation": self.confirm,
            f"{PATH}/recovery-codes": self.renew_sheet,
            f"{PATH}/removal": self.remove,
        }

    async def answer(self, asked: AuthRequest) -> OpenedSession:
        """Sign in: answer the challenge of a first step with a code."""
        challenge, code = asked.texts("challenge", "code")
        return await self.service.sign_in.second_step.answer(challenge, code, asked.where, asked.now)

    async def begin(self, asked: AuthRequest) -> Any:
        """Show a new secret."""
        who = await self._signed_in(asked)
        return await self.service.begin(who, asked.text("password"), asked.text("code"), asked.now)

    async def confirm(self, asked: AuthRequest) -> Any:
        """Keep the secret that was shown."""
        who, (enrolment, code) = await self._signed_in(asked), asked.texts("enrolment", "code")
        codes = await self.service.confirm(who, enrolment, code, asked.now)
        # This process need not wait to be told: rights that were withheld are there with the next request.
        self.authenticator.forget_account(who.account)
        return {"recoveryCodes": codes}

    async def renew_sheet(self, asked: AuthRequest) -> Any:
        """Make other recovery codes."""
        who, [code] = await self._signed_in(asked), asked.texts("code")
        return {"recoveryCodes": await self.service.renew_sheet(who, code, asked.now)}

    async def remove(self, asked: AuthRequest) -> Any:
        """Take the factor away."""
        who, [code] = await self._signed_in(asked), asked.texts("code")
        await self.service.remove(who, code, asked.now)
        return {}

    async def _signed_in(self, asked: AuthRequest) -> SignedIn:
        """Return who asks. Raises Unauthenticated and WrongCredentials."""
        viewer = await self.authenticator(asked.headers)
        return require_session(viewer.account, asked.origin)
