"""The bridge of examples/mqtt files each alarm once, however often it and the broker's messages come."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest_asyncio

from benchmarks.jepsen.nats import find_binary
from benchmarks.ports import find_free_port

from .conftest import Station

ROOT = Path(__file__).parents[2]
BRIDGE = ROOT / "examples" / "mqtt" / "bridge.py"
ALARM = {"at": "2026-06-30T09:12:00+08:00", "value": 3.4, "limit": 3.0, "longitude": 108.51, "latitude": 32.89}
CASES = """query($numbers: [String!]!) { cases(filter: { externalNumber: { in: $numbers } }, first: 50) {
  nodes { externalNumber urgency title } } }"""


@pytest_asyncio.fixture
async def broker(tmp_path: Path) -> AsyncIterator[int]:
    """The port of a broker for MQTT: NATS is one."""
    ports = [find_free_port() for _ in range(2)]
    text = f'server_name: broker\nlisten: "127.0.0.1:{ports[1]}"\nmqtt {{ listen: "127.0.0.1:{ports[0]}" }}\n'
    (config := tmp_path / "broker.conf").write_text(f'{text}jetstream {{ store_dir: "{tmp_path / "broker"}" }}\n')
    command = (str(find_binary()), "-c", str(config))
    process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=DEVNULL)
    yield ports[0]
    process.kill()
    await process.wait()


def publish(port: int, messages: list[tuple[str, Any]]) -> None:
    """Publish as devices do, and wait until the broker has it."""
    device = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "device")
    while True:
        try:
            device.connect("127.0.0.1", port)
            break
        except OSError:
            continue  # the broker starts
    device.loop_start()
    for topic, payload in messages:
        device.publish(topic, payload if isinstance(payload, str) else json.dumps(payload), qos=1).wait_for_publish(20)
    device.disconnect()
    device.loop_stop()


async def start_bridge(station: Station, port: int) -> Process:
    token = station.as_("integrator", grid="610921").headers["authorization"].removeprefix("Bearer ")
    told = {
        "GONGZHI_URL": station.url, "GONGZHI_TOKEN": token, "CATEGORY": "roads.lighting", "MQTT_HOST": "127.0.0.1",
        "MQTT_PORT": str(port), "PYTHONPATH": str(ROOT / "clients" / "python"),
    }  # fmt: skip
    return await asyncio.create_subprocess_exec(sys.executable, BRIDGE, env=os.environ | told, stdout=PIPE, stderr=PIPE)


async def test_each_alarm_becomes_one_case(station: Station, broker: int) -> None:
    """Killed between two alarms it goes on; what is no alarm, or lies nowhere, holds nobody up."""
    await asyncio.to_thread(publish, broker, [])
    bridge = await start_bridge(station, broker)
    assert bridge.stdout and bridge.stderr
    async with asyncio.timeout(60):
        found = None
        # Sent twice, as devices do that have not heard of it; until the bridge has subscribed nobody keeps anything.
        while found is None:
            await asyncio.to_thread(publish, broker, [("devices/pump-1/alarms", {"id": "a", **ALARM})] * 2)
            try:
                found = await asyncio.wait_for(bridge.stdout.readline(), 2)
            except TimeoutError:
                continue
        assert found.startswith(b"pump-1/a 610921")
        bridge.send_signal(signal.SIGKILL)
        await bridge.wait()
        sent = [
            ("pump-2", "no alarm"),
            ("pump-2", {"id": "b", **ALARM, "latitude": 0}),
            ("pump-2", {"id": "c", **ALARM}),
        ]
        await asyncio.to_thread(publish, broker, [(f"devices/{device}/alarms", alarm) for device, alarm in sent])
        bridge = await start_bridge(station, broker)
        assert bridge.stdout and bridge.stderr
        said = [b""]
        while not said[-1].startswith(b"pump-2/c 610921"):
            said.append(await bridge.stdout.readline())
        assert any(line.startswith(b"pump-2/b ") for line in said)
    bridge.kill()
    await bridge.communicate()
    dispatcher = station.as_("county_dispatcher", grid="610921")
    answer = await dispatcher.ask(CASES, numbers=[f"pump-{at}" for at in ("1/a", "2/b", "2/c")])
    assert sorted(one["externalNumber"] for one in answer.data["cases"]["nodes"]) == ["pump-1/a", "pump-2/c"]
    assert {one["urgency"] for one in answer.data["cases"]["nodes"]} == {"URGENT"}
