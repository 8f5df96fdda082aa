"""Settings of all tests here.

Schemas are built once in a process. Hypothesis measures no time, for how busy a machine is says nothing about the code.
Garbage is collected rarely: the schema and what every file imports stay for good, and looking through them again and
again took a third of a run.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

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
