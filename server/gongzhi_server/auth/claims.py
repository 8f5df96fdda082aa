"""What a verified credential claims: which row of which table speaks for the account."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class InSession:
    """An access token of ours."""

    account: UUID
    session: UUID


@dataclass(frozen=True)
class ByKey:
    """An API key, by its digest."""

    digest: bytes


@dataclass(frozen=True)
class ByKeyToken:
    """An access token of ours that was issued for an API key: it ends with the key, and may no more than the key.

    `scope` is the permissions that were asked for; None for all that the key has.
    """

    account: UUID
    key: UUID
    scope: frozenset[str] | None = None


@dataclass(frozen=True)
class ByIdentity:
    """A token of an identity provider."""

    issuer: str
    subject: str


@dataclass(frozen=True)
class OnBehalf:
    """An account for which something goes on without a request: the delivery of events, the making of a file.

    `permissions` is what the API key it was asked for with may; None for all that the account may.
    """

    account: UUID
    permissions: list[str] | None = None


@dataclass(frozen=True)
class ByName:
    """The name of an account, as the operator says that it is its work."""

    name: str


Claim = InSession | ByKey | ByKeyToken | ByIdentity | OnBehalf | ByName
