"""One attempt: a body signed and sent, and what was answered. Nothing of the answer but its head is read."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import httpx
from standardwebhooks import Webhook

from .addresses import Networks, Refused, Unknown, Vetted

TIMEOUT = 20.0
"""Seconds for all of an attempt."""
TYPE = "application/cloudevents+json; charset=utf-8"
AGENT = "gongzhi-webhooks/1"
GONE = 410


@dataclass(frozen=True)
class Attempt:
    """What came of it: a status, or an error in one word."""

    status: int | None = None
    error: str | None = None
    retry_after: str | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Post:
    """Sends. `networks` are those that may be reached."""

    def __init__(self, networks: Networks, timeout: float = TIMEOUT) -> None:
        self.timeout = timeout
        self.client = httpx.AsyncClient(
            transport=Vetted(networks, httpx.create_ssl_context(trust_env=False)),
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
        )

    async def send(self, url: str, id: UUID, body: str, secrets: Iterable[bytes], now: datetime) -> Attempt:
        """Try once. Whatever goes wrong is in the answer."""
        try:
            async with asyncio.timeout(self.timeout):
                signed = headers(id, body, secrets, now)
                async with self.client.stream("POST", url, content=body.encode(), headers=signed) as reply:
                    return Attempt(reply.status_code, retry_after=reply.headers.get("retry-after"))
        except Exception as error:  # a receiver may be broken in any way
            return Attempt(error=word(error))

    async def close(self) -> None:
        await self.client.aclose()


def headers(id: UUID, body: str, secrets: Iterable[bytes], now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks; with several secrets, a signature by each."""
    at = now.astimezone(UTC)
    signatures = [Webhook(secret).sign(str(id), at, body) for secret in secrets]
    return {
        "content-type": TYPE,
        "user-agent": AGENT,
        "webhook-id": str(id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def word(error: BaseException) -> str:
    """What failed, without what it failed on."""
    match error:
        case Refused():
            return "REFUSED_ADDRESS"
        case Unknown():
            return "DNS"
        case TimeoutError() | httpx.TimeoutException():
            return "TIMEOUT"
        case httpx.ConnectError():
            return "TLS" if any(isinstance(one, ssl.SSLError) for one in causes(error)) else "CONNECT"
        case _:
            return "PROTOCOL"


def causes(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
