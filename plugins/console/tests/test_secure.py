"""In production, over HTTPS: a session in cookies of this host alone, and signing in on an identity provider's page."""

from __future__ import annotations

import asyncio
import base64
import datetime
import hashlib
import ipaddress
import json
import os
import secrets
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from gongzhi_server.cli import app as console
from joserfc import jwt
from joserfc.jwk import ECKey
from playwright.sync_api import Browser, BrowserContext, Page, expect
from typer.testing import CliRunner

from tools.browsers import open_context, run_server

from .conftest import PASSWORD, SCREEN, TOWN

CLIENT, NAME, SUBJECT = "gongzhi-console", "over.https", "8c1f0a52"
SESSION = {"__Host-gongzhi-access", "__Host-gongzhi-refresh"}


@dataclass
class Provider:
    """An identity provider: a page on which somebody agrees or refuses; a code is good once, with its verifier."""

    url: str = ""
    subject: str = SUBJECT
    late: bool = False
    """Whether codes are over by the time they are redeemed."""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))
    asked: dict[str, dict[str, str]] = field(default_factory=dict)

    def ask(self, query: str) -> str:
        """Show the page: a link for each answer."""
        asked = {name: value[0] for name, value in parse_qs(query).items()}
        code = secrets.token_urlsafe()
        self.asked[code] = asked
        answers = {"agree": {"code": code, "iss": self.url}, "refuse": {"error": "access_denied"}}
        links = (
            f"<a href='{asked['redirect_uri']}?{urlencode({'state': asked['state'], **answer})}'>{word}</a>"
            for word, answer in answers.items()
        )
        return f"<!doctype html><link rel='icon' href='data:,'>{''.join(links)}"

    def redeem(self, form: dict[str, str]) -> dict[str, Any]:
        """Exchange a code for an ID token."""
        asked = self.asked.pop(form["code"], None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if asked is None or self.late or digest.decode() != asked["code_challenge"]:
            return {"error": "invalid_grant"}
        told = {"iss": self.url, "aud": CLIENT, "nonce": asked["nonce"], "sub": self.subject, "exp": time.time() + 60}
        return {"id_token": jwt.encode({"alg": "ES256", "kid": "one"}, told, self.key)}


class ProviderPage(BaseHTTPRequestHandler):
    """Answers browsers, and our server."""

    provider: Provider

    def do_GET(self) -> None:
        path, url = urlsplit(self.path), self.provider.url
        if path.path == "/ask":
            self.answer("text/html", self.provider.ask(path.query))
        elif path.path == "/jwks":
            self.answer("application/json", json.dumps({"keys": [self.provider.key.as_dict(private=False)]}))
        else:
            places = {"authorization_endpoint": f"{url}/ask", "token_endpoint": f"{url}/token"}
            self.answer("application/json", json.dumps({"issuer": url, **places}))

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        found = self.provider.redeem({name: value[0] for name, value in form.items()})
        self.answer("application/json", json.dumps(found), 400 if "error" in found else 200)

    def answer(self, kind: str, text: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """A provider by another name than the server's, so that it is another site to a browser."""
    made = Provider()
    page = type("Page", (ProviderPage,), {"provider": made})
    with ThreadingHTTPServer(("127.0.0.1", 0), page) as server, ThreadPoolExecutor(1) as pool:
        made.url = f"http://localhost:{server.server_port}"
        pool.submit(server.serve_forever)
        yield made
        server.shutdown()


def write_certificate(file: Path) -> None:
    """Write a certificate for this machine, which only this test trusts, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gongzhi")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = made.add_extension(here, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + signed.public_bytes(Encoding.PEM))


class Proxy:
    """What stands in front of a server and speaks TLS. `behind` is the server's port, once it is known."""

    def __init__(self, certificate: Path) -> None:
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)
        self.behind, self.address = 0, ""
        self.loop, self.over, self.ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

    async def listen(self) -> None:
        """Hand on what comes until it is over."""
        async with await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.tls) as server:
            self.address = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self.ready.set()
            await self.over.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection("127.0.0.1", self.behind)
        await asyncio.gather(self.hand_on(reader, here), self.hand_on(there, writer), return_exceptions=True)

    async def hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


@contextmanager
def open_proxy(folder: Path) -> Iterator[Proxy]:
    """Run a proxy in a thread of its own: Playwright has this one's loop."""
    write_certificate(folder / "server.pem")
    proxy = Proxy(folder / "server.pem")
    with asyncio.Runner(loop_factory=lambda: proxy.loop) as runner, ThreadPoolExecutor(1) as pool:
        listening = pool.submit(runner.run, proxy.listen())
        assert proxy.ready.wait(10)
        try:
            yield proxy
        finally:
            proxy.loop.call_soon_threadsafe(proxy.over.set)
            listening.result(10)


