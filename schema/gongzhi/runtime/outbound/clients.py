"""Outbound clients: HTTP clients that look at the very address which they then connect to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from ssl import SSLContext, SSLError
from typing import Any

import httpcore
import httpx

from gongzhi.runtime.outbound.networks import Address, OutboundNetworks, RefusedAddress, UnknownHost

KEPT_OPEN, IDLE = 100, 4.0
"""Connections that are kept for a next request, and for how many seconds: common servers close them after five."""


def make_client(networks: OutboundNetworks, timeout: float, tls: SSLContext | None = None) -> httpx.AsyncClient:
    """Make a client that reaches these networks alone, follows no redirect and asks no proxy.

    A request raises RefusedAddress or UnknownHost beside what httpx raises.
    """
    plain, secure = (
        CheckedTransport(networks, scheme, tls or httpx.create_ssl_context(trust_env=False))
        for scheme in ("http", "https")
    )
    # The environment is not trusted: a proxy named there would connect to addresses that nobody looked at.
    return httpx.AsyncClient(
        transport=plain, mounts={"https://": secure}, timeout=timeout, follow_redirects=False, trust_env=False
    )


class CheckedTransport(httpx.AsyncHTTPTransport):
    """Keeps connections by name, each to an address that was looked at when it was made."""

    def __init__(self, networks: OutboundNetworks, scheme: str, tls: SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False)
        # httpx has no public way to say who connects. Without this attribute every request must fail, not go unlooked.
        if not isinstance(self._pool, httpcore.AsyncConnectionPool):
            raise TypeError("this httpx connects by other means than these, which nobody has looked at")
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_keepalive_connections=KEPT_OPEN,
            keepalive_expiry=IDLE,
            network_backend=CheckedBackend(networks, scheme),
            max_connections=None,
        )


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a name, looks at each address, and connects to one that was allowed.

    Looking at the name first and connecting by name afterwards would resolve it twice, and the second answer may be
    another one (DNS rebinding).
    """

    def __init__(self, networks: OutboundNetworks, scheme: str) -> None:
        self.networks, self.scheme = networks, scheme
        self.inner = httpcore.AnyIOBackend()

    async def connect_tcp(self, host: str, port: int, *args: Any, **more: Any) -> httpcore.AsyncNetworkStream:
        found = await resolve_host(host, port)
        allowed = [one for one in found if self.networks.allows(one, self.scheme)]
        if len(allowed) < len(found):  # a name with one foot inside is not trusted with the other
            raise RefusedAddress
        return await self.inner.connect_tcp(str(allowed[0]), port, *args, **more)


async def resolve_host(host: str, port: int) -> list[Address]:
    """Find the addresses of a name, the preferred one first. Raises UnknownHost."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnknownHost from error
    if not found:
        raise UnknownHost
    # An address may end with a zone, such as `%eth0`.
    return list(dict.fromkeys(ip_address(str(one[4][0]).partition("%")[0]) for one in found))


def name_failure(error: BaseException) -> str:
    """Name in one word why there was no answer, without what it failed on: that may be a secret."""
    match error:
        case RefusedAddress():
            return "REFUSED_ADDRESS"
        case UnknownHost():
            return "DNS"
        case TimeoutError() | httpx.TimeoutException():
            return "TIMEOUT"
        case httpx.ConnectError():
            # What failed in TLS lies below an error of the library's own.
            return "TLS" if any(isinstance(one, SSLError) for one in iterate_causes(error)) else "CONNECT"
        case _:
            return "PROTOCOL"


def iterate_causes(error: BaseException | None) -> Iterable[BaseException]:
    """Yield an error and what led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
