"""County: the demo county that everything is measured on."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import asyncpg
from gongzhi_server import demo, testing
from gongzhi_server.clock import clock
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.plugins import loader
from gongzhi_server.settings import Settings
from gongzhi_server.storage import database, embedded_postgres
from gongzhi_server.storage.key_ring import load_key_ring
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from .peers.ours import SECRET

CODE = "610921"
TODAY = date(2026, 1, 1)
"""The day the county is loaded as of, so that every run asks for the same rows."""
NUMBERS = 300
"""How many cases are asked for one by one."""


@contextmanager
def database_of(data: Path, url: str | None, people: int | None = None) -> Iterator[str]:
    """Yield the address of a database with the county: the one given, or an embedded one that is kept in `data`.

    `people` is how many live in a county that is not loaded yet; as many as in the demo county if nothing is said.
    """
    settings = Settings(data=data, database=url, secret=SECRET)
    with embedded_postgres.run_cluster(settings) as dsn:
        asyncio.run(database.migrate_apps(dsn, loader.essential_plugins().apps))
        if not asyncio.run(demo.is_loaded(dsn)):
            load(dsn, settings, people)
        asyncio.run(plugin_activation.switch_plugins(dsn, ["bench"], clock(), undecided=True))
        yield dsn


@contextmanager
def scratch_database(name: str) -> Iterator[str]:
    """Yield the address of an empty database, which is dropped in the end: in GONGZHI_TEST_DSN, or an embedded one."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        outside = os.environ.get("GONGZHI_TEST_DSN") or opened.enter_context(testing.throwaway_cluster(Path(folder)))
        asyncio.run(testing.drop_database(outside, name))
        try:
            yield asyncio.run(testing.create_database(outside, name))
        finally:
            asyncio.run(testing.drop_database(outside, name))


def load(dsn: str, settings: Settings, people: int | None = None) -> demo.Summary:
    """Load the county into a database that has the tables and nothing in them."""
    columns = (TextColumn("loading the demo county: {task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        task: TaskID = progress.add_task("", total=None)

        def show(step: str, done: int, total: int) -> None:
            progress.update(task, description=step, completed=done, total=total or None)

        some = {} if people is None else {"people": people}
        apps = loader.essential_plugins().apps
        return asyncio.run(
            demo.load_county(dsn, today=TODAY, keys=load_key_ring(settings), apps=apps, progress=show, **some)
        )


async def numbers(dsn: str) -> list[str]:
    """Return numbers of cases from all over the years."""
    connection = await asyncpg.connect(dsn)
    try:
        # Spread evenly by number, so that no part of the county is in memory more than another.
        every = 'select number, row_number() over (order by number) as n, count(*) over () as all from cases."case"'
        rows = await connection.fetch(
            f"select number from ({every}) c where n % greatest(c.all / $1, 1) = 0 limit $1", NUMBERS
        )
        return [row["number"] for row in rows]
    finally:
        await connection.close()


BEHIND = """select exists(select from events.consumer c, events.counter n where c.position < n.given)
or exists(select from events.outbox where position is null)
or exists(select from events.job where state = 'WAITING' and due_at <= now())"""


async def wait_until_idle(dsn: str) -> None:
    """Wait until a server has handled what has happened and run the jobs that are due, as it does when it starts."""
    connection = await asyncpg.connect(dsn)
    try:
        # It takes a moment until a server that has just started sees what there is to do.
        await asyncio.sleep(1)
        while await connection.fetchval(BEHIND):
            await asyncio.sleep(0.1)
    finally:
        await connection.close()
