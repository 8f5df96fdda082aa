"""Access tokens of our own, by RFC 9068: short-lived, signed, naming the account and its session or API key."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt

from .claims import ByKeyToken, Claim, InSession
from .jws import AlgorithmRegistry, InvalidToken, ParsedToken, check_claims
from .signing_keys import ALGORITHM, SigningKeys

# Short, so that a stolen token is of little use; sessions are renewed by refresh tokens, which can be taken back.
LIFETIME = timedelta(minutes=10)
TYPE = "at+jwt"
CLIENT = "gongzhi"
"""The client of tokens of sessions: our own sign-in. That of the others is an API key, by its id."""


class AccessTokens:
    """Issuer and reader of access tokens. `issuer` is the deployment's own address."""

    def __init__(self, keys: SigningKeys, issuer: str) -> None:
        self.keys, self.issuer, self.audience = keys, issuer, f"{issuer}/graphql"

    def issue(self, account: UUID, session: UUID, now: datetime) -> str:
        """Issue a token for an account in a session."""
        return self.sign(account, now, now + LIFETIME, client_id=CLIENT, sid=str(session))

    def issue_for_key(
        self, account: UUID, api_key: UUID, scope: Collection[str] | None, now: datetime, expires: datetime
    ) -> str:
        """Issue a token for an API key, with the permissions in `scope` of those that the key has."""
        narrowed = {} if scope is None else {"scope": " ".join(sorted(scope))}
        return self.sign(account, now, expires, client_id=str(api_key), **narrowed)

    def sign(self, account: UUID, now: datetime, expires: datetime, **more: str) -> str:
        """Sign a token for an account."""
        key = self.keys.current(now)
        claims = {
            "iss": self.issuer,
            "sub": str(account),
            "aud": self.audience,
            "iat": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "jti": secrets.token_urlsafe(12),
            **more,
        }
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}
        return jwt.encode(header, claims, key, registry=AlgorithmRegistry(algorithms=[ALGORITHM]))

    def read(self, token: ParsedToken, now: datetime) -> tuple[Claim, datetime]:
        """Return whom the token speaks for, and until when. Raises InvalidToken."""
        # The type first: an ID token or another kind of JWT with the same keys must not pass (RFC 9068, section 4).
        token.require_type([TYPE])
        pinned = self.keys.find(token.header.get("kid"), now)
        # The key is found by its id among ours and brings its own
        # algorithm; the header's word for either is not taken.
        if pinned is None:
            raise InvalidToken("signed with no key of ours")
        claims = token.verify_claims(pinned)
        check_claims(claims, self.issuer, self.audience, now)
        try:
            return read_claim(claims), datetime.fromtimestamp(claims["exp"], UTC)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise InvalidToken("it names neither a session nor a key") from error


def read_claim(claims: Mapping[str, Any]) -> Claim:
    """Read what a token stands for. Raises KeyError, ValueError, TypeError or AttributeError."""
    account, client = UUID(claims["sub"]), claims["client_id"]
    if client == CLIENT:
        return InSession(account, UUID(claims["sid"]))
    # An empty scope is none at all, which is not the same as no word of it.
    scope = frozenset(claims["scope"].split()) if "scope" in claims else None
    return ByKeyToken(account, UUID(client), scope)
