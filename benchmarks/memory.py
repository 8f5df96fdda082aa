"""Memory: how much the server holds after very many requests."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from itertools import cycle, islice
from random import Random

from rich.console import Console

from .bars import verdict
from .county import CODE
from .load import body, fire
from .questions import Question
from .servers import running

REQUESTS, STEPS = 100_000, 10
SHARES = {"point": 80, "list": 9, "plugin": 5, "python": 5, "nested": 1}
"""Of a hundred requests."""
MOST = 200.0
"""Megabytes."""
FLAT = 1.02
"""The second half of the requests may add so little."""


def measure(console: Console, dsn: str, asked: Sequence[Question]) -> dict[str, list[float]]:
    """Measure the megabytes after every step of the way."""
    bodies = mix_requests(asked)
    with running(dsn, ["ours"]) as servers:
        server = servers["ours"]
        sizes = [resident(server.pid)]
        for at in range(STEPS):
            fire(server.target("county_dispatcher", CODE), bodies, amount=REQUESTS // STEPS)
            sizes.append(resident(server.pid))
            console.print(f"memory after {(at + 1) * REQUESTS // STEPS:7,} requests: {sizes[-1]:.0f} MB")
    # Caches fill in the first half; whatever still grows after that has no bound.
    flat = sizes[-1] <= sizes[STEPS // 2] * FLAT
    console.print(f"bar {MOST:.0f} MB: {verdict(sizes[-1] <= MOST)}; flat in the second half: {verdict(flat)}")
    return {"megabytes": [round(size, 1) for size in sizes]}


def mix_requests(asked: Sequence[Question]) -> list[str]:
    """Mix a hundred requests of every kind, in the same way each time."""
    kinds = {
        question.name: cycle([body(question.entries["ours"].text, one) for one in question.variables])
        for question in asked
    }
    found = [one for name, share in SHARES.items() for one in islice(kinds[name], share)]
    return Random(0).sample(found, len(found))


def resident(pid: int) -> float:
    """Return the megabytes of memory that a process has in use."""
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(shown.stdout) / 1024
