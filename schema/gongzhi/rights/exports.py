"""A copy of everything held about a person: who may fetch it, by a link that is derived and stored nowhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ..context import Context
from .models import Matter, State

PATH = "/exports/"
FRESH = timedelta(minutes=10)
"""How long a link works."""
DAYS = timedelta(days=7)
"""How long links are given out for one request."""
MAC = 16


def link(row: Any, context: Context) -> str | None:
    """The path to fetch the copy from, for whoever the request is of; None for others and when it is over."""
    now, viewer = context.viewer.now, context.viewer.account.person
    own = viewer is not None and viewer in (row.person_id, row.asked_by_id)
    if not own or (row.matter, row.state) != (Matter.EXPORT, State.GRANTED) or now > row.asked_at + DAYS:
        return None
    return PATH + ticket(context.receipts, row.id, now + FRESH)


def ticket(secret: bytes, request: UUID, until: datetime) -> str:
    """What a link ends in: the request, until when, and a MAC of both."""
    body = request.bytes + int(until.timestamp()).to_bytes(8)
    return base64.urlsafe_b64encode(body + sign(secret, body)).decode().rstrip("=")


def opened(secret: bytes, text: str, now: datetime) -> UUID | None:
    """The request a link was made for; None if it was not, or is over."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    body, mac = raw[:24], raw[24:]
    if len(raw) != 24 + MAC or not hmac.compare_digest(mac, sign(secret, body)):
        return None
    over = now > datetime.fromtimestamp(int.from_bytes(body[16:]), UTC)
    return None if over else UUID(bytes=body[:16])


def sign(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"export:" + body, hashlib.sha256)[:MAC]
