"""Backlog: what waits in the database, read at most every few seconds however often somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from time import monotonic
from typing import Any

import orjson
from gongzhi.declare.register_entries import Check
from prometheus_client.core import GaugeMetricFamily, Metric

FRESH = 5.0
"""Seconds for which what was read is told again: several machines may ask, and each reading is a statement."""
WAITING = """select
(select count(*) from events.outbox where position is null)::int as unnumbered,
coalesce((select extract(epoch from now() - min(at)) from events.outbox where position is null), 0)::float as oldest,
(select coalesce(json_object_agg(c.name, n.given - c.position), '{}')
 from events.consumer c, events.counter n)::text as behind,
(select count(*) from events.job where state = 'WAITING' and due_at <= now())::int as due,
(select count(*) from events.job where state = 'PARKED')::int as parked"""

CHECKED = 60.0
"""Seconds for which the answers to checks are told again: some of them read whole tables."""

Read = Callable[..., Awaitable[Sequence[Any]]]


class Backlog:
    """The events, handlers and jobs that wait. `read` fetches the rows of a statement, `clock` tells seconds."""

    def __init__(self, read: Read, checks: Sequence[Check] = (), clock: Callable[[], float] = monotonic) -> None:
        self.read, self.checks, self.clock = read, checks, clock
        self.last: dict[str, Any] = {}
        self.found: dict[str, int] = {}
        self._at = self._checked = float("-inf")
        self._lock = asyncio.Lock()

    async def refresh(self) -> dict[str, Any]:
        """Read what waits, unless that was done just now. Raises what the database does."""
        async with self._lock:
            if self.clock() - self._at >= FRESH:
                [row] = await self.read(WAITING)
                self.last, self._at = {**row, "behind": orjson.loads(row["behind"])}, self.clock()
        return self.last

    async def check(self) -> None:
        """Ask what `gongzhi doctor` asks, unless that was done not long ago. Raises what the database does."""
        async with self._lock:
            if self.checks and self.clock() - self._checked >= CHECKED:
                sql = "select " + ", ".join(f"({one.sql})::float" for one in self.checks)
                [row] = await self.read(sql)
                self.found = dict(zip((one.name for one in self.checks), row, strict=True))
                self._checked = self.clock()

    def forget(self) -> None:
        """Tell nothing more of what was read: it is older than it looks."""
        self.last, self.found, self._at, self._checked = {}, {}, float("-inf"), float("-inf")

    def gauges(self) -> Iterator[Metric]:
        """Yield what was read last; nothing if the database could not be asked."""
        if not self.last:
            return
        for name, key, about in (
            ("gongzhi_events_unnumbered", "unnumbered", "Events that nobody has been told of yet"),
            ("gongzhi_events_oldest_seconds", "oldest", "Age of the oldest of them"),
            ("gongzhi_jobs_due", "due", "Jobs whose time has come"),
            ("gongzhi_jobs_parked", "parked", "Jobs that were given up and wait for gongzhi jobs redrive"),
        ):
            yield GaugeMetricFamily(name, about, value=self.last[key])
        behind = GaugeMetricFamily(
            "gongzhi_handler_behind", "Events that a handler has not handled", labels=["handler"]
        )
        for name, events in self.last["behind"].items():
            behind.add_metric([name], events)
        yield behind
        checks = GaugeMetricFamily("gongzhi_check", "What a check found that should be zero", labels=["check"])
        for name, count in self.found.items():
            checks.add_metric([name], count)
        yield checks
