"""The client on the page for integrators does what the page says."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress
from pathlib import Path

import orjson

from .conftest import HANYIN, Cluster, Consumer, Outbox, passed

PAGE = (Path(__file__).parents[2] / "docs" / "integrators" / "nats.md").read_text(encoding="utf-8")


async def test_client_goes_on_where_it_stopped(outbox: Outbox, cluster: Cluster, tmp_path: Path) -> None:
    [client] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (script := tmp_path / "client.py").write_text(client, encoding="utf-8")
    environment = os.environ | {
        "NATS_URL": cluster.servers[0],
        "NATS_STREAM": f"GONGZHI_{HANYIN}",
        "NATS_CONSUMER": "hotline",
    }
    relay = outbox.relay(cluster)
    task = asyncio.create_task(relay.run())
    for case in outbox.cases[:2]:
        await outbox.write(case=case)
        relay.call()
        process = await asyncio.create_subprocess_exec(sys.executable, script, env=environment, stdout=PIPE)
        assert process.stdout
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == f"case.accepted {case.hex}\n".encode()
        await acknowledged(cluster)
        process.kill()
        await process.communicate()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def acknowledged(cluster: Cluster) -> None:
    async with cluster.line.open() as client, asyncio.timeout(10):
        while (await client.jetstream().consumer_info(f"GONGZHI_{HANYIN}", "hotline")).num_ack_pending:
            await asyncio.sleep(0.01)  # it acknowledges after it prints


async def test_envelope_has_the_members_on_the_page(outbox: Outbox, cluster: Cluster) -> None:
    [shown] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    await outbox.write()
    task = asyncio.create_task((relay := outbox.relay(cluster)).run())
    await passed(relay, cluster, 1)
    async with cluster.line.open() as client:
        [message] = await Consumer(client).fetch(1)
    assert set(orjson.loads(message.data)) == set(orjson.loads(shown))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
