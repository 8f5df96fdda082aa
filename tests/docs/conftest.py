"""A copy of the demo county for each module: a real server closes in its own time what the examples of pages need."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from gongzhi_server.testing import create, drop


@pytest.fixture(scope="module")
def filled(postgres: str, county: str) -> Iterator[str]:
    """The address of the copy."""
    name = f"test_{uuid4().hex}"
    yield asyncio.run(create(postgres, name, county))
    asyncio.run(drop(postgres, name))
