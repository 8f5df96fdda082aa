"""Which addresses may be delivered to."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_network

Address = IPv4Address | IPv6Address

TUNNELS = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
"""Addresses that stand for another one, which might be anybody's inside."""


class Refused(Exception):
    """The address is one that nothing is delivered to."""


class Unknown(Exception):
    """The name has no address."""


class Networks:
    """The networks of the inside that may be delivered to, also by plain HTTP; others must be public, and by HTTPS."""

    def __init__(self, inside: Iterable[str] = ()) -> None:
        self.inside = [ip_network(one) for one in inside]

    def allow(self, address: Address, scheme: str) -> bool:
        mapped = getattr(address, "ipv4_mapped", None)
        if mapped is not None:
            return self.allow(mapped, scheme)
        if any(address in one for one in self.inside):
            return True
        return scheme == "https" and address.is_global and not address.is_multicast and not tunnelled(address)


def tunnelled(address: Address) -> bool:
    return any(address in one for one in TUNNELS)
