"""Who is at the door: from a request's headers to its viewer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import UUID

import asyncpg
from gongzhi import codes
from gongzhi.errors import Language
from gongzhi.viewer import Account, Grant, Viewer

from .clock import clock
from .gateway import negotiation
from .gateway.engine import Unauthenticated
from .plugins import Plugins
from .tokens import Tokens

REMEMBERED = 10_000
PURPOSE = b"gongzhi-purpose"
PURPOSE_LENGTH = 200
INVALID = 'Bearer error="invalid_token"'


class Door:
    """Knows accounts by their tokens. A verified token is remembered until it expires."""

    def __init__(
        self, tokens: Tokens, pool: asyncpg.Pool[Any], plugins: Plugins, now: Callable[[], datetime] = clock
    ) -> None:
        self.tokens, self.pool, self.plugins, self.now = tokens, pool, plugins, now
        self.stranger = Account(grants=(Grant("stranger", plugins.held("stranger")),))
        self._known: OrderedDict[str, tuple[float, Account]] = OrderedDict()
        self._language = negotiation.remembered(language)

    async def __call__(self, headers: Mapping[bytes, bytes]) -> Viewer:
        """The viewer. Raises Unauthenticated for a token that is not valid."""
        now = self.now()
        tongue: Language = self._language(headers.get(b"accept-language", b""))
        purpose = stated(headers[PURPOSE]) if PURPOSE in headers else None
        header = headers.get(b"authorization")
        if header is None:
            return Viewer(self.stranger, now, tongue, purpose)
        scheme, _, token = header.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Send the token as `Authorization: Bearer …`.", INVALID)
        return Viewer(await self.account(token, now), now, tongue, purpose)

    async def current(self, viewer: Viewer) -> Viewer:
        """The viewer as of now, asked for each event that they are to be told. Raises Unauthenticated.

        What a token grants does not change while it holds. Whoever lets it change gives another account here.
        """
        now = self.now()
        if viewer.account.expires and viewer.account.expires <= now:
            raise Unauthenticated("The token has expired; sign in again.", INVALID)
        return replace(viewer, now=now)

    async def account(self, token: str, now: datetime) -> Account:
        known = self._known.get(token)
        if known and known[0] > now.timestamp():
            return known[1]
        try:
            claims = self.tokens.read(token, now)
            account = await self.granted(claims)
        except (ValueError, KeyError) as error:
            raise Unauthenticated("The token is not valid, or it has expired; ask for a new one.", INVALID) from error
        self._known[token] = (float(str(claims["exp"])), account)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return account

    async def granted(self, claims: Mapping[str, object]) -> Account:
        """The account that a token speaks for. Raises KeyError for a role, grid or unit that is not there."""
        role = str(claims["role"])
        grant = Grant(role, self.plugins.held(role))
        if code := claims.get("grid"):
            key = await self.pool.fetchval("select id from grids.grid where code=$1 and valid_to is null", str(code))
            if key is None:
                raise KeyError("grid")
            grant = Grant(role, grant.permissions, kind=codes.kind(str(code)), grid=key)
        if code := claims.get("unit"):
            key = await self.pool.fetchval("select id from units.unit where code=$1", str(code))
            if key is None:
                raise KeyError("unit")
            grant = Grant(role, grant.permissions, unit=key)
        person = claims.get("person")
        key = UUID(str(person).removeprefix("Person:")) if person else None
        expires = datetime.fromtimestamp(float(str(claims["exp"])), UTC) if "exp" in claims else None
        return Account(str(claims["sub"]), key, (grant,), expires)

    def expiry(self, viewer: Viewer) -> float | None:
        """The seconds until the viewer's token is over; None for a stranger."""
        expires = viewer.account.expires
        return (expires - self.now()).total_seconds() if expires else None


def stated(header: bytes) -> str | None:
    """What a request is for, percent-encoded UTF-8; None where nothing is said."""
    return words(unquote_to_bytes(header).decode(errors="replace")) or None


def words(text: str) -> str:
    """A purpose in one line, of a length that can be kept."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:PURPOSE_LENGTH]


def language(header: bytes) -> Language:
    """The better liked of our two languages; English where neither is named."""
    best: tuple[float, Language] = (0.0, "en")
    for tag, weight in negotiation.weights(header):
        found: Language | None = "zh" if tag.startswith(b"zh") else "en" if tag.startswith(b"en") else None
        if found and weight > best[0]:
            best = (weight, found)
    return best[1]
