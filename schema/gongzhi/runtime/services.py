"""Services: work that goes on for as long as the server runs, in one process of the whole deployment.

    async def follow(run: ServiceRun) -> None:
        while True:
            await copy(run.connection)
            await run.wait(60)

    Service("rubbish.scales", follow)

Every process stands ready, and one of them is elected by a lock on the connection that it works with: the lock goes
with the connection, and the work ends with it, so that it is never done twice at a time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

from gongzhi.runtime.context import Context


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
    has ten seconds to end.
    """

    name: str
    run: Callable[[ServiceRun], Awaitable[None]]
