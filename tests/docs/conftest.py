"""A copy of the demo county for each module, with what the plugins that are always on add to it.

A real server closes in its own time what the examples of pages need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from gongzhi_server.cli import plugin_commands
from gongzhi_server.testing import ESSENTIAL, TODAY, create_database, drop_database, settings_for_tests


@pytest.fixture(scope="module")
def filled(postgres: str, county: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the copy."""
    name = f"test_{uuid4().hex}"
    dsn = asyncio.run(create_database(postgres, name, county))
    asyncio.run(adorn(dsn, tmp_path_factory.mktemp("data")))
    yield dsn
    asyncio.run(drop_database(postgres, name))


async def adorn(dsn: str, data: Path) -> None:
    """Let the plugins add what is theirs."""
    for plugin, mine in ESSENTIAL.errands.items():
        for errand in mine:
            if errand.name == "demo":
                await plugin_commands.run_errand(
                    settings_for_tests(dsn, data), dsn, plugin, errand, {}, lambda: TODAY, ESSENTIAL
                )
