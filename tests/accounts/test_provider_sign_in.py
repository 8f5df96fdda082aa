"""Signing in on an identity provider's page: a provider of our own on a real socket, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from gongzhi_server.app import create_app
from gongzhi_server.endpoints.provider_pages import read_path
from gongzhi_server.errors import Problem
from gongzhi_server.settings import Settings
from gongzhi_server.testing import Server, settings_for_tests
from joserfc import jwt
from joserfc.jwk import RSAKey

from .conftest import Enrol

CLIENT, SECRET = "gongzhi-console", "a secret/with: signs"
PAGE = {"x-gongzhi-session": "cookie"}


@dataclass
class Pages:
    """A provider: publishes its addresses and keys, and redeems the one code that it gave, once, with its verifier."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    url: str = ""
    asked: dict[str, str] = field(default_factory=dict)
    """What the browser asked for on the provider's page."""
    claims: dict[str, Any] = field(default_factory=dict)
    """What is said otherwise than it should be."""
    header: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    redeemed: int = 0
    now: int = 0

    def reply(self, line: str, headers: dict[str, str], body: bytes) -> Any:
        if "/.well-known/" in line:
            found = {"issuer": self.url, "authorization_endpoint": f"{self.url}/ask?tenant=a"}
            return {**found, "token_endpoint": f"{self.url}/token", **self.configuration}
        if "/jwks" in line:
            return {"keys": [self.key.as_dict(private=False)]}
        return self.redeem(headers, {name: value[0] for name, value in parse_qs(body.decode()).items()})

    def redeem(self, headers: dict[str, str], form: dict[str, str]) -> Any:
        basic = base64.b64encode(b"gongzhi-console:a%20secret%2Fwith%3A%20signs").decode()
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        right = form["grant_type"] == "authorization_code" and form["redirect_uri"] == self.asked["redirect_uri"]
        proved = headers["authorization"] == f"Basic {basic}" and challenge == self.asked["code_challenge"]
        self.redeemed += 1
        if not (right and proved and form["code"] == "the code" and self.redeemed == 1):
            return {"error": "invalid_grant"}
        told = {"iss": self.url, "aud": CLIENT, "sub": "u-1", "nonce": self.asked["nonce"], "exp": self.now + 60}
        claims = {name: value for name, value in {**told, **self.claims}.items() if value is not None}
        return {"id_token": jwt.encode({"alg": "RS256", "kid": "one", **self.header}, claims, self.key)}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        found = json.dumps(self.reply(head[0], headers, body)).encode()
        status = 400 if b'"error"' in found else 200
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(found)) + found)
        await writer.drain()
        writer.close()


@dataclass
class Visitor:
    """A browser at our server, and the provider whose page it goes to."""

    client: httpx.AsyncClient
    provider: Pages

    async def depart(self, back: str = "/console/") -> str:
        """Go to the provider's page; the state it was sent with."""
        reply = await self.client.get("/auth/identity-provider/begin", params={"back": back})
        assert reply.status_code == 303
        parts = urlsplit(reply.headers["location"])
        assert reply.headers["location"].startswith(f"{self.provider.url}/ask?tenant=a&")
        self.provider.asked = {name: value[0] for name, value in parse_qs(parts.query).items()}
        return self.provider.asked["state"]

    async def arrive(self, **given: str) -> str:
        """Come back from it; where one is led then."""
        reply = await self.client.get("/auth/identity-provider/callback", params={"code": "the code", **given})
        assert reply.status_code == 303 and reply.headers["referrer-policy"] == "no-referrer"
        return reply.headers["location"]

    async def name(self) -> str | None:
        reply = await self.client.post("/graphql", json={"query": "{ me { account } }"}, headers=PAGE)
        me = reply.json()["data"]["me"]
        return me and str(me["account"])


@pytest_asyncio.fixture
async def visitor(server: Server, filled: str, tmp_path: Path, enrol: Enrol) -> AsyncIterator[Visitor]:
    """A browser at a server with a provider, at which li.wei is u-1."""
    await enrol("li.wei", "grid_worker", grid="610921101220")
    pages = Pages(now=int(server.clock().timestamp()))
    listening = await asyncio.start_server(pages.answer, "127.0.0.1", 0)
    pages.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    linking = {"account": "li.wei", "issuer": pages.url, "subject": "u-1"}
    linked = await server.as_("grid_leader", grid="610921").do("linkIdentity", "identity { id }", **linking)
    assert linked["errors"] == []
    chosen = replace(
        settings_for_tests(filled, tmp_path),
        issuers=(pages.url,),
        jwks=(f"{pages.url}/jwks",),
        audience="gongzhi-api",
        clients=(CLIENT,),
        client_secrets=(SECRET,),
    )
    app = create_app(chosen, filled, server.clock)
    transport = httpx.ASGITransport(app)
    browser = httpx.AsyncClient(transport=transport, base_url="http://test")
    async with listening, app.router.lifespan_context(app), browser as client:
        yield Visitor(client, pages)


