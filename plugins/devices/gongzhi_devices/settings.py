"""Settings: where the bridge hears devices, and as whom it hands on what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gongzhi.plugin.settings import setting

BROKER = re.compile(r"mqtts?://[^\s/]+")
SERVER = re.compile(r"https?://[^\s]+")


def read_broker(text: str) -> str:
    """Read the address of a broker. Raises ValueError, which never repeats it: it may hold a password."""
    if not BROKER.fullmatch(text):
        raise ValueError("is no address of a broker; write mqtts://user:password@host:8883")
    return text


def read_server(text: str) -> str:
    """Read the address of this server as the bridge reaches it. Raises ValueError."""
    if not SERVER.fullmatch(text):
        raise ValueError("is no address of a server; write https://gongzhi.example.org")
    return text.rstrip("/")


@dataclass(frozen=True)
class DeviceSettings:
    """What the bridge from MQTT is told; the server itself needs none of it."""

    # Secret, for it may hold a password.
    mqtt: str | None = setting(
        "The broker that devices publish to, mqtts://user:password@host:8883; for gongzhi devices bridge alone.",
        default=None,
        secret=True,
        parse=read_broker,
    )
    mqtt_ca: Path | None = setting("Certificates of whoever signed the broker's; not set: the system's.", default=None)
    server: str | None = setting("This server as the bridge reaches it.", default=None, parse=read_server)
    key: str | None = setting("The API key by which the bridge reports.", default=None, secret=True)
