"""Special networks: IANA's special-purpose address registries as data, and what else is no host of the internet.

The registries as they stood on 2025-10-09 (iana-ipv4-special-registry, iana-ipv6-special-registry). Python's own
`is_global` follows another edition with each release, and counts some of these as global.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IPV4 = {
    "0.0.0.0/8": "this network (RFC 791)",
    "10.0.0.0/8": "private use (RFC 1918)",
    "100.64.0.0/10": "shared address space (RFC 6598)",
    "127.0.0.0/8": "loopback (RFC 1122)",
    "169.254.0.0/16": "link local, metadata of clouds (RFC 3927)",
    "172.16.0.0/12": "private use (RFC 1918)",
    "192.0.0.0/24": "protocol assignments, DS-Lite, NAT64 discovery (RFC 6890)",
    "192.0.2.0/24": "documentation (RFC 5737)",
    "192.31.196.0/24": "AS112 (RFC 7535)",
    "192.52.193.0/24": "AMT relays (RFC 7450)",
    "192.88.99.0/24": "6to4 relays, deprecated (RFC 7526)",
    "192.168.0.0/16": "private use (RFC 1918)",
    "192.175.48.0/24": "AS112 (RFC 7534)",
    "198.18.0.0/15": "benchmarking (RFC 2544)",
    "198.51.100.0/24": "documentation (RFC 5737)",
    "203.0.113.0/24": "documentation (RFC 5737)",
    "224.0.0.0/4": "multicast (RFC 5771)",
    "240.0.0.0/4": "reserved, limited broadcast (RFC 1112)",
}
IPV6 = {
    "::/96": "unspecified, loopback, IPv4-compatible, deprecated (RFC 4291)",
    "::ffff:0:0/96": "IPv4-mapped (RFC 4291)",
    "64:ff9b::/96": "NAT64 (RFC 6052)",
    "64:ff9b:1::/48": "NAT64 of one's own network (RFC 8215)",
    "100::/64": "discarded (RFC 6666)",
    "100:0:0:1::/64": "dummy prefix (RFC 9780)",
    "2001::/23": "protocol assignments: Teredo, benchmarking, ORCHID, DRIP (RFC 2928)",
    "2001:db8::/32": "documentation (RFC 3849)",
    "2002::/16": "6to4 (RFC 3056)",
    "2620:4f:8000::/48": "AS112 (RFC 7534)",
    "3fff::/20": "documentation (RFC 9637)",
    "5f00::/16": "segment routing (RFC 9602)",
    "fc00::/7": "unique local (RFC 4193)",
    "fe80::/10": "link local (RFC 4291)",
    "fec0::/10": "site local, deprecated (RFC 3879)",
    "ff00::/8": "multicast (RFC 4291)",
}
"""Networks that nothing is delivered to, and what each is for. Longer prefixes of the registries lie in these."""
UNICAST = IPv6Network("2000::/3")
"""The only part of IPv6 that addresses of hosts have been given out of."""

SPECIAL_IPV4 = tuple(map(IPv4Network, IPV4))
SPECIAL_IPV6 = tuple(map(IPv6Network, IPV6))
NAT64, SIX_TO_FOUR, TEREDO, COMPATIBLE = map(IPv6Network, ("64:ff9b::/96", "2002::/16", "2001::/32", "::/96"))


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether this is an ordinary address of the internet, which is in none of the registries."""
    if isinstance(address, IPv4Address):
        return not any(address in one for one in SPECIAL_IPV4)
    # Nothing outside of that part is an address of a host, whatever the registries say.
    return address in UNICAST and not any(address in one for one in SPECIAL_IPV6)


def embedded_address(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for, and that a gateway would connect to."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    # `::` and `::1` stand for no IPv4 address.
    if address in NAT64 or (address in COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in SIX_TO_FOUR:
        return address.sixtofour
    # Of a Teredo server's address and a client's, the client's.
    return address.teredo[1] if address in TEREDO and address.teredo else None
