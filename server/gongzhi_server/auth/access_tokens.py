"""Access tokens of our own, by RFC 9068: short-lived, signed, naming the account and the session they belong to."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

from joserfc import jwt

from .claims import Claim, InSession
from .jws import AlgorithmRegistry, InvalidToken, ParsedToken, check_claims
from .signing_keys import ALGORITHM, SigningKeys

# Short, so that a stolen token is of little use; sessions are renewed by refresh tokens, which can be taken back.
LIFETIME = timedelta(minutes=10)
TYPE = "at+jwt"
CLIENT = "gongzhi"
"""The client of every token: our own sign-in. RFC 9068 asks for one."""


class AccessTokens:
    """Issuer and reader of access tokens. `issuer` is the deployment's own address."""

    def __init__(self, keys: SigningKeys, issuer: str) -> None:
        self.keys, self.issuer, self.audience = keys, issuer, f"{issuer}/graphql"

    def issue(self, account: UUID, session: UUID, now: datetime) -> str:
        """Issue a token for an account in a session."""
        key = self.keys.current(now)
        claims = {
            "iss": self.issuer,
            "sub": str(account),
            "aud": self.audience,
            "client_id": CLIENT,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "jti": secrets.token_urlsafe(12),
            "sid": str(session),
        }
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}
        return jwt.encode(header, claims, key, registry=AlgorithmRegistry(algorithms=[ALGORITHM]))

    def read(self, token: ParsedToken, now: datetime) -> tuple[Claim, datetime]:
        """Return whom the token speaks for, and until when. Raises Invalid."""
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
            return InSession(UUID(claims["sub"]), UUID(claims["sid"])), datetime.fromtimestamp(claims["exp"], UTC)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise InvalidToken("it names no session") from error
