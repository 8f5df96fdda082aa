"""Provider sign-in: a browser signs in on the page of an identity provider, by OpenID Connect's code flow with PKCE.

What has to come back as it left lies sealed in a cookie of the browser that began: nothing is stored, and another
browser has nothing to come back with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from uuid6 import uuid7

from .identity_provider import Provider, fetch_json
from .jws import LEEWAY, InvalidToken, ParsedToken, check_claims
from .tickets import Tickets

PURPOSE = "identity provider"
LASTING = timedelta(minutes=10)
"""How long somebody may take on the provider's page."""
FRESH = timedelta(hours=1)
"""How long the provider's addresses are kept."""
CONFIGURATION = "/.well-known/openid-configuration"
METHOD = "S256"


class ProviderFailed(Exception):
    """Nobody was signed in: `denied` by the provider, `unlinked` for an identity of no account, or it `failed`."""


@dataclass(frozen=True)
class ProviderClient:
    """What we are at a provider: our client id there, and the secret, unless PKCE is all that it asks for."""

    id: str
    secret: str | None = None


@dataclass(frozen=True)
class Departure:
    """Where a browser is sent, and the ticket that it keeps meanwhile."""

    address: str
    ticket: str


@dataclass(frozen=True)
class Arrival:
    """Who came back: whom the provider calls so, and the key of the session that was begun."""

    issuer: str
    subject: str
    session: UUID


class ProviderSignIn:
    """Signs people in at one provider. `address` is where it sends them back to."""

    def __init__(self, provider: Provider, client: ProviderClient, tickets: Tickets, address: str) -> None:
        self.provider, self.client, self.tickets, self.address = provider, client, tickets, address
        self._found: tuple[datetime, Mapping[str, Any]] | None = None

    @property
    def issuer(self) -> str:
        """Who the provider is."""
        return self.provider.trust.issuer

    async def depart(self, back: str, now: datetime) -> Departure:
        """Return where to sign in. Raises what fetching does."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.address,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": METHOD,
        }
        target = (await self._configuration(now))["authorization_endpoint"]
        kept = {"kept": [self.issuer, state, nonce, verifier], "session": str(uuid7()), "back": back}
        joined = "&" if urlsplit(target).query else "?"
        return Departure(f"{target}{joined}{urlencode(asked)}", self.tickets.issue(PURPOSE, kept, now))

    async def arrive(self, given: Mapping[str, str], kept: Mapping[str, Any], now: datetime) -> Arrival:
        """Return who came back. Raises ProviderFailed, InvalidToken, and what fetching does."""
        _, state, nonce, verifier = kept["kept"]
        if not hmac.compare_digest(given.get("state", "").encode(), state.encode()):
            raise ProviderFailed("failed")
        # Another provider's answer must not be redeemed here (RFC 9207).
        if given.get("iss", self.issuer) != self.issuer:
            raise ProviderFailed("failed")
        if "error" in given or not given.get("code"):
            raise ProviderFailed("denied" if given.get("error") == "access_denied" else "failed")
        token = ParsedToken.read(await self._redeem(given["code"], verifier, now))
        return Arrival(self.issuer, await self._verify(token, nonce, now), UUID(kept["session"]))

    async def _redeem(self, code: str, verifier: str, now: datetime) -> str:
        """Exchange a code for an ID token."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.address,
            "code_verifier": verifier,
            "client_id": self.client.id,
        }
        secret = self.client.secret
        # As forms are encoded, before Basic encodes it again (RFC 6749, section 2.3.1).
        basic = (quote(self.client.id, safe=""), quote(secret, safe="")) if secret else None
        target = (await self._configuration(now))["token_endpoint"]
        found = await fetch_json(self.provider.keys.client, "POST", target, data=form, auth=basic)
        if not isinstance(found, dict) or not isinstance(found.get("id_token"), str):
            raise InvalidToken("no ID token came")
        text: str = found["id_token"]
        return text

    async def _verify(self, token: ParsedToken, nonce: str, now: datetime) -> str:
        """Return whom an ID token is about. Raises InvalidToken."""
        # An access token is for an API and says nothing of who is at this browser.
        if str(token.header.get("typ", "JWT")).lower() != "jwt":
            raise InvalidToken("no ID token")
        pinned = await self.provider.keys.find(token.header.get("kid"), now)
        if pinned is None:
            raise InvalidToken("signed with no key of the issuer")
        claims = token.verify_claims(pinned)
        check_claims(claims, self.issuer, self.client.id, now, LEEWAY)
        if claims.get("azp", self.client.id) != self.client.id:
            raise InvalidToken("issued to another client")
        # The nonce ties the token to this browser: one that was issued for another is not taken.
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise InvalidToken("for another sign-in")
        subject: str = claims["sub"]
        return subject

    async def _configuration(self, now: datetime) -> Mapping[str, Any]:
        """Return the provider's addresses, as it publishes them. Raises ValueError for those of somebody else."""
        if self._found is None or now - self._found[0] >= FRESH:
            address = self.issuer.rstrip("/") + CONFIGURATION
            found = await fetch_json(self.provider.keys.client, "GET", address)
            wanted = [found.get(name) for name in ("authorization_endpoint", "token_endpoint")]
            # Nothing is sent in clear that an issuer of HTTPS was to hear.
            scheme = f"{urlsplit(self.issuer).scheme}://"
            safe = all(isinstance(one, str) and one.startswith(("https://", scheme)) for one in wanted)
            if found.get("issuer") != self.issuer or not safe:
                raise ValueError("no configuration of this issuer")
            self._found = now, found
        return self._found[1]
