"""Identity provider: verifies a county's tokens by the keys that its provider publishes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from gongzhi.runtime.outbound.networks import RefusedAddress, UnknownHost

from .claims import ByIdentity, Claim
from .jws import LEEWAY, InvalidToken, ParsedToken, PinnedKey, check_claims

FRESH = timedelta(minutes=5)
STALE = timedelta(minutes=15)
"""How long the keys serve on where the provider does not answer."""
COOL = timedelta(seconds=30)
"""How long keys are not fetched again, however many unknown keys tokens name."""
LARGEST = 65_536
KEYS = 50

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrustedIssuer:
    """A trusted issuer: where its keys are, whom its tokens must be for, and of which types they are."""

    issuer: str
    jwks: str
    audience: str
    types: tuple[str, ...] = ("at+jwt",)


class Provider:
    """Verifies one issuer's tokens."""

    def __init__(self, trust: TrustedIssuer, client: httpx.AsyncClient) -> None:
        self.trust, self.keys = trust, PublishedKeys(trust.jwks, client)

    async def read(self, token: ParsedToken, now: datetime) -> tuple[Claim, datetime]:
        """Return whom the token speaks for, and until when. Raises InvalidToken."""
        token.require_type(self.trust.types)
        pinned = await self.keys.find(token.header.get("kid"), now)
        if pinned is None:
            raise InvalidToken("signed with no key of the issuer")
        claims = token.verify_claims(pinned)
        # Another machine's clock may differ, so its times get a leeway; our own tokens get none.
        check_claims(claims, self.trust.issuer, self.trust.audience, now, LEEWAY)
        try:
            expires = datetime.fromtimestamp(claims["exp"], UTC)
        except (OverflowError, ValueError, OSError) as error:
            raise InvalidToken("it ends at no time") from error
        return ByIdentity(self.trust.issuer, claims["sub"]), expires


class PublishedKeys:
    """The keys at one address, fetched when they are needed: at most once per cool-down, one request at a time."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self.url, self.client = url, client
        self._keys: Mapping[str, PinnedKey] = {}
        self._fetched: datetime | None = None
        self._asked: datetime | None = None
        self._lock = asyncio.Lock()

    async def find(self, name: object, now: datetime) -> PinnedKey | None:
        """Return the key with this id, or None; an unknown id causes one fetch."""
        # Anybody can send a token with any key id; the cool-down keeps them from making us fetch without end.
        if not isinstance(name, str):
            return None
        if name not in self._keys or not self._fetched_within(FRESH, now):
            async with self._lock:
                # Checked again under the lock: whoever waited for it finds the keys that the one before has fetched.
                if name not in self._keys or not self._fetched_within(FRESH, now):
                    await self._refresh(now)
        # If the provider does not answer, old keys serve on for
        # a while, and then no more: it may have taken one back.
        return self._keys.get(name) if self._fetched_within(STALE, now) else None

    def _fetched_within(self, span: timedelta, now: datetime) -> bool:
        """Return whether the keys were fetched within a span."""
        return self._fetched is not None and now - self._fetched < span

    async def _refresh(self, now: datetime) -> None:
        """Fetch the keys, unless somebody asked a moment ago; a failure leaves the old ones."""
        if self._asked is not None and now - self._asked < COOL:
            return
        # Set before fetching, so that a provider that fails is not asked at once again.
        self._asked = now
        try:
            self._keys, self._fetched = pin_keys(await fetch_json(self.client, "GET", self.url)), now
        except (httpx.HTTPError, RefusedAddress, UnknownHost, ValueError, RecursionError) as error:
            logger.warning(
                "the keys of an identity provider cannot be had from %s (%s); those known go on, without them "
                "nobody signs in by it: look whether the server reaches that address",
                self.url,
                type(error).__name__,
            )


async def fetch_json(client: httpx.AsyncClient, method: str, url: str, **given: Any) -> Any:
    """Fetch JSON from a provider. Redirects are not followed, and nothing large is read."""
    body = bytearray()
    async with client.stream(method, url, headers={"accept": "application/json"}, **given) as reply:
        if reply.status_code != 200:
            raise ValueError("nothing there")
        async for piece in reply.aiter_bytes():
            body += piece
            if len(body) > LARGEST:
                raise ValueError("too large")
    return json.loads(body)


def pin_keys(published: Any) -> Mapping[str, PinnedKey]:
    """Return the keys by their ids. An id that two keys have names neither."""
    entries = published.get("keys") if isinstance(published, dict) else None
    if not isinstance(entries, list):
        raise ValueError("no JWKS")
    # Bounded: each key is parsed, and the list is somebody else's.
    named = [one for one in entries[:KEYS] if isinstance(one, dict) and isinstance(one.get("kid"), str)]
    names = [one["kid"] for one in named]
    found = {one["kid"]: PinnedKey.of(one) for one in named if names.count(one["kid"]) == 1}
    return {name: key for name, key in found.items() if key}
