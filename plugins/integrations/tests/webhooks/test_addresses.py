"""Nothing is delivered to the inside, whatever a name turns out to mean."""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import nullcontext
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from gongzhi.runtime.outbound.clients import CheckedTransport, make_client
from gongzhi.runtime.outbound.networks import PRIVATE, OutboundNetworks
from gongzhi.runtime.outbound.special_networks import IPV4, IPV6, embedded_address
from gongzhi.values.errors import Refusal
from gongzhi_integrations.webhooks.commands import require_reachable
from gongzhi_integrations.webhooks.sender import Attempt, Sender
from gongzhi_server.auth.identity_provider import COOL, PublishedKeys
from hypothesis import given
from hypothesis.strategies import ip_addresses, sampled_from

from .conftest import Desk
from .receivers import Receiver

ROOT = Path(__file__).parents[4]
INSIDE = (
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
    "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:53aa:64c::1",
    "192.0.0.8", "192.0.0.9", "192.0.0.170", "192.88.99.1", "192.31.196.1", "192.52.193.1", "192.175.48.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "240.0.0.1", "::7f00:1", "::a00:1", "::5db8:d822",
    "64:ff9b::5db8:d822",
    "64:ff9b:1::a00:1", "100::1", "100:0:0:1::1", "2001:2::1", "2001:20::1", "2001:30::1", "2001:db8::1", "3fff::1",
    "5f00::1", "fec0::1", "4000::1", "2620:4f:8000::1", "2002:5db8:d822::1", "::ffff:192.88.99.1", "::ffff:0:a00:1",
)  # fmt: skip
OUTSIDE = ("93.184.216.34", "1.1.1.1", "223.5.5.5", "192.0.1.1", "198.20.0.1", "2400:3200::1", "2606:4700::1111")


@pytest.mark.parametrize("address", INSIDE)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_inside_is_refused(address: str, scheme: str) -> None:
    assert not OutboundNetworks().allows(ip_address(address), scheme)


@given(ip_addresses(), sampled_from(("https", "http")))
def test_only_public_by_https(address: Any, scheme: str) -> None:
    if OutboundNetworks().allows(address, scheme):
        assert scheme == "https" and (getattr(address, "ipv4_mapped", None) or address).is_global
    named = [str(one) for one in (address, embedded_address(address)) if one is not None]
    assert OutboundNetworks(named).allows(address, "http")


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside_is_reached_by_https(address: str) -> None:
    assert OutboundNetworks().allows(ip_address(address), "https") and not OutboundNetworks().allows(
        ip_address(address), "http"
    )


