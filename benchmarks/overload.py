"""Overload: what a flood of strangers' searches does to a report, to signing in, to an office and to health.

    python -m benchmarks.overload

Latencies in milliseconds, without and with the flood. It prints, and writes nothing.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import typer
from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.clock import clock
from rich.console import Console
from rich.table import Table

from . import county
from .peers.ours import SECRET
from .servers import Server, running

CONNECTIONS = 64
SAMPLES = 40
BAR = 200.0
"""Milliseconds that a report and health may take while strangers flood."""
WORDS = "路灯 水管 噪音 垃圾 占道 村口 邻居 道路 污水 电线"
"""What is searched for: two characters each, which is where an index helps least."""
REPORT = "mutation($input: ReportCaseInput!) { reportCase(input: $input) { case { number } errors { code } } }"
LIST = "{ cases(first: 20) { nodes { number title status } } }"


def search(field: str, column: str) -> dict[str, Any]:
    """Build the worst search that strangers are allowed: many conditions in many lists."""
    words = WORDS.split()
    lists = (
        f"l{at}: {field}(first: 50, filter: {{ or: [{', '.join(conditions(column, words[at : at + 4]))}] }}) "
        "{ totalCount nodes { id } }"
        for at in range(7)
    )
    return {"query": f"{{ {' '.join(lists)} }}"}


def conditions(column: str, words: list[str]) -> list[str]:
    """Write the conditions of a filter."""
    return [f'{{ {column}: {{ contains: "{word}" }} }}' for word in words]


async def flood_server(url: str, body: dict[str, Any], seconds: float) -> Counter[int]:
    """Ask without a pause on many connections; return how often which status came back."""
    found: Counter[int] = Counter()
    end = time.monotonic() + seconds
    limits = httpx.Limits(max_connections=CONNECTIONS)

    async def ask(client: httpx.AsyncClient) -> None:
        while time.monotonic() < end:
            found[(await client.post(f"{url}/graphql", json=body)).status_code] += 1

    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        await asyncio.gather(*(ask(client) for _ in range(CONNECTIONS)))
    return found


def flood(url: str, body: dict[str, Any], seconds: float, told: Any) -> None:
    """Flood from a process of its own, so that it does not slow down the one that measures."""
    told.put(dict(asyncio.run(flood_server(url, body, seconds))))


async def measure_latency(url: str) -> dict[str, list[float]]:
    """Measure how long each of these takes, one after the other."""
    token = Tokens(SECRET).issue({"sub": "desk", "role": "county_dispatcher", "grid": county.CODE}, clock())
    office = {"authorization": f"Bearer {token}"}
    matter = {
        "kind": "HELP",
        "channel": "MINI_APP",
        "title": "路灯不亮",
        "description": "村口的路灯三天没亮了",
        "grid": county.CODE,
        "category": "utilities.electricity",
    }
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        def report() -> Awaitable[httpx.Response]:
            given = {**matter, "idempotencyKey": str(uuid4())}
            return client.post("/graphql", json={"query": REPORT, "variables": {"input": given}})

        questions: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
            "reportCase": report,
            "/health": lambda: client.get("/health"),
            "/auth/sign-in": lambda: client.post(
                "/auth/sign-in", json={"name": f"nobody.{uuid4().hex[:8]}", "password": "not the password"}
            ),
            "an office's list": lambda: client.post("/graphql", json={"query": LIST}, headers=office),
        }
        found: dict[str, list[float]] = {name: [] for name in questions}
        for at in range(SAMPLES):
            for name, ask in questions.items():
                if name == "/auth/sign-in" and at >= 12:  # guessing is slowed down by address
                    continue
                begun = time.perf_counter()
                reply = await ask()
                found[name].append((time.perf_counter() - begun) * 1000)
                assert reply.status_code in (200, 401, 429), reply.text
        return found


def p95(values: list[float]) -> float:
    """Return the time that nineteen of twenty keep."""
    return sorted(values)[int(len(values) * 0.95) - 1]


def main(
    data: Annotated[Path, typer.Option(help="Where the embedded database is kept.")] = Path(".gongzhi/bench"),
    people: Annotated[int | None, typer.Option(help="How many live in the county, if it is loaded now.")] = None,
    field: Annotated[str, typer.Option(help="The list that is searched.")] = "grids",
    column: Annotated[str, typer.Option(help="What is searched in.")] = "name",
) -> None:
    """Print latencies without and with a flood."""
    console = Console(highlight=False)
    body = search(field, column)
    with county.database_of(data, None, people) as dsn, running(dsn, ("guarded",)) as servers:
        show(console, servers["guarded"], body)


def show(console: Console, server: Server, body: dict[str, Any]) -> None:
    """Measure without and with the flood, and print both."""
    url = f"http://127.0.0.1:{server.port}"
    asyncio.run(measure_latency(url))  # connections are opened, statements prepared
    alone = asyncio.run(measure_latency(url))
    told: Any = multiprocessing.Queue()
    process = multiprocessing.Process(target=flood, args=(url, body, 30.0, told))
    process.start()
    time.sleep(2)
    flooded = asyncio.run(measure_latency(url))
    console.print(f"the flood on {CONNECTIONS} connections was answered with", told.get())
    process.join()
    table = Table("question", "alone", "p95", "flooded", "p95", "times", title="milliseconds")
    for name in alone:
        one, other = statistics.median(alone[name]), statistics.median(flooded[name])
        figures = one, p95(alone[name]), other, p95(flooded[name]), other / one
        table.add_row(name, *(f"{figure:.1f}" for figure in figures))
    console.print(table)
    kept = all(statistics.median(flooded[name]) <= BAR for name in ("reportCase", "/health"))
    console.print(f"reports and health within {BAR:.0f} ms: {'yes' if kept else 'NO'}")


if __name__ == "__main__":
    typer.run(main)
