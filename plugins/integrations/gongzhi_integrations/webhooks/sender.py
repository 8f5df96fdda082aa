"""Sender: signs a body, sends it once, and tells what was answered; only the head of it says what became of it."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
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
BATCHED = "application/cloudevents-batch+json; charset=utf-8"
AGENT = "gongzhi-webhooks/1"
GONE = 410
DRAINED, DRAINING = 16_384, 0.5
"""Bytes of an answer's body, and seconds for them, so that the connection can be used again; it is closed otherwise."""
KEPT = 2_000
"""Bytes of it that the log keeps, sealed."""


@dataclass(frozen=True)
class Attempt:
    """What came of it: a status, or an error in one word; and how many seconds it took."""

    status: int | None = None
    error: str | None = None
    retry_after: str | None = None
    seconds: float = field(default=0.0, compare=False)
    answer: str = field(default="", compare=False)
    """The beginning of what the receiver wrote."""

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has it; a redirect is no answer of the receiver."""
        return self.status is not None and 200 <= self.status < 300


class UnreadableCertificates(Exception):
    """A file that the operator names cannot be used."""


@dataclass(frozen=True)
class Certificates:
    """What TLS knows beside the public authorities: those of a county's own, and who we are."""

    authorities: Path | None = None
    own: Path | None = None

    def load(self) -> ssl.SSLContext:
        """Load both. Raises UnreadableCertificates, which names the setting and nothing that is in the file."""
        import httpx

        context = httpx.create_ssl_context(trust_env=False)
        for name, file, load in (
            ("GONGZHI_WEBHOOK_CA", self.authorities, context.load_verify_locations),
            # A server has nobody to ask for a password, so a key that needs one is an error and no question.
            ("GONGZHI_WEBHOOK_CERTIFICATE", self.own, partial(context.load_cert_chain, password="")),
        ):
            try:
                if file:
                    load(file)
            except (OSError, ValueError) as error:
                raise UnreadableCertificates(f"{name} names {tell_unusable(error)}") from None
        return context


def tell_unusable(error: OSError | ValueError) -> str:
    """Tell what is wrong with a file of certificates, and what to do; neither its path nor what is in it."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return "a file that does not exist; correct the path"
        case PermissionError():
            return "a file that the server's account may not read; let it read the file"
    # The errors of TLS are of the operating system's class, too.
    return "no PEM file that can be used; it holds the certificates, and our own the key without a password"


class Sender:
    """Sends. `networks` are those that may be reached."""

    def __init__(
        self, networks: OutboundNetworks, timeout: float = TIMEOUT, certificates: Certificates = Certificates()
    ) -> None:
        self.networks, self.timeout = networks, timeout
        # Read at once: files that cannot be are the operator's fault, and no receiver's.
        self.tls = certificates.load() if certificates != Certificates() else None

    @cached_property
    def client(self) -> httpx.AsyncClient:
        """The client, made for the first delivery: httpx with its certificates is a tenth of a start."""
        from gongzhi.runtime.outbound.clients import make_client

        return make_client(self.networks, CONNECTING, self.tls)

    async def send(
        self, url: str, id: UUID, body: str, secrets: Iterable[bytes], now: datetime, timeout: float | None = None,
        authorization: str | None = None,
    ) -> Attempt:  # fmt: skip
        """Send a body once. Whatever goes wrong is in the answer."""
        begun, timeout = time.monotonic(), timeout or self.timeout
        try:
            async with asyncio.timeout(timeout):
                signed = make_headers(id, body, secrets, now)
                if authorization:
                    signed["authorization"] = authorization
                request = self.client.build_request("POST", url, content=body.encode(), headers=signed)
                # What bounds the answer is the timeout around it all; that of the client is for connecting.
                request.extensions["timeout"] = {"connect": min(CONNECTING, timeout)}
                # As a stream: whatever is in the body, and however long it is, the head has said what became of it.
                with span("webhook"):
                    reply = await self.client.send(request, stream=True)
                found = Attempt(reply.status_code, retry_after=reply.headers.get("retry-after"))
        except Exception as error:  # a receiver may be broken in any way
            from gongzhi.runtime.outbound.clients import name_failure

            return Attempt(error=name_failure(error), seconds=time.monotonic() - begun)
        seconds = time.monotonic() - begun
        return replace(found, seconds=seconds, answer=(await drain(reply))[:KEPT].decode(errors="replace"))

    async def close(self) -> None:
        """Close the client, if there was a delivery."""
        if "client" in vars(self):
            await self.client.aclose()


async def drain(reply: httpx.Response) -> bytes:
    """Read what little follows the head of an answer, and leave the connection to the next delivery."""
    read = b""
    with suppress(Exception):  # the receiver has it, whatever becomes of the rest
        async with asyncio.timeout(DRAINING):
            # As it comes: what is compressed may be anything once it is not.
            async for part in reply.aiter_raw():
                read += part
                if len(read) > DRAINED:
                    break
    with suppress(Exception):
        await reply.aclose()
    return read


def make_headers(id: UUID, body: str, secrets: Iterable[bytes], now: datetime) -> dict[str, str]:
    """Make the headers of Standard Webhooks; with several secrets, a signature by each."""
    at = now.astimezone(UTC)
    signatures = [Webhook(secret).sign(str(id), at, body) for secret in secrets]
    return {
        # An event is an object, and several are an array.
        "content-type": BATCHED if body.startswith("[") else TYPE,
        "user-agent": AGENT,
        "webhook-id": str(id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
