"""The clients that integrators use for Node work with the accounts that we print: fetching, acknowledging, the lag."""

from __future__ import annotations

import asyncio
import os
import re
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from gongzhi_integrations.nats.accounts import write_configuration
from gongzhi_server.errors import Problem

from benchmarks import npm

from .conftest import HANYIN, Cluster, Outbox, passed
from .test_accounts import PAIRS, PASSWORDS
from .test_docs import PAGE

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def modules() -> Path:
    """The packages that the lock file names. Skip the tests if they cannot be had, unless this is CI."""
    try:
        return npm.modules(HERE)
    except Problem as problem:
        if os.environ.get("CI") == "true":
            pytest.fail(str(problem))
        pytest.skip(str(problem))


@asynccontextmanager
async def integrating(outbox: Outbox, folder: Path, modules: Path) -> AsyncIterator[tuple[dict[str, str], list[str]]]:
    """Servers with the accounts that we print, and six events: what a client needs in its environment, and the ids."""
    cluster = Cluster(folder, write_configuration(PAIRS), PASSWORDS, "gongzhi:own-word@")
    await cluster.start()
    environment = os.environ | {
        "NODE_PATH": str(modules),
        "NATS_URL": f"127.0.0.1:{cluster.ports[0]}",
        "NATS_USER": f"{HANYIN}-hotline",
        "NATS_PASSWORD": PASSWORDS["NATS_COUNTY_610921_HOTLINE"],
        "NATS_STREAM": f"GONGZHI_{HANYIN}",
        "NATS_CONSUMER": "hotline",
    }
    async with AsyncExitStack() as stack:
        stack.push_async_callback(cluster.stop)
        await stack.enter_async_context(outbox.copying(cluster, PAIRS))
        written = await outbox.write(6)
        await passed(cluster, await outbox.given())
        yield environment, written


@pytest.mark.parametrize("version", ["2", "3"])
async def test_client_for_node(version: str, modules: Path, outbox: Outbox, tmp_path: Path) -> None:
    async with integrating(outbox, tmp_path, modules) as (environment, written):
        command = (npm.NODE, str(HERE / "client.cjs"), version, "6")
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=PIPE)
        async with asyncio.timeout(60):
            said, problem = await process.communicate()
    assert process.returncode == 0, problem.decode()
    events = [f"case.accepted {id} {5 - at}" for at, id in enumerate(written)]
    assert said.decode().splitlines() == ["waiting 6", *events, "waiting 0"]


async def test_client_on_the_page(modules: Path, outbox: Outbox, tmp_path: Path) -> None:
    [client] = re.findall(r"```javascript\n(.*?)```", PAGE, re.DOTALL)
    (script := tmp_path / "client.cjs").write_text(client, encoding="utf-8")
    async with integrating(outbox, tmp_path, modules) as (environment, _):
        process = await asyncio.create_subprocess_exec(npm.NODE, script, env=environment, stdout=PIPE)
        assert process.stdout
        async with asyncio.timeout(60):
            said = [(await process.stdout.readline()).decode() for _ in range(7)]
        process.kill()
        await process.communicate()
    assert said == ["6 to come\n", *(f"case.accepted {case.hex}\n" for case in outbox.cases[:6])]
