"""Election: one process of the deployment does what must not be done twice at a time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import asyncpg

from .availability import open_session
from .database import CleanConnection
from .liveness import HOLDING, keep_alive


class ElectionLost(ConnectionError):
    """The connection is lost, and the election with it: another process may have been elected."""


class LeaderConnection(CleanConnection):
    """A connection that two may use: who leads, and who gives its signs of life. It runs one statement at a time."""

    __slots__ = ("_turn",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn = asyncio.Lock()

    async def _execute(self, query: str, *given: Any, **named: Any) -> Any:
        async with self._turn:
            return await super()._execute(query, *given, **named)

    async def execute(self, query: str, *given: Any, **named: Any) -> Any:
        if given:  # asyncpg sends it by `_execute`
            return await super().execute(query, *given, **named)
        async with self._turn:
            return await super().execute(query, **named)

    async def executemany(self, command: str, *given: Any, **named: Any) -> Any:
        async with self._turn:
            return await super().executemany(command, *given, **named)


def election_lock(name: str) -> int:
    """Return the advisory lock that stands for a name."""
    # PostgreSQL's advisory locks are signed numbers of 64 bits; a digest spreads names over them.
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


async def try_lead(connection: asyncpg.Connection[Any], lock: int) -> bool:
    """Try to be elected; return whether nobody else is. The lock goes with the connection, however that ends."""
    return bool(await connection.fetchval("select pg_try_advisory_lock($1)", lock))


@asynccontextmanager
async def lead_when_elected(
    dsn: str, lock: int, rest: Callable[[], Awaitable[None]]
) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Wait to be elected, trying again after each `rest`; yield the connection that holds the lock.

    As soon as that is lost the block is cancelled. Raises ElectionLost then. If this process is frozen, PostgreSQL ends
    the connection, and whatever is still sent over it, so another process can be elected meanwhile.
    """
    settings = {"search_path": "public", "timezone": "UTC", **HOLDING}
    connection = await open_session(dsn, connection_class=LeaderConnection, server_settings=settings)
    lost = asyncio.timeout(None)

    def depose(_: Any) -> None:
        # A timeout that ends now: the block is cancelled at its next await, before it can act without the lock.
        lost.reschedule(asyncio.get_running_loop().time())

    try:
        while not await try_lead(connection, lock):
            await rest()
        try:
            async with keep_alive(partial(connection.execute, "select 1")), lost:
                connection.add_termination_listener(depose)
                try:
                    yield connection
                finally:
                    connection.remove_termination_listener(depose)
        except TimeoutError:
            if lost.expired():
                raise ElectionLost from None
            raise
    finally:
        connection.terminate()
