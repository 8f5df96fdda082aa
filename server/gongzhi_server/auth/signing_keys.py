"""Signing keys: those that the deployment signs access tokens with, a new one every month, derived from its secret.

Every process knows them without a word, nothing of them is stored, and whoever caches the public ones sees next month's
in time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import OKPKey

from .jws import PinnedKey

ALGORITHM = "EdDSA"
MONTH = "%Y-%m"


class SigningKeys:
    """The signing keys of one deployment."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._known: dict[str, OKPKey] = {}

    def current(self, now: datetime) -> OKPKey:
        """Return the key that signs now."""
        return self._key(now.strftime(MONTH))

    def find(self, name: object, now: datetime) -> PinnedKey | None:
        """Return the key with this id, if tokens that it signed may still hold."""
        # This month's and the last; the next month's is published early, and signs nothing yet.
        found = next((key for key in list(self._around(now))[:2] if key.kid == name), None)
        return PinnedKey(found, (ALGORITHM,)) if found else None

    def public(self, now: datetime) -> dict[str, Any]:
        """Return the public keys as a JWKS: last month's, this month's, the next."""
        keys = [key.as_dict(private=False, use="sig", alg=ALGORITHM) for key in self._around(now)]
        return {"keys": keys}

    def _around(self, now: datetime) -> Iterator[OKPKey]:
        """Yield the keys of this month, of the last, and of the next."""
        first = now.replace(day=1)
        # 32 days after the first of a month lies in the next, whatever its length.
        for day in (first, first - timedelta(days=1), first + timedelta(days=32)):
            yield self._key(day.strftime(MONTH))

    def _key(self, month: str) -> OKPKey:
        """Derive the key of a month."""
        if month not in self._known:
            # HKDF (RFC 5869): each month's seed is independent, so one
            # that leaks tells nothing of another or of the secret.
            seed = HKDF(SHA256(), 32, salt=None, info=f"gongzhi access tokens {month}".encode()).derive(self._secret)
            pem = Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            )
            key = OKPKey.import_key(pem)
            # The thumbprint (RFC 7638) as id: the same key has the same id in every process.
            self._known[month] = OKPKey.import_key(pem, {"kid": key.thumbprint()})
        return self._known[month]


def derive_key(secret: str, purpose: str) -> bytes:
    """Derive another key of the deployment, for one purpose."""
    return hashlib.sha256(f"gongzhi {purpose} {secret}".encode()).digest()
