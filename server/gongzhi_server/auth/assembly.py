"""Assembly: builds authentication and the service behind `/auth/` from the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg
from gongzhi.runtime.sealing import KeyRing

from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.settings import Settings
from gongzhi_server.storage import database
from gongzhi_server.storage.connection_shares import SharedReader

from .access_tokens import AccessTokens
from .account_lookup import Accounts
from .attempts import Attempts
from .authentication import Authenticator
from .client_assertions import ClientAssertions
from .development_tokens import Tokens, TrialAccounts
from .devices import Devices
from .factor_service import FactorService
from .invalidation import listen_for_changes, listener_name
from .key_usage import KeyUsage
from .one_time_codes import OneTimeCodes
from .passwords import Passwords
from .second_step import SecondStep
from .service import AuthenticationService
from .sessions import Sessions
from .signing_keys import SigningKeys, derive_key
from .tickets import Tickets

if TYPE_CHECKING:
    from .identity_provider import Provider
    from .provider_sign_in import ProviderSignIn

CALLBACK = "/auth/identity-provider/callback"
"""Where identity providers send browsers back to."""
PROVIDERS = "/auth/identity-providers"
"""Where pages of sign-in ask which there are."""
WRITERS = 2
"""Connections for signing in, and as many for renewing sessions; the read-only pools cannot write."""


def build_service(
    pool: asyncpg.Pool[Any],
    settings: Settings,
    receipts: bytes,
    passwords: Passwords,
    keys: KeyRing,
    renewing: asyncpg.Pool[Any] | None = None,
) -> AuthenticationService:
    """Build the sign-in service over a pool that writes.

    Sessions are renewed over another pool, so that no guessing holds them up.
    """
    # Each purpose has a key of its own, derived from the secret: what one MAC is good for never passes as another.
    attempts = Attempts(pool, derive_key(settings.secret, "attempts"))
    sessions = Sessions(renewing or pool, derive_key(settings.secret, "refresh tokens"))
    devices = Devices(derive_key(settings.secret, "devices"))
    codes = OneTimeCodes(keys, derive_key(settings.secret, "recovery codes"))
    tickets = Tickets(derive_key(settings.secret, "tickets"))
    second_step = SecondStep(pool, codes, tickets, attempts, sessions, devices)
    return AuthenticationService(pool, passwords, attempts, sessions, receipts, devices, second_step)


def build_factor_service(service: AuthenticationService, settings: Settings) -> FactorService:
    """Build what people look after their second factor by."""
    step = service.second_step
    return FactorService(service.pool, step.codes, step.tickets, step.attempts, service, frozenset(settings.factored))


def check_factored(settings: Settings, plugins: Plugins) -> frozenset[str]:
    """Return the roles that need a second factor. Raises Problem for one that nobody declares."""
    if unknown := sorted(set(settings.factored) - {role.name for role in plugins.roles}):
        raise Problem(f"GONGZHI_SECOND_FACTOR: there is no role {unknown[0]}; gongzhi plugin list shows the plugins")
    return frozenset(settings.factored)


def build_provider_sign_ins(
    service: AuthenticationService, authenticator: Authenticator, settings: Settings
) -> list[ProviderSignIn]:
    """Build signing in on the pages of identity providers, where we are a client of theirs."""
    from .provider_sign_in import ProviderClient, ProviderSignIn

    address = f"{settings.issuer}{CALLBACK}"
    hidden = settings.client_secrets or [None] * len(settings.clients)
    clients = map(ProviderClient, settings.clients, hidden)
    providers = [authenticator.providers[issuer] for issuer in settings.issuers]
    tickets = service.second_step.tickets
    return [ProviderSignIn(one, client, tickets, address) for one, client in zip(providers, clients, strict=True)]


async def open_providers(settings: Settings, stack: AsyncExitStack) -> list[Provider]:
    """Return the identity providers that the settings name; where they name none, httpx is not loaded."""
    if not settings.issuers:
        return []
    import httpx
    from gongzhi.runtime.outbound.clients import make_client
    from gongzhi.runtime.outbound.networks import PRIVATE, OutboundNetworks

    from .identity_provider import Provider, TrustedIssuer

    # The operator names a provider, so it may be inside; its name may not turn out to mean a cloud's metadata.
    client = await stack.enter_async_context(make_client(OutboundNetworks(PRIVATE), 5, httpx.create_ssl_context()))
    pairs = zip(settings.issuers, settings.jwks, strict=True)
    return [
        Provider(TrustedIssuer(issuer, jwks, settings.audience or "", settings.types), client) for issuer, jwks in pairs
    ]


@asynccontextmanager
async def open_authentication(
    settings: Settings,
    dsn: str,
    readers: SharedReader,
    plugins: Plugins,
    receipts: bytes,
    keys: KeyRing,
    now: Callable[[], datetime],
) -> AsyncIterator[tuple[Authenticator, AuthenticationService]]:
    """Yield authentication and the sign-in service for as long as the server runs, and keep them told of changes."""
    async with AsyncExitStack() as stack:
        writers = await database.open_writers(dsn, WRITERS)
        stack.push_async_callback(writers.close)
        renewing = await database.open_writers(dsn, WRITERS)
        stack.push_async_callback(renewing.close)
        passwords = Passwords()
        stack.callback(passwords.close)
        usage = KeyUsage(writers)
        await stack.enter_async_context(usage.running())
        authenticator = Authenticator(
            Accounts(readers, plugins.held, check_factored(settings, plugins)),
            plugins,
            AccessTokens(SigningKeys(settings.secret), settings.issuer),
            TrialAccounts(Tokens(settings.secret), readers, plugins) if settings.development else None,
            await open_providers(settings, stack),
            now,
            usage,
            ClientAssertions(readers, writers, settings.issuer),
        )
        # Listening begins before the first request, so that no change of an account goes unheard.
        await stack.enter_async_context(
            listen_for_changes(dsn, listener_name(settings.issuer), authenticator.forget_account)
        )
        yield authenticator, build_service(writers, settings, receipts, passwords, keys, renewing)
