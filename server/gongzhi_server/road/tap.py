"""Feeds this process' subscriptions from NATS. The table is asked for what did not come that way."""

from __future__ import annotations

import asyncio
import logging

from gongzhi_server.events.feed import Feed

from .line import CUT, Line
from .wire import ALL, occurrence

log = logging.getLogger("gongzhi")

NET = 5.0
"""Seconds after which the table is looked at even while NATS tells us everything."""


class Tap:
    """Hears what the relay publishes. While it hears nothing, the feed reads the table as it does without NATS."""

    def __init__(self, line: Line, feed: Feed) -> None:
        self.line, self.feed = line, feed
        self.slow = feed.rest
        self.live = False

    def hint(self) -> None:
        """There may be news: to be heard, or to be read."""
        if not self.live:
            self.feed.hint()

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                async with self.line.open(self.lost, self.found) as client:
                    heard = await client.subscribe(f"{ALL}.>")
                    await client.flush()
                    await self.found()
                    async for message in heard.messages:
                        self.take(message.data, dict(message.headers or {}))
            except CUT as problem:
                log.warning("NATS cannot be heard just now: %s", type(problem).__name__)
            except Exception:  # whatever it is, the next attempt may do better
                log.exception("hearing NATS broke down")
            finally:
                await self.lost()
            await asyncio.sleep(self.slow)

    def take(self, body: bytes, headers: dict[str, str]) -> None:
        """Hand an event on. A message is published behind the one before it, which tells its position."""
        try:
            event = occurrence(body, headers, int(headers["Nats-Expected-Last-Sequence"]) + 1)
        except (ValueError, KeyError, TypeError):
            log.warning("a message under %s is none of ours", ALL)
            return
        self.feed.take(event)

    async def lost(self) -> None:
        self.live, self.feed.rest = False, self.slow
        self.feed.hint()

    async def found(self) -> None:
        self.live, self.feed.rest = True, NET
        self.feed.hint()  # what happened before we listened
