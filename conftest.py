"""Settings of all tests here.

Schemas are built once in a process. Hypothesis measures no time, for how busy a machine is says nothing about the code.
Garbage is collected rarely: the schema and what every file imports stay for good, and looking through them again and
again took a third of a run.
"""

from __future__ import annotations

import asyncio
import gc
import os
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

OPENED = pytest.StashKey[dict[int, tuple[Any, asyncio.AbstractEventLoop, str]]]()
"""Connections to PostgreSQL that nobody has closed yet, each with its loop and the calls that made it."""
SWEEPS = 50_000, 20, 5

settings.register_profile("gongzhi", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gongzhi")


def pytest_xdist_auto_num_workers() -> int:
    """Run one process more than there are processors: a tenth of the time tests wait for sockets and browsers."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_finish() -> None:
    """Leave alone what is there before the first test, and sweep what comes after it now and then."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SWEEPS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail a test whose loop has ended before a connection was closed.

    Nobody would close it any more, and pytest would blame whichever test runs when its garbage is collected.
    """
    yield
    opened = item.config.stash.get(OPENED, {})
    over = {key: one for key, one in opened.items() if one[1].is_closed()}
    for key in over:
        del opened[key]
    left = [calls for connection, _, calls in over.values() if not connection.is_closed()]
    assert not left, "left open a connection that was made here:\n" + "\n".join(left)


@pytest.fixture(scope="session", autouse=True)
def built_schemas() -> Iterator[None]:
    """Have whatever serves or runs a command here take a schema that was built before with the same plugins."""
    # Imported for the first test: the process that only hands tests out to others needs none of it.
    from gongzhi_server import app
    from gongzhi_server.deployment import rehearsal
    from gongzhi_server.graphql import explain, schema
    from gongzhi_server.testing import built_schema

    build = schema.build_schema

    def take(plugins: Any, contributions: Any = ()) -> schema.Schema:
        return build(plugins, contributions) if contributions else built_schema(plugins)

    with pytest.MonkeyPatch.context() as patch:
        for module in (app, explain, rehearsal, schema):
            patch.setattr(module, "build_schema", take)
        yield


@pytest.fixture(scope="session", autouse=True)
def opened_connections(request: pytest.FixtureRequest) -> Iterator[None]:
    """Note each connection to PostgreSQL from when it is made until it is closed."""
    import asyncpg

    opened = request.config.stash[OPENED] = {}
    init, close, terminate = (getattr(asyncpg.Connection, name) for name in ("__init__", "close", "terminate"))

    def note(self: Any, *given: Any, **more: Any) -> None:
        init(self, *given, **more)
        calls = "".join(traceback.format_stack(limit=12)[:-1])
        opened[id(self)] = self, asyncio.get_running_loop(), calls

    async def note_closing(self: Any, *given: Any, **more: Any) -> None:
        opened.pop(id(self), None)
        await close(self, *given, **more)

    def note_end(self: Any) -> None:
        opened.pop(id(self), None)
        terminate(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncpg.Connection, "__init__", note)
        patch.setattr(asyncpg.Connection, "close", note_closing)
        patch.setattr(asyncpg.Connection, "terminate", note_end)
        yield
