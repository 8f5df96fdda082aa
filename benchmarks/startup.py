"""Startup: how long the server takes until it answers, with the installed plugins.

Run it with `python -m benchmarks.startup [ROUNDS]`. Each round is a process of its own, as an operator starts it, over
a database whose tables are up to date; the time is taken outside, from starting the process until the port answers a
query. One start before that is not counted: it compiles the modules, as pip does when it installs them. CPU seconds are
those of that process; a busy machine lengthens them less. It prints, and writes nothing.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from statistics import median

import httpx
from gongzhi_server.plugins import loader
from gongzhi_server.storage import database
from rich.console import Console

from .bars import verdict
from .county import scratch_database

BAR = 3.0
"""Seconds."""
ROUNDS = 5
NAME = "bench_startup"
GREETING = re.compile(r"answers at (http://\S+?)/graphql")
QUERY = {"query": "{ plugins { name } }"}


def measure(console: Console, dsn: str, rounds: int = ROUNDS) -> dict[str, float]:
    """Measure the seconds until it answers, in the middle round, and those of the CPU."""
    found = loader.load_plugins()
    asyncio.run(database.migrate_apps(dsn, found.apps))
    with tempfile.TemporaryDirectory() as folder:
        # The first is thrown away: it compiles the modules.
        times = [time_start(dsn, folder) for _ in range(rounds + 1)][1:]
    elapsed, worked = (median(column) for column in zip(*times, strict=True))
    names = ", ".join(one.name for one in found.found) or "no plugins"
    console.print(f"starting with {names}: {elapsed:.1f} s (bar {BAR:.0f} s: {verdict(elapsed <= BAR)})")
    console.print(f"of which the CPU {worked:.1f} s; all rounds: {', '.join(f'{one:.1f}' for one, _ in times)}")
    return {"elapsed": round(elapsed, 2), "cpu": round(worked, 2)}


def time_start(dsn: str, folder: str) -> tuple[float, float]:
    """Start it, ask it something, and stop it; return the seconds until it answered, and the CPU's."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "gongzhi_server", "serve"]
    with subprocess.Popen(command, env=environ(dsn, folder), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = next(match[1] for line in process.stdout if (match := GREETING.search(line)))
            httpx.post(f"{url}/graphql", json=QUERY, timeout=30).raise_for_status()
            return time.perf_counter() - begin, cpu_seconds(process.pid)
        finally:
            process.terminate()


def environ(dsn: str, folder: str) -> dict[str, str]:
    """Return the environment that a server is started with; compiled modules are kept in the folder, too."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    mine = {"DATABASE_URL": dsn, "GONGZHI_DATA": folder, "GONGZHI_MODE": "development", "PORT": "0"}
    return {**inherited, **mine, "PYTHONPYCACHEPREFIX": f"{folder}/compiled"}


def cpu_seconds(pid: int) -> float:
    """Return the seconds of CPU a process of this machine has taken so far (Linux)."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        # Counted behind the program's name, which may hold blanks; these are utime and stime.
        fields = file.read().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure in a database of its own, which is dropped in the end."""
    with scratch_database(NAME) as dsn:
        measure(Console(highlight=False), dsn, int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)


if __name__ == "__main__":
    main()
