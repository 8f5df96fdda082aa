"""Guard: refuses reads while the server is behind, so that signing in and reporting stay quick.

Being behind is measured by how late the event loop is, and by how long mutations and checks of sessions wait for the
database. As in CoDel (RFC 8289) the least of the last measurements counts: one that is large is a hiccup, and only a
queue that does not drain keeps all of them large. Strangers' reads go first, then everybody's; never a mutation,
signing in, or `/health`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from time import perf_counter

from .rate_limits import Overloaded

__all__ = ["Guard"]

log = logging.getLogger("gongzhi")

BEAT = 0.05
"""Seconds between two measurements."""
WINDOW = 5
"""Measurements of which the least counts."""
LATE = (0.02, 0.08)
"""Seconds from which strangers' reads are refused, and everybody's. Below half of it they are let in again."""
RETRY = 2.0
"""Seconds after which to come back."""
LEVELS = ("nothing", "strangers' reads", "all reads")


class Guard:
    """A measure of how far behind the server is. `waits` returns the seconds that urgent work has waited so far."""

    def __init__(self, waits: Callable[[], float] = lambda: 0.0) -> None:
        self.waits = waits
        self.level = 0
        self.refused = 0
        self._last: deque[float] = deque(maxlen=WINDOW)

    @property
    def behind(self) -> float:
        """The least of the last measurements; 0 until there are enough."""
        return min(self._last) if len(self._last) == WINDOW else 0.0

    def observe(self, late: float) -> None:
        """Take a measurement, and decide what is refused from now on."""
        self._last.append(max(late, self.waits()))
        behind = self.behind
        reached = sum(behind >= bound for bound in LATE)
        # Refusal ends at half the bound at which it began, so that the level does not flicker around it.
        kept = sum(behind >= bound / 2 for bound in LATE)
        level = max(reached, min(self.level, kept))
        if level != self.level:
            said = "from now on %s refused (%.0f ms behind, %d refused so far)"
            log.warning(said, f"{LEVELS[level]} {'are' if level else 'is'}", behind * 1000, self.refused)
            self.level = level

    def admit(self, stranger: bool) -> None:
        """Let a read in. Raises Overloaded."""
        if self.level >= (1 if stranger else 2):
            self.refused += 1
            raise Overloaded("server", RETRY)

    async def watch(self) -> None:
        """Measure for as long as the server runs."""
        while True:
            # A loop that is busy wakes late: how much later than asked is how long others wait as well.
            begun = perf_counter()
            await asyncio.sleep(BEAT)
            self.observe(perf_counter() - begun - BEAT)
