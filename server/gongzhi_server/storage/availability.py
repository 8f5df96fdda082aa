"""Availability: which errors mean that the database is away, and how connections are made to it."""

from __future__ import annotations

from typing import Any

import asyncpg

from gongzhi_server.errors import Unavailable

SHUT = (
    *(asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError),
    *(asyncpg.CrashShutdownError, asyncpg.CannotConnectNowError),
)
"""Errors of a database that shuts down or is not ready."""
AWAY = (OSError, asyncpg.InterfaceError, *SHUT)
"""Errors that mean that the database is away, where nothing else is asked."""
LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)
"""Errors by which a connection ends; asyncpg may lose count of what it has sent over one that is cut off."""
CONNECTING = 10.0
"""Seconds that a connection may take to be made; a machine that is gone says nothing at all."""


async def connect(*where: Any, **more: Any) -> asyncpg.Connection[Any]:
    """Connect for a pool. Raises Unavailable if the database is away or has no connection left."""
    try:
        made: asyncpg.Connection[Any] = await asyncpg.connect(*where, timeout=CONNECTING, **more)
        return made
    except (OSError, asyncpg.TooManyConnectionsError, *SHUT) as error:
        raise Unavailable from error
