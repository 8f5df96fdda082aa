"""Fixtures: databases of the throw-away cluster of `gongzhi.testing`; every test that writes gets its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi_server.testing import (
    ESSENTIAL,
    Server,
    create_database,
    drop_database,
    load_demo_database,
    migrate_apps,
    open_template,
    serve_application,
)


@pytest.fixture(scope="session")
def tables(postgres: str) -> Iterator[str]:
    """The name of a database with the tables of the core and of what is always on, and nothing in them."""
    with open_template(postgres, "tables", partial(migrate_apps, apps=ESSENTIAL.apps)) as name:
        yield name


@pytest.fixture(scope="session")
def county(postgres: str, tables: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with a small demo county: 2 000 people. Read it, or copy it."""
    fill = partial(load_demo_database, people=2000, data=tmp_path_factory.mktemp("data"))
    with open_template(postgres, "county", fill, tables) as name:
        yield name


@pytest_asyncio.fixture
async def empty(postgres: str, tables: str) -> AsyncIterator[str]:
    """The address of a database with the core's tables, for one test."""
    name = f"test_{uuid4().hex}"
    yield await create_database(postgres, name, tables)
    await drop_database(postgres, name)


@pytest_asyncio.fixture
async def filled(postgres: str, county: str) -> AsyncIterator[str]:
    """The address of a copy of the small demo county, for one test."""
    name = f"test_{uuid4().hex}"
    yield await create_database(postgres, name, county)
    await drop_database(postgres, name)


@pytest_asyncio.fixture
async def server(filled: str, tmp_path: Path) -> AsyncIterator[Server]:
    """The application over a small demo county of its own."""
    async with serve_application(filled, tmp_path) as made:
        yield made
