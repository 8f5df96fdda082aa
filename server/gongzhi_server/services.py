"""Services of plugins at work: each in one process of the deployment, run again when it fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from gongzhi.runtime.context import Context
from gongzhi.runtime.services import Service, ServiceRun

from .election import Deposed, election, leading
from .events.sequencer import LOST, POLL
from .events.work import said
from .ownership import acting_as
from .plugins import FAULTS, Plugin, Plugins

log = logging.getLogger("gongzhi")

FIRST, LONGEST = 1.0, 60.0
"""Seconds after which a service is run again, and the longest it rests; twice as long each time."""
ENDING = 10.0
"""Seconds a service has to end when the server stops."""


class Failed(Exception):
    """A service has failed; the cause says by what."""


class Services:
    """Runs them. `context` makes what a plugin has at hand, `run` knows the tables, `blame` hears what failed."""

    def __init__(
        self,
        plugins: Plugins,
        dsn: str,
        context: Callable[[str], Context],
        run: Callable[..., Any],
        blame: Callable[[str, str], None],
    ) -> None:
        self.plugins, self.dsn, self.context, self.run, self.blame = plugins, dsn, context, run, blame
        self.published: set[asyncio.Event] = set()

    def call(self) -> None:
        """Events have been published."""
        for event in self.published:
            event.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have them at work for as long as the block lasts; what does not end in time ends with the process."""
        tasks = {
            asyncio.create_task(self.run(self.serve(plugin, one))): one.name for plugin, one in self.plugins.services
        }
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            late = (await asyncio.wait(tasks, timeout=ENDING))[1] if tasks else ()
            for task in late:
                log.error("the service %s did not end within %g seconds", tasks[task], ENDING)

    async def serve(self, plugin: Plugin, service: Service) -> None:
        """Stand ready for a service, and run it while elected, until cancelled."""
        loop, pause = asyncio.get_running_loop(), FIRST / 2
        while True:
            begun = loop.time()
            try:
                await self.lead(plugin, service)
            except (Deposed, *LOST) as error:
                log.warning("the service %s has lost its connection: %s", service.name, type(error).__name__)
            except Failed as failed:
                fault = failed.__cause__ or failed
                log.error("the service %s of the plugin %s failed: %s", service.name, plugin.name, said(fault))
                self.blame(plugin.name, type(fault).__name__)
            pause = FIRST if loop.time() - begun > LONGEST else min(2 * pause, LONGEST)
            await asyncio.sleep(pause)

    async def lead(self, plugin: Plugin, service: Service) -> None:
        """Run a service once, as soon as this process is elected."""
        news = asyncio.Event()
        self.published.add(news)
        try:
            async with leading(self.dsn, election(service.name), partial(wait, news, POLL)) as connection:
                run = ServiceRun(connection, partial(self.context, plugin.name), partial(wait, news))
                try:
                    with acting_as(plugin.name):
                        await service.run(run)
                except FAULTS as error:
                    raise (Deposed if connection.is_closed() else Failed) from error
        finally:
            self.published.discard(news)


async def wait(news: asyncio.Event, seconds: float) -> None:
    """Wait until something is published, and so many seconds at the longest."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()
    news.clear()
