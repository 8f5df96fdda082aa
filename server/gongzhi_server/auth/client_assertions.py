"""Client assertions: proofs of holding the private key that an API key is bound to, by RFC 7523 and OpenID's rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from uuid6 import uuid7

from gongzhi_server.storage.connection_shares import SharedReader

from .claims import ByKeyToken
from .jws import LEEWAY, InvalidToken, ParsedToken, PinnedKey, check_claims

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LASTING = timedelta(minutes=5)
"""How far ahead an assertion may end: for so long its id is kept."""
JTI = 200
"""Characters of an assertion's id."""
TYPED = "ApiKey:"
"""What the id of a key begins with in GraphQL; both ways of writing it are taken."""
FIND = """
select k.account_id, k.public_keys from accounts.key k where k.id = $1 and k.revoked_at is null and k.expires_at > $2
"""
# What is over is thrown away by the way, a little each time; by the database's clock if this process's own is ahead, or
# the assertion could be shown once more to another one.
TAKE = """
with thrown as (
  delete from api_keys.assertion where id in (
    select id from api_keys.assertion where expires_at <= least($4, now()) limit 100 for update skip locked)
)
insert into api_keys.assertion (id, digest, expires_at) values ($1, $2, $3)
on conflict (digest) do nothing returning true
"""


class ClientAssertions:
    """Verifies assertions. `issuer` is the deployment's own address."""

    def __init__(self, readers: SharedReader, writers: asyncpg.Pool[Any], issuer: str) -> None:
        self.readers, self.writers = readers, writers
        self.audiences = issuer, f"{issuer}/auth/token"

    async def verify(self, text: str, client: str | None, now: datetime) -> tuple[ByKeyToken, Mapping[str, Any]]:
        """Return which key the assertion speaks for, and what it says. Raises InvalidToken."""
        token = ParsedToken.read(text)
        subject = token.claims.get("sub")
        # The client says who it is up to three times, and never two things.
        if not isinstance(subject, str) or (client and bare_id(client) != bare_id(subject)):
            raise InvalidToken("about no client, or about another")
        try:
            key = UUID(bare_id(subject))
        except ValueError as error:
            raise InvalidToken("about no client") from error
        found = await self.readers.fetch(FIND, key, now)
        claims = verify_signature(token, map(orjson.loads, found[0]["public_keys"] if found else ()))
        self.check(claims, subject, now)
        return ByKeyToken(found[0]["account_id"], key), claims

    def check(self, claims: Mapping[str, Any], subject: str, now: datetime) -> None:
        """Check that it is by the client itself, for us alone, and for a short time. Raises InvalidToken."""
        audience = claims.get("aud")
        if isinstance(audience, list) and len(audience) == 1:
            [audience] = audience
        if audience not in self.audiences:
            raise InvalidToken("for somebody else, or for others, too")
        check_claims(claims, subject, audience, now, LEEWAY)
        if claims["exp"] > (now + LASTING).timestamp() + LEEWAY:
            raise InvalidToken("it lasts too long")
        if not isinstance(claims.get("jti"), str) or not 0 < len(claims["jti"]) <= JTI:
            raise InvalidToken("it has no id")

    async def take(self, key: UUID, claims: Mapping[str, Any], now: datetime) -> None:
        """Take an assertion that holds. Raises InvalidToken for one that was taken before, by whichever process."""
        digest = hashlib.sha256(f"{key} {claims['jti']}".encode()).digest()
        until = datetime.fromtimestamp(claims["exp"] + LEEWAY, UTC)
        if not await self.writers.fetchval(TAKE, uuid7(), digest, until, now):
            raise InvalidToken("it was taken before")


def bare_id(client: str) -> str:
    """Return a client's id without the name of its type."""
    return client.removeprefix(TYPED)


def verify_signature(token: ParsedToken, keys: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the claims, signed with one of these keys. Raises InvalidToken."""
    for one in keys:
        if pinned := PinnedKey.of(one):
            try:
                return token.verify_claims(pinned)
            except InvalidToken:
                continue
    raise InvalidToken("signed with no key of the client")
