"""Plugin health: what plugins hold open while the server runs, and which of them fail again and again."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from gongzhi.runtime.context import Context

from .contributions import Plugins
from .installed import FAULTS, Plugin, describe_cause

log = logging.getLogger("gongzhi")

OPENING = 10.0
EXAMINING = 2.0
"""Seconds a plugin has to begin and to end, and to say whether it is well."""
TIMES = 3
"""How often in a row a plugin must fail before that is reported."""
FRESH = timedelta(seconds=10)
"""How long the result of an examination counts."""
RECENT = timedelta(minutes=10)
"""How long a failure in what somebody asked for counts."""


class PluginHealth:
    """The health of plugins. `context` makes what a plugin has at hand, `tell` hears which of them are not well."""

    def __init__(
        self,
        plugins: Plugins,
        context: Callable[[str], Context],
        now: Callable[[], datetime],
        tell: Callable[[dict[str, str]], None],
    ) -> None:
        self.plugins, self.context, self.now, self.tell = plugins, context, now, tell
        self.failed: Counter[str] = Counter()
        self._said: dict[str, str] = {}
        # The last few failures of each plugin; a longer history decides nothing.
        self._failures: dict[str, deque[tuple[datetime, str]]] = {}
        self._at: datetime | None = None

    @property
    def failing(self) -> dict[str, str]:
        """The plugins that failed again and again, and in what; never the message, which could be somebody's."""
        unwell = {name: self._said[name] for name, times in self.failed.items() if times >= TIMES}
        failed_often = {name: times[-1][1] for name, times in self._failures.items() if self.is_repeated(times)}
        return failed_often | unwell

    def is_repeated(self, times: deque[tuple[datetime, str]]) -> bool:
        """Return whether these failures are many and recent."""
        return len(times) == TIMES and self.now() - times[0][0] < RECENT

    def record_failure(self, plugin: str, fault: str) -> None:
        """Note that a plugin has failed in what somebody asked for; `fault` is the name of the error."""
        self._failures.setdefault(plugin, deque(maxlen=TIMES)).append((self.now(), fault))
        if plugin in self.failing:
            self.tell(self.failing)

    @asynccontextmanager
    async def run_lifespans(self) -> AsyncIterator[None]:
        """Begin what plugins hold open, and end it with the block. Raises Problem, naming the plugin that cannot."""
        # Ended in reverse order, so that a plugin still has what it requires.
        async with AsyncExitStack() as stack:
            for plugin, lifespan in self.plugins.lifespans:
                stack.push_async_exit(await begin_lifespan(plugin, lifespan, self.context(plugin.name)))
            yield

    async def examine(self) -> dict[str, str]:
        """Ask all plugins, unless they have been asked just now; return those that fail again and again."""
        now = self.now()
        # A clock set back would otherwise keep an old answer for as long as it is behind.
        if self._at is None or not timedelta() <= now - self._at < FRESH:
            self._at = now
            checks = self.plugins.checks
            found = await asyncio.gather(*(self.check(plugin, check) for plugin, check in checks))
            bad = {plugin.name: one for (plugin, _), one in zip(checks, found, strict=True) if one}
            # Those that are well are not in the new count, so a single good answer begins the count anew.
            self.failed = Counter({name: self.failed[name] + 1 for name in bad})
            self._said = bad
            self.tell(self.failing)
        return self.failing

    async def check(self, plugin: Plugin, check: Callable[[Context], Awaitable[None]]) -> str | None:
        """Return the name of the error that a check ended in; None if the plugin is well."""
        try:
            async with asyncio.timeout(EXAMINING):
                await check(self.context(plugin.name))
        except FAULTS as error:
            log.warning(
                "the plugin %s is not well: %s; look at what it connects to, `/health` names it after three times",
                plugin.name,
                type(error).__name__,
            )
            return type(error).__name__
        return None


async def begin_lifespan(
    plugin: Plugin, lifespan: Callable[[Context], AbstractAsyncContextManager[None]], context: Context
) -> Callable[..., Awaitable[None]]:
    """Begin what one plugin holds open, and return how to end it."""
    try:
        async with asyncio.timeout(OPENING):
            running = lifespan(context)
            await running.__aenter__()
    except TimeoutError:
        raise plugin.problem(f"lifespan() did not begin within {OPENING:g} seconds") from None
    except FAULTS as error:
        raise plugin.problem(f"lifespan() failed: {describe_cause(error)}") from error

    async def ended(*error: Any) -> None:
        # Bounded too: a plugin that hangs at its end must not keep the server from stopping.
        try:
            async with asyncio.timeout(OPENING):
                await running.__aexit__(None, None, None)
        except FAULTS as late:
            log.error("the plugin %s did not end well; tell whoever makes it", plugin.name, exc_info=late)

    return ended
