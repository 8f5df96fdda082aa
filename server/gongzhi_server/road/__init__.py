"""The road past one machine: events from the outbox to NATS JetStream, and on to our processes and to others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from gongzhi_server.events import Hub
from gongzhi_server.settings import Settings


def join(hub: Hub, settings: Settings, dsn: str) -> None:
    """Have what goes on with events in this process go on with NATS, if the settings name it."""
    if not settings.nats:
        return
    from .line import Line  # with the client of NATS, which only those need who use it
    from .relay import Relay
    from .tap import Tap

    line = Line.of(settings)
    kept = timedelta(days=settings.retention)
    relay = Relay(dsn, line, hub.cursors, settings.issuer, kept, settings.nats_integrators, hub.feed.poll)
    hub.heard.append(relay.call)
    hub.work.append(relay.run)
    if settings.nats_feed:
        tap = Tap(line, hub.feed)
        own: Callable[[], None] = hub.feed.hint
        hub.heard.remove(own)
        hub.heard.append(tap.hint)
        hub.work.append(tap.run)
