"""Nothing that runs is free: every route takes something from the bucket of whoever calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
from gongzhi_list_exports import links
from gongzhi_server.app import create_app
from gongzhi_server.endpoints.plain_http import RateLimitedApp
from gongzhi_server.gateway import GatewaySettings, Rate, Rates
from gongzhi_server.gateway.rate_limits import METER, RateLimiter, spend_time
from gongzhi_server.testing import ESSENTIAL, Clock, Server, built_schema, settings_for_tests
from starlette.responses import Response

from .test_sockets import open_socket

FREE = {"/health": "who watches over the server must never be refused, and it asks nothing of the database"}
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def post(content: bytes, headers: dict[str, str] | None = None) -> dict[str, Any]:
    return {"method": "POST", "content": content, "headers": headers or JSON}


def graphql(query: str, **more: Any) -> dict[str, Any]:
    return {"method": "POST", "json": {"query": query, **more}}


HASH = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
SAMPLES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "/graphql": [
        ("/graphql", graphql("{ __typename }")),
        ("/graphql", graphql("{ __schema { queryType { name } } }")),
        ("/graphql", graphql("{")),
        ("/graphql", graphql("{ nope }")),
        ("/graphql", graphql("query($n: Int!) { grids(first: $n) { totalCount } }")),
        ("/graphql", graphql("{ grids(first: 100000) { nodes { name } } }")),
        ("/graphql", graphql('mutation { rateCase(input: {idempotencyKey: "x"}) { errors { code } } }')),
        ("/graphql", graphql("", extensions=HASH)),
        ("/graphql", graphql("{ __typename }", extensions=HASH)),
        ("/graphql", post(b"{")),
        ("/graphql", post(b"[]")),
        ("/graphql", post(b'[{"query": "{ __typename }"}, {"query": "{ __typename }"}]')),
        ("/graphql", {"method": "POST", "json": {"query": "{ __typename }", "variables": {"a": [[[]]] * 20000}}}),
        ("/graphql", {"method": "GET", "params": {"query": "{ __typename }"}}),
        ("/graphql", {"method": "GET", "params": {"variables": "{"}}),
        ("/graphql", {"method": "GET"}),
        ("/graphql", {**graphql("{ __typename }"), "headers": {"authorization": "Bearer wrong"}}),
        ("/graphql", {**graphql("{ nope }"), "headers": {"accept": "text/event-stream"}}),
    ],
    **{
        f"/auth/{way}": [
            (f"/auth/{way}", post(b"{}")),
            (f"/auth/{way}", post(b"{")),
            (f"/auth/{way}", post(b'{"name":"a","password":"b","newPassword":"a long one of mine"}')),
        ]
        for way in (
            "sign-in",
            "refresh",
            "sign-out",
            "password",
            "invitation",
            "development-token",
            "second-factor",
            *(f"second-factor/{one}" for one in ("enrolment", "confirmation", "recovery-codes", "removal")),
        )
    },
    "/auth/token": [
        ("/auth/token", post(b"{}")),
        ("/auth/token", {"method": "POST", "data": {"grant_type": "client_credentials"}}),
        ("/auth/token", {"method": "POST", "data": {"client_id": "a", "client_secret": "gzk_b"}}),
    ],
    "/auth/keys": [("/auth/keys", {"method": "GET"})],
    "/auth/development-roles": [("/auth/development-roles", {"method": "GET"})],
    "/x/statistics": [
        ("/x/statistics/open-data", {"method": "GET"}),
        ("/x/statistics/open-data/none.csv", {"method": "GET"}),
    ],
    "/open311": [
        ("/open311/discovery.json", {"method": "GET"}),
        ("/open311/v2/services.json", {"method": "GET", "params": {"jurisdiction_id": "610921"}}),
        ("/open311/v2/services.json", {"method": "GET"}),
        ("/open311/v2/requests.json", {"method": "GET", "params": {"jurisdiction_id": "1"}}),
        ("/open311/v2/nothing.json", {"method": "GET"}),
        ("/open311/nothing", {"method": "GET"}),
        ("/open311/v2/requests.json", post(b"x=1", FORM)),
        ("/open311/v2/requests.json", post(b"x", JSON)),
        ("/open311/v2/requests.json", post(b"api_key=wrong", FORM)),
    ],
    "/x/integrations": [
        ("/x/integrations/events", {"method": "GET"}),
    ],
    "/schema.graphql": [("/schema.graphql", {"method": "GET"})],
    "/labels.json": [("/labels.json", {"method": "GET"})],
    "/auth/identity-providers": [("/auth/identity-providers", {"method": "GET"})],
    "/exports": [("/exports/wrong", {"method": "GET"})],
    "/console": [
        ("/console/", {"method": "GET"}),
        ("/console/static/console.js", {"method": "GET"}),
        ("/console/static/nothing", {"method": "GET"}),
    ],
    links.ROOT: [(f"{links.ROOT}/wrong", {"method": "GET"})],
    "/attachments": [
        ("/attachments", post(b"x", {"x-client-id": "7d444840-9dc0-11d1-b245-5ffdce74fad2"})),
        ("/attachments", {**post(b"x"), "headers": {"authorization": "Bearer wrong"}}),
    ],
    "/attachments/{rest:path}": [("/attachments/x/full", {"method": "GET"})],
    "/feeds/{rest:path}": [("/feeds/x", {"method": "GET"})],
}
"""What is sent to each route, well and wrong."""


@pytest_asyncio.fixture
async def charged(filled: str, tmp_path: Path) -> AsyncIterator[tuple[Server, Any]]:
    """A server with rates whose buckets do not fill, and its application."""
    chosen = replace(settings_for_tests(filled, tmp_path), rates=True, publish=True, batch=5)
    app = create_app(chosen, filled, Clock(), ESSENTIAL, background=False, schema=built_schema(None))
    async with app.router.lifespan_context(app):
        app.state.limiter.now = lambda: 0.0
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            yield Server(client, Clock()), app


def spent(limiter: RateLimiter) -> float:
    return sum(bucket.rate.points - bucket.left for bucket in limiter._buckets.values())


async def test_every_route_charges(charged: tuple[Server, Any]) -> None:
    """A route that is not in the samples fails, and so does a request that costs nothing."""
    server, app = charged
    paths = {route.path for route in app.routes} - FREE.keys()
    assert paths == SAMPLES.keys()
    free = []
    for path in sorted(paths):
        for address, sent in SAMPLES[path]:
            app.state.limiter._buckets.clear()
            reply = await server.client.request(url=address, **sent)
            if not spent(app.state.limiter) > 0:
                free.append((path, sent, reply.status_code))
    assert not free


async def test_every_route_refuses(charged: tuple[Server, Any]) -> None:
    """Whoever has nothing left gets 429 everywhere, with the seconds to wait, and health all the same."""
    server, app = charged
    let_in = []
    for path, samples in SAMPLES.items():
        app.state.limiter._buckets.clear()
        app.state.limiter.budget(None, None, "127.0.0.1").consume(1000)
        address, sent = samples[0]
        reply = await server.client.request(url=address, **sent)
        if reply.status_code != 429 or int(reply.headers["retry-after"]) < 60:
            let_in.append((path, reply.status_code, reply.text[:200]))
    assert not let_in
    assert (await server.client.get("/health")).status_code == 200


async def test_batches_charge_each(charged: tuple[Server, Any]) -> None:
    server, app = charged
    await server.client.post("/graphql", json=[{"query": "{ __typename }"}, {"query": "{"}, {"query": "{ nope }"}])
    assert spent(app.state.limiter) >= 3


async def test_sockets_charge(serve: Callable[..., Any]) -> None:
    """The handshake, each operation, and each event that a subscription tells."""
    served = serve(GatewaySettings(rates=Rates(address=Rate(1000, 100_000), objects=1, second=0)))
    limiter = served.gateway.operations.limiter
    limiter.now = lambda: 0.0
    async with open_socket(served) as socket:
        assert spent(limiter) == 1
        await socket.subscribe("subscription { ticks(until: 3) }")
        while (await socket.next())["type"] != "complete":
            pass
        assert spent(limiter) == 2 + 1 + 2 + 3, "the answers' costs are 1, 2 and 3"


async def test_events_without_cost_charge(serve: Callable[..., Any]) -> None:
    served = serve(GatewaySettings(rates=Rates(address=Rate(1000, 100_000), objects=1)))
    limiter = served.gateway.operations.limiter
    limiter.now = lambda: 0.0
    # What comes after is not read, so no end would be agreed on.
    async with open_socket(served, close_timeout=0.1) as socket:
        await socket.subscribe("subscription { pages(length: 1) }")
        await socket.next()
        await socket.next()
        assert spent(limiter) >= 2 + 1


async def test_toll_counts_time() -> None:
    """What a file takes is charged afterwards, and where nobody counts it is given all the same."""
    limiter = RateLimiter(Rates(second=50), lambda: 0.0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        spend_time(2)
        await Response("done")(scope, receive, send)

    for counted in (limiter, None):
        transport = httpx.ASGITransport(RateLimitedApp(app, counted))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            assert (await client.get("/")).text == "done"
    assert spent(limiter) == 100
    assert METER.get() is None
