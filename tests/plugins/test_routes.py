"""HTTP of plugins below `/x/PLUGIN`: who may call, what it may cost, and what becomes of a plugin that fails."""

from __future__ import annotations

import asyncio
import gzip
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from gongzhi.runtime import routes
from gongzhi_server.app import create_app
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.plugins.loader import load_plugins
from gongzhi_server.testing import TODAY, Clock, Server, built_schema, settings_for_tests

from .conftest import Market
from .test_reference import PAGE

BELL = """
import asyncio
from importlib.resources import files

from gongzhi.runtime.routes import Files, Route
from gongzhi.values.errors import Refusal
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse

STATIC = Files("/static", files(__name__) / "static")

async def hang():
    await asyncio.Event().wait()

async def who(call):
    return JSONResponse({"account": call.context.viewer.account.name, "tower": call.request.path_params["tower"]})

async def county(call):
    answer = await call.ask("query($code: String!) { grid(code: $code) { name } }", code="610921")
    [row] = await call.context.fetch("select id from grids.grid where code = $1 and kind = 'COUNTY'", "610921")
    return JSONResponse({**answer["data"]["grid"], "on": call.is_on(row["id"])})

async def ring(call):
    return PlainTextResponse(str(len(await call.request.body())), headers={"cache-control": "public, max-age=60"})

async def page(call):
    page = f'<script src="{STATIC.address("bell", "js/ring.js")}"></script>'
    return HTMLResponse(page, headers={"content-security-policy": call.request.headers.get("asked", "")})

async def break_down(call):
    match call.request.path_params["way"]:
        case "raise":
            raise KeyError("a name nobody must read")
        case "exit":
            raise SystemExit
        case "hang":
            await hang()
        case "nothing":
            return None
        case "write":
            await call.context.fetch("delete from plugins.activation")
        case "refuse":
            raise Refusal("BAD_USER_INPUT", "No such bell.", "没有这口钟。")
        case "ask":
            await call.ask("{ nope }")

async def parts(call):
    async def made():
        yield b"begun"
        await hang()
    return StreamingResponse(made())

@hookimpl
def channels():
    return [
        Route("/towers/{tower}", who),
        Route("/county", county, strangers=True),
        Route("/rings", ring, ("POST",), strangers=True, longest=5),
        Route("/page", page, strangers=True),
        Route("/broken/{way}", break_down, strangers=True),
        Route("/slow/{way}", break_down, strangers=True, seconds=0.05),
        Route("/parts", parts, strangers=True, seconds=0.05),
        STATIC,
    ]
"""
pytestmark = pytest.mark.together
SCRIPT = "ring();\n" * 100


def ship(market: Market, source: str = BELL) -> Plugins:
    package = market.ship("bell", source)
    market.write(f"{package}/static/js/ring.js", SCRIPT)
    market.write(f"{package}/static/note", "x")
    market.write(f"{package}/static/.hidden", "x")
    return market.load()


@asynccontextmanager
async def serve_application(dsn: str, data: Path, plugins: Plugins, **more: Any) -> AsyncIterator[tuple[Server, Any]]:
    chosen = replace(settings_for_tests(dsn, data), rates=True, **more)
    app = create_app(chosen, dsn, Clock(), plugins, background=False, schema=built_schema(plugins))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        yield Server(client, Clock()), app


@pytest.fixture(scope="module")
def served_plugins(common_market: Market) -> Plugins:
    return ship(common_market)


@asynccontextmanager
async def open_bell(dsn: str, folder: Path, plugins: Plugins) -> AsyncIterator[tuple[Server, Any]]:
    """A server that limits rates, with the plugin on."""
    await plugin_activation.switch_plugins(dsn, ["bell"], TODAY, undecided=True)
    async with serve_application(dsn, folder, plugins) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bell(
    common_county: str, served_plugins: Plugins, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Server, Any]]:
    async with open_bell(common_county, tmp_path_factory.mktemp("data"), served_plugins) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="module")
async def own_bell(filled: str, served_plugins: Plugins, tmp_path: Path) -> AsyncIterator[tuple[Server, Any]]:
    """The same for one test: what it pays, breaks or switches off is no other's."""
    async with open_bell(filled, tmp_path, served_plugins) as served:
        yield served


async def get(server: Server, path: str, **headers: str) -> httpx.Response:
    sent = server.headers | {name.replace("_", "-"): value for name, value in headers.items()}
    return await server.client.get(path, headers=sent)


