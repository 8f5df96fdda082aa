"""Tickets: what the server must know of somebody between two requests, sealed and carried by themselves for minutes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken

__all__ = ["Tickets"]


class Tickets:
    """Issues and reads tickets. Nothing of them is stored, and whoever carries one can neither read nor change it.

    A ticket is good for one purpose. That it counts once, if it must, is for whoever reads it to see to.
    """

    def __init__(self, secret: bytes) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(secret))

    def issue(self, purpose: str, claims: Mapping[str, Any], now: datetime) -> str:
        """Issue a ticket with these claims."""
        return self._fernet.encrypt_at_time(orjson.dumps([purpose, claims]), int(now.timestamp())).decode()

    def read(self, purpose: str, ticket: str, lasting: timedelta, now: datetime) -> Mapping[str, Any] | None:
        """Return the claims of a ticket that is not older than this; None for any other text."""
        try:
            text = self._fernet.decrypt_at_time(ticket.encode(), int(lasting.total_seconds()), int(now.timestamp()))
        except InvalidToken:
            return None
        named, claims = orjson.loads(text)
        return claims if named == purpose else None
