"""Event feed: what a process knows of events, which its subscriptions are told from."""

from __future__ import annotations

from typing import Protocol

from gongzhi.declare.events import Occurrence


class EventFeed(Protocol):
    """Takes events from whoever hears of them by other means than the table, such as a message bus."""

    def take(self, event: Occurrence) -> None:
        """Take up an event that was heard of, under its position. If one before it was not, all are read."""

    def rely(self, on: bool) -> None:
        """Say whether every event will be handed on from now on. What happened before is read once more.

        While relied on, the table is not read each time events are published, but every few seconds in case one was
        lost on its way. Whoever no longer hears says so.
        """
