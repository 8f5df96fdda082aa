"""Negotiation: what a request's headers ask for, from media type and compression to signs of a cross-site request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeVar

__all__ = [
    "EVENTS",
    "GRAPHQL",
    "JSON",
    "cross_site",
    "fold_headers",
    "is_foreign_origin",
    "is_followed_link",
    "accepts_gzip",
    "is_json",
    "choose_media_type",
    "cache_parsed",
]

GRAPHQL = b"application/graphql-response+json"
JSON = b"application/json"
EVENTS = b"text/event-stream"
# What an HTML form or a script without preflight can send.
SIMPLE = {b"", b"application/x-www-form-urlencoded", b"multipart/form-data", b"text/plain"}
PREFLIGHT = (b"graphql-require-preflight", b"apollo-require-preflight", b"x-apollo-operation-name")

T = TypeVar("T")


def fold_headers(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Return the headers by name; the values of a repeated one are joined by a comma."""
    pairs = list(headers)
    folded = dict(pairs)
    if len(folded) == len(pairs):
        return folded
    grouped: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return {name: b", ".join(values) for name, values in grouped.items()}


def cache_parsed(parse: Callable[[bytes], T], size: int = 256, longest: int = 512) -> Callable[[bytes], T]:
    """Remember what was parsed of the last `size` headers; a very long one is parsed each time."""
    # Bounded in number and length, since headers are written by callers.
    cached = lru_cache(size)(parse)
    return lambda header: cached(header) if len(header) <= longest else parse(header)


def choose_media_type(accept: bytes, default: bytes) -> bytes | None:
    """Choose the media type of the response by RFC 9110; None when nothing fits.

    The more specific range counts for a type; among equals the one listed first wins, and among types of the same
    range the default. An event stream must be asked for by name.
    """
    ranges = list(parse_weights(accept))
    if not ranges:
        return None if accept.strip() else default
    ranked = []
    for kind in (GRAPHQL, JSON, EVENTS):
        matching = [(specificity(name, kind), -place, q) for place, (name, q) in enumerate(ranges)]
        fit, place, q = max(matching)
        if fit > (2 if kind == EVENTS else 0) and q:
            ranked.append((q, place, kind == default, kind))
    return max(ranked)[-1] if ranked else None


def specificity(name: bytes, kind: bytes) -> int:
    """Return how closely a media range names a type: 0 not at all, 3 exactly."""
    return 3 if name == kind else 2 if name == b"application/*" else 1 if name == b"*/*" else 0


def parse_weights(header: bytes) -> Iterator[tuple[bytes, float]]:
    """Yield the entries of an Accept header with their q; skip what is malformed or in another charset than UTF-8."""
    for entry in header.lower().split(b","):
        name, parameters = split_entry(entry)
        if name and parameters.get(b"charset", b"utf-8") in (b"utf-8", b"utf8", b"*"):
            try:
                q = float(parameters.get(b"q", b"1"))
            except ValueError:
                continue
            if 0 <= q <= 1:
                yield name, q


def split_entry(entry: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """Take a lower-case `name; key=value` apart."""
    name, *rest = (part.strip() for part in entry.split(b";"))
    pairs = (part.partition(b"=") for part in rest)
    return name, {key.strip(): value.strip().strip(b'"') for key, _, value in pairs}


def accepts_gzip(accept: bytes) -> bool:
    """Say whether Accept-Encoding allows gzip."""
    coded = dict(parse_weights(accept))
    return coded.get(b"gzip", coded.get(b"*", 0)) > 0


def is_json(content: bytes) -> bool:
    """Say whether Content-Type is JSON in UTF-8."""
    name, parameters = split_entry(content.lower())
    return name == JSON and parameters.get(b"charset", b"utf-8") in (b"utf-8", b"utf8")


def cross_site(headers: Mapping[bytes, bytes], allowed: Collection[bytes] = ()) -> bool:
    """Say whether a browser sent this for another site without asking us first.

    A page elsewhere can make a browser GET any address, with our cookies, and measure how long it takes. Browsers say
    so in Sec-Fetch-Site, older ones at least in Origin; other clients send neither. Whoever can set a header that needs
    a preflight is not such a page, because a preflight is granted to allowed origins alone.
    """
    # These headers need a preflight, so a page that could send one was allowed to.
    if any(headers.get(name) for name in PREFLIGHT):
        return False
    if split_entry(headers.get(b"content-type", b"").lower())[0] not in SIMPLE:
        return False
    if headers.get(b"origin") in allowed:
        return False
    if site := headers.get(b"sec-fetch-site"):
        return site not in (b"same-origin", b"none")
    return is_foreign_origin(headers)


def is_followed_link(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Say whether somebody opens an address as a page, by a link, which may stand on any site.

    No other page reads what comes, or shows it within itself, and a link sends no header by which our cookies count:
    who follows one is a stranger.
    """
    mode, place = headers.get(b"sec-fetch-mode"), headers.get(b"sec-fetch-dest")
    return method in ("GET", "HEAD") and mode == b"navigate" and place == b"document"


def is_foreign_origin(headers: Mapping[bytes, bytes], allowed: Collection[bytes] = ()) -> bool:
    """Say whether Origin names another site than ours, and none that is allowed."""
    origin = headers.get(b"origin")
    if origin is None or origin in allowed:
        return False
    return origin.partition(b"://")[2] != headers.get(b"host")
