"""Cursors: the position of an event, sealed, so that nobody reads from two of them how much lies between."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

MARK = b"gongzhi1"
"""Eight bytes in each cursor beside the position, by which a made-up one is told."""


class Cursors:
    """Sealed positions. One position has one cursor, for everybody and for ever.

    A cursor is a single block, so the plain block cipher is all that it takes.
    """

    def __init__(self, secret: bytes) -> None:
        # ECB is enough: a cursor is a single block, and one position is to have the same cursor for everybody.
        self._cipher = Cipher(AES(hashlib.sha256(b"gongzhi cursors " + secret).digest()), ECB())

    def seal(self, position: int) -> str:
        """Seal a position as a cursor."""
        block = self._cipher.encryptor().update(MARK + position.to_bytes(8, "big"))
        return base64.urlsafe_b64encode(block).decode().rstrip("=")

    def open(self, cursor: str) -> int | None:
        """Return the position; None for what is no cursor of ours."""
        try:
            # Without padding in the cursor; surplus padding is ignored when decoding.
            block = base64.b64decode(cursor + "==", altchars=b"-_", validate=True)
        except ValueError:
            return None
        plain = self._cipher.decryptor().update(block) if len(block) == 16 else b""
        # The mark stands for a MAC: a made-up block decrypts to
        # noise, and begins with these eight bytes once in 2^64 times.
        return int.from_bytes(plain[8:], "big") if plain.startswith(MARK) else None
