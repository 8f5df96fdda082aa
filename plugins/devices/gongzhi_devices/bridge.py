"""Bridge: what devices publish over MQTT 3.1.1 or 5 is handed on over HTTP in batches, and acknowledged after that.

A device publishes to devices/COUNTY/CODE, with QoS 1, an entry as POST /x/devices/COUNTY/readings takes it or an array
of them, without `device`, which the topic says: brokers hold topics against who is connected.
"""

from __future__ import annotations

import json
import queue
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote, urlsplit

import typer

from .settings import DeviceSettings

if TYPE_CHECKING:
    import httpx
    import paho.mqtt.client as mqtt

    Received = tuple[int, mqtt.MQTTMessage]

MOST, SECONDS = 500, 0.5
"""Messages of a batch, and for how long it waits for more of them."""
FEW, PAUSE = 10, 0.01
"""Messages that are a batch once so many seconds bring no other: a broker may send no more before these are
acknowledged, some of them after twenty."""
ENTRIES = 500
AGAIN = 2.0
"""Seconds until what the server did not take is sent again."""
KEPT = 7 * 86_400
"""Seconds for which a broker of MQTT 5 keeps the session, with all that comes, while the bridge is away."""


def run_bridge(
    settings: Mapping[type, Any],
    county: Annotated[str, typer.Argument(help="The county's code (县区编码).")],
    mqtt5: Annotated[bool, typer.Option("--mqtt5", help="Speak MQTT 5 to the broker, not 3.1.1.")] = False,
) -> int:
    """Hand on what devices publish over MQTT, until it is stopped (MQTT 接入)."""
    chosen: DeviceSettings = settings[DeviceSettings]
    if not (chosen.mqtt and chosen.server and chosen.key):
        names = ", ".join(f"GONGZHI_DEVICES_{name}" for name in ("MQTT", "SERVER", "KEY"))
        print(f"Set these variables. 请设置以下环境变量： {names}", file=sys.stderr)
        return 2
    MqttBridge(chosen, county, mqtt5).run()
    return 0


class MqttBridge:
    """One session with a broker, whose messages go to the server in the order in which they came."""

    def __init__(self, settings: DeviceSettings, county: str, mqtt5: bool = False) -> None:
        self.settings, self.county, self.mqtt5 = settings, county, mqtt5
        # Each with the connection by which it came: after another one the broker sends again what was not acknowledged.
        self.messages: queue.SimpleQueue[Received | None] = queue.SimpleQueue()
        self.connections = 0
        self.stopped = False
        self.subscribed = threading.Event()

    def run(self) -> None:
        """Hand on messages until `stop` is called."""
        # Loaded here, so that no start of the server pays for it.
        import httpx

        headers = {"authorization": f"Bearer {self.settings.key}"}
        client = self.connect()
        client.loop_start()
        try:
            with httpx.Client(base_url=self.settings.server or "", headers=headers, timeout=30) as server:
                while not self.stopped:
                    messages = self.gather()
                    if messages and self.hand_on(server, messages):
                        for connection, one in messages:
                            if connection == self.connections:
                                client.ack(one.mid, one.qos)
        finally:
            # Without a goodbye that ends the session: what comes meanwhile waits at the broker.
            client.disconnect()
            client.loop_stop()

    def stop(self) -> None:
        """Have `run` return once what it has in hand is done."""
        self.stopped = True
        self.messages.put(None)

    def connect(self) -> mqtt.Client:
        """Connect to the broker with a session that outlives the connection."""
        import paho.mqtt.client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        protocol = mqtt.MQTTv5 if self.mqtt5 else mqtt.MQTTv311
        name = f"gongzhi-devices-{self.county}"
        sessions: dict[str, Any] = {} if self.mqtt5 else {"clean_session": False}
        client = mqtt.Client(CallbackAPIVersion.VERSION2, name, protocol=protocol, manual_ack=True, **sessions)
        client.on_connect = lambda client, *_: self.begin(client)
        client.on_subscribe = lambda *_: self.subscribed.set()
        client.on_message = lambda client, _, message: self.messages.put((self.connections, message))
        at = urlsplit(self.settings.mqtt or "")
        if at.username is not None:
            client.username_pw_set(unquote(at.username), unquote(at.password or ""))
        if at.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context(cafile=self.settings.mqtt_ca))
        # 3.1.1 has sessions that never end; 5 says for how long.
        given: dict[str, Any] = {}
        if self.mqtt5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = KEPT
            given = {"clean_start": False, "properties": properties}
        client.connect(at.hostname or "", at.port or (8883 if at.scheme == "mqtts" else 1883), **given)
        return client

    def begin(self, client: mqtt.Client) -> None:
        """Subscribe anew with each connection, for a broker may have lost its sessions."""
        self.connections += 1
        client.subscribe(f"devices/{self.county}/+", qos=1)

    def gather(self) -> list[Received]:
        """Return what has come, once there is anything: a batch, or what comes in half a second."""
        # Until something comes: `stop` puts in a None.
        first = self.messages.get()
        found = [] if first is None else [first]
        until = time.monotonic() + SECONDS
        while found and len(found) < MOST:
            left = max(0.0, until - time.monotonic())
            try:
                message = self.messages.get(timeout=min(left, PAUSE) if len(found) >= FEW else left)
            except queue.Empty:
                break
            if message is None:
                break
            found.append(message)
        return found

    def hand_on(self, server: httpx.Client, messages: list[Received]) -> bool:
        """Send messages until the server has taken them; what it refuses for good is said, and holds up nobody."""
        entries = [entry for _, one in messages for entry in read_message(one.topic, one.payload)]
        for at in range(0, len(entries), ENTRIES):
            # As many as the server takes at once; a message may hold an array of any length.
            part = entries[at : at + ENTRIES]
            while not self.send(server, part):
                if self.stopped:
                    return False
                time.sleep(AGAIN)
        return True

    def send(self, server: httpx.Client, entries: list[dict[str, Any]]) -> bool:
        """Send entries, and tell whether the server has looked at them."""
        import httpx

        try:
            reply = server.post(f"/x/devices/{self.county}/readings", json=entries)
        except httpx.HTTPError as problem:
            # Away: the broker keeps what comes meanwhile.
            print(f"server: {type(problem).__name__}", file=sys.stderr, flush=True)
            return False
        if reply.status_code != 200:
            # A key that is not valid and a server that is busy are both put right without what came being lost.
            print(f"server: {reply.status_code} {reply.text[:300]}", file=sys.stderr, flush=True)
            return False
        for one in reply.json()["errors"]:
            print(f"{entries[one['entry']]['device']}: {one['field']}: {one['message']}", file=sys.stderr, flush=True)
        return True


def read_message(topic: str, payload: bytes | bytearray) -> list[dict[str, Any]]:
    """Return the entries of a message, with the device that its topic names; none of what is no entry."""
    device = topic.rpartition("/")[2]
    try:
        given = json.loads(payload)
        entries = given if isinstance(given, list) else [given]
        # The topic goes before what the message says of itself.
        return [{**one, "device": device} for one in entries]
    except (ValueError, TypeError, RecursionError):
        print(f"{device}: what it published is no JSON object", file=sys.stderr, flush=True)
        return []
