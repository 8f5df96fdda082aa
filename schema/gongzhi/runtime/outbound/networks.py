"""Outbound networks: which addresses may be connected to."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_network

from gongzhi.runtime.outbound.special_networks import embedded_address, is_public

Address = IPv4Address | IPv6Address

PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
"""Where systems of one's own are. What an operator names may lie there; what others name may not."""


class RefusedAddress(Exception):
    """The name stands for an address that may not be connected to."""


class UnknownHost(Exception):
    """The name has no address."""


class OutboundNetworks:
    """Networks of the inside that may be reached, also by plain HTTP; any other must be public, and by HTTPS."""

    def __init__(self, inside: Iterable[str] = ()) -> None:
        self.inside = [ip_network(one) for one in inside]

    def allows(self, address: Address, scheme: str) -> bool:
        """Return whether an address may be connected to.

        One that stands for another, which a gateway would connect to, is judged by that: naming the prefix of a NAT64
        opens what is behind it no further than naming nothing does.
        """
        inside = any(address in one for one in self.inside)
        inner = embedded_address(address)
        if inner is not None:
            # An IPv4-mapped address is the IPv4 one; of the others a gateway makes it, whose network has to be named.
            mapped = getattr(address, "ipv4_mapped", None) is not None
            return (mapped or inside) and self.allows(inner, scheme)
        return inside or (scheme == "https" and is_public(address))
