"""How a delivery reaches its receiver. What is looked at is the very address that is then connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from ssl import SSLContext, SSLError

import httpx

from .addresses import Address, Networks, Refused, Unknown


def client(networks: Networks, timeout: float, tls: SSLContext | None = None) -> httpx.AsyncClient:
    """Sends to these networks alone, and goes wherever it is sent and no further. No proxy is asked."""
    return httpx.AsyncClient(
        transport=Vetted(networks, tls or httpx.create_ssl_context(trust_env=False)),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
    )


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


def word(error: BaseException) -> str:
    """What failed, without what it failed on."""
    match error:
        case Refused():
            return "REFUSED_ADDRESS"
        case Unknown():
            return "DNS"
        case TimeoutError() | httpx.TimeoutException():
            return "TIMEOUT"
        case httpx.ConnectError():
            return "TLS" if any(isinstance(one, SSLError) for one in causes(error)) else "CONNECT"
        case _:
            return "PROTOCOL"


def causes(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
