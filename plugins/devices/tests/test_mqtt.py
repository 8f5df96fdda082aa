"""MQTT: what devices publish, by 3.1.1 or 5, becomes readings, each once, also where the bridge was away meanwhile."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import uvicorn
from gongzhi_devices.bridge import MqttBridge, read_message, run_bridge
from gongzhi_devices.settings import DeviceSettings
from iotcore import Broker

from benchmarks.jepsen.nats import find_binary
from benchmarks.ports import find_free_port

from .conftest import COUNTY, Network

pytestmark = pytest.mark.asyncio(loop_scope="module")
RUMQTTD = """id = 0
[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 10
[{version}.1]
name = "broker"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = 20480
max_inflight_count = 100
"""


@contextmanager
def nats_broker(data: Path) -> Iterator[int]:
    """NATS, which is a broker of MQTT 3.1.1."""
    port, other = find_free_port(), find_free_port()
    text = f'server_name: broker\nlisten: "127.0.0.1:{other}"\nmqtt {{ listen: "127.0.0.1:{port}" }}\n'
    (config := data / "broker.conf").write_text(f'{text}jetstream {{ store_dir: "{data / "broker"}" }}\n')
    command = (str(find_binary()), "-c", str(config))
    with Popen(command, stdout=DEVNULL, stderr=DEVNULL) as process:
        try:
            yield port
        finally:
            process.kill()


@contextmanager
def rumqttd_broker(data: Path) -> Iterator[int]:
    """rumqttd, as a broker of MQTT 5."""
    port = find_free_port()
    (config := data / "broker.toml").write_text(RUMQTTD.format(version="v5", port=port))
    with Broker(config_path=str(config)):
        yield port


BROKERS = {False: nats_broker, True: rumqttd_broker}


def publish(port: int, mqtt5: bool, messages: list[tuple[str, Any]]) -> None:
    """Publish as devices do, and wait until the broker has it."""
    protocol = mqtt.MQTTv5 if mqtt5 else mqtt.MQTTv311
    device = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "device", protocol=protocol)
    while True:
        try:
            device.connect("127.0.0.1", port)
            break
        except OSError:
            continue  # the broker starts
    device.loop_start()
    for code, payload in messages:
        text = payload if isinstance(payload, bytes) else json.dumps(payload)
        device.publish(f"devices/{COUNTY}/{code}", text, qos=1).wait_for_publish(60)
    device.disconnect()
    device.loop_stop()


@asynccontextmanager
async def listening(network: Network) -> AsyncIterator[str]:
    """The application behind uvicorn, in this loop; the address it listens on."""
    app = network.server.client._transport.app  # type: ignore[attr-defined]
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off"))
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def bridging(settings: DeviceSettings, mqtt5: bool) -> AsyncIterator[MqttBridge]:
    """A bridge at work, in a thread of its own."""
    bridge = MqttBridge(settings, COUNTY, mqtt5)
    thread = threading.Thread(target=bridge.run)
    thread.start()
    try:
        # As long as a busy machine may take until the broker has made what sessions are kept in; else it would hang.
        async with asyncio.timeout(120):
            while not bridge.subscribed.is_set():
                await asyncio.sleep(0.01)
        yield bridge
    finally:
        bridge.stop()
        await asyncio.to_thread(thread.join)


async def read(network: Network, code: str, count: int) -> list[float]:
    """The readings of a device, once there are so many."""
    asked = (
        "select r.value from devices.reading r join devices.gauge g on g.id=r.gauge_id "
        "join devices.device d on d.id=g.device_id where d.code=$1 order by r.at"
    )
    async with asyncio.timeout(120):
        while len(rows := await network.fetch(asked, code)) < count:
            await asyncio.sleep(0.05)
    return [one["value"] for one in rows]


@pytest.mark.parametrize("mqtt5", [False, True], ids=["3.1.1", "5"])
async def test_devices_publish(network: Network, tmp_path: Path, mqtt5: bool) -> None:
    """Sent twice, it is kept once; sent while the bridge is away, it waits; what is no reading holds nobody up."""
    kind = await network.kind()
    id, code = await network.register(kind)
    await network.define(kind)
    made = await network.server.as_("integrator", grid=COUNTY, sub="bridge").ask("{ __typename }")
    assert made.status == 200
    key = network.system.headers["authorization"].removeprefix("Bearer ")

    def at(minutes: int) -> str:
        return network.ago(minutes=minutes)

    with BROKERS[mqtt5](tmp_path) as port:
        await asyncio.to_thread(publish, port, mqtt5, [])
        async with listening(network) as address:
            settings = DeviceSettings(f"mqtt://127.0.0.1:{port}", server=address, key=key)
            first = {"measure": "level", "value": 1.5, "at": at(30)}
            async with bridging(settings, mqtt5):
                sent = [(code, first), (code, first), (code, b"no reading"), ("unknown", first)]
                await asyncio.to_thread(publish, port, mqtt5, sent)
                assert await read(network, code, 1) == [1.5]
            many = [{"measure": "level", "value": 3.5, "at": at(one)} for one in (20, 10)]
            await asyncio.to_thread(publish, port, mqtt5, [(code, first), (code, many), (code, {"alarm": "opened"})])
            async with bridging(settings, mqtt5):
                assert await read(network, code, 3) == [1.5, 3.5, 3.5]
    [alarm] = await network.alarms(id)
    assert alarm["case"]["status"] == "REPORTED"


async def test_what_is_no_entry_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """The topic says which device it is, whatever the message says."""
    assert read_message("devices/610921/a", b'{"device": "b", "value": 1}') == [{"device": "a", "value": 1}]
    assert read_message("devices/610921/a", b"[1]") == []
    assert "a: " in capsys.readouterr().err
    assert run_bridge({DeviceSettings: DeviceSettings(server="http://127.0.0.1")}, COUNTY) == 2
    assert "GONGZHI_DEVICES_MQTT" in capsys.readouterr().err
