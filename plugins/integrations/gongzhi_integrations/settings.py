"""Settings: what an operator chooses about other systems. Their variables are older than the plugin."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network

from gongzhi.plugin.settings import setting


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


@dataclass(frozen=True)
class IntegrationSettings:
    """What is chosen for all ways to other systems."""

    webhook_networks: tuple[str, ...] = setting(
        "Inner networks events may be delivered to, 10.1.0.0/16, with commas.",
        default=(),
        parse=read_networks,
        variable="GONGZHI_WEBHOOK_NETWORKS",
    )
