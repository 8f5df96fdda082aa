"""Services: work that goes on for as long as the server runs, in one process of the whole deployment or in each.

    async def follow(run: ServiceRun) -> None:
        while True:
            await copy(run.connection)
            await run.wait(60)

    Service("rubbish.scales", follow)

Every process stands ready for a `Service`, and one of them is elected by a lock on the connection that it works with:
the lock goes with the connection, and the work ends with it, so that it is never done twice at a time. PostgreSQL ends
the connection of a process that is frozen or gone within seconds, and another one is elected. A
`ProcessService` runs in every process, and shares its work out by locks of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import asyncpg

from gongzhi.runtime.context import Context
from gongzhi.runtime.event_feed import EventFeed

Wanted = Callable[[Mapping[type, Any]], bool]
"""Whether a service is to run at all, by what the operator chose for plugins."""


@dataclass(frozen=True)
class ServiceRun:
    """What a service has at hand while it is the elected one."""

    connection: asyncpg.Connection[Any]
    """Its own, to read with and to write to the plugin's own tables. Once it is lost the run is cancelled."""
    context: Callable[[], Context]
    """Makes the plugin's own context, as of now, everywhere."""
    wait: Callable[[float], Awaitable[None]]
    """Waits until events have been published, and so many seconds at the longest."""


@dataclass(frozen=True)
class Service:
    """Background work: a name that begins with the plugin's name and a dot, and what runs.

    `run` goes on until it is cancelled. What it raises is logged and counted against the plugin's health, and it is run
    again after a second, two, four and so on, a minute at the most; so is one that returns. When the server stops it
    has ten seconds to end. It is not run at all, and takes no connection, unless the settings make it `wanted`.
    """

    name: str
    run: Callable[[ServiceRun], Awaitable[None]]
    wanted: Wanted | None = None


@dataclass(frozen=True)
class ProcessRun:
    """What a service has at hand that runs in every process."""

    context: Callable[[], Context]
    """Makes the plugin's own context, as of now, everywhere."""
    wait: Callable[[float], Awaitable[None]]
    """Waits until events have been published, and so many seconds at the longest."""
    open_pool: Callable[[int], AbstractAsyncContextManager[asyncpg.Pool[Any]]]
    """Opens a pool of so many connections at the most, for as long as a block lasts, to read with and to write to the
    plugin's own tables. A lock that a connection takes goes with it, so nobody holds one who has died."""
    feed: EventFeed
    """What this process's subscriptions are told from, for who hears of events by other means than the table."""


@dataclass(frozen=True)
class ProcessService:
    """Background work that goes on in every process at a time; all else is as with `Service`.

    Processes whose role is `web` run only what `serves`: what their own answers need.
    """

    name: str
    run: Callable[[ProcessRun], Awaitable[None]]
    wanted: Wanted | None = None
    serves: bool = False
