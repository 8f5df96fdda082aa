"""Settings: what an operator chooses about other systems. Their variables are older than the plugin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from gongzhi.plugin.settings import setting

NATS = re.compile(r"(nats|tls)://[^\s,/]+")
INTEGRATOR = re.compile(r"([0-9]{6}):([a-z][a-z0-9-]{0,29})")

Integrators = tuple[tuple[str, str], ...]
"""Counties' codes, each with the name of a system that consumes the county's events."""


def read_words(text: str) -> tuple[str, ...]:
    """Read words that are separated by commas."""
    return tuple(word for each in text.split(",") if (word := each.strip()))


def read_networks(text: str) -> tuple[str, ...]:
    """Read addresses and networks. Raises ValueError."""
    found = read_words(text)
    try:
        for each in found:
            ip_network(each)
    except ValueError:
        raise ValueError("is no list of addresses or networks; write 10.0.0.0/8, separated by commas") from None
    return found


def read_servers(text: str) -> tuple[str, ...]:
    """Read addresses of NATS servers. Raises ValueError, which never repeats them: they may hold a password."""
    found = read_words(text)
    if not all(NATS.fullmatch(each) for each in found):
        raise ValueError("is no list of servers; write nats://user:password@host:4222, separated by commas")
    return found


def read_replicas(text: str) -> int:
    """Read how many servers keep each event. Raises ValueError."""
    if text not in ("1", "3", "5"):
        raise ValueError("is neither 1, 3 nor 5; give one of them, or unset it")
    return int(text)


def read_integrators(text: str) -> Integrators:
    """Read counties' codes, each with a name. Raises ValueError."""
    found = [INTEGRATOR.fullmatch(each) for each in read_words(text)]
    pairs = tuple((each[1], each[2]) for each in found if each)
    if len(pairs) < len(found) or len(set(pairs)) < len(pairs):
        raise ValueError("is no list of integrators; write 610921:hotline,610922:hotline, each once")
    return pairs


@dataclass(frozen=True)
class IntegrationSettings:
    """What is chosen for all ways to other systems."""

    webhook_networks: tuple[str, ...] = setting(
        "Inner networks events may be delivered to, 10.1.0.0/16, with commas.",
        default=(),
        parse=read_networks,
        variable="GONGZHI_WEBHOOK_NETWORKS",
    )
    webhook_ca: Path | None = setting(
        "File with certificates of authorities that receivers of events may be signed by, beside the public ones.",
        default=None,
        variable="GONGZHI_WEBHOOK_CA",
    )
    webhook_certificate: Path | None = setting(
        "File with our certificate and its key (PEM), for receivers of events that ask who sends.",
        default=None,
        variable="GONGZHI_WEBHOOK_CERTIFICATE",
    )
    nats: tuple[str, ...] = setting(
        "NATS servers that events are copied to, nats://user:password@host:4222, with commas.",
        default=(),
        secret=True,
        parse=read_servers,
        variable="GONGZHI_NATS",
    )
    nats_credentials: Path | None = setting(
        "File that NATS knows us by (.creds), if it is no password.", default=None, variable="GONGZHI_NATS_CREDENTIALS"
    )
    nats_ca: Path | None = setting(
        "Certificates of whoever signed those of NATS; not set: the system's.",
        default=None,
        variable="GONGZHI_NATS_CA",
    )
    nats_replicas: int = setting(
        "Servers that keep each event, 1, 3 or 5; 3 outlive the loss of one.",
        default=1,
        parse=read_replicas,
        variable="GONGZHI_NATS_REPLICAS",
    )
    nats_feed: bool = setting(
        "yes: feed subscriptions from NATS, not PostgreSQL.", default=False, variable="GONGZHI_NATS_FEED"
    )
    nats_integrators: Integrators = setting(
        "Who consumes from NATS, 610921:hotline, with commas.",
        default=(),
        parse=read_integrators,
        variable="GONGZHI_NATS_INTEGRATORS",
    )
