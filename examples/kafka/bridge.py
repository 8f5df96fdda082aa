"""Bridge: what happens to cases goes into a topic of Kafka, in the order of each case (事件转 Kafka)."""

import json
import os
from pathlib import Path

from gongzhi_client import Client
from kafka import KafkaProducer

place = Path(os.environ["CURSOR_FILE"])
gongzhi = Client(os.environ["GONGZHI_URL"], os.environ["GONGZHI_TOKEN"])
if not place.exists():
    place.write_text(gongzhi.find_cursor())
# Acknowledged by all replicas, and not doubled by the producer's own attempts.
producer = KafkaProducer(bootstrap_servers=os.environ["KAFKA"].split(","), acks="all", enable_idempotence=True)
# CloudEvents, Kafka protocol binding, structured mode.
HEADERS = [("content-type", b"application/cloudevents+json; charset=UTF-8")]

for page in gongzhi.follow(place.read_text()):
    sent = [
        # Events of one case have one key, so they lie in one partition, in their order.
        producer.send(
            os.environ["TOPIC"],
            key=str(event.get("subject", event["id"])).encode(),
            value=json.dumps({name: value for name, value in event.items() if name != "cursor"}).encode(),
            headers=HEADERS,
        )
        for event in page.events
    ]
    producer.flush()
    for one in sent:
        one.get(timeout=60)
    # Only now: killed before this, it sends the page again, under the same ids.
    part = place.with_suffix(".part")
    part.write_text(page.cursor)
    part.replace(place)
    print(len(sent), "events", flush=True)
