"""Fixtures: databases of the throw-away cluster of `gongzhi.testing`; every test that writes gets its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
import pytest_asyncio
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import (
    ESSENTIAL,
    Server,
    copy_database,
    load_demo_database,
    open_template,
    serve_application,
)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give the tests of a file that is marked `together` one loop, for they share what lives in it."""
    if item.get_closest_marker("together") and iscoroutinefunction(getattr(item, "obj", None)):
        item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest.fixture(scope="session")
def county(postgres: str, tables: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with a small demo county: 2 000 people. Read it, or copy it."""
    fill = partial(load_demo_database, people=2000, data=tmp_path_factory.mktemp("data"))
    with open_template(postgres, "county", fill, tables) as name:
        yield name


@pytest_asyncio.fixture
async def empty(postgres: str, tables: str) -> AsyncIterator[str]:
    """The address of a database with the core's tables, for one test."""
    async with copy_database(postgres, tables) as dsn:
        yield dsn


@pytest_asyncio.fixture
async def own_county(postgres: str, county: str) -> AsyncIterator[str]:
    """The address of a copy of the small demo county, for one test."""
    async with copy_database(postgres, county) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def common_county(postgres: str, county: str) -> AsyncIterator[str]:
    """The address of a copy of the small demo county, for the tests of a file."""
    async with copy_database(postgres, county) as dsn:
        yield dsn


@pytest.fixture
def filled(request: pytest.FixtureRequest) -> str:
    """The address of a copy of the small demo county: one for a file that is marked `together`, or one a test."""
    return str(request.getfixturevalue("common_county" if is_common(request.node) else "own_county"))


@pytest.fixture(scope="module")
def served_plugins() -> Plugins:
    """What the application runs with. A file that ships a plugin has a fixture of this name."""
    return ESSENTIAL


@pytest_asyncio.fixture
async def own_server(filled: str, served_plugins: Plugins, tmp_path: Path) -> AsyncIterator[Server]:
    """The application over a small demo county of its own, or over what the folder has for it."""
    async with serve_application(filled, tmp_path, plugins=served_plugins) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def lone_server(filled: str, served_plugins: Plugins, tmp_path: Path) -> AsyncIterator[Server]:
    """The same for one test of a file that has one loop."""
    async with serve_application(filled, tmp_path, plugins=served_plugins) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def common_server(
    common_county: str, served_plugins: Plugins, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """The application over the county of a file."""
    async with serve_application(common_county, tmp_path_factory.mktemp("data"), plugins=served_plugins) as made:
        yield made


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """The application over a small demo county: one for a file that is marked `together`, or one a test.

    Such a file has one loop, too. A test that counts all there is, or changes what others read, is marked `alone`.
    """
    if is_common(request.node):
        name = "common_server"
    else:
        name = "lone_server" if request.node.get_closest_marker("together") else "own_server"
    made: Server = request.getfixturevalue(name)
    return made


def is_common(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("together")) and not item.get_closest_marker("alone")
