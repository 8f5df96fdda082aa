"""Feeds: files at an address which is a secret, such as a phone's calendar: `/feeds/PLUGIN/TOKEN/NAME`.

    async def hearings(context: Context, token: str) -> FeedPage | None:
        found = await context.fetch("select … from legal.subscription where digest=$1", digest_token(token))
        return FeedPage(found[0]["county_id"], found[0]["calendar"]) if found else None

    Feed("hearings.ics", "text/calendar; charset=utf-8", hearings)

Whoever has the address has the file, so keep little in it and let people end it. A plugin makes a token, shows
`feed_path` once and keeps its `digest_token` alone.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gongzhi.runtime.context import Context

PATH = "/feeds"
BYTES = 24
"""Random bytes in a token: 32 characters."""


@dataclass(frozen=True)
class FeedPage:
    """What a token opens, and the county it belongs to, by key: where the plugin is off it opens nothing."""

    county: int
    body: bytes


@dataclass(frozen=True)
class Feed:
    """A file that a plugin makes anew each time it is fetched, within five seconds.

    `name` is the last part of the address, such as `hearings.ics`; `media` its Content-Type. `function` reads with
    `context.fetch` as the plugin itself, everywhere, and gives None for a token it does not know or not any longer.
    """

    name: str
    media: str
    function: Callable[[Context, str], Awaitable[FeedPage | None]]


def new_token() -> str:
    """Return a new secret, for one address."""
    return secrets.token_urlsafe(BYTES)


def digest_token(token: str) -> bytes:
    """Return what to keep of a token: 32 bytes to find it by, from which it cannot be made."""
    # Without a salt: nobody guesses 192 random bits.
    return hashlib.sha256(token.encode()).digest()


def feed_path(plugin: str, token: str, name: str) -> str:
    """Return the path to fetch a feed from, below the server's own address."""
    return f"{PATH}/{plugin}/{token}/{name}"
