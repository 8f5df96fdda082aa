"""What operations take is counted in every process, kept by the hour, and told to those who look after a deployment."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

import asyncpg
import pytest
from gongzhi_server.gateway.operations import Observation
from gongzhi_server.management.operation_names import LONGEST, NAMES, OTHERS, SECONDS
from gongzhi_server.management.top import OperationFigures
from gongzhi_server.performance.counting import KEPT, OperationCounter
from gongzhi_server.testing import TODAY, Server

FIGURES = """query($hours: Int! = 24) {
  operationFigures(hours: $hours) { operation kind count failed median p95 p99 seconds cost }
}"""


def seen(name: str | None, seconds: float, outcome: str = "ok", cost: int = 1) -> Observation:
    return Observation(name, "query", outcome, seconds, cost)


async def figures(server: Server, hours: int = 24) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await server.as_("administrator").ask(FIGURES, hours=hours)).data["operationFigures"]
    return found


async def test_processes_are_counted_together(server: Server, filled: str) -> None:
    """Each adds its own to the hour; who failed is told, and those with the most time come first."""
    connection = await asyncpg.connect(filled)
    first, second = (OperationCounter(connection.execute, lambda: TODAY) for _ in range(2))
    for one in (first, second):
        one.observe(seen("Cases", 0.02, cost=50))
        one.observe(seen("Cases", 0.3, "timeout", cost=50))
        one.observe(seen(None, 0.001))
        await one.write()
    await first.write()  # nothing new
    [cases, others] = await figures(server)
    assert (cases["operation"], cases["kind"], cases["count"], cases["failed"]) == ("Cases", "query", 4, 2)
    assert cases["seconds"] == pytest.approx(0.64) and cases["cost"] == 200
    assert (others["operation"], others["count"], others["failed"]) == (OTHERS, 2, 0)
    await connection.close()


async def test_quantiles_are_those_of_top(server: Server, filled: str) -> None:
    """Of hours together, as `gongzhi top` and Prometheus reckon them, also beyond the last bound."""
    connection, chance = await asyncpg.connect(filled), random.Random(3)
    now = TODAY
    counter = OperationCounter(connection.execute, lambda: now)
    taken: dict[str, list[float]] = {f"Operation{at}": [] for at in range(20)}
    for hour in range(3):
        now = TODAY - timedelta(hours=hour)
        for name, times in taken.items():
            for _ in range(chance.randrange(1, 40)):
                times.append(chance.choice([chance.uniform(0, 0.1), chance.expovariate(1), 40.0]))
                counter.observe(seen(name, times[-1]))
        await counter.write()
    told = {one["operation"]: one for one in await figures(server)}
    for name, times in taken.items():
        expected = OperationFigures(name, "query")
        bounds = [*SECONDS, float("inf")]
        counted = [
            sum(1 for one in times if low < one <= high) for low, high in zip([-1, *bounds], bounds, strict=False)
        ]
        expected.buckets.update(zip(bounds, accumulate(counted), strict=True))
        for share, field in ((0.5, "median"), (0.95, "p95"), (0.99, "p99")):
            assert told[name][field] == pytest.approx(expected.quantile(share)), (name, field)
    await connection.close()


async def test_hours_are_chosen_and_forgotten(server: Server, filled: str) -> None:
    connection, now = await asyncpg.connect(filled), TODAY
    counter = OperationCounter(connection.execute, lambda: now)

    async def count(name: str, at: datetime) -> None:
        nonlocal now
        now = at
        counter.observe(seen(name, 0.1))
        await counter.write()

    await count("Old", TODAY - KEPT - timedelta(hours=1))
    await count("Yesterday", TODAY - timedelta(hours=20))
    await count("Now", TODAY)
    assert {one["operation"] for one in await figures(server, 1)} == {"Now"}
    assert {one["operation"] for one in await figures(server, -5)} == {"Now"}
    assert {one["operation"] for one in await figures(server, 10_000_000)} == {"Now", "Yesterday"}
    kept = await connection.fetch("select operation from performance.operation")
    assert {row["operation"] for row in kept} == {"Yesterday", "Now"}
    await connection.close()


async def test_only_those_who_look_after_it_may_ask(server: Server) -> None:
    for role in ("resident", "grid_worker", "county_leader"):
        answer = await server.as_(role).ask(FIGURES)
        assert [one["extensions"]["code"] for one in answer.body["errors"]] == ["FORBIDDEN"] and answer.body[
            "data"
        ] == {"operationFigures": None}


async def test_names_are_bounded(filled: str) -> None:
    """Clients choose names, and each is kept for a month."""
    connection = await asyncpg.connect(filled)
    counter = OperationCounter(connection.execute, lambda: TODAY)
    for at in range(NAMES + 50):
        counter.observe(seen(f"Operation{at}", 0.1))
    counter.observe(seen("x" * (LONGEST + 1), 0.1))
    await counter.write()
    rows = await connection.fetch("select operation, count from performance.operation")
    assert len(rows) == NAMES + 1 and {row["count"] for row in rows if row["operation"] == OTHERS} == {51}
    await connection.close()


async def test_what_cannot_be_written_holds_up_nothing(filled: str, caplog: pytest.LogCaptureFixture) -> None:
    """The log says so, and the next minute is counted again."""
    connection = await asyncpg.connect(filled)
    broken = True

    async def execute(sql: str, *values: Any) -> Any:
        if broken:
            raise asyncpg.TooManyConnectionsError("no place")
        return await connection.execute(sql, *values)

    counter = OperationCounter(execute, lambda: TODAY)
    counter.observe(seen("Lost", 0.1))
    await counter.try_to_write()
    assert "could not be written: TooManyConnectionsError" in caplog.text
    broken = False
    counter.observe(seen("Kept", 0.1))
    await counter.try_to_write()
    assert [row["operation"] for row in await connection.fetch("select operation from performance.operation")] == [
        "Kept"
    ]
    await connection.close()
