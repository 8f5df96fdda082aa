"""Signed tokens: read by the rules of RFC 8725, by which the key decides the algorithm, not the header."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

LONGEST = 8192
LEEWAY = 60
"""Seconds that another machine's clock may be off."""
FOREIGN = {"jku", "jwk", "x5u", "x5c"}
"""Header parameters that would bring their own key."""
Key = RSAKey | ECKey | OKPKey

# One algorithm for a kind of key (RFC 8725, section 3.1). With HMAC or "none"
# among them, a public key could be used as a shared secret, or no key at all.
ALGORITHMS: Mapping[tuple[str, str | None], tuple[str, ...]] = {
    ("RSA", None): ("RS256",),
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),  # one algorithm, before and after RFC 9864
}


class InvalidToken(ValueError):
    """A token that is not to be trusted. Says why for tests; callers are told nothing."""


@dataclass(frozen=True)
class PinnedKey:
    """A key that verifies, and the only algorithms it verifies with."""

    key: Key
    algorithms: tuple[str, ...]

    @classmethod
    def of(cls, jwk: Mapping[str, Any]) -> PinnedKey | None:
        """Import a key from an entry of a JWKS; None for one that is not for verifying signatures, or too weak."""
        kind = (str(jwk.get("kty")), jwk.get("crv"))
        usable = ALGORITHMS.get(kind, ())
        if jwk.get("alg") is not None:
            usable = tuple(name for name in usable if name == jwk["alg"])
        if not usable or jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
            return None
        try:
            # Only public members are imported: a provider that publishes
            # a private key by mistake must not make us hold it.
            return cls.from_public_key(kind[0], {name: value for name, value in jwk.items() if name in PUBLIC}, usable)
        except (JoseError, ValueError, TypeError):
            return None

    @classmethod
    def from_public_key(cls, kind: str, public: dict[str, Any], usable: tuple[str, ...]) -> PinnedKey | None:
        """Import the public key of a kind; None for RSA below 2048 bits."""
        key = KINDS[kind].import_key(public)
        if isinstance(key, RSAKey) and key.public_key.key_size < 2048:
            return None
        return cls(key, usable)


PUBLIC = {"kty", "crv", "x", "y", "n", "e", "kid"}
KINDS: Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


class AlgorithmRegistry(JWSRegistry):
    """joserfc's, without its warning of the name EdDSA, which most providers still sign with."""

    max_header_length = 2048
    max_payload_length = LONGEST

    def get_alg(self, name: str) -> Any:
        """Return the algorithm. Raises InvalidToken for one that is not the key's."""
        if name not in (self.allowed or ()):
            raise InvalidToken("the algorithm is not the key's")
        return self.algorithms[name]


@dataclass(frozen=True)
class ParsedToken:
    """A token taken apart and not verified yet."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]

    @classmethod
    def read(cls, text: str) -> ParsedToken:
        """Take a compact JWS apart. Raises InvalidToken."""
        parts = text.split(".")
        # Bounded before anything is decoded.
        if len(text) > LONGEST or len(parts) != 3 or not text.isascii():
            raise InvalidToken("no compact JWS of 8 KiB at most")
        header, claims = (decode_object(part) for part in parts[:2])
        # "crit" asks for an extension that must be understood; we know none (RFC 7515, section 4.1.11).
        if FOREIGN & header.keys() or "crit" in header:
            raise InvalidToken("the header brings its own key, or asks for an extension")
        return cls(text, header, claims)

    def verify_claims(self, pinned: PinnedKey) -> dict[str, Any]:
        """Verify the signature and return the claims. Raises InvalidToken."""
        registry = AlgorithmRegistry(algorithms=pinned.algorithms, strict_check_header=False)
        try:
            return dict(jwt.decode(self.text, pinned.key, registry=registry).claims)
        except (JoseError, ValueError, TypeError) as error:
            raise InvalidToken("the signature does not hold") from error

    def require_type(self, types: Collection[str]) -> None:
        """Refuse a token of another type, such as an ID token."""
        found = self.header.get("typ")
        if not isinstance(found, str) or found.lower().removeprefix("application/") not in types:
            raise InvalidToken("a token of another type")


def decode_object(part: str) -> dict[str, Any]:
    """Decode a JSON object in base64url, in which no name is twice."""
    try:
        # A doubled name is read differently by different parsers, so one could check what another does not see.
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=reject_duplicates)
    except (ValueError, RecursionError) as error:
        raise InvalidToken("no JSON in base64url") from error
    if not isinstance(found, dict):
        raise InvalidToken("no JSON object")
    return found


def reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object of members. Raises InvalidToken for a doubled name."""
    if len(dict(pairs)) < len(pairs):
        raise InvalidToken("a name is twice in it")
    return dict(pairs)


def check_claims(claims: Mapping[str, Any], issuer: str, audience: str, now: datetime, leeway: int = 0) -> None:
    """Check what every access token must say: from and about whom, for whom, from when to when. Raises InvalidToken."""
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=leeway,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
    )
    try:
        registry.validate(dict(claims))
    except (JoseError, ValueError, TypeError, OverflowError) as error:
        raise InvalidToken(f"the claims do not hold: {error}") from error
