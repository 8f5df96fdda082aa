"""Services: those of plugins, in one process of the deployment or in each, run again when they fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any

import asyncpg
from gongzhi.runtime.context import Context
from gongzhi.runtime.services import ProcessRun, ProcessService, Service, ServiceRun

from gongzhi_server.events.hub import Hub
from gongzhi_server.events.sequencer import POLL
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.plugins.installed import FAULTS, Plugin
from gongzhi_server.plugins.ownership import acting_as
from gongzhi_server.storage.availability import LOST
from gongzhi_server.storage.database import open_writers
from gongzhi_server.storage.election import ElectionLost, election_lock, lead_when_elected

from .worker import describe_error

log = logging.getLogger("gongzhi")

FIRST, LONGEST = 1.0, 60.0
"""Seconds after which a service is run again, and the longest it rests; twice as long each time."""
ENDING = 10.0
"""Seconds a service has to end when the server stops."""


class ServiceFailed(Exception):
    """A service has failed; the cause says by what."""


class Services:
    """The services of plugins.

    `context` makes what a plugin has at hand, `run` knows the tables, `report_failure` hears of faults. Without `works`
    the process serves, and does nothing else.
    """

    def __init__(
        self,
        plugins: Plugins,
        dsn: str,
        context: Callable[[str], Context],
        run: Callable[..., Any],
        report_failure: Callable[[str, str], None],
        hub: Hub,
        works: bool = True,
    ) -> None:
        self.plugins, self.dsn, self.context, self.run, self.report_failure = plugins, dsn, context, run, report_failure
        self.hub, self.works = hub, works
        self.published: set[asyncio.Event] = set()

    def call(self) -> None:
        """Tell all services that events have been published."""
        for event in self.published:
            event.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have them at work for as long as the block lasts; what does not end in time ends with the process."""
        tasks = {
            asyncio.create_task(self.begin(plugin, one)): one.name
            for plugin, one in self.plugins.services
            if self.runs_here(one) and (one.wanted is None or one.wanted(self.context(plugin.name).settings))
        }
        try:
            yield
        finally:
            # In turn: first all are cancelled, then all are waited
            # for, so the slowest alone decides how long it takes.
            for task in tasks:
                task.cancel()
            late = (await asyncio.wait(tasks, timeout=ENDING))[1] if tasks else ()
            for task in late:
                log.error(
                    "the service %s did not end within %g seconds; the process ends without it, tell whoever makes the "
                    "plugin",
                    tasks[task],
                    ENDING,
                )

    def runs_here(self, service: Service | ProcessService) -> bool:
        """Return whether a service is for this process: one that only serves runs what serving needs."""
        return self.works or isinstance(service, ProcessService) and service.serves

    async def begin(self, plugin: Plugin, service: Service | ProcessService) -> None:
        """Run a service where the tables are known."""
        await self.run(self.serve(plugin, service))

    async def serve(self, plugin: Plugin, service: Service | ProcessService) -> None:
        """Run a service until cancelled: at once, or whenever this process is elected."""
        loop, pause = asyncio.get_running_loop(), FIRST / 2
        while True:
            begun = loop.time()
            try:
                await self.run_once(plugin, service)
            except (ElectionLost, *LOST) as error:
                log.warning(
                    "the service %s has lost its connection: %s; it begins anew, look at the database if it goes on",
                    service.name,
                    type(error).__name__,
                )
            except ServiceFailed as failed:
                fault = failed.__cause__ or failed
                log.error(
                    "the service %s of the plugin %s failed: %s; it begins anew, tell whoever makes the plugin",
                    service.name,
                    plugin.name,
                    describe_error(fault),
                )
                self.report_failure(plugin.name, type(fault).__name__)
            # One that ran well for a while begins anew with the shortest
            # rest; one that fails at once rests longer each time.
            pause = FIRST if loop.time() - begun > LONGEST else min(2 * pause, LONGEST)
            await asyncio.sleep(pause)

    async def run_once(self, plugin: Plugin, service: Service | ProcessService) -> None:
        """Run a service until it ends. Raises ServiceFailed, and ElectionLost or one of LOST for a lost connection."""
        if isinstance(service, Service):
            await self.run_elected(plugin, service)
        else:
            await self.run_in_process(plugin, service)

    async def run_elected(self, plugin: Plugin, service: Service) -> None:
        """Run a service once, as soon as this process is elected."""
        with self.hearing() as news:
            async with lead_when_elected(
                self.dsn, election_lock(service.name), partial(wait_for_news, news, POLL)
            ) as connection:
                # What it reads of events it may hand on with cursors.
                await self.hub.epochs.learn(connection)
                run = ServiceRun(connection, partial(self.context, plugin.name), partial(wait_for_news, news))
                try:
                    with self.hub.listening(), acting_as(plugin.name):
                        await service.run(run)
                # With the connection the election is lost, whatever the
                # service itself ran into: that is no fault of the plugin.
                except FAULTS as error:
                    raise (ElectionLost if connection.is_closed() else ServiceFailed) from error

    async def run_in_process(self, plugin: Plugin, service: ProcessService) -> None:
        """Run a service of every process once."""
        with self.hearing() as news:
            try:
                with acting_as(plugin.name):
                    await service.run(self.process_run(plugin, news))
            except FAULTS as error:
                raise ServiceFailed from error

    def process_run(self, plugin: Plugin, news: asyncio.Event) -> ProcessRun:
        """Build what a plugin's service of every process has at hand."""
        return ProcessRun(
            partial(self.context, plugin.name), partial(wait_for_news, news), self.open_pool, self.hub.feed
        )

    @asynccontextmanager
    async def open_pool(self, most: int) -> AsyncIterator[asyncpg.Pool[Any]]:
        """Open connections when they are needed, and close them at once when the block ends."""
        # A pool apart from the server's, so that a plugin with many connections takes none from requests.
        pool = await open_writers(self.dsn, most, short=True)
        try:
            yield pool
        finally:
            pool.terminate()  # what is still under way was cancelled; waiting for it would hold the end up

    @contextmanager
    def hearing(self) -> Iterator[asyncio.Event]:
        """Yield an event that is set whenever events have been published."""
        news = asyncio.Event()
        self.published.add(news)
        try:
            yield news
        finally:
            self.published.discard(news)


async def wait_for_news(news: asyncio.Event, seconds: float) -> None:
    """Wait until something is published, and so many seconds at the longest."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()
    news.clear()
