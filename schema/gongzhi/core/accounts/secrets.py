"""Secrets: API keys and invitation codes, handed out once; only their digests are kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

PREFIX = "gzk_"
"""What an API key begins with, so that the server and those who scan for leaked secrets know it."""
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that looks like something else on paper
CODE = 12
SEPARATORS = re.compile(r"[\s-]+")


class NewSecret(NamedTuple):
    """A new secret, and what is kept of it."""

    secret: str
    digest: bytes


def api_key() -> NewSecret:
    """Return a new API key of 256 random bits."""
    made = PREFIX + secrets.token_urlsafe(32)
    return NewSecret(made, key_digest(made))


def key_digest(key: str) -> bytes:
    """Return what is kept of an API key. It has no salt and takes no time to make, for nobody guesses 256 bits."""
    return hashlib.sha256(key.encode()).digest()


def new_invitation(secret: bytes) -> NewSecret:
    """Return a new invitation code, `XXXX-XXXX-XXXX` (59 bits), to be read out or written down."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE))
    return NewSecret("-".join(code[at : at + 4] for at in range(0, CODE, 4)), invitation_mac(secret, code))


def invitation_mac(secret: bytes, code: str) -> bytes:
    """Return what is kept of a code: too short for a plain digest, it is bound to the deployment's secret."""
    # As people copy it: blanks, hyphens and small letters do not count.
    plain = SEPARATORS.sub("", code).upper()
    return hmac.digest(secret, b"invitation " + plain.encode(), hashlib.sha256)
