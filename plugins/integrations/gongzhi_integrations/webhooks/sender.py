"""Sender: signs a body, sends it once, and tells what was answered; of the answer nothing but its head is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from gongzhi.runtime.outbound.networks import OutboundNetworks
from gongzhi.runtime.tracing import span
from standardwebhooks import Webhook

if TYPE_CHECKING:
    import httpx

TIMEOUT = 20.0
"""Seconds for all of an attempt."""
CONNECTING = 5.0
"""Seconds of these until a connection stands."""
TYPE = "application/cloudevents+json; charset=utf-8"
AGENT = "gongzhi-webhooks/1"
GONE = 410


@dataclass(frozen=True)
class Attempt:
    """What came of it: a status, or an error in one word; and how many seconds it took."""

    status: int | None = None
    error: str | None = None
    retry_after: str | None = None
    seconds: float = field(default=0.0, compare=False)

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has it; a redirect is no answer of the receiver."""
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """Sends. `networks` are those that may be reached."""

    def __init__(self, networks: OutboundNetworks, timeout: float = TIMEOUT) -> None:
        self.networks, self.timeout = networks, timeout

    @cached_property
    def client(self) -> httpx.AsyncClient:
        """The client, made for the first delivery: httpx with its certificates is a tenth of a start."""
        from gongzhi.runtime.outbound.clients import make_client

        return make_client(self.networks, CONNECTING)

    async def send(
        self, url: str, id: UUID, body: str, secrets: Iterable[bytes], now: datetime, timeout: float | None = None
    ) -> Attempt:
        """Send a body once. Whatever goes wrong is in the answer."""
        begun, timeout = time.monotonic(), timeout or self.timeout
        try:
            async with asyncio.timeout(timeout):
                signed = make_headers(id, body, secrets, now)
                request = self.client.build_request("POST", url, content=body.encode(), headers=signed)
                # What bounds the answer is the timeout around it all; that of the client is for connecting.
                request.extensions["timeout"] = {"connect": min(CONNECTING, timeout)}
                # As a stream, of which the body is never read.
                with span("webhook"):
                    reply = await self.client.send(request, stream=True)
                    await reply.aclose()
                found = Attempt(reply.status_code, retry_after=reply.headers.get("retry-after"))
        except Exception as error:  # a receiver may be broken in any way
            from gongzhi.runtime.outbound.clients import name_failure

            found = Attempt(error=name_failure(error))
        return replace(found, seconds=time.monotonic() - begun)

    async def close(self) -> None:
        """Close the client, if there was a delivery."""
        if "client" in vars(self):
            await self.client.aclose()


def make_headers(id: UUID, body: str, secrets: Iterable[bytes], now: datetime) -> dict[str, str]:
    """Make the headers of Standard Webhooks; with several secrets, a signature by each."""
    at = now.astimezone(UTC)
    signatures = [Webhook(secret).sign(str(id), at, body) for secret in secrets]
    return {
        "content-type": TYPE,
        "user-agent": AGENT,
        "webhook-id": str(id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
