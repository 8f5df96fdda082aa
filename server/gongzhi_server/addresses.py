"""Addresses: who is at the other end of a connection, as its socket has it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address


def plain_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text is, an IPv4 address written as IPv6 as itself; None for what is none.

    A socket in the file system has none. The zone ("%eth0") is local to a machine, and left out.
    """
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
