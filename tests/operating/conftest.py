"""One small demo county for all: the stories raise cases of their own, so they do not meet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi_server.testing import Clock, Server, create, drop, serving

from .offices import Offices


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def filled(postgres: str, county: str) -> AsyncIterator[str]:
    name = f"test_{uuid4().hex}"
    yield await create(postgres, name, county)
    await drop(postgres, name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(filled: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    path: Path = tmp_path_factory.mktemp("data")
    async with serving(filled, path) as made:
        yield made


@pytest.fixture
def offices(server: Server) -> Offices:
    return Offices(server)


@pytest.fixture
def clock(server: Server) -> Clock:
    return server.clock
