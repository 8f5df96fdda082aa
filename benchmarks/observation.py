"""Observation: what a line of the log for each operation, metrics and traces cost a request of the server.

Run it with `python -m benchmarks.observation`. Three servers over one county take turns, and each round another one
begins: one that tells nothing, one whose log has every operation and that counts them for Prometheus, and one that
sends traces as `GONGZHI_TRACES=yes` does. Compared is processor time of the server a request, inside each round, and
the middle ratio counts. What a reading of the metrics takes is measured by itself. It prints, and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import uvloop
from rich.console import Console
from rich.table import Table

from .bars import verdict
from .county import CODE, database_of, numbers
from .lifecycles import grown
from .ports import find_free_port
from .processes import Ask, bearer, load, processor_time, report, serving
from .questions import DOCUMENTS
from .speed import rotate

ROUNDS, SECONDS, WARMUP = 15, 2.0, 0.3
SCRAPED, PAUSE = 20.0, 15.0
"""Seconds for which metrics are read again and again, and those that Prometheus waits between two readings."""
BARS = {"log and metrics": 1.03, "traces": 1.05}
"""How much processor time there may be for each second without."""
NOTHING = "nothing"


class Sink(BaseHTTPRequestHandler):
    """Takes spans as a collector does, and counts their bytes."""

    protocol_version = "HTTP/1.1"
    taken = 0

    def do_POST(self) -> None:
        """Take what was sent."""
        Sink.taken += len(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of it."""


@contextmanager
def collecting() -> Iterator[str]:
    """Take spans for as long as the block lasts; yield the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def variants(collector: str, management: int) -> Mapping[str, Mapping[str, str]]:
    """Return the settings of each server."""
    quiet = {"GONGZHI_ROLE": "web", "GONGZHI_LOG_LEVEL": "error"}
    told = {"GONGZHI_LOG": "json", "GONGZHI_LOG_LEVEL": "info", "GONGZHI_MANAGEMENT": f"127.0.0.1:{management}"}
    traced = {"GONGZHI_TRACES": "yes", "OTEL_EXPORTER_OTLP_ENDPOINT": collector}
    return {NOTHING: quiet, "log and metrics": quiet | told, "traces": quiet | traced}


def questions(listed: list[str]) -> Mapping[str, Ask]:
    """Return what is asked: a list, a point, another one each time, and a mutation."""
    turns, texts = (
        itertools.cycle(listed),
        {name: (DOCUMENTS / f"{name}.graphql").read_text() for name in ("list", "point")},
    )
    headers = [bearer(lane, role="county_dispatcher", grid=CODE) for lane in range(64)]
    return {
        "list": lambda lane: (headers[lane], {"query": texts["list"], "variables": {"first": 50}}),
        "point": lambda lane: (headers[lane], {"query": texts["point"], "variables": {"number": next(turns)}}),
        "report": report,
    }


async def ask_for_a_while(dsn: str, port: int, process: int, ask: Ask, seconds: float) -> float:
    """Ask for a while; return the milliseconds of a processor that the server takes for a request."""
    return (await load(dsn, port, process, ask, seconds, WARMUP))["server"]


def read_metrics(port: int, process: int) -> float:
    """Read the metrics again and again; return the milliseconds of a processor that a reading takes."""
    before, began, times = processor_time(process), time.monotonic(), 0
    while time.monotonic() - began < SCRAPED:
        httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).raise_for_status()
        times += 1
    return (processor_time(process) - before) / times


Costs = dict[str, dict[str, list[float]]]
"""Of each question and server, the milliseconds of a processor that a request took in each round."""


def measure(dsn: str, rounds: int, seconds: float) -> tuple[Costs, float]:
    """Measure each server's rounds for each question, and what a reading of the metrics takes."""
    listed, found = asyncio.run(numbers(dsn)), Costs()
    with ExitStack() as stack:
        copy, _ = stack.enter_context(grown(dsn, 0))
        metrics, errors = find_free_port(), stack.enter_context(tempfile.TemporaryFile()).fileno()
        given = variants(stack.enter_context(collecting()), metrics)
        servers = {name: stack.enter_context(serving(copy, 1, errors, **settings)) for name, settings in given.items()}
        for question, ask in questions(listed).items():
            for at in range(rounds):
                for name in rotate(list(servers), at):
                    port, process = servers[name]
                    cost = uvloop.run(ask_for_a_while(copy, port, process, ask, seconds))
                    found.setdefault(question, {name: [] for name in servers})[name].append(cost)
        reading = read_metrics(metrics, servers["log and metrics"][1])
    assert Sink.taken, "no span has come to the collector"
    return found, reading


def table(found: Costs) -> Table:
    """Build the table of ratios and bars."""
    made = Table("question", "told", "server's ms each", "ratio", "bar", "", title="the middle of the rounds")
    for question, costs in found.items():
        for name, rounds in costs.items():
            ratio = median(one / other for one, other in zip(rounds, costs[NOTHING], strict=True))
            bar = BARS.get(name)
            more = (f"{ratio:.3f}", f"{bar:.2f}", verdict(ratio <= bar)) if bar else ()
            made.add_row(question, name, f"{median(rounds):.3f}", *more)
    return made


def main() -> None:
    """Measure in a copy of the county of the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long a round is")
    parser.add_argument("--data", type=Path, default=Path(".gongzhi/bench"), help="where the county is kept")
    given = parser.parse_args()
    with database_of(given.data, None) as dsn:
        found, reading = measure(dsn, given.rounds, given.seconds)
    console = Console(highlight=False)
    console.print(table(found))
    share = reading / 1000 / PAUSE
    console.print(f"Reading the metrics takes {reading:.0f} ms: {share:.2%} of a processor, once in {PAUSE:.0f} s.")


if __name__ == "__main__":
    main()
