"""Servers: ours and its peers, one process each."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gongzhi_server.auth.development_tokens import Tokens
from gongzhi_server.clock import clock
from gongzhi_server.errors import Problem

from . import npm
from .load import Target
from .peers.ours import SECRET
from .ports import find_free_port

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0
"""Seconds a server may take to start or to stop."""


def uvicorn(module: str, factory: str = "app") -> Callable[[str, int], list[str]]:
    """Return how one of our Python peers is started."""
    options = ("--factory", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
    command = [sys.executable, "-m", "uvicorn", f"benchmarks.peers.{module}:{factory}", *options]
    return lambda dsn, port: [*command, "--port", str(port)]


def node(script: str) -> Callable[[str, int], list[str]]:
    """Return how a peer in Node is started."""
    return lambda dsn, port: [str(npm.NODE), str(npm.SOURCE / script), dsn, str(port)]


COMMANDS: Mapping[str, Callable[[str, int], list[str]]] = {
    "ours": uvicorn("ours"),
    "all": uvicorn("ours", "app_with_all"),
    "postgraphile": node("postgraphile.cjs"),
    "strawberry": uvicorn("plain"),
    "floor": uvicorn("floor"),
    "open": uvicorn("open"),
    "guarded": uvicorn("guarded"),
}
OURS = ("ours", "all")
"""Those of them that authenticate their callers."""
EVERYBODY = ("ours", "postgraphile", "strawberry", "floor")


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    name: str
    pid: int
    port: int

    def target(self, role: str, grid: str) -> Target:
        """Return the server as the target of a caller with this role in this grid."""
        url = f"http://127.0.0.1:{self.port}/graphql"
        if self.name not in OURS:
            return Target(url, {})
        token = Tokens(SECRET).issue({"sub": f"{role}-{grid}", "role": role, "grid": grid}, clock())
        return Target(url, {"authorization": f"Bearer {token}"})


@contextmanager
def running(dsn: str, names: Iterable[str] = EVERYBODY) -> Iterator[dict[str, Server]]:
    """Run these servers over a database."""
    with ExitStack() as stack:
        # All are started before any is waited for.
        started = {name: stack.enter_context(_started(name, dsn)) for name in names}
        for server, process in started.values():
            _await(server, process)
        yield {name: server for name, (server, _) in started.items()}


@contextmanager
def _started(name: str, dsn: str) -> Iterator[tuple[Server, subprocess.Popen[bytes]]]:
    """Start a server, and stop it at the end of the block."""
    port = find_free_port()
    environment = npm.environment() if name == "postgraphile" else {**os.environ, "BENCH_DSN": dsn}
    process = subprocess.Popen(COMMANDS[name](dsn, port), cwd=ROOT, env=environment)
    try:
        yield Server(name, process.pid, port), process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _await(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server listens."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", server.port)) == 0:
                return
        time.sleep(0.1)
    raise Problem(f"the server {server.name!r} did not start")
