"""The little county, once for all tests; nobody writes into it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi_server.testing import create_database, drop_database

from .bench import Bench, bench
from .expected_visibility import Rows
from .sample_county import fill


@pytest.fixture(scope="session")
def world(postgres: str, tables: str) -> Iterator[str]:
    """The address of a database with the little county."""
    name = f"world_{uuid4().hex}"
    dsn = asyncio.run(create_database(postgres, name, tables))
    asyncio.run(fill(dsn))
    yield dsn
    asyncio.run(drop_database(postgres, name))


@pytest.fixture(scope="session")
def rows(world: str) -> Rows:
    """Everything that is in it."""
    return asyncio.run(Rows.load(world))


@pytest_asyncio.fixture(name="bench")
async def made(world: str) -> AsyncIterator[Bench]:
    async with bench(world) as found:
        yield found
