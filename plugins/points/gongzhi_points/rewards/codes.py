"""One-time codes for a counter: short enough to be typed, checked without a connection, settled later.

Fifteen bytes in Crockford's base 32, in six groups of four:

    number of the reward (3) ‖ nonce (4) ‖ minute until which it may be used, since 2020 (3) ‖ mark (5)

The mark is the beginning of an HMAC-SHA-256 under a key that the shop's counter holds, so it can tell a code that
was issued for it from one that was not. A counter that forges codes gains nothing: only those that were issued settle.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
STANDARD, CROCKFORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Python's base 32 uses other letters than Crockford's. Crockford's has no I, L, O, U, and reads I and L as 1, O as 0.
WRITTEN = str.maketrans(STANDARD, CROCKFORD)
# The last three letters map O to the value 0 and I and L to the value 1, as people confuse them.
READ = str.maketrans(CROCKFORD + "OIL", STANDARD + "ABB")
BODY, MARK = 10, 5
LENGTH = (BODY + MARK) * 8 // 5
# The sizes of the fields that hold a reward's number and a nonce.
NUMBERS, NONCES = 1 << 24, 1 << 32


@dataclass(frozen=True)
class Code:
    """What a code says: which reward of the shop, which redemption, until when."""

    number: int
    nonce: int
    expires_at: datetime
    """To the minute."""

    @property
    def body(self) -> bytes:
        # Three bytes of minutes last until 2051.
        minute = int((self.expires_at - EPOCH) / timedelta(minutes=1))
        return self.number.to_bytes(3) + self.nonce.to_bytes(4) + minute.to_bytes(3)


# No key is stored: it is derived from the secret and the shop's id, so a new counter needs nothing but this.
def counter_key(secret: bytes, merchant: UUID) -> bytes:
    """Return the key of a shop's counter, derived from the deployment's secret."""
    return hmac.digest(secret, b"points counter " + merchant.bytes, hashlib.sha256)


def format_code(key: bytes, code: Code) -> str:
    """Return the code as it is shown: `0000-1F4X-…`."""
    text = base64.b32encode(code.body + sign_code(key, code.body)).decode().translate(WRITTEN)
    return "-".join(text[at : at + 4] for at in range(0, LENGTH, 4))


def parse_code(key: bytes, text: str) -> Code | None:
    """Return what a code says; None for one not made with this key. Case, blanks and dashes do not matter."""
    plain = "".join(text.upper().replace("-", " ").split()).translate(READ)
    # Checked before decoding: `b32decode` would raise for letters outside its alphabet.
    if len(plain) != LENGTH or not set(plain) <= set(STANDARD):
        return None
    raw = base64.b32decode(plain)
    body, given = raw[:BODY], raw[BODY:]
    # In constant time: how many bytes of a guess are right must not show in how long the answer takes.
    if not hmac.compare_digest(sign_code(key, body), given):
        return None
    minute = int.from_bytes(body[7:])
    return Code(int.from_bytes(body[:3]), int.from_bytes(body[3:7]), EPOCH + timedelta(minutes=minute))


def sign_code(key: bytes, body: bytes) -> bytes:
    # Forty bits of the mark: enough against guessing at a counter, where each guess has to be typed.
    return hmac.digest(key, body, hashlib.sha256)[:MARK]
