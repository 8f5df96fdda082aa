"""Invalidation: hears over LISTEN what other processes did to accounts, for as long as the server runs."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from gongzhi_server.storage.availability import LOST, open_session

CHANNEL = "gongzhi_accounts"
LISTENER = "gongzhi accounts"
"""What the names of the connections that listen begin with."""
AGAIN, LONGEST = 1.0, 30.0
"""Seconds until the connection is tried again, at first and at most."""
PATIENCE = 5.0

logger = logging.getLogger(__name__)

OnChange = Callable[[UUID | None], None]
"""Called with the account that changed; with None when anything may have changed unheard."""


def listener_name(issuer: str) -> str:
    """Return the name of a process's connection that listens: the other processes can see whose tokens it takes."""
    return f"{LISTENER} {hashlib.sha256(issuer.encode()).hexdigest()[:12]}"


@asynccontextmanager
async def listen_for_changes(dsn: str, name: str, hear: OnChange) -> AsyncIterator[None]:
    """Listen under this name for as long as the block lasts, from when there is a connection or none can be made."""
    ready = asyncio.Event()
    task = asyncio.create_task(keep_listening(dsn, name, hear, ready))
    try:
        # The server starts even if the connection fails: accounts are looked up again after some seconds anyway.
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await ready.wait()
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def keep_listening(dsn: str, name: str, hear: OnChange, ready: asyncio.Event) -> None:
    """Keep one connection that listens. Whenever it comes or goes, anything may have changed."""
    wait = AGAIN
    while True:
        try:
            await listen_once(dsn, name, hear, ready)
            wait = AGAIN
        except LOST as error:
            logger.warning(
                "changes of accounts are not heard (%s); trying again, and until then they count half a minute late: "
                "look at the database if it goes on",
                type(error).__name__,
            )
        # Notifications sent while nobody listened are lost, so everything is looked up anew.
        hear(None)
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST)


async def listen_once(dsn: str, name: str, hear: OnChange, ready: asyncio.Event) -> None:
    """Listen until the connection is lost."""
    lost = asyncio.Event()

    def heard(connection: Any, process: int, channel: str, payload: object) -> None:
        """Pass on which account has changed; any, if the payload does not say."""
        try:
            hear(UUID(str(payload)))
        except ValueError:
            hear(None)

    # Outside the pools, whose connections are not reset and must not listen.
    connection = await open_session(dsn, server_settings={"application_name": name})
    try:
        connection.add_termination_listener(lambda connection: lost.set())
        await connection.add_listener(CHANNEL, heard)
        # After the listener stands: what changed before it was not heard.
        hear(None)
        ready.set()
        await lost.wait()
    finally:
        connection.terminate()
