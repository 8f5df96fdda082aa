"""Consumer: feeds this process' subscriptions from NATS; the table is asked for what did not come that way."""

from __future__ import annotations

import asyncio
import logging

from gongzhi.runtime.event_access import EventAccess
from gongzhi.runtime.event_feed import EventFeed
from gongzhi.runtime.services import ProcessRun

from ..settings import IntegrationSettings
from .connection import CUT, NatsServers
from .messages import ALL, CURSOR, read_event

log = logging.getLogger("gongzhi")

POLL = 1.0
"""Seconds between attempts to listen."""


async def run_consumer(run: ProcessRun) -> None:
    """Feed subscriptions from NATS for as long as this process runs."""
    servers = NatsServers.of(run.context().settings[IntegrationSettings])
    await Consumer(servers, run.feed, run.context().events).run()


class Consumer:
    """Takes what is published. While nothing comes, the feed reads the table as it does without NATS."""

    def __init__(self, servers: NatsServers, feed: EventFeed, events: EventAccess) -> None:
        self.servers, self.feed, self.events = servers, feed, events

    async def run(self, poll: float = POLL) -> None:
        """Listen until cancelled."""
        while True:
            try:
                async with self.servers.connect(self.lose, self.find) as client:
                    heard = await client.subscribe(f"{ALL}.>")
                    # The servers know of the subscription before the feed relies on it.
                    await client.flush()
                    await self.find()
                    async for message in heard.messages:
                        self.take(message.data, dict(message.headers or {}))
            except CUT as problem:
                log.warning(
                    "NATS cannot be heard just now: %s; events are read from the database until it can, look at its "
                    "servers",
                    type(problem).__name__,
                )
            finally:
                await self.lose()
            await asyncio.sleep(poll)

    def take(self, body: bytes, headers: dict[str, str]) -> None:
        """Hand an event on. A message is published behind the one before it, which tells its position."""
        try:
            event = read_event(body, headers, int(headers["Nats-Expected-Last-Sequence"]) + 1)
        except (ValueError, KeyError, TypeError):
            log.warning("a message under %s is none of ours; see who else may publish there", ALL)
            return
        # Of a history of the database that this process does not know yet, or of one that is over: the table is read.
        if self.events.open_cursor(headers.get(CURSOR, "")) != event.position:
            self.feed.rely(True)
            return
        self.feed.take(event)

    async def lose(self) -> None:
        """Have the table read again."""
        self.feed.rely(False)

    async def find(self) -> None:
        """Rely on what is heard; what happened before we listened is read once."""
        self.feed.rely(True)
