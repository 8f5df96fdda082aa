"""Which addresses may be delivered to. What is looked at is the very address that is then connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from ssl import SSLContext

import httpx

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


class Vetted(httpx.AsyncBaseTransport):
    """Resolves the name, looks at each address, and connects to one that was allowed; TLS still asks for the name."""

    def __init__(self, networks: Networks, tls: SSLContext) -> None:
        self.networks = networks
        limits = httpx.Limits(max_keepalive_connections=0)  # connections go by address, and one may have many names
        self.inner = httpx.AsyncHTTPTransport(verify=tls, limits=limits, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        found = await self.resolved(url.host, url.port or (443 if url.scheme == "https" else 80))
        allowed = [one for one in found if self.networks.allow(one, url.scheme)]
        if len(allowed) < len(found):  # a name with one foot inside is not trusted with the other
            raise Refused
        request.url = url.copy_with(host=str(allowed[0]))
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        return await self.inner.handle_async_request(request)

    async def resolved(self, host: str, port: int) -> list[Address]:
        """The addresses of a name, the preferred one first."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unknown from error
        if not found:
            raise Unknown
        return list(dict.fromkeys(ip_address(str(one[4][0]).partition("%")[0]) for one in found))

    async def aclose(self) -> None:
        await self.inner.aclose()