async def test_no_providers_is_an_answer(server: Server) -> None:
    """Every page of sign-in asks: what is not found would be a fault in the console of each browser."""
    assert (await server.client.get("/auth/identity-providers")).json() == {"providers": []}
    assert (await server.client.get("/auth/identity-provider/begin")).status_code == 404


async def test_signs_in(visitor: Visitor, database: Any) -> None:
    """There and back, into a session in cookies that says how it was opened."""
    listed = (await visitor.client.get("/auth/identity-providers")).json()
    assert listed == {"providers": [{"issuer": visitor.provider.url}]}
    state = await visitor.depart()
    asked = visitor.provider.asked
    assert (asked["response_type"], asked["scope"], asked["client_id"]) == ("code", "openid", CLIENT)
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/auth/identity-provider/callback"
    [cookie] = [one for one in visitor.client.cookies.jar if one.name == "gongzhi-provider"]
    assert state not in (cookie.value or "") and cookie.has_nonstandard_attr("HttpOnly")
    assert await visitor.name() is None
    assert await visitor.arrive(state=state, iss=visitor.provider.url) == "/console/"
    assert await visitor.name() == "li.wei"
    assert await database.fetchval("select methods from accounts.session order by created_at desc, id desc") == ["idp"]
    assert "gongzhi-provider" not in visitor.client.cookies


@pytest.mark.parametrize(
    ("given", "told", "reason"),
    [
        ({"state": "another"}, {}, "failed"),
        ({"iss": "https://id.elsewhere.example"}, {}, "failed"),
        ({"error": "access_denied"}, {}, "denied"),
        ({"code": "a made up one"}, {}, "failed"),
        ({}, {"sub": "u-2"}, "unlinked"),
        ({}, {"nonce": "of another sign-in"}, "failed"),
        ({}, {"nonce": None}, "failed"),
        ({}, {"aud": "gongzhi-api"}, "failed"),
        ({}, {"azp": "another-client"}, "failed"),
        ({}, {"iss": "https://id.elsewhere.example"}, "failed"),
        ({}, {"exp": 1}, "failed"),
    ],
)
async def test_what_does_not_hold_is_refused(
    visitor: Visitor, given: dict[str, str], told: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is signed in, the page is told in a word, and the log holds nothing that was sent."""
    caplog.set_level(logging.INFO)
    state = await visitor.depart()
    visitor.provider.claims = told
    assert await visitor.arrive(**{"state": state, **given}) == f"/console/?problem={reason}"
    assert await visitor.name() is None
    # httpx logs what this test itself asks for.
    text = "".join(one.getMessage() for one in caplog.records if one.name.startswith("gongzhi"))
    assert state not in text and SECRET not in text and "the code" not in text


async def test_it_counts_once_and_for_a_while(visitor: Visitor, database: Any) -> None:
    """Neither in another browser nor late, nor again; not for an access token, and not for a suspended account."""
    state = await visitor.depart()
    kept = visitor.client.cookies["gongzhi-provider"]
    visitor.client.cookies.clear()
    assert await visitor.arrive(state=state) == "/console/?problem=failed"
    visitor.client.cookies["gongzhi-provider"] = kept
    assert await visitor.arrive(state=state) == "/console/"
    visitor.client.cookies.clear()
    visitor.client.cookies["gongzhi-provider"] = kept
    visitor.provider.redeemed = 0  # a provider that redeems a code twice
    assert await visitor.arrive(state=state) == "/console/?problem=failed"
    visitor.provider.redeemed, visitor.provider.header = 0, {"typ": "at+jwt"}
    assert await visitor.arrive(state=await visitor.depart()) == "/console/?problem=failed"
    visitor.provider.redeemed, visitor.provider.header = 0, {}
    await database.execute("update accounts.account set suspended_at=now() where name='li.wei'")
    assert await visitor.arrive(state=await visitor.depart()) == "/console/?problem=unlinked"


@pytest.mark.parametrize(
    "configuration",
    [{"issuer": "https://id.elsewhere.example"}, {"token_endpoint": None}, {"authorization_endpoint": "javascript:1"}],
)
async def test_odd_configurations_lead_nowhere(visitor: Visitor, configuration: dict[str, Any]) -> None:
    visitor.provider.configuration = configuration
    reply = await visitor.client.get("/auth/identity-provider/begin")
    assert reply.headers["location"] == "/console/?problem=failed"


def test_one_comes_back_to_this_server() -> None:
    for given in (
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere",
        "/a?b",
        "javascript:1",
        "",
        None,
    ):
        assert read_path(given) == "/console/"
    assert read_path("/x/desk/index.html") == "/x/desk/index.html"


def test_half_settings_are_named() -> None:
    given = {
        "GONGZHI_OIDC_ISSUERS": "https://id.county.example",
        "GONGZHI_OIDC_JWKS": "https://id.county.example/jwks",
        "GONGZHI_OIDC_AUDIENCE": "gongzhi-api",
        "GONGZHI_SECRET": "0123456789abcdef0123456789abcdef",
    }
    for more in ({"GONGZHI_OIDC_CLIENTS": "a,b"}, {"GONGZHI_OIDC_CLIENT_SECRETS": "a"}):
        with pytest.raises(Problem, match=next(iter(more))):
            Settings.read({**given, **more})
