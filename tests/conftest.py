"""Fixtures: databases of the throw-away cluster of `gongzhi.testing`; every test that writes gets its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
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
    serve_application,
)


@pytest.fixture(scope="session")
def tables(postgres: str) -> Iterator[str]:
    """The name of a database with the tables of the core and of what is always on, and nothing in them."""
    name = f"tables_{uuid4().hex}"
    asyncio.run(migrate_apps(asyncio.run(create_database(postgres, name)), ESSENTIAL.apps))
    yield name
    asyncio.run(drop_database(postgres, name))


@pytest.fixture(scope="session")
def county(postgres: str, tables: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with a small demo county: 2 000 people. Read it, or copy it."""
    name = f"county_{uuid4().hex}"
    dsn = asyncio.run(create_database(postgres, name, tables))
    asyncio.run(load_demo_database(dsn, 2000, tmp_path_factory.mktemp("data")))
    yield name
    asyncio.run(drop_database(postgres, name))


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
