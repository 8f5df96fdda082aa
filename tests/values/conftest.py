"""A demo county with all plugins and what they add to it, once for all tests of this folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi_server.cli import plugin_commands
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import (
    INSTALLED,
    TODAY,
    create_database,
    drop_database,
    load_demo_database,
    open_template,
    settings_for_tests,
)

from .mutation_lab import Lab, lab


@pytest.fixture(scope="session")
def installed() -> Plugins:
    """The plugins of this repository."""
    return INSTALLED


@pytest.fixture(scope="session")
def furnished_template(
    postgres: str, all_tables: str, installed: Plugins, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a database with the county. It is only copied."""
    fill = partial(furnish, installed=installed, data=tmp_path_factory.mktemp("furnished"))
    with open_template(postgres, "furnished", fill, all_tables) as name:
        yield name


@pytest.fixture(scope="package")
def furnished(postgres: str, furnished_template: str) -> Iterator[str]:
    """The address of the county."""
    name = f"values_{uuid4().hex}"
    yield asyncio.run(create_database(postgres, name, furnished_template))
    asyncio.run(drop_database(postgres, name))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def laboratory(
    furnished: str, installed: Plugins, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Lab]:
    """What tries the mutations of the county, for one file: it may leave behind what it has made."""
    async with lab(furnished, installed, tmp_path_factory.mktemp("lab")) as made:
        yield made


async def furnish(dsn: str, installed: Plugins, data: Path) -> None:
    await load_demo_database(dsn, people=2000, data=data)
    await plugin_activation.switch_plugins(dsn, [one.name for one in installed.found], TODAY, undecided=True)
    for plugin, mine in sorted(installed.errands.items()):
        for errand in mine:
            if errand.name == "demo":
                await plugin_commands.run_errand(
                    settings_for_tests(dsn, data), dsn, plugin, errand, {}, lambda: TODAY, installed
                )
