"""Configuration: what the settings of a deployment mean for the parts of its application."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import fields
from functools import partial

from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.context import Bounds

from .auth.authentication import Authenticator, invalid_token
from .errors import Problem
from .gateway import GatewaySettings, Rates, Traits
from .gateway.limits import Limits
from .settings import Settings

DISCOVER = "schema.explore"
"""The permission to explore the schema in production."""


def receipts_secret(settings: Settings) -> bytes:
    """Derive the secret behind receipt codes and idempotency MACs."""
    # Not the secret itself: what one purpose shows of its key must tell nothing of another's.
    return hashlib.sha256(b"gongzhi receipts " + settings.secret.encode()).digest()


def read_bounds(settings: Settings) -> Bounds:
    """Return how many people's files may be read before somebody is told."""
    return Bounds(
        reveals=settings.reveals,
        bulk=settings.bulk,
        neighbours=settings.neighbours,
        exported=settings.exported,
        alone=settings.alone,
        appointed=settings.appointed,
        proposed=settings.proposed,
    )


def gateway_settings(settings: Settings) -> GatewaySettings:
    """Return the gateway's settings."""
    limited = is_enforced(settings, settings.rates)
    return GatewaySettings(
        status=settings.status,
        batch=settings.batch,
        origins=settings.origins,
        proxies=settings.proxies,
        page=settings.development if settings.pages is None else settings.pages,
        rates=Rates() if limited else None,
        slow=settings.slow / 1000,
        limits=read_limits(settings),
    )


def is_enforced(settings: Settings, chosen: bool | None) -> bool:
    """Return whether something holds that is for production if nothing else is chosen."""
    return not settings.development if chosen is None else chosen


def refresh_viewer_with(authenticator: Authenticator) -> Callable[[Viewer], Awaitable[Viewer]]:
    """Return what brings a viewer up to date. It raises Unauthenticated once their credential is over."""

    async def look_again(viewer: Viewer) -> Viewer:
        found = await authenticator.current(viewer)
        if found is None:
            raise invalid_token()
        return found

    return look_again


def read_limits(settings: Settings) -> Limits:
    """Read the limits of requests. Raises Problem for a name that is none, or nothing at all."""
    known = [each.name for each in fields(Limits)]
    # 0 would refuse everything, which is never meant.
    if wrong := sorted(name for name, most in settings.limits if name not in known or not most):
        raise Problem(f"GONGZHI_LIMITS: {wrong[0]} is no limit, or is 0; the limits are {', '.join(known)}")
    return Limits(**dict(settings.limits))


def may_explore(settings: Settings, viewer: Viewer) -> bool:
    """Return whether a viewer may explore the schema: in development, or as whoever keeps the deployment."""
    return settings.development or viewer.can(DISCOVER)


def viewer_traits(settings: Settings, authenticator: Authenticator) -> Traits:
    """Return what the gateway may know of a viewer."""
    return Traits(
        account=lambda viewer: viewer.account.name,
        key=lambda viewer: str(viewer.account.api_key) if viewer.account.api_key else None,
        log_key=lambda viewer: str(viewer.account.id) if viewer.account.id else None,
        expiry=authenticator.expiry,
        discover=partial(may_explore, settings),
        admit=lambda viewer, address, counts: authenticator.admit(viewer.account, address, counts),
    )