async def test_route_knows_who_calls(bell: tuple[Server, Any]) -> None:
    server, _ = bell
    reply = await get(server.as_("administrator"), "/x/bell/towers/north")
    assert reply.json() == {"account": "administrator", "tower": "north"}
    assert reply.headers["cache-control"] == "no-store" and 'account";r=' in reply.headers["ratelimit"]
    assert reply.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_strangers_and_wrong_tokens_are_refused(bell: tuple[Server, Any]) -> None:
    server, _ = bell
    stranger, wrong = await get(server, "/x/bell/towers/north"), await get(server.with_token("no"), "/x/bell/county")
    assert stranger.status_code == wrong.status_code == 401 and stranger.headers["www-authenticate"] == "Bearer"
    assert stranger.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    told = await get(server, "/x/bell/towers/north", accept_language="zh")
    assert told.json()["errors"][0]["message"] == "凭证缺失、无效或已过期。"


@pytest.mark.alone
async def test_route_asks_what_graphql_answers(own_bell: tuple[Server, Any], filled: str) -> None:
    server, _ = own_bell
    reply = await get(server, "/x/bell/county")
    assert reply.json()["name"] and reply.json()["on"] is True
    await plugin_activation.switch_plugins(filled, ["bell"], TODAY, "610921", active=False)
    assert (await get(server, "/x/bell/county")).status_code == 404, "it is on nowhere"


