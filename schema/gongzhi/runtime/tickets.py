"""Tickets: links that work for a while for whoever has them, signed, so that nothing of them is stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

UNTIL, MAC = 8, 16
"""The bytes of a time and of a signature."""


def issue_ticket(secret: bytes, kind: bytes, key: bytes, until: datetime) -> str:
    """Return the end of a link: its kind, until when it works, and a MAC of both. No `kind` is taken for another."""
    body = key + int(until.timestamp()).to_bytes(UNTIL)
    return base64.urlsafe_b64encode(body + sign_body(secret, kind, body)).decode().rstrip("=")


def read_ticket(secret: bytes, kind: bytes, text: str, now: datetime) -> bytes | None:
    """Return what a link was made for; None if it was not, or is over."""
    try:
        # Links leave the padding off.
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    body, mac = raw[:-MAC], raw[-MAC:]
    # In constant time, or the delay of the answer would tell how much of a guess is right.
    if len(body) <= UNTIL or not hmac.compare_digest(mac, sign_body(secret, kind, body)):
        return None
    over = now > datetime.fromtimestamp(int.from_bytes(body[-UNTIL:]), UTC)
    return None if over else body[:-UNTIL]


def sign_body(secret: bytes, kind: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, kind + b":" + body, hashlib.sha256)[:MAC]
