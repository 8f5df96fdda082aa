"""Check-in codes: shown on a screen at the door, new every quarter of a minute, read by any phone.

Twenty-eight bytes in base 32: the activity (16), the quarter-minute since 2020 (4), a mark (8). The mark is an
HMAC-SHA-256 under a key of this activity's screen, so a screen needs no connection. A phone without one keeps the code,
the time, and a proof: an HMAC over the code under the ticket of whoever signed up, which nobody else's phone has.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
PERIOD = timedelta(seconds=15)
MARK, PROOF = 8, 10


@dataclass(frozen=True)
class Code:
    """What a code says: for which activity it was shown, and in which quarter-minute."""

    activity: UUID
    slot: int

    @property
    def shown_at(self) -> datetime:
        return EPOCH + self.slot * PERIOD

    @property
    def body(self) -> bytes:
        return self.activity.bytes + self.slot.to_bytes(4)


def screen_key(secret: bytes, activity: UUID) -> bytes:
    """Return the key of an activity's screen, derived from the deployment's secret."""
    # The words before the id keep keys of different uses apart, though they come from one secret.
    return hmac.digest(secret, b"party screen " + activity.bytes, hashlib.sha256)


def participation_ticket(secret: bytes, participation: UUID) -> bytes:
    """Return the key that one phone alone has: that of whoever signed up."""
    # Of the participation and not of the person: the ticket of one activity is worth nothing at the next.
    return hmac.digest(secret, b"party ticket " + participation.bytes, hashlib.sha256)


def code_at(key: bytes, activity: UUID, at: datetime) -> str:
    """Return the code that a screen shows at a moment."""
    code = Code(activity, (at - EPOCH) // PERIOD)
    return base64.b32encode(code.body + sign_code(key, code.body)).decode().rstrip("=")


def decode_code(text: str) -> Code | None:
    """Return what a code says of itself, whoever made it; None for what is no code."""
    try:
        raw = base64.b32decode(pad_base32(text))
    except ValueError:
        # What is no base 32, and what is no ASCII: anybody may send anything as a code.
        return None
    return Code(UUID(bytes=raw[:16]), int.from_bytes(raw[16:20])) if len(raw) == 20 + MARK else None


def verify_screen_code(key: bytes, text: str) -> Code | None:
    """Return what a code says; None for one that no screen with this key has shown."""
    code = decode_code(text)
    # In constant time: how many bytes of a guess are right must not show in how long the answer takes.
    if code is None or not hmac.compare_digest(sign_code(key, code.body), base64.b32decode(pad_base32(text))[20:]):
        return None
    return code


def offline_proof(ticket: bytes, code: str) -> str:
    """Return what a phone without a connection keeps beside a code."""
    plain = code.strip().upper().encode()
    return base64.b32encode(hmac.digest(ticket, plain, hashlib.sha256)[:PROOF]).decode()


def is_proven(ticket: bytes, code: str, given: str) -> bool:
    return hmac.compare_digest(offline_proof(ticket, code).encode(), given.strip().upper().encode())


def sign_code(key: bytes, body: bytes) -> bytes:
    # Eight bytes: a code is read off a screen by a camera, and lives for a minute.
    return hmac.digest(key, body, hashlib.sha256)[:MARK]


def pad_base32(text: str) -> str:
    plain = text.strip().upper()
    # Codes are shown without the padding that Python's decoder asks for.
    return plain + "=" * (-len(plain) % 8)
