"""Registration: what `nats` runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gongzhi.runtime.services import ProcessRun, ProcessService, Service, ServiceRun

from ..settings import IntegrationSettings

# The client of NATS is loaded by what runs, and by nobody who does not use it.


def is_used(settings: Mapping[type, Any]) -> bool:
    """Return whether the operator names servers of NATS."""
    return bool(settings[IntegrationSettings].nats)


def is_heard(settings: Mapping[type, Any]) -> bool:
    """Return whether subscriptions are fed from them, too."""
    return is_used(settings) and settings[IntegrationSettings].nats_feed


async def publish_events(run: ServiceRun) -> None:
    """Copy events to NATS for as long as this process is the elected one."""
    from .publisher import run_publisher

    await run_publisher(run)


async def consume_events(run: ProcessRun) -> None:
    """Feed subscriptions from NATS for as long as this process runs."""
    from .consumer import run_consumer

    await run_consumer(run)


SERVICES: tuple[Service | ProcessService, ...] = (
    Service("integrations.nats_publisher", publish_events, wanted=is_used),
    ProcessService("integrations.nats_consumer", consume_events, wanted=is_heard, serves=True),
)
