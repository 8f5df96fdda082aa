"""How NATS is reached."""

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

from gongzhi_server.settings import Settings

log = logging.getLogger("gongzhi")

PATIENCE = 10
"""Seconds for the first connection, whichever of the servers gives it."""
AGAIN = 0.2
"""Seconds between attempts to reach the next server once one is lost."""
CUT = (OSError, TimeoutError, nats.errors.Error)
"""What a line ends in."""


async def silent() -> None:
    return None


@dataclass(frozen=True)
class Line:
    """The servers of one cluster and what they know us by. A lost server is replaced by the next one."""

    servers: tuple[str, ...]
    replicas: int = 1
    credentials: Path | None = None
    authority: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Line:
        return cls(settings.nats, settings.nats_replicas, settings.nats_credentials, settings.nats_ca)

    @asynccontextmanager
    async def open(
        self, lost: Callable[[], Awaitable[None]] = silent, back: Callable[[], Awaitable[None]] = silent
    ) -> AsyncIterator[Client]:
        """A connection; raises one of CUT. `lost` and `back` are called when a server goes and another one is found."""
        async with asyncio.timeout(PATIENCE):
            client = await nats.connect(
                list(self.servers),
                name="gongzhi",
                error_cb=quiet,
                disconnected_cb=lost,
                reconnected_cb=back,
                max_reconnect_attempts=-1,
                reconnect_time_wait=AGAIN,
                connect_timeout=2,
                user_credentials=str(self.credentials) if self.credentials else None,
                tls=ssl.create_default_context(cafile=self.authority) if self.authority else None,
            )
        try:
            yield client
        finally:
            await client.close()


async def quiet(error: Exception) -> None:
    """What goes wrong below is told by what it does to us."""
    log.debug("NATS: %s", type(error).__name__)
