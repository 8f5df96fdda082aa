"""Devices: a device that has signed in before shows it by a token, and goes on while others who guess have to wait.

A device token opens nothing. It says that an account was signed in to on this device, and all that it spares is the
waiting that guessers elsewhere have caused. It names no account: the name is part of what the MAC is over.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

__all__ = ["LIFETIME", "Devices"]

PREFIX = "gzd_"
LIFETIME = timedelta(days=180)
"""How long a token counts after the last time somebody signed in with it."""
KEY, TIME, MAC = 12, 5, 24
"""Bytes of a device's key, of the moment of the last sign-in, and of the MAC."""


class Devices:
    """Issues and reads device tokens. Nothing of them is stored."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def issue(self, name: str, now: datetime, device: bytes | None = None) -> str:
        """Issue a token for a device that has just signed in to this account; for the one it had, if it was known."""
        body = (device or secrets.token_bytes(KEY)) + int(now.timestamp()).to_bytes(TIME, "big")
        return PREFIX + base64.urlsafe_b64encode(body + self._mac(body, name)).decode()

    def find(self, token: str | None, name: str, now: datetime) -> bytes | None:
        """Return the key of the device that shows this token for this account; None for anything else."""
        # Bounded before decoding: anybody may send a cookie of any length.
        if token is None or not token.startswith(PREFIX) or len(token) > 100 or not token.isascii():
            return None
        try:
            raw = base64.b64decode(token.removeprefix(PREFIX), b"-_", validate=True)
        except ValueError:
            return None
        # The name is part of the MAC, so a token of one account proves nothing for another.
        body, mac = raw[: KEY + TIME], raw[KEY + TIME :]
        if not hmac.compare_digest(mac, self._mac(body, name)):
            return None
        age = now.timestamp() - int.from_bytes(body[KEY:], "big")
        return body[:KEY] if age < LIFETIME.total_seconds() else None

    def cookie(self, name: str) -> str:
        """Return the name of the cookie for this account, so that several people may share a browser."""
        # A digest, since a cookie's name is readable to whoever uses the browser next.
        return f"gongzhi-device-{hmac.digest(self.secret, b'cookie ' + name.encode(), hashlib.sha256).hex()[:12]}"

    def _mac(self, body: bytes, name: str) -> bytes:
        # Cut to 24 bytes, which is still far beyond guessing, and keeps the cookie short.
        return hmac.digest(self.secret, b"device " + body + name.encode(), hashlib.sha256)[:MAC]
