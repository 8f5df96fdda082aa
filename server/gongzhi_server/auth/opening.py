"""Puts the room together: the door, and what answers at `/auth/`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from .. import database
from ..door import Door
from ..plugins import Plugins
from ..settings import Settings
from ..shares import Reader
from ..tokens import Tokens, Trials
from .access import AccessTokens
from .accounts import Accounts
from .attempts import Attempts
from .bulletin import listening
from .desk import Desk
from .devices import Devices
from .keys import SigningKeys, derived
from .passwords import Passwords
from .sessions import Sessions

if TYPE_CHECKING:
    from .provider import Provider

WRITERS = 2
"""Connections for signing in, and as many for renewing sessions; the read-only pools cannot write."""


def desk(
    pool: asyncpg.Pool[Any],
    settings: Settings,
    receipts: bytes,
    passwords: Passwords,
    renewing: asyncpg.Pool[Any] | None = None,
) -> Desk:
    """The desk over a pool that writes. Sessions are renewed over another one, so that no guessing holds them up."""
    attempts = Attempts(pool, derived(settings.secret, "attempts"))
    sessions = Sessions(renewing or pool, derived(settings.secret, "refresh tokens"))
    return Desk(pool, passwords, attempts, sessions, receipts, Devices(derived(settings.secret, "devices")))


async def providers(settings: Settings, stack: AsyncExitStack) -> list[Provider]:
    """The identity providers that the settings name; where they name none, httpx is not loaded."""
    if not settings.issuers:
        return []
    import httpx
    from gongzhi.runtime.outbound.clients import make_client
    from gongzhi.runtime.outbound.networks import PRIVATE, OutboundNetworks

    from .provider import Provider, Trust

    # The operator names a provider, so it may be inside; its name may not turn out to mean a cloud's metadata.
    client = await stack.enter_async_context(make_client(OutboundNetworks(PRIVATE), 5, httpx.create_ssl_context()))
    pairs = zip(settings.issuers, settings.jwks, strict=True)
    return [Provider(Trust(issuer, jwks, settings.audience or "", settings.types), client) for issuer, jwks in pairs]


@asynccontextmanager
async def entrance(
    settings: Settings,
    dsn: str,
    readers: Reader,
    plugins: Plugins,
    receipts: bytes,
    now: Callable[[], datetime],
) -> AsyncIterator[tuple[Door, Desk]]:
    """The door and the desk beside it, for as long as the server runs; the door hears of every change of an account."""
    async with AsyncExitStack() as stack:
        writers = await database.writers(dsn, WRITERS)
        stack.push_async_callback(writers.close)
        renewing = await database.writers(dsn, WRITERS)
        stack.push_async_callback(renewing.close)
        passwords = Passwords()
        stack.callback(passwords.close)
        door = Door(
            Accounts(readers, plugins.held),
            plugins,
            AccessTokens(SigningKeys(settings.secret), settings.issuer),
            Trials(Tokens(settings.secret), readers, plugins) if settings.development else None,
            await providers(settings, stack),
            now,
        )
        await stack.enter_async_context(listening(dsn, door.changed))
        yield door, desk(writers, settings, receipts, passwords, renewing)
