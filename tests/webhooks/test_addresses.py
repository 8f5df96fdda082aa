"""Nothing is delivered to the inside, whatever a name turns out to mean."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

import pytest
from gongzhi_server.webhooks.addresses import Networks
from gongzhi_server.webhooks.post import Attempt, Post
from hypothesis import given
from hypothesis.strategies import ip_addresses, sampled_from

from .receivers import Receiver

INSIDE = (
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
    "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:53aa:64c::1",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_inside_is_refused(address: str, scheme: str) -> None:
    assert not Networks().allow(ip_address(address), scheme)


@given(ip_addresses(), sampled_from(("https", "http")))
def test_only_public_by_https(address: Any, scheme: str) -> None:
    if Networks().allow(address, scheme):
        assert scheme == "https" and address.is_global
    plain = getattr(address, "ipv4_mapped", None) or address
    assert Networks([str(plain)]).allow(address, "http")


def test_named_networks_are_allowed() -> None:
    networks = Networks(("10.1.0.0/16",))
    assert networks.allow(ip_address("10.1.2.3"), "http") and networks.allow(ip_address("::ffff:10.1.2.3"), "https")
    assert not networks.allow(ip_address("10.2.2.3"), "https")


async def send(url: str, networks: Networks, timeout: float = 5) -> Attempt:
    post = Post(networks, timeout)
    try:
        return await post.send(url, uuid4(), "{}", [b"s" * 32], datetime(2026, 6, 30, tzinfo=UTC))
    finally:
        await post.close()


async def test_name_with_a_foot_inside(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is looked up once, and what was looked at is what is connected to."""
    answers = [["93.184.216.34", "127.0.0.1"], ["127.0.0.1"]]

    async def lookup(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in answers.pop(0)]

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", lookup)
    url = receiver.url.replace("127.0.0.1", "hotline.example.org")
    assert await send(url, Networks()) == Attempt(error="REFUSED_ADDRESS")
    assert await send(url, Networks()) == Attempt(error="REFUSED_ADDRESS")
    assert (receiver.got, answers) == ([], [])


async def test_name_is_kept_in_the_request(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    async def lookup(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        looked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("uvloop.Loop.getaddrinfo", lookup, raising=False)
    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", lookup)
    url = receiver.url.replace("127.0.0.1", "hotline.example.org")
    assert (await send(url, Networks(["127.0.0.0/8"]))).status == 204
    assert looked[0] == "hotline.example.org"
    assert receiver.got[0].headers["host"] == f"hotline.example.org:{receiver.port}"


async def test_errors_are_one_word(receiver: Receiver) -> None:
    inside = Networks(["127.0.0.0/8"])
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert await send(f"http://127.0.0.1:{port}/", inside) == Attempt(error="CONNECT")
    assert await send(f"https://{'x' * 64}.example/", inside) == Attempt(error="DNS")
    assert await send(receiver.url, Networks()) == Attempt(error="REFUSED_ADDRESS")


async def test_plain_answer_to_tls() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 No\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    assert await send(url, Networks(["127.0.0.0/8"])) == Attempt(error="TLS")
    server.close()


async def test_silence_is_cut_short() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert await send(url, Networks(["127.0.0.0/8"]), timeout=0.2) == Attempt(error="TIMEOUT")


async def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.answer = lambda got: (302, f"location: {receiver.url}\r\n")
    assert (await send(receiver.url, Networks(["127.0.0.0/8"]))).status == 302
    assert len(receiver.got) == 1


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect for us, to what nobody has looked at."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert not Post(Networks()).client._mounts
