"""A county of two towns and a few cases that can be counted by hand. The tests of a module share it, one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from gongzhi.testing.fixtures import copy_database
from gongzhi_server.testing import TODAY, Server, serve_application

from .sample_cases import Ground


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(
    postgres: str, all_tables: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Ground, Server]]:
    """The place and the application over it, as they are before any case."""
    async with (
        copy_database(postgres, all_tables) as dsn,
        Ground.opened(dsn) as ground,
        serve_application(dsn, tmp_path_factory.mktemp("data")) as server,
    ):
        await ground.note_filled()
        yield ground, server


@pytest_asyncio.fixture(loop_scope="module")
async def ground(place: tuple[Ground, Server]) -> AsyncIterator[Ground]:
    """The place, without any case."""
    made, _ = place
    yield made
    await made.clear()


@pytest.fixture
def small(place: tuple[Ground, Server], ground: Ground) -> Server:
    """The application over it, on the tests' day."""
    _, server = place
    server.clock.time = TODAY
    # With its clock put back, what runs each hour is due again.
    server.worker.worker.planned.clear()
    return server
