"""Connection: how the servers of NATS are reached."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import nats
from nats.aio.client import Client

from ..settings import IntegrationSettings

log = logging.getLogger("gongzhi")

PATIENCE = 10
"""Seconds for the first connection, whichever of the servers gives it."""
AGAIN = 0.2
"""Seconds between attempts to reach the next server once one is lost."""
CUT = (OSError, TimeoutError, nats.errors.Error)
"""What a connection ends in."""


async def ignore_callback() -> None:
    """Do nothing about a server that goes or comes."""


@dataclass(frozen=True)
class NatsServers:
    """The servers of one cluster and what they know us by. A lost server is replaced by the next one."""

    addresses: tuple[str, ...]
    replicas: int = 1
    credentials: Path | None = None
    authority: Path | None = None

    @classmethod
    def of(cls, settings: IntegrationSettings) -> NatsServers:
        """Return the servers that the operator chose."""
        return cls(settings.nats, settings.nats_replicas, settings.nats_credentials, settings.nats_ca)

    @asynccontextmanager
    async def connect(
        self,
        lost: Callable[[], Awaitable[None]] = ignore_callback,
        found: Callable[[], Awaitable[None]] = ignore_callback,
    ) -> AsyncIterator[Client]:
        """Open a connection. Raises one of CUT. `lost` and `found` are called when a server goes and another comes."""
        client = Client()
        try:
            async with asyncio.timeout(PATIENCE):
                await client.connect(
                    list(self.addresses),
                    name="gongzhi",
                    error_cb=log_connection_error,
                    disconnected_cb=lost,
                    reconnected_cb=found,
                    # For ever: what cannot be reached now may be in a minute.
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=AGAIN,  # type: ignore[arg-type]  # it sleeps for fractions, too
                    connect_timeout=2,
                    user_credentials=str(self.credentials) if self.credentials else None,
                    tls=ssl.create_default_context(cafile=self.authority) if self.authority else None,
                )
            yield client
        finally:
            await client.close()  # also what was cut off half connected


async def log_connection_error(error: Exception) -> None:
    """Note what went wrong below; whoever uses the connection says what that means."""
    log.debug("NATS: %s", type(error).__name__)