async def test_body_and_method_are_bounded(bell: tuple[Server, Any]) -> None:
    server, _ = bell
    client = server.client
    reply = await client.post("/x/bell/rings", content=b"12345")
    assert (reply.text, reply.headers["cache-control"]) == ("5", "public, max-age=60")
    private = await client.post("/x/bell/rings", content=b"1", headers=server.as_("administrator").headers)
    assert private.headers["cache-control"] == "no-store", "what an account is shown is in no cache"
    assert (await client.post("/x/bell/rings", content=b"123456")).status_code == 413
    refused = await client.get("/x/bell/rings")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert (await client.head("/x/bell/county")).status_code == 200
    foreign = await client.post("/x/bell/rings", content=b"1", headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    assert (await client.get("/x/bell/none")).status_code == (await client.get("/x/other/county")).status_code == 404


async def test_a_link_may_stand_on_any_site(bell: tuple[Server, Any]) -> None:
    """Somebody follows it and is a stranger; what another page does behind their back is refused."""
    server, _ = bell
    there = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert (await get(server, "/x/bell/county", **there)).status_code == 200
    cookies = {"cookie": "gongzhi-access=a; gongzhi-refresh=b"}
    assert (await get(server, "/x/bell/county", **there, **cookies)).status_code == 200, "they are not looked at"
    for name, value in (("mode", "no-cors"), ("mode", "cors"), ("dest", "iframe"), ("dest", "image")):
        reply = await get(server, "/x/bell/county", **{**there, f"sec-fetch-{name}": value})
        assert (reply.status_code, reply.json()["errors"][0]["extensions"]["code"]) == (403, "CROSS_SITE_REQUEST")
    form = await server.client.post("/x/bell/rings", content=b"1", headers=there)
    assert form.status_code == 403, "a form is sent by whatever page has it"


@pytest.mark.alone
async def test_calls_are_paid_for(own_bell: tuple[Server, Any]) -> None:
    server, app = own_bell
    app.state.limiter.now = lambda: 0.0
    assert (await get(server, "/x/bell/county")).status_code == 200
    spent = {bucket.policy: bucket.rate.points - bucket.left for bucket in app.state.limiter._buckets.values()}
    assert spent["address"] >= 2, "a point for the request, and one for what it asks"
    assert spent["plugin"] >= 1, "the plugin's routes have a rate together"
    app.state.limiter.budget(None, None, "127.0.0.1").consume(1000)
    for path in ("/x/bell/county", "/x/bell/static/note"):
        reply = await get(server, path)
        assert reply.status_code == 429 and int(reply.headers["retry-after"]) > 60


@pytest.mark.alone
async def test_a_plugin_leaves_the_others_room(own_bell: tuple[Server, Any]) -> None:
    """Its routes have so much together; what is not its own goes on."""
    server, app = own_bell
    app.state.limiter.now = lambda: 0.0
    app.state.limiter.plugin_budget("bell").consume(app.state.limiter.rates.plugin.points)
    reply = await get(server, "/x/bell/county")
    assert reply.status_code == 429 and int(reply.headers["retry-after"]) >= 1
    assert (await server.ask('{ grid(code: "610921") { name } }')).status == 200


@pytest.mark.alone
async def test_reads_wait_while_the_server_is_behind(market: Market, filled: str, tmp_path: Path) -> None:
    plugins = ship(market)
    await plugin_activation.switch_plugins(filled, ["bell"], TODAY, undecided=True)
    async with serve_application(filled, tmp_path, plugins, guard=True) as (server, app):
        app.state.guard.observe = lambda late: None
        app.state.guard.level = 2
        assert (await get(server, "/x/bell/county")).status_code == 429
        assert (await server.client.post("/x/bell/rings", content=b"1")).status_code == 200


@pytest.mark.parametrize(
    ("way", "status"),
    [("raise", 500), ("exit", 500), ("nothing", 500), ("write", 500), ("hang", 503), ("refuse", 400), ("ask", 400)],
)
async def test_failing_route_is_contained(bell: tuple[Server, Any], caplog: Any, way: str, status: int) -> None:
    """The caller has an id, the log has it with the plugin's name, and neither has what the plugin failed on."""
    server, _ = bell
    reply = await get(server, f"/x/bell/{'slow' if way == 'hang' else 'broken'}/{way}")
    assert reply.status_code == status and "nobody must read" not in reply.text + caplog.text
    named = [one.getMessage() for one in caplog.records if "the plugin bell failed in its route" in one.getMessage()]
    assert len(named) == (status >= 500)
    if status == 500:
        id = named[0].split("id ")[1].split(":")[0]
        assert id in reply.json()["errors"][0]["message"]
    assert (await get(server, "/x/bell/page")).status_code == 200


@pytest.mark.alone
async def test_health_tells_of_what_fails_again_and_again(own_bell: tuple[Server, Any]) -> None:
    server, _ = own_bell
    for _ in range(3):
        assert (await server.client.get("/health")).json() == {"status": "ok"}
        await get(server, "/x/bell/broken/raise")
    assert (await server.client.get("/health")).json()["plugins"] == {"bell": "failing"}


async def test_endless_response_is_cut_off(bell: tuple[Server, Any], caplog: Any) -> None:
    _, app = bell
    sent: list[Any] = []
    scope = {"type": "http", "method": "GET", "path": "/x/bell/parts", "query_string": b"", "headers": []}

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[-1] == {"type": "http.response.body", "body": b"begun", "more_body": True}
    assert "the plugin bell failed in its route /parts" in caplog.text


async def test_static_files_are_kept_by_their_content(bell: tuple[Server, Any]) -> None:
    server, _ = bell
    page = await get(server, "/x/bell/page")
    address = page.text.split('"')[1]
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert page.headers["permissions-policy"] == "camera=(), geolocation=(), microphone=()", "nothing said, nothing had"
    wide = "script-src https://evil.example; connect-src https://tiles.example:8443 * 'unsafe-inline' https:; img-src *"
    widened = (await get(server, "/x/bell/page", asked=wide)).headers["content-security-policy"]
    policy = page.headers["content-security-policy"]
    assert widened == policy.replace("connect-src 'self'", "connect-src 'self' https://tiles.example:8443")
    reply = await get(server, address, accept_encoding="identity")
    assert reply.text == SCRIPT and reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    # A worker may talk to this server, and to nobody else.
    assert "connect-src 'self';" in reply.headers["content-security-policy"]
    plain = await get(server, "/x/bell/static/js/ring.js", accept_encoding="identity")
    assert plain.text == SCRIPT and plain.headers["cache-control"] == "no-cache"
    known = {"accept_encoding": "identity", "if_none_match": plain.headers["etag"]}
    again = await get(server, "/x/bell/static/js/ring.js", **known)
    assert (again.status_code, again.content) == (304, b"")
    packed = await get(server, address, accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip" and packed.headers["etag"] != plain.headers["etag"]
    assert int(packed.headers["content-length"]) == len(gzip.compress(SCRIPT.encode(), 9)) and packed.text == SCRIPT
    for absent in ("none.js", ".hidden", "%2e%2e/__init__.py", "js/ring.0000000000000000.js"):
        assert (await get(server, f"/x/bell/static/{absent}")).status_code == 404
    assert (await server.client.post("/x/bell/static/note")).status_code == 405


@pytest.mark.alone
async def test_left_out_plugin_answers_nothing(market: Market, filled: str, tmp_path: Path) -> None:
    ship(market)
    async with serve_application(filled, tmp_path, load_plugins(["bell"], market.entries)) as (server, _):
        assert (await get(server, "/x/bell/page")).status_code == 404


@pytest.mark.alone
async def test_other_sites_may_call_where_they_are_let(market: Market, filled: str, tmp_path: Path) -> None:
    plugins = ship(market)
    await plugin_activation.switch_plugins(filled, ["bell"], TODAY, undecided=True)
    async with serve_application(filled, tmp_path, plugins, origins=("https://app.example",)) as (server, _):
        reply = await get(server, "/x/bell/county", origin="https://app.example")
        assert reply.headers["access-control-allow-origin"] == "https://app.example"
        sent = {"origin": "https://app.example", "content-type": "text/plain"}
        assert (await server.client.post("/x/bell/rings", content=b"1", headers=sent)).status_code == 200


STANDARD = """
from gongzhi.runtime.routes import Route
from starlette.responses import PlainTextResponse

async def key(request):
    return dict(await request.form()).get("api_key")

def refuse(request, refusal):
    return PlainTextResponse(f"NO {refusal.texts[0].en}", 403 if refusal.status == 401 else refusal.status)

async def answer(call):
    return PlainTextResponse(call.context.viewer.account.name or "nobody")

@hookimpl
def channels():
    return [Route("/{rest:path}", answer, ("POST",), root="/standard", credential=key, refuse=refuse)]
"""


@pytest.mark.alone
async def test_standard_has_its_own_path_key_and_refusals(
    market: Market, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a standard prescribes: where it lies, where the key is, and how a refusal is written."""
    market.ship("bell", STANDARD)
    with pytest.raises(Problem, match="plugin 'bell'.*claims '/standard'"):
        market.load()
    monkeypatch.setitem(routes.WELL_KNOWN, "/standard", "bell")
    plugins = market.load()
    await plugin_activation.switch_plugins(filled, ["bell"], TODAY, undecided=True)
    async with serve_application(filled, tmp_path, plugins) as (server, _):
        token = server.as_("administrator").headers["authorization"].removeprefix("Bearer ")
        reply = await server.client.post("/standard/a/b", data={"api_key": token})
        assert reply.text == "administrator"
        reply = await server.client.post("/standard/a/b", data={"api_key": "wrong"})
        assert (reply.status_code, reply.text[:6]) == (403, "NO The")
        assert reply.headers["x-content-type-options"] == "nosniff"


def test_well_known_paths_are_nobody_elses() -> None:
    app = create_app(settings_for_tests("postgresql://none", Path("/nowhere")), "postgresql://none")
    ours = {"/graphql", "/auth", "/feeds", "/attachments", "/schema.graphql", routes.PATH}
    assert not (ours | {getattr(route, "path", "") for route in app.routes}) & routes.WELL_KNOWN.keys()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('Route("rings", who)', "must be a path such as"),
        ('Route("/{a}/{a}", who)', "must be a path such as"),
        ('Route("/a", who), Route("/a", page)', "two routes are called '/x/bell/a'"),
        ('Route("/a", who, ("TRACE",))', "must have methods among"),
        ('Route("/a", print)', "must be answered by an async function"),
        ('Route("/a", who, seconds=600)', "60 seconds at the most"),
        ('Route("/a", who, root="/graphql")', "claims '/graphql'"),
        ('Files("/a", STATIC.folder, root="/auth")', "claims '/auth'"),
    ],
)
def test_wrong_routes_name_the_plugin(market: Market, written: str, told: str) -> None:
    with pytest.raises(Problem, match="plugin 'bell'") as problem:
        ship(market, BELL.replace('Route("/towers/{tower}", who)', written))
    assert told in str(problem.value)


@pytest.mark.alone
async def test_example_of_the_reference_works(market: Market, filled: str, tmp_path: Path) -> None:
    [source] = re.findall(r"```python route\n(.*?)```", PAGE, re.DOTALL)
    package = market.ship("rubbish", source)
    market.write(f"{package}/static/app.js", SCRIPT)
    plugins = market.load()
    await plugin_activation.switch_plugins(filled, ["rubbish"], TODAY, undecided=True)
    async with serve_application(filled, tmp_path, plugins) as (server, _):
        assert (await get(server.as_("administrator"), "/x/rubbish/places")).json()["places"] > 0
        address = (await get(server, "/x/rubbish/")).text.split('"')[1]
        assert (await get(server, address)).text == SCRIPT


def test_module_of_the_plugin_is_not_served(market: Market) -> None:
    ship(market)
    assert sorted(sys.modules["gongzhi_bell"].STATIC.contents) == ["js/ring.js", "note"]
