"""Bridge: alarms that devices publish over MQTT become cases, each once (设备告警转诉求)."""

import json
import os
import sys
import time
from datetime import datetime
from typing import Any

import httpx
import paho.mqtt.client as mqtt
from gongzhi_client import Client, Order

TOPIC = "devices/+/alarms"
gongzhi = Client(os.environ["GONGZHI_URL"], os.environ["GONGZHI_TOKEN"])


def make_order(device: str, alarm: dict[str, Any]) -> Order:
    """Make an order of an alarm. Its number is the same however often the alarm comes."""
    at = datetime.fromisoformat(alarm["at"])
    return {
        "externalNumber": f"{device}/{alarm['id']}",
        "kind": "HELP",
        "category": os.environ["CATEGORY"],
        "urgency": "URGENT",
        "title": f"设备告警：{device}",
        "description": f"{at:%Y-%m-%d %H:%M} 读数 {float(alarm['value']):g}，超过 {float(alarm['limit']):g}。",
        "place": {"longitude": alarm["longitude"], "latitude": alarm["latitude"], "crs": "WGS84"},
    }


def file_order(order: Order) -> None:
    """File an order, however long that takes, and say what came of it."""
    while True:
        try:
            [filed] = gongzhi.file_orders([order])
        except httpx.HTTPError as problem:  # away, or busy: the broker keeps what comes meanwhile
            print(problem, file=sys.stderr)
            time.sleep(1)
            continue
        said = filed["case"]["number"] if filed["case"] else filed["errors"][0]["message"]
        return print(order["externalNumber"], said, flush=True)


def take(client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
    """Acknowledge a message when its order is filed, or can never be; until then the broker has it."""
    try:
        order = make_order(message.topic.split("/")[1], json.loads(message.payload))
        file_order(order)
    except (ValueError, KeyError, TypeError) as problem:
        print(f"{message.topic}: {problem!r}", file=sys.stderr)
    client.ack(message.mid, message.qos)


# A session that outlives connections, so that the broker keeps messages while the bridge is away.
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "gongzhi-bridge", clean_session=False, manual_ack=True)
client.on_connect = lambda *_: client.subscribe(TOPIC, qos=1)
client.on_message = take
client.connect(os.environ["MQTT_HOST"], int(os.environ["MQTT_PORT"]))
client.loop_forever()
