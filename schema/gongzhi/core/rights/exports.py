"""Subject access: who may fetch a copy of all that is held about a person, by a link that is stored nowhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gongzhi.runtime import tickets
from gongzhi.runtime.context import Context

from .models import Matter, State

PATH = "/exports/"
FRESH = timedelta(minutes=10)
"""How long a link works."""
DAYS = timedelta(days=7)
"""How long links are given out for one request."""
KIND = b"export"


def link(row: Any, context: Context) -> str | None:
    """Return the path to fetch the copy from, for whoever the request is of; None for others and when it is over."""
    now, viewer = context.viewer.now, context.viewer.account.person
    own = viewer is not None and viewer in (row.person_id, row.asked_by_id)
    if not own or (row.matter, row.state) != (Matter.EXPORT, State.GRANTED) or now > row.asked_at + DAYS:
        return None
    return PATH + ticket(context.receipts, row.id, now + FRESH)


def ticket(secret: bytes, request: UUID, until: datetime) -> str:
    """Return what a link ends in: the request, until when, and a MAC of both."""
    return tickets.issued(secret, KIND, request.bytes, until)


def opened(secret: bytes, text: str, now: datetime) -> UUID | None:
    """Return the request a link was made for; None if it was not, or is over."""
    key = tickets.opened(secret, KIND, text, now)
    return UUID(bytes=key) if key else None
