"""Load: fires requests at a server and tells how it bore them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from gongzhi_server.errors import Problem

from . import npm

CONNECTIONS = 16


@dataclass(frozen=True)
class Target:
    """The address that requests go to, with their headers."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """The outcome of a load: requests per second, milliseconds, and how many requests failed."""

    rate: float
    requests: int
    median: float
    p99: float
    failures: int


def body(document: str, variables: Mapping[str, Any]) -> str:
    """Write a request as it is sent."""
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
    """Send these requests in turn, for so many seconds or, if given, just so many. Raises Problem if one fails."""
    task = {
        "url": target.url,
        "headers": target.headers,
        "bodies": bodies,
        "connections": connections,
        "seconds": seconds,
        "amount": amount,
        "warmup": warmup,
    }
    # In Node, so that the load takes as little as possible of the processors that it shares with the server.
    command = [str(npm.NODE), str(npm.SOURCE / "load.cjs")]
    done = subprocess.run(command, input=orjson.dumps(task), env=npm.environment(), capture_output=True)
    if done.returncode:
        raise Problem(f"the load on {target.url} broke off: {done.stderr.decode().strip()}")
    found = Found(**orjson.loads(done.stdout))
    if found.failures or not found.requests:
        raise Problem(f"{found.failures} of {found.requests} requests to {target.url} failed, so nothing is measured")
    return found
