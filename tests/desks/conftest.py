"""One copy of the demo county for all tests of this folder: what they change does not get in each other's way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from gongzhi_server.testing import create_database, drop_database


@pytest.fixture(scope="package")
def filled(postgres: str, county: str) -> Iterator[str]:
    """The address of the copy."""
    name = f"test_{uuid4().hex}"
    yield asyncio.run(create_database(postgres, name, county))
    asyncio.run(drop_database(postgres, name))
