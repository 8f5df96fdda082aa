"""Counting: what a process has seen of operations, added to what all of them have every minute."""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_left
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from gongzhi_server.background_tasks import run_beside
from gongzhi_server.gateway.operations import Observation, Operations
from gongzhi_server.management.operation_names import FAILED, SECONDS, NameBound
from gongzhi_server.storage.availability import LOST

log = logging.getLogger("gongzhi")

EVERY = 60.0
"""Seconds between two times that what was counted is written."""
KEPT = timedelta(days=30)
# Sorted, so that processes that write at the same time never wait for each other in a ring.
ADD = """insert into performance.operation as o (id, hour, operation, kind, count, failed, seconds, cost, buckets)
select uuidv7(), $1, n.* from json_to_recordset($2::json) as n(
  operation text, kind text, count bigint, failed bigint, seconds float, cost bigint, buckets bigint[])
order by n.operation, n.kind
on conflict (hour, operation, kind) do update set count = o.count + excluded.count,
  failed = o.failed + excluded.failed, seconds = o.seconds + excluded.seconds, cost = o.cost + excluded.cost,
  buckets = (select array_agg(a + b order by place)
             from unnest(o.buckets, excluded.buckets) with ordinality as both_(a, b, place))"""
FORGET = "delete from performance.operation where hour < least($1, now()) - $2::interval"

Execute = Callable[..., Awaitable[Any]]


@dataclass
class OperationCount:
    """What was counted of the operations of one name and kind."""

    operation: str
    kind: str
    count: int = 0
    failed: int = 0
    seconds: float = 0.0
    cost: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))

    def add(self, seen: Observation) -> None:
        """Count one more."""
        self.count += 1
        self.failed += seen.outcome in FAILED
        self.seconds += seen.seconds
        self.cost += seen.cost
        self.buckets[bisect_left(SECONDS, seen.seconds)] += 1


class OperationCounter:
    """Counts operations, and writes what it has counted. `execute` runs a statement that writes."""

    def __init__(self, execute: Execute, now: Callable[[], datetime]) -> None:
        self.execute, self.now = execute, now
        self._names = NameBound()
        self._counted: dict[tuple[str, str], OperationCount] = {}
        self._hour: datetime | None = None

    def observe(self, seen: Observation) -> None:
        """Count an operation that has ended."""
        key = self._names.bound(seen.name), seen.kind
        self._counted.setdefault(key, OperationCount(*key)).add(seen)

    async def write(self) -> None:
        """Add what was counted since the last time to what is kept; what cannot be written now is lost."""
        counted, self._counted = list(self._counted.values()), {}
        hour = self.now().replace(minute=0, second=0, microsecond=0)
        if counted:
            await self.execute(ADD, hour, orjson.dumps(counted).decode())
        if hour != self._hour:
            self._hour = hour
            await self.execute(FORGET, hour, KEPT)

    async def write_often(self) -> None:
        """Write every minute, for as long as it is not cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.try_to_write()

    async def try_to_write(self) -> None:
        """Write, or say in the log that it could not be done."""
        try:
            await self.write()
        except LOST as error:
            log.warning(
                "what operations took in the last minute could not be written: %s; it is missing from "
                "operationFigures, and nothing else is",
                type(error).__name__,
            )


@asynccontextmanager
async def counting(operations: Operations[Any], execute: Execute, now: Callable[[], datetime]) -> AsyncIterator[None]:
    """Count operations for as long as the block lasts, and write what was counted every minute and at its end."""
    counter = OperationCounter(execute, now)
    operations.observers.append(counter.observe)
    try:
        async with run_beside(counter.write_often()):
            yield
    finally:
        await counter.try_to_write()
