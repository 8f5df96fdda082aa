"""File links: whoever may see an attachment gets one, good for some minutes for anybody who has it.

The signature is an HMAC-SHA256, made by the database in the statement that checked the right to see the row. The key is
of one time of expiry alone, so what the statement is given is worth nothing soon after.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from uuid import UUID

from pypika_tortoise.terms import Term

from gongzhi.declare.plans import Build, Frame
from gongzhi.declare.sql import Sql
from gongzhi.runtime.context import Context

PATH = "/attachments"
FULL, THUMBNAIL = "full", "thumbnail"
VARIANTS = (FULL, THUMBNAIL)
WINDOW = 300
"""Seconds in which a link stays the same, so that a phone need not load the picture again; good for 1 to 2 of them."""
LENGTH = 32
"""Hexadecimal digits of a signature."""
# Bytes of a block of SHA-256.
BLOCK = 64


def link_expiry(now: datetime) -> int:
    """Return when links that are made now end, in seconds since 1970."""
    return (int(now.timestamp()) // WINDOW + 2) * WINDOW


def link_key(secret: bytes, expires: int) -> bytes:
    # A key for each time of expiry: the database is never given one that lasts.
    return hmac.digest(secret, f"attachment links {expires}".encode(), hashlib.sha256)


def sign_link(secret: bytes, id: UUID, variant: str, expires: int) -> str:
    """Return what a link must be signed with."""
    return hmac.digest(link_key(secret, expires), f"{id}/{variant}".encode(), hashlib.sha256).hex()[:LENGTH]


def link_sql(variant: str) -> Build:
    """Return the link to a file, signed by the database."""

    def build(at: Frame) -> Term:
        whole = at.given.whole
        expires = whole(lambda arguments, context: str(link_expiry(context.viewer.now)), cast="text")
        inner = whole(lambda arguments, context: hmac_pad(context, 0x36), cast="bytea")
        outer = whole(lambda arguments, context: hmac_pad(context, 0x5C), cast="bytea")
        # HMAC written out, for PostgreSQL has `sha256` without an extension and no `hmac`.
        signed = (
            f"{PATH}/'||{{0}}||'/{variant}?expires='||{{1}}||'&signature='||left(encode("
            f"sha256({{3}}||sha256({{2}}||convert_to({{0}}||'/{variant}','UTF8'))),'hex'),{LENGTH})"
        )
        return Sql("'" + signed, Sql("{0}::text", at.row.id), expires, inner, outer)

    return build


def hmac_pad(context: Context, by: int) -> bytes:
    """Return the key's block of the inner or the outer hash (RFC 2104)."""
    made = link_key(context.receipts, link_expiry(context.viewer.now)).ljust(BLOCK, b"\0")
    return bytes(one ^ by for one in made)
