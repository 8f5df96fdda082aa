"""Availability: which errors mean that the database is away, and how connections are made to it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
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
Connect = Callable[..., "Coroutine[Any, Any, asyncpg.Connection[Any]]"]
"""What a pool makes its connections by, with the arguments of `asyncpg.connect`."""
CONNECTING = 10.0
"""Seconds that a connection may take to be made; a machine that is gone says nothing at all."""


async def open_session(
    *where: Any, server_settings: Mapping[str, str] | None = None, timeout: float = CONNECTING, **more: Any
) -> asyncpg.Connection[Any]:
    """Connect, and give the session its settings by a statement of its own.

    Not with the parameters that a connection begins with: poolers refuse most of those, or leave them out unsaid.
    """
    made: asyncpg.Connection[Any] = await asyncpg.connect(*where, timeout=timeout, **more)
    if server_settings:
        chosen = ",".join(f"set_config('{name}','{value}',false)" for name, value in server_settings.items())
        try:
            # As the connection itself does it, whatever its class asks of statements.
            await asyncpg.Connection.execute(made, f"select {chosen}", timeout=timeout)
        except BaseException:
            made.terminate()
            raise
    return made


async def connect(*where: Any, **more: Any) -> asyncpg.Connection[Any]:
    """Connect for a pool. Raises Unavailable if the database is away or has no connection left."""
    try:
        return await open_session(*where, **more)
    except (OSError, asyncpg.TooManyConnectionsError, *SHUT) as error:
        raise Unavailable from error
