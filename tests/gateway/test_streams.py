"""GraphQL over server-sent events, in distinct connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from gongzhi_server.gateway import GatewaySettings, Limits, Rate, Rates, Traits, Unauthenticated

EVENTS = {"accept": "text/event-stream"}


@asynccontextmanager
async def stream(served: Any, query: str, method: str = "POST", **more: Any) -> AsyncIterator[httpx.Response]:
    headers = {**EVENTS, **more.pop("headers", {})}
    given = {"json": {"query": query, **more}} if method == "POST" else {"params": {"query": query, **more}}
    async with (
        httpx.AsyncClient() as client,
        client.stream(method, served.url, headers=headers, **given) as response,
    ):
        yield response


async def events(response: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """Read events as a browser does."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(":")
        if not line:
            yield fields
            fields = {}
        elif name:
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name in fields else value
        else:
            fields["comment"] = value


async def ask(served: Any, query: str, **more: Any) -> tuple[list[Any], int]:
    """The payloads of the next events, up to complete."""
    async with asyncio.timeout(10), stream(served, query, **more) as response:
        found = [event async for event in events(response)]
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert [event["event"] for event in found] == ["next"] * (len(found) - 1) + ["complete"]
    assert found[-1]["data"] == ""
    return [json.loads(event["data"]) for event in found[:-1]], response.status_code


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_events_flow(served: Any, method: str) -> None:
    expected = [{"data": {"ticks": 1}}, {"data": {"ticks": 2}}]
    assert await ask(served, "subscription { ticks(until: 2) }", method=method) == (expected, 200)
    assert await ask(served, "{ hello }", method=method) == ([{"data": {"hello": "hello world"}}], 200)


async def test_mutation_by_post(served: Any) -> None:
    [answer], _ = await ask(served, "mutation { touch }")
    assert answer["data"]["touch"]
    async with stream(served, "mutation { touch }", "GET") as response:
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { unknown }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription($n: Int!) { pages(length: $n) }", "BAD_USER_INPUT"),
        ("{ late }", "TIMEOUT"),
    ],
)
async def test_refusal_is_event(served: Any, query: str, code: str) -> None:
    [answer], status = await ask(served, query)
    assert status == 200
    assert answer["errors"][0]["extensions"]["code"] == code


async def test_fault_is_event(served: Any, caplog: pytest.LogCaptureFixture) -> None:
    """An answer that was written over several lines is put together again, too."""
    [good, bad], _ = await ask(served, "subscription { broken }")
    assert good == {"data": {"broken": 1}}
    assert bad["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "password" not in json.dumps(bad)
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"authorization": "Bearer bad"}, {"query": "subscription { quiet }"}, 401),
        ({}, {"query": 7}, 400),
        ({"content-encoding": "gzip"}, {"query": "{ hello }"}, 415),
    ],
)
async def test_http_refuses_first(served: Any, headers: dict[str, str], body: Any, status: int) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.post(served.url, json=body, headers=EVENTS | headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json()["errors"][0]["extensions"]["code"]


async def test_stream_resumes(served: Any) -> None:
    async with stream(served, "subscription { ticks(until: 4) }", headers={"last-event-id": "2"}) as response:
        found = [event async for event in events(response)]
    assert [event.get("id") for event in found] == ["3", "4", None]


async def test_heartbeat_is_comment(serve: Callable[..., Any]) -> None:
    served = serve(GatewaySettings(limits=Limits(ping=0.02)))
    async with asyncio.timeout(10), stream(served, "subscription { quiet }") as response:
        assert response.headers["x-accel-buffering"] == "no"
        async for event in events(response):
            assert event == {"comment": ""}
            break


async def settled(holds: Callable[[], bool]) -> None:
    """Wait until the server, in its own thread, has come so far."""
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


async def test_leaving_ends_stream(served: Any) -> None:
    async with stream(served, "subscription { quiet }"):
        await settled(lambda: served.engine.streams == 1)
    await settled(lambda: served.engine.streams == 0)


async def test_streams_are_bounded(serve: Callable[..., Any]) -> None:
    """Together with sockets, by account or address; one that was closed, or never came to be, counts no more."""
    served = serve(GatewaySettings(limits=Limits(sockets=1)))
    await ask(served, "{ nonsense }")
    await ask(served, "{ hello }")
    async with stream(served, "subscription { quiet }"), stream(served, "subscription { quiet }") as second:
        assert second.status_code == 429
        assert int(second.headers["retry-after"]) > 0
        await second.aread()
        assert second.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    await settled(lambda: not served.gateway.operations._open)
    await ask(served, "{ hello }")


async def test_stream_ends_expired(serve: Callable[..., Any]) -> None:
    valid = True

    async def door(headers: object) -> str:
        if not valid:
            raise Unauthenticated("The token has expired.")
        return "wang"

    served = serve(authenticate=door, traits=Traits(expiry=lambda viewer: 0.05))
    async with asyncio.timeout(10), stream(served, "subscription { quiet }") as response:
        await settled(lambda: served.engine.streams == 1)
        valid = False
        [last, end] = [event async for event in events(response)]
    assert json.loads(last["data"])["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert end["event"] == "complete"
    await settled(lambda: served.engine.streams == 0)


@pytest.mark.parametrize("ends", ["with its token", "by the client"])
async def test_streams_go_on_where_a_token_ended(serve: Callable[..., Any], ends: str) -> None:
    """And nowhere else: who goes away and comes back is told what comes from then on."""
    places, valid = dict[str, str](), True

    async def door(headers: object) -> str:
        if not valid:
            raise Unauthenticated("The token has expired.")
        return "wang"

    class Memory:
        async def remember(self, given: Mapping[str, str]) -> None:
            places.update(given)

        async def recall(self, key: str) -> str | None:
            return places.get(key)

    served = serve(
        GatewaySettings(limits=Limits(recheck=0.05)), authenticate=door, traits=Traits(account=lambda who: who)
    )
    served.gateway.operations.memory = Memory()
    async with asyncio.timeout(10), stream(served, "subscription { quiet }") as response:
        await settled(lambda: served.engine.streams == 1)
        if ends == "with its token":
            valid = False
            assert [event["event"] async for event in events(response)] == ["next", "complete"]
    await settled(lambda: served.engine.streams == 0 and not served.gateway.operations._open)
    assert list(places.values()) == (["here"] if ends == "with its token" else [])


async def test_slow_reader_dropped(serve: Callable[..., Any]) -> None:
    """What the engine holds for a client that does not read is let go."""
    served = serve(GatewaySettings(limits=Limits(stalling=0.1)))
    async with stream(served, "subscription { pages(length: 200000) }"):
        await settled(lambda: served.engine.streams == 1)
        await settled(lambda: served.engine.streams == 0)
        await ask(served, "{ hello }")


async def test_events_are_charged(serve: Callable[..., Any]) -> None:
    served = serve(GatewaySettings(rates=Rates(address=Rate(10, 10_000), objects=1)))
    await ask(served, "subscription { ticks(until: 4) }")
    async with stream(served, "{ hello }") as response:
        assert response.status_code == 429
