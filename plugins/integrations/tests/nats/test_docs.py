"""The client on the page for integrators does what the page says."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import orjson
from gongzhi_server.events.asyncapi import STREAM_HEADERS, build_document

from .conftest import HANYIN, Cluster, Consumer, Outbox, passed

PAGE = (Path(__file__).parents[4] / "docs" / "integrators" / "nats.md").read_text(encoding="utf-8")


async def test_client_goes_on_where_it_stopped(outbox: Outbox, cluster: Cluster, tmp_path: Path) -> None:
    [client] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (script := tmp_path / "client.py").write_text(client, encoding="utf-8")
    environment = os.environ | {
        "NATS_URL": cluster.addresses[0],
        "NATS_STREAM": f"GONGZHI_{HANYIN}",
        "NATS_CONSUMER": "hotline",
    }
    async with outbox.copying(cluster):
        for case in outbox.cases[:2]:
            await outbox.write(case=case)
            process = await asyncio.create_subprocess_exec(sys.executable, script, env=environment, stdout=PIPE)
            assert process.stdout
            async with asyncio.timeout(30):
                assert await process.stdout.readline() == f"case.accepted {case.hex}\n".encode()
            await acknowledged(cluster)
            process.kill()
            await process.communicate()


async def acknowledged(cluster: Cluster) -> None:
    async with cluster.servers.connect() as client, asyncio.timeout(10):
        while (await client.jetstream().consumer_info(f"GONGZHI_{HANYIN}", "hotline")).num_ack_pending:
            await asyncio.sleep(0.01)  # it acknowledges after it prints


async def test_envelope_has_the_members_on_the_page(outbox: Outbox, cluster: Cluster) -> None:
    [shown] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    await outbox.write()
    async with outbox.copying(cluster), cluster.servers.connect() as client:
        await passed(cluster, 1)
        [message] = await Consumer(client).fetch(1)
    assert set(orjson.loads(message.data)) == set(orjson.loads(shown))
    stream = build_document([])["channels"]["stream"]
    assert message.subject.startswith(stream["address"].partition(".{")[0] + f".{HANYIN}.")
    assert set(STREAM_HEADERS["required"]) <= set(message.headers)
