"""Sessions in cookies: scripts cannot read them, other origins cannot use them, without the header they are nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from gongzhi_server.app import create_app
from gongzhi_server.auth.browser_sessions import BrowserSessions
from gongzhi_server.testing import Clock, Server, settings_for_tests

from .conftest import PASSWORD, TOGETHER, Enrol

pytestmark = TOGETHER
ME = {"query": "{ me { account } }"}
OWN = {"x-gongzhi-session": "cookie"}
HOSTILE: list[dict[str, str]] = [
    {},
    {"x-gongzhi-session": ""},
    {"x-gongzhi-session": "1"},
    *(
        {**OWN, "origin": origin}
        for origin in ("https://evil.example", "null", "", "http://test.evil.example", "https://test")
    ),
    *({**OWN, "sec-fetch-site": site} for site in ("cross-site", "same-site", "none", "")),
    {**OWN, "origin": "https://friend.example", "sec-fetch-site": "cross-site"},
    {"origin": "http://test", "sec-fetch-site": "same-origin"},
]
"""What a page of another origin, a link or a form may send, and a page of ours that did not say that it means it."""
HONEST: list[dict[str, str]] = [
    OWN,
    {**OWN, "origin": "http://test"},
    {**OWN, "origin": "http://test", "sec-fetch-site": "same-origin"},
]


@pytest_asyncio.fixture(loop_scope="module")
async def page(server: Server, enrol: Enrol) -> httpx.AsyncClient:
    """A browser in which somebody has signed in, with the cookies that it keeps."""
    await enrol("li.wei", "grid_worker", grid="610921101220")
    server.client.cookies.clear()
    reply = await server.client.post("/auth/sign-in", json={"name": "li.wei", "password": PASSWORD}, headers=OWN)
    assert reply.json() == {"expiresIn": 600}
    return server.client


async def name(page: httpx.AsyncClient, headers: Mapping[str, str]) -> str | None:
    """Who the server takes a request for; None for a stranger."""
    reply = await page.post("/graphql", json=ME, headers=headers)
    me = reply.json()["data"]["me"]
    return me and me["account"]


@pytest.mark.parametrize("headers", HONEST)
async def test_a_page_of_ours_is_known(page: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert await name(page, headers) == "li.wei"


@pytest.mark.parametrize("headers", HOSTILE)
async def test_others_are_strangers(page: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """The browser sends the cookies along, and they count for nothing: reading, writing, signing out, renewing."""
    assert await name(page, headers) is None
    asked = "/graphql", {"query": "{ me { account } }"}
    reply = await page.get(asked[0], params=asked[1], headers={**headers, "graphql-require-preflight": "1"})
    assert reply.json()["data"]["me"] is None
    for path in ("refresh", "sign-out", "sign-in", "password", "invitation"):
        refused = await page.post(f"/auth/{path}", json={}, headers=headers)
        assert refused.status_code in (400, 403) and "set-cookie" not in refused.headers
    assert await name(page, OWN) == "li.wei"


async def test_cookies_are_kept_close(page: httpx.AsyncClient, server: Server) -> None:
    said = (await page.post("/auth/refresh", json={}, headers=OWN)).headers.get_list("set-cookie")
    assert len(said) == 2
    for one, (start, age) in zip(said, (("gongzhi-access=", 600), ("gongzhi-refresh=gzr_", 1_209_600)), strict=True):
        assert one.startswith(start)
        assert {"HttpOnly", "Path=/", "SameSite=strict", f"Max-Age={age}"} <= set(one.split("; "))
        assert "Domain" not in one


async def test_over_https_they_are_of_this_host_alone(
    filled: str, tmp_path: Path, server: Server, enrol: Enrol
) -> None:
    """A neighbouring host can neither plant one nor have one in clear; one without the prefix is not looked at."""
    await enrol("li.wei")
    settings = replace(settings_for_tests(filled, tmp_path), url="https://county.example")
    app = create_app(settings, filled, server.clock, background=False)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://county.example") as browser:
            given = {"name": "li.wei", "password": PASSWORD}
            reply = await browser.post("/auth/sign-in", json=given, headers=OWN)
            kept = [one for one in reply.headers.get_list("set-cookie") if "device" not in one]
            assert [one.partition("=")[0] for one in kept] == ["__Host-gongzhi-access", "__Host-gongzhi-refresh"]
            assert all("Secure" in one.split("; ") for one in kept)
            assert await name(browser, {**OWN, "origin": "https://county.example"}) == "li.wei"
            assert await name(browser, {**OWN, "origin": "http://county.example"}) is None
            token = browser.cookies["__Host-gongzhi-access"]
            browser.cookies.clear()
            assert await name(browser, {**OWN, "cookie": f"gongzhi-access={token}"}) is None
            assert await name(browser, {**OWN, "cookie": f"__Host-gongzhi-access={token}"}) == "li.wei"


async def test_it_is_renewed_with_grace(page: httpx.AsyncClient, server: Server) -> None:
    """An answer that was lost is had again, once; a used token that comes after that ends the session."""
    before = page.cookies["gongzhi-refresh"]
    answers = [
        await page.post("/auth/refresh", json={}, headers={**OWN, "cookie": f"gongzhi-refresh={before}"}) for _ in "12"
    ]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].cookies["gongzhi-refresh"] == answers[1].cookies["gongzhi-refresh"] != before
    assert await name(page, OWN) == "li.wei"
    page.cookies.clear()
    stolen = await page.post("/auth/refresh", json={}, headers={**OWN, "cookie": f"gongzhi-refresh={before}"})
    assert stolen.status_code == 401
    assert all("Max-Age=0" in one for one in stolen.headers.get_list("set-cookie"))
    newest = answers[0].cookies["gongzhi-refresh"]
    ended = await page.post("/auth/refresh", json={}, headers={**OWN, "cookie": f"gongzhi-refresh={newest}"})
    assert ended.status_code == 401


async def test_a_token_that_is_over_is_no_stranger(page: httpx.AsyncClient, server: Server) -> None:
    """The page is told to renew, also when the browser has dropped the access token already."""
    server.clock.move(minutes=11)
    kept = {one.name: one.value for one in page.cookies.jar}
    page.cookies.clear()
    for names in (("gongzhi-access", "gongzhi-refresh"), ("gongzhi-refresh",)):
        cookie = "; ".join(f"{one}={kept[one]}" for one in names)
        refused = await page.post("/graphql", json=ME, headers={**OWN, "cookie": cookie})
        assert refused.status_code == 401
        assert refused.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    cookie = f"gongzhi-refresh={kept['gongzhi-refresh']}"
    assert (await page.post("/auth/refresh", json={}, headers={**OWN, "cookie": cookie})).status_code == 200
    assert await name(page, OWN) == "li.wei"


async def test_signed_out_nothing_is_left(page: httpx.AsyncClient) -> None:
    refresh = page.cookies["gongzhi-refresh"]
    assert (await page.post("/auth/sign-out", json={}, headers=OWN)).status_code == 200
    assert [one.name for one in page.cookies.jar if "device" not in one.name] == []
    assert await name(page, OWN) is None
    again = await page.post("/auth/refresh", json={}, headers={**OWN, "cookie": f"gongzhi-refresh={refresh}"})
    assert again.status_code == 401


async def test_a_bearer_token_comes_first(page: httpx.AsyncClient, server: Server, enrol: Enrol) -> None:
    """Who sends one is who it says, and a wrong one is not made up for by a cookie."""
    other = await enrol("wang.fang")
    token = {"authorization": f"Bearer {other['accessToken']}"}
    assert await name(page, {**OWN, **token}) == "wang.fang"
    assert (await page.post("/graphql", json=ME, headers={**OWN, "authorization": "Bearer x"})).status_code == 401


async def test_no_preflight_grants_the_header(filled: str, tmp_path: Path) -> None:
    """Pages of origins that the operator allows use tokens: cookies are for the server's own."""
    settings = replace(settings_for_tests(filled, tmp_path), origins=("https://friend.example",))
    app = create_app(settings, filled, Clock(), background=False)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as browser,
    ):
        asked = {"origin": "https://friend.example", "access-control-request-method": "POST"}
        wanted = {"access-control-request-headers": "x-gongzhi-session, content-type"}
        for path in ("/graphql", "/auth/sign-in", "/auth/refresh", "/attachments"):
            reply = await browser.options(path, headers={**asked, **wanted})
            allowed = reply.headers.get("access-control-allow-headers", "").lower()
            assert reply.status_code == 400 and "x-gongzhi-session" not in allowed, path
            assert "access-control-allow-credentials" not in reply.headers


async def test_the_schema_is_for_pages_of_allowed_origins(filled: str, tmp_path: Path) -> None:
    """A tool in the browser of another origin may ask for it with a token, which a preflight has to grant."""
    settings = replace(settings_for_tests(filled, tmp_path), origins=("https://friend.example",), publish=True)
    app = create_app(settings, filled, Clock(), background=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as browser,
    ):
        asked = {"origin": "https://friend.example", "access-control-request-method": "GET"}
        for path in ("/schema.graphql", "/labels.json"):
            wanted = {"access-control-request-headers": "authorization"}
            assert (await browser.options(path, headers={**asked, **wanted})).status_code == 200
            reply = await browser.get(path, headers={"origin": "https://friend.example"})
            assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (200, "https://friend.example")
            assert (await browser.options(path)).status_code == 405


async def test_odd_cookies_are_none() -> None:
    for secure, cookie in product((True, False), ("", "=", "gongzhi-access", ";;;", "é", "a=b;" * 9999)):
        headers = {b"x-gongzhi-session": b"cookie", b"cookie": cookie.encode()}
        assert BrowserSessions(secure).read_refresh(headers) is None, (secure, cookie)
        assert not BrowserSessions(secure).read_access(headers), (secure, cookie)
