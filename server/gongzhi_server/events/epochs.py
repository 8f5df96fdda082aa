"""Epochs: a process learns over each new connection in which history of the database it is, before it reads there.

When a replica takes over, or a copy is restored, all connections to the old database end. What is read over a new one
may be of a new history; sealed as a position of the old one, its cursor would be refused later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import asyncpg
import orjson

from gongzhi_server.errors import Unavailable
from gongzhi_server.storage import availability

from .cursors import OPEN_EPOCH, Cursors, read_epochs

# Readers' connections may not write, which the first one in a new history has to do. In a transaction of its own, so
# that others wait for no longer than that takes.
OPEN_OVER_READER = f"begin read write; {OPEN_EPOCH}; commit"
KNOWN = "select epochs from events.counter"


class EpochWatch:
    """Keeps the epochs of cursors those of the database that this process is connected to."""

    def __init__(self, cursors: Cursors, lost: Callable[[int], None] = lambda position: None) -> None:
        self.cursors, self.lost = cursors, lost
        """`lost` is called with the last position that counts in a new epoch, but not for the first that is known."""
        self.known = asyncio.Event()

    async def connect(self, *where: Any, **more: Any) -> asyncpg.Connection[Any]:
        """Connect for a pool of readers and learn of a new epoch first. Raises Unavailable, as all pools do."""
        made = await availability.connect(*where, **more)
        try:
            await self.learn_over_reader(made)
        # The latter of a server that only follows another one: it is no place to ask.
        except (OSError, *availability.SHUT, asyncpg.FeatureNotSupportedError) as error:
            made.terminate()
            raise Unavailable from error
        except BaseException:
            made.terminate()
            raise
        return made

    async def learn_over_reader(self, made: asyncpg.Connection[Any]) -> None:
        """Learn of a new epoch over a connection whose transactions do not write."""
        # Tables of another release do not know epochs; whoever asks them for anything is told so.
        with suppress(asyncpg.SyntaxOrAccessError):
            # As the connection itself does it, whatever its class asks of statements.
            await asyncpg.Connection.execute(made, OPEN_OVER_READER, timeout=availability.CONNECTING)
            self.note(await asyncpg.Connection.fetchval(made, KNOWN, timeout=availability.CONNECTING))

    async def learn(self, connection: asyncpg.Connection[Any]) -> None:
        """Learn of a new epoch over a connection that may write."""
        self.note(await connection.fetchval(OPEN_EPOCH))

    def note(self, found: str) -> None:
        """Note the epochs of the database that was connected to: another one may have lost the last events."""
        epochs = read_epochs(orjson.loads(found))
        if epochs != self.cursors.epochs:
            self.cursors.epochs = epochs
            # Not at the start: what is followed has begun at the present, and would tell all of this epoch as new.
            if self.known.is_set():
                self.lost(epochs[-1].began)
        self.known.set()
