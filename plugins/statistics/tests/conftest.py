"""A county of two towns and a few cases that can be counted by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from gongzhi_server.testing import Server, serve_application

from .sample_cases import Ground


@pytest_asyncio.fixture
async def ground(empty_database: str) -> AsyncIterator[Ground]:
    """The place, without any case."""
    async with Ground.opened(empty_database) as made:
        yield made


@pytest_asyncio.fixture
async def small(ground: Ground, empty_database: str, tmp_path: Path) -> AsyncIterator[Server]:
    """The application over it."""
    async with serve_application(empty_database, tmp_path) as made:
        yield made
