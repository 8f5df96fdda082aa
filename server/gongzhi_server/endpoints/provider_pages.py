"""Provider pages: the way of a browser to the page of an identity provider, and back into a session in cookies."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gongzhi_server.auth.access_tokens import LIFETIME
from gongzhi_server.auth.assembly import CALLBACK, PROVIDERS
from gongzhi_server.auth.authentication import Authenticator
from gongzhi_server.auth.provider_sign_in import LASTING, PURPOSE, Arrival, ProviderFailed, ProviderSignIn
from gongzhi_server.auth.second_step import FirstStep, WrongCredentials
from gongzhi_server.auth.service import AuthenticationService
from gongzhi_server.auth.sessions import IDLE

from .sign_in import ANSWERING, json_response

COOKIE = "gongzhi-provider"
BACK = "/console/"
"""Where somebody comes back to who does not say where from."""
LOCAL = re.compile(r"/(?!/)[\w/.-]{0,100}", re.ASCII)
LINKED = """
select a.id, a.name from accounts.identity d join accounts.account a on a.id = d.account_id
where d.issuer = $1 and d.subject = $2 and d.proposed_at is null and a.suspended_at is null
"""

logger = logging.getLogger(__name__)


class ProviderEndpoint:
    """The pages at `/auth/identity-provider`. `limit` makes a route that is charged."""

    def __init__(
        self,
        sign_ins: Sequence[ProviderSignIn],
        service: AuthenticationService,
        authenticator: Authenticator,
        limit: Callable[[str, ASGIApp], Route],
    ) -> None:
        self.sign_ins, self.service, self.authenticator, self.limit = sign_ins, service, authenticator, limit
        self.secure = authenticator.access.issuer.startswith("https://")
        self.cookie = f"__Host-{COOKIE}" if self.secure else COOKIE

    @property
    def routes(self) -> list[Route]:
        return [
            self.limit(PROVIDERS, serve(self.list_providers)),
            self.limit("/auth/identity-provider/begin", serve(self.depart)),
            self.limit(CALLBACK, serve(self.arrive)),
        ]

    async def list_providers(self, request: Request) -> Response:
        """Tell a page of sign-in which providers there are."""
        return json_response(200, {"providers": [{"issuer": one.issuer} for one in self.sign_ins]})

    async def depart(self, request: Request) -> Response:
        """Send a browser to the provider's page."""
        back, issuer = read_path(request.query_params.get("back")), request.query_params.get("issuer")
        found = next((one for one in self.sign_ins if issuer in (None, one.issuer)), None)
        try:
            if found is None:
                raise ValueError("no such provider")
            async with asyncio.timeout(ANSWERING):
                departure = await found.depart(back, self.authenticator.now())
        except Exception as problem:
            return self._return(back, describe_failure(problem))
        response = redirect(departure.address)
        self._keep(response, departure.ticket)
        return response

    async def arrive(self, request: Request) -> Response:
        """Open a session for whoever comes back from the provider."""
        now, given = self.authenticator.now(), dict(request.query_params)
        ticket = request.cookies.get(self.cookie, "")
        kept = self.service.second_step.tickets.read(PURPOSE, ticket, LASTING, now)
        back = kept["back"] if kept else BACK
        try:
            found = next((one for one in self.sign_ins if kept and one.issuer == kept["kept"][0]), None)
            if kept is None or found is None:
                raise ProviderFailed("failed")
            async with asyncio.timeout(ANSWERING):
                response = await self._enter(await found.arrive(given, kept, now), back)
        except Exception as problem:
            response = self._return(back, describe_failure(problem))
        self._keep(response, "")
        return response

    async def _enter(self, arrival: Arrival, back: str) -> Response:
        """Open a session for the account that an identity is linked to. Raises ProviderFailed and WrongCredentials."""
        now = self.authenticator.now()
        row = await self.service.pool.fetchrow(LINKED, arrival.issuer, arrival.subject)
        if row is None:
            raise ProviderFailed("unlinked")
        # Which device it is the provider looks at: the cookie that we know one by does not come with its link.
        first = FirstStep(row["id"], row["name"], now, told=True)
        opened = await self.service.second_step.enter_by_provider(arrival.session, first, now)
        access = self.authenticator.access.issue(opened.account, opened.session, now)
        response = redirect(back)
        self.authenticator.browsers.keep(response, access, opened.refresh, LIFETIME, IDLE)
        return response

    def _return(self, back: str, reason: str) -> Response:
        """Send a browser back to where it came from, with a word about what went wrong."""
        return redirect(f"{back}?problem={reason}")

    def _keep(self, response: Response, ticket: str) -> None:
        """Have a browser keep a ticket, or forget it."""
        # Lax, not Strict: the provider's page leads back here, and that is another site's link.
        response.set_cookie(
            self.cookie,
            ticket,
            max_age=600 if ticket else 0,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )


def serve(answer: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """Make an ASGI application of what answers a request."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        response = await answer(Request(scope, receive))
        await response(scope, receive, send)

    return served


def read_path(given: str | None) -> str:
    """Return a path of this server; whatever else was given leads to the usual page, for it may lead anywhere."""
    return given if given and LOCAL.fullmatch(given) else BACK


def redirect(address: str) -> Response:
    """Send a browser elsewhere; the address it was at holds a code, so nobody is told it."""
    return RedirectResponse(address, 303, {"cache-control": "no-store", "referrer-policy": "no-referrer"})


def describe_failure(problem: Exception) -> str:
    """Return a word for what went wrong. What an operator must look into is logged, without what was sent."""
    match problem:
        case ProviderFailed():
            return str(problem)
        case WrongCredentials():
            return "failed"
    logger.warning(
        "nobody could sign in by an identity provider (%s); look whether the server reaches it, and whether client, "
        "secret and redirect address are what it knows",
        type(problem).__name__,
    )
    return "failed"
