"""Hub: all that runs for events in one process, started once and stopped with it."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from gongzhi_server.gateway.rate_limits import METER
from gongzhi_server.planner.execution import Fetch

from .epochs import EpochWatch
from .feed import EventFeed
from .sequencer import POLL, Sequencer


class Hub:
    """The line to the database, the feed, and whatever works on it. It starts when it is first needed."""

    def __init__(
        self,
        dsn: str,
        fetch: Fetch,
        epochs: EpochWatch,
        now: Callable[[], datetime],
        retention: timedelta,
        poll: float = POLL,
    ) -> None:
        self.epochs, self.cursors = epochs, epochs.cursors
        self.feed = EventFeed(fetch, poll)
        epochs.lost = self.feed.rewind
        self.sequencer = Sequencer(dsn, now, retention, self.notify_waiting, epochs.learn, poll)
        self.work: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.heard: list[Callable[[], None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        # Two first subscribers may come at the same time; the tasks must be started once.
        self._starting = asyncio.Lock()

    def wake(self) -> None:
        """Note that this process has committed something to be told."""
        self.sequencer.wake()

    def notify_waiting(self, position: int | None = None) -> None:
        """Call all who wait for events: positions have been given, up to this one if it is known."""
        self.feed.notice(position)
        for hear in self.heard:
            hear()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear at once of what is numbered, for as long as the block lasts; who does not looks once a second."""
        self.sequencer.listeners += 1
        self.sequencer.called.set()
        try:
            yield
        finally:
            self.sequencer.listeners -= 1

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Keep the feed up with what happens, for as long as the block lasts."""
        await self.start()
        async with self._starting:
            # Nobody has kept it up since the last one left.
            if not self.feed.followers:
                await self.feed.open()
            self.feed.followers += 1
        try:
            with self.listening():
                yield
        finally:
            self.feed.followers -= 1

    async def start(self) -> None:
        """Start what does not run yet. Events from now on are told."""
        async with self._starting:
            if not self._tasks:
                # The feed's place is taken before anything runs, so
                # that no event falls between start and first reading.
                await self.feed.open()
                runs = (self.sequencer.run, self.feed.run, *self.work)
                context = contextvars.copy_context()
                context.run(METER.set, None)  # whoever follows first does not pay for what goes on for everybody
                self._tasks = [asyncio.create_task(run(), context=context.copy()) for run in runs]
                # No cursor is sealed or opened before it is known in which epoch.
                await self.epochs.known.wait()

    async def stop(self) -> None:
        """Cancel what runs and wait for its end."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
