"""Contact codes: those that prove a number, and how the number is kept."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values import codes

from .models import ContactRow

DIGITS = 6
GOOD = timedelta(minutes=10)
"""How long a code is good."""
TRIES = 5
"""How often it may be guessed at."""
FIELD = "contact"


def derive_code(secret: bytes, contact: UUID) -> str:
    """Return the code of a contact: derived, so it is told again to a job that is tried again, and stored nowhere."""
    # The prefix keeps this MAC apart from those that are made under the same secret for receipts and links.
    made = hmac.digest(secret, b"contact code " + contact.bytes, hashlib.sha256)
    return f"{int.from_bytes(made[:8]) % 10**DIGITS:0{DIGITS}}"


def is_right(secret: bytes, row: ContactRow, given: str, now: datetime) -> bool:
    """Return whether this is the contact's code, while it is good."""
    # In constant time, or the delay would tell how much of a guess is right.
    right = hmac.compare_digest(derive_code(secret, row.id).encode(), given.strip().encode())
    return right and row.tries < TRIES and row.sent_at is not None and now < row.sent_at + GOOD


def seal_onto(keys: KeyRing, county: str, row: ContactRow, number: str) -> None:
    """Put the number on the row, sealed under a data key of its own."""
    made = sealing.data_key()
    row.data_key = keys.wrap(county, made)
    row.sealed = sealing.seal_value(made, context(row.id), number)
    # Sealed, one number looks different each time; by the blind index codes to one number are counted.
    row.blind = keys.blind(county, FIELD, number)
    row.mask = codes.mask_phone(number)


def open_number(keys: KeyRing, county: str, row: ContactRow) -> str | None:
    """Return the number in clear; None once its key has been destroyed."""
    return sealing.open_value(keys.unwrap(county, row.data_key), context(row.id), row.sealed) if row.data_key else None


def context(contact: UUID) -> str:
    return f"contacts.contact.number:{contact}"