@pytest.fixture(scope="module")
def address(shared_database: str, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server in production behind TLS, with a dispatcher who has a password and an identity."""
    folder = tmp_path_factory.mktemp("production")
    with open_proxy(folder) as proxy:
        settings = {
            "GONGZHI_MODE": "production",
            "GONGZHI_SECRET": secrets.token_hex(32),
            "GONGZHI_KEYS": f"k1:{base64.b64encode(os.urandom(32)).decode()}",
            "GONGZHI_URL": proxy.address,
            "GONGZHI_PROXIES": "127.0.0.1",
            "GONGZHI_OIDC_ISSUERS": provider.url,
            "GONGZHI_OIDC_JWKS": f"{provider.url}/jwks",
            "GONGZHI_OIDC_AUDIENCE": "gongzhi-api",
            "GONGZHI_OIDC_CLIENTS": CLIENT,
        }
        environ = {**settings, "DATABASE_URL": shared_database, "GONGZHI_DATA": str(folder)}
        for words, typed in (
            (("add", NAME, "--grid", TOWN, "--role", "town_dispatcher"), ""),
            (("password", NAME), f"{PASSWORD}\n"),
            (("link", NAME, provider.url, SUBJECT), ""),
        ):
            CliRunner().invoke(console, ["account", *words], input=typed, env=environ, catch_exceptions=False)
        with run_server(shared_database, folder, **settings) as behind:
            proxy.behind = urlsplit(behind).port or 0
            yield proxy.address


@pytest.fixture
def context(browser: Browser, address: str, provider: Provider) -> Iterator[BrowserContext]:
    """A browser without history, which trusts the certificate and may go to the provider."""
    with open_context(browser, address, provider.url, viewport=SCREEN, ignore_https_errors=True) as opened:
        yield opened


def read_cookies(context: BrowserContext) -> dict[str, tuple[bool, bool, str, str]]:
    """Return what a browser keeps: whether for HTTPS alone, hidden from scripts and from other sites, and where."""
    return {
        one["name"]: (one["secure"], one["httpOnly"], one["sameSite"], one["path"])
        for one in context.cookies()
        if "gongzhi" in one["name"]
    }


def go_to_provider(page: Page, provider: Provider, answer: str) -> None:
    """Take the link to the provider's page, and answer there."""
    page.get_by_role("link", name="统一身份认证登录").click()
    page.wait_for_url(f"{provider.url}/ask?*")
    page.get_by_role("link", name=answer).click()


def test_signs_in_over_https(context: BrowserContext, provider: Provider) -> None:
    """At a provider, refused and let in, then by password; the session is in cookies that no script and no site has."""
    page = context.new_page()
    page.goto("/console/#/account")
    expect(page.get_by_role("link", name="统一身份认证登录")).to_be_visible()
    expect(page.locator("#role")).to_have_count(0)  # roles to try out are for development
    be_refused(page, provider)
    assert read_cookies(context) == {}
    page.goto("/console/#/account")
    page.get_by_role("link", name="统一身份认证登录").click()
    page.wait_for_url(f"{provider.url}/ask?*")
    assert read_cookies(context) == {"__Host-gongzhi-provider": (True, True, "Lax", "/")}
    page.get_by_role("link", name="agree").click()
    expect(page.locator("#account")).to_have_text(NAME)
    expect(page.locator("#sessions li")).to_have_count(1)
    expect(page.locator("#sessions li")).to_contain_text("统一身份认证")
    assert page.url.endswith("/console/#/account")
    assert read_cookies(context) == dict.fromkeys(SESSION, (True, True, "Strict", "/"))
    assert page.evaluate("document.cookie") == ""

    context.clear_cookies(name="__Host-gongzhi-access")  # as when its ten minutes are over
    page.reload()
    expect(page.locator("#account")).to_have_text(NAME)
    assert read_cookies(context).keys() == SESSION
    copied: Any = context.cookies()
    page.get_by_role("button", name="退出登录").click()
    expect(page.locator("#name")).to_be_visible()
    assert read_cookies(context) == {}
    context.add_cookies(copied)
    page.reload()
    page.fill("#name", NAME)  # for whoever kept a copy it is over, too
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.locator("#sessions li")).to_contain_text("密码")
    kept = read_cookies(context)
    assert {name: kept[name] for name in SESSION} == dict.fromkeys(SESSION, (True, True, "Strict", "/"))
    page.get_by_role("button", name="退出登录").click()
    expect(page.locator("#name")).to_be_visible()
    assert not SESSION & read_cookies(context).keys()


def be_refused(page: Page, provider: Provider) -> None:
    """By the provider, late, as somebody unknown, and with what nobody was sent with: each says what to do."""
    told = page.locator("#notice")
    go_to_provider(page, provider, "refuse")
    expect(told).to_contain_text("用账户名和密码登录")
    provider.late = True
    go_to_provider(page, provider, "agree")
    expect(told).to_contain_text("请重试")
    provider.late, provider.subject = False, "somebody else"
    go_to_provider(page, provider, "agree")
    expect(told).to_contain_text("请联系账户管理员")
    provider.subject = SUBJECT
    page.goto("/auth/identity-provider/callback?code=a&state=forged")
    expect(told).to_contain_text("请重试")
