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
class ByIdentity:
    """A token of an identity provider."""

    issuer: str
    subject: str


@dataclass(frozen=True)
class ForWebhook:
    """An endpoint that events are delivered to for an account, with what the key it was made with may."""

    account: UUID
    permissions: list[str] | None


Claim = InSession | ByKey | ByIdentity | ForWebhook
