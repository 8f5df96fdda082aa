"""Liveness: whoever holds something at the database gives signs of life, or PostgreSQL ends the connection.

A process that is frozen keeps its connections open, and so does a machine that has lost its power. A lock or a row
that it held would stay held; so the sessions by which something is held have a bound on their silence, which
PostgreSQL keeps by its own clock. What the process still wants to write when it comes to life again is refused with
the connection: nothing is written by two.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

PULSE = 1.0
"""Seconds between two signs of life."""
SILENCE = 3
"""Seconds of silence after which PostgreSQL ends a connection by which something is held for as long as it lasts."""
HOLDING = {
    "idle_session_timeout": f"{SILENCE}s",
    "idle_in_transaction_session_timeout": f"{SILENCE}s",
    # Of a machine that is gone, not even what PostgreSQL has to say is taken.
    "tcp_user_timeout": f"{SILENCE}s",
}
"""What such a session is opened with."""
LONGEST_PAUSE = 12
"""Seconds that a transaction may rest. No request may run as long; what may gives signs of life (`keep_alive`)."""


@asynccontextmanager
async def keep_alive(speak: Callable[[], Awaitable[Any]]) -> AsyncIterator[None]:
    """Give a sign of life every second for as long as the block lasts, and the process is not frozen."""
    over = asyncio.Event()
    task = asyncio.create_task(speak_until(over, speak))
    try:
        yield
    finally:
        # Not cancelled: a statement that is broken off would take the connection's next one along.
        over.set()
        await task


async def speak_until(over: asyncio.Event, speak: Callable[[], Awaitable[Any]]) -> None:
    """Give signs of life until it is over."""
    while not over.is_set():
        try:
            async with asyncio.timeout(PULSE):
                await over.wait()
        except TimeoutError:
            # What is wrong with the connection is told to whoever works with it.
            with suppress(Exception):
                await speak()
