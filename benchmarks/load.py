"""Load on a server, and how it bore it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from gongzhi_server.errors import Problem

from . import npm

CONNECTIONS = 16
FEWEST = 2
"""Answers per connection, below which a rate says nothing."""


@dataclass(frozen=True)
class Target:
    """Where requests go, and with which headers."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """What a load came to: requests per second, milliseconds, and how many requests failed."""

    rate: float
    requests: int
    median: float
    p99: float
    failures: int


def body(document: str, variables: Mapping[str, Any]) -> str:
    """A request as it is sent."""
    return orjson.dumps({"query": document, "variables": variables}).decode()


def fire(
    target: Target,
    bodies: Sequence[str],
    *,
    seconds: float = 0,
    amount: int = 0,
    warmup: float = 0,
    connections: int = CONNECTIONS,
) -> Found:
    """Send these requests in turn, for so many seconds or until there were so many. Raises Problem if one fails.

    Where the seconds are not enough for every connection to get some answers, they are waited for.
    """
    task = {"url": target.url, "headers": target.headers, "bodies": bodies, "connections": connections}
    found = _run({**task, "seconds": seconds, "amount": amount, "warmup": warmup})
    if found.requests < FEWEST * connections:
        found = _run({**task, "amount": FEWEST * connections})
    if found.failures:
        raise Problem(f"{found.failures} of {found.requests} requests to {target.url} failed, so nothing is measured")
    return found


def _run(task: Mapping[str, Any]) -> Found:
    command = [str(npm.NODE), str(npm.SOURCE / "load.cjs")]
    done = subprocess.run(command, input=orjson.dumps(task), env=npm.environment(), capture_output=True)
    if done.returncode:
        raise Problem(f"the load on {task['url']} broke off: {done.stderr.decode().strip()}")
    return Found(**orjson.loads(done.stdout))
