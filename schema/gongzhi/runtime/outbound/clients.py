"""Outbound clients: HTTP clients that look at the very address which they then connect to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from ssl import SSLContext, SSLError

import httpx

from gongzhi.runtime.outbound.networks import Address, OutboundNetworks, RefusedAddress, UnknownHost


def make_client(networks: OutboundNetworks, timeout: float, tls: SSLContext | None = None) -> httpx.AsyncClient:
    """Make a client that reaches these networks alone, follows no redirect and asks no proxy.

    A request raises RefusedAddress or UnknownHost beside what httpx raises.
    """
    # The environment is not trusted: a proxy named there would connect to addresses that nobody looked at.
    return httpx.AsyncClient(
        transport=CheckedTransport(networks, tls or httpx.create_ssl_context(trust_env=False)),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
    )


class CheckedTransport(httpx.AsyncBaseTransport):
    """Resolves a name, looks at each address, and connects to one that was allowed; TLS still asks for the name.

    Looking at the name first and connecting by name afterwards would resolve it twice, and the second answer may be
    another one (DNS rebinding).
    """

    def __init__(self, networks: OutboundNetworks, tls: SSLContext) -> None:
        self.networks = networks
        limits = httpx.Limits(max_keepalive_connections=0)  # connections go by address, and one may have many names
        self.inner = httpx.AsyncHTTPTransport(verify=tls, limits=limits, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        found = await resolve_host(url.host, url.port or (443 if url.scheme == "https" else 80))
        allowed = [one for one in found if self.networks.allows(one, url.scheme)]
        if len(allowed) < len(found):  # a name with one foot inside is not trusted with the other
            raise RefusedAddress
        request.url = url.copy_with(host=str(allowed[0]))
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


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