@pytest.mark.parametrize("network", [*IPV4, *(one for one in IPV6 if one != "::ffff:0:0/96")])
def test_registries_are_kept_to(network: str) -> None:
    """No address of a special network, the first and the last neither, nor one in IPv6's clothes."""
    found = ip_network(network)
    for at in (found[0], found[-1], found[found.num_addresses // 2]):
        assert not OutboundNetworks().allows(at, "https")
        if isinstance(at, IPv4Address):
            for prefix in ("::ffff:0:0", "64:ff9b::", "::"):
                assert not OutboundNetworks().allows(ip_address(int(ip_address(prefix)) + int(at)), "https")


@given(ip_addresses(v=4))
def test_gateways_open_nothing_more(address: IPv4Address) -> None:
    """Somebody who names a gateway's prefix opens what any address may be reached at, and no inner network."""
    gateways = OutboundNetworks(["64:ff9b::/96", "2002::/16", "2001::/32", "::/96"])
    forms = (
        int(ip_address("64:ff9b::")) + int(address),
        int(ip_address("2002::")) + (int(address) << 80) + 1,
        int(ip_address("2001:0:1:1::")) + (~int(address) & 0xFFFF_FFFF),
    )
    for form in forms:
        assert gateways.allows(IPv6Address(form), "https") == OutboundNetworks().allows(address, "https")
        assert not OutboundNetworks().allows(IPv6Address(form), "https")


@pytest.mark.parametrize(
    ("url", "inside", "refused"),
    [
        ("https://hotline.example.org/events", False, False),
        ("https://93.184.216.34:8443/", False, False),
        ("https://[2606:4700::1111]/", False, False),
        ("http://hotline.example.org/", False, True),
        ("https://10.0.0.1/", False, True),
        ("https://127.0.0.1/", False, True),
        ("https://[::ffff:127.0.0.1]/", False, True),
        ("https://169.254.169.254/latest", True, True),
        ("https://localhost/", False, True),
        ("https://localhost./", False, True),
        ("https://hotline/", False, True),
        ("https://hotline.LOCAL/", False, True),
        ("http://10.1.2.3/", True, False),
        ("http://10.2.2.3/", True, True),
        ("http://hotline/", True, False),
    ],
)
def test_what_can_never_be_delivered_to_is_refused(url: str, inside: bool, refused: bool) -> None:
    """As soon as the endpoint is set up, and not by its silence."""
    networks = OutboundNetworks(["10.1.0.0/16"] if inside else [])
    with pytest.raises(Refusal) if refused else nullcontext():
        require_reachable(networks, urlsplit(url), "url")


async def test_refused_address_makes_no_endpoint(desk: Desk) -> None:
    given = {"url": "https://10.0.0.1/", "grid": "610921"}
    payload = await desk.system.do("createWebhook", "webhook { id } errors { code path }", **given)
    assert payload["webhook"] is None and [one["path"] for one in payload["errors"]] == [["url"]]
    made = await desk.create()
    change = {"webhook": made["webhook"]["id"], "expectedVersion": 1, "url": "https://[::1]/"}
    payload = await desk.system.do("updateWebhook", "webhook { url } errors { code path }", **change)
    assert payload["webhook"] is None and [one["path"] for one in payload["errors"]] == [["url"]]


def test_named_networks_are_allowed() -> None:
    networks = OutboundNetworks(("10.1.0.0/16",))
    assert networks.allows(ip_address("10.1.2.3"), "http") and networks.allows(ip_address("::ffff:10.1.2.3"), "https")
    assert not networks.allows(ip_address("10.2.2.3"), "https")


async def send(url: str, networks: OutboundNetworks, timeout: float = 5) -> Attempt:
    sender = Sender(networks, timeout)
    try:
        return await sender.send(url, uuid4(), "{}", [b"s" * 32], datetime(2026, 6, 30, tzinfo=UTC))
    finally:
        await sender.close()


async def test_name_with_a_foot_inside(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is looked up once, and what was looked at is what is connected to."""
    answers = [["93.184.216.34", "127.0.0.1"], ["127.0.0.1"]]

    async def lookup(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in answers.pop(0)]

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", lookup)
    url = receiver.url.replace("127.0.0.1", "hotline.example.org")
    assert await send(url, OutboundNetworks()) == Attempt(error="REFUSED_ADDRESS")
    assert await send(url, OutboundNetworks()) == Attempt(error="REFUSED_ADDRESS")
    assert (receiver.got, answers) == ([], [])


async def test_provider_is_no_way_to_metadata(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of an identity provider are fetched by the same rules: from inside, but from no special network."""
    answers = ["169.254.169.254", "127.0.0.1"]

    async def lookup(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", lookup)
    now = datetime(2026, 6, 30, tzinfo=UTC)
    async with make_client(OutboundNetworks(PRIVATE), timeout=5) as sender:
        keys = PublishedKeys(receiver.url.replace("127.0.0.1", "id.example.org"), sender)
        assert await keys.find("k", now) is None and receiver.got == []
        assert await keys.find("k", now + COOL) is None and len(receiver.got) == 1


OUTGOING = {
    "runtime/outbound/clients.py": "looks at every address; webhooks, identity providers and vendors",
    "nats/connection.py": "NATS, at the addresses that the operator sets",
    "management/top.py": "the processes of the deployment, at the addresses that the operator types",
    "files/malware_scan.py": "the malware scanner, at the address that the operator sets",
    "files/vault.py": "the object store, at the address that the operator sets",
    "testing.py": "the application itself, without a socket",
    "bridge.py": "a broker of MQTT and this server, at the addresses that the operator sets, in a process of its own",
}
"""Where something is connected to, and who chooses what. Nothing that a caller chooses goes round the first."""
CLIENTS = re.compile(
    r"httpx\.(AsyncClient|Client|get|post|stream)\(|open_connection\(|create_connection\(|urlopen\(|nats\.connect\(|client\.connect\("
    r"|aiohttp|from_url\(|\brequests\.(get|post)\(|smtplib|ftplib|HTTPSConnection\("
)


def test_outgoing_clients_are_known() -> None:
    """A further client is `make_client` of `gongzhi.runtime.outbound`, or has a reason here and in the threat model."""
    files = [*ROOT.glob("server/**/*.py"), *ROOT.glob("schema/**/*.py"), *ROOT.glob("plugins/*/gongzhi_*/**/*.py")]
    found = {path.as_posix() for path in files if CLIENTS.search(path.read_text(encoding="utf-8"))}
    assert {re.sub(r".*/gongzhi(_\w+)?/", "", one) for one in found} == {*OUTGOING}


async def test_name_is_kept_in_the_request(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    async def lookup(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        looked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("uvloop.Loop.getaddrinfo", lookup, raising=False)
    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", lookup)
    url = receiver.url.replace("127.0.0.1", "hotline.example.org")
    assert (await send(url, OutboundNetworks(["127.0.0.0/8"]))).status == 204
    assert looked[0] == "hotline.example.org"
    assert receiver.got[0].headers["host"] == f"hotline.example.org:{receiver.port}"


async def test_errors_are_one_word(receiver: Receiver) -> None:
    inside = OutboundNetworks(["127.0.0.0/8"])
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert await send(f"http://127.0.0.1:{port}/", inside) == Attempt(error="CONNECT")
    assert await send(f"https://{'x' * 64}.example/", inside) == Attempt(error="DNS")
    assert await send(receiver.url, OutboundNetworks()) == Attempt(error="REFUSED_ADDRESS")


async def test_plain_answer_to_tls() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 No\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    assert await send(url, OutboundNetworks(["127.0.0.0/8"])) == Attempt(error="TLS")
    server.close()


async def test_silence_is_cut_short() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert await send(url, OutboundNetworks(["127.0.0.0/8"]), timeout=0.2) == Attempt(error="TIMEOUT")


async def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.answer = lambda got: (302, f"location: {receiver.url}\r\n")
    assert (await send(receiver.url, OutboundNetworks(["127.0.0.0/8"]))).status == 302
    assert len(receiver.got) == 1


async def test_connections_are_kept_by_name(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two names with one address share no connection; a name is looked up once for each of its connections."""
    looked: list[str] = []

    async def lookup(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        looked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", lookup)
    receiver.keeps = True
    sender = Sender(OutboundNetworks(["127.0.0.0/8"]))
    # An answer's body is read, so that the connection is free; one that is too long ends it.
    for name, length in (("a", 0), ("a", 9), ("b", 0), ("a", 90_000), ("a", 0)):
        receiver.answer = lambda got, length=length: (200, "x" * length)
        url = receiver.url.replace("127.0.0.1", f"{name}.example.org")
        sent = await sender.send(url, uuid4(), "{}", [b"s" * 32], datetime(2026, 6, 30, tzinfo=UTC))
        assert sent == Attempt(200)
    await sender.close()
    names = ("a.example.org", "b.example.org")
    assert [one for one in looked if one in names] == ["a.example.org", "b.example.org", "a.example.org"]
    assert receiver.connections == 3 and len(receiver.got) == 5


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect for us, to what nobody has looked at."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    mounted = Sender(OutboundNetworks()).client._mounts.values()
    assert [type(one) for one in mounted] == [CheckedTransport]


async def test_example_of_the_reference_works(receiver: Receiver) -> None:
    page = (ROOT / "docs" / "plugins" / "reference.md").read_text(encoding="utf-8")
    [source] = re.findall(r"```python outbound\n(.*?)```", page, re.DOTALL)
    made: dict[str, Any] = {}
    exec(source, made)
    assert await made["weigh"](receiver.url) == "REFUSED_ADDRESS" and receiver.got == []
    assert await made["weigh"](receiver.url, ("127.0.0.0/8",)) == "204"
