"""The guard: what is refused while the server is behind, and what never is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from gongzhi_server.gateway import Traits
from gongzhi_server.gateway.overload import LATE, WINDOW, Guard
from hypothesis import given
from hypothesis import strategies as st

from .test_overload import QUICK, REPORT, serving
from .test_sockets import open_socket

SECOND = {"authorization": "Bearer wang"}
TRAITS = Traits(account=lambda viewer: viewer)


def behind(level: int) -> Guard:
    guard = Guard()
    for _ in range(WINDOW):
        guard.observe(LATE[level - 1])
    assert guard.level == level
    return guard


@given(st.lists(st.floats(0, 0.2), max_size=40))
def test_only_queues_count(measured: list[float]) -> None:
    """Whatever is measured: with a level, none of the last measurements was good, and without one, one of them was."""
    guard = Guard()
    for late in measured:
        guard.observe(late)
    last = measured[-WINDOW:]
    least = min(last) if len(last) == WINDOW else 0.0
    if guard.level:
        assert least >= LATE[guard.level - 1] / 2
    assert guard.level >= sum(least >= bound for bound in LATE)


def test_hiccups_are_nothing() -> None:
    guard = Guard()
    for _ in range(20):
        for late in (*[1.0] * (WINDOW - 1), 0.0):
            guard.observe(late)
            assert guard.level == 0


def test_waiting_for_places_counts() -> None:
    guard = Guard(waits=lambda: 1.0)
    for _ in range(WINDOW):
        guard.observe(0.0)
    assert guard.level == 2


def test_lets_in_again_late() -> None:
    guard = behind(1)
    guard.observe(LATE[0] * 0.6)
    assert guard.level == 1, "not at every turn"
    guard.observe(LATE[0] * 0.4)
    assert guard.level == 0


async def test_measures_the_loop() -> None:
    """A loop that is kept busy is behind, and one that is idle is not for long."""
    import time

    guard = Guard()
    task = asyncio.create_task(guard.watch())
    try:
        async with asyncio.timeout(60):
            while guard.level < 2:
                time.sleep(0.1)  # what nobody may do in a handler
                await asyncio.sleep(0)
    finally:
        task.cancel()


@pytest.mark.parametrize(("level", "strangers", "accounts"), [(0, 200, 200), (1, 429, 200), (2, 429, 429)])
async def test_reads_are_refused_in_turn(
    open_desk: Callable[..., Any], level: int, strangers: int, accounts: int
) -> None:
    desk = open_desk(traits=TRAITS)
    desk.gateway.operations.guard = behind(level) if level else Guard()
    for headers, status in (({}, strangers), (SECOND, accounts)):
        for accept in ("application/json", "text/event-stream"):
            sent = {**headers, "accept": accept}
            reply = await desk.client.post("/graphql", json={"query": "{ hello }"}, headers=sent)
            assert reply.status_code == status
            if status == 429:
                assert reply.headers["retry-after"] == "2"
                [error] = reply.json()["errors"]
                assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 2, "policy": "server"}
        reply = await desk.client.post("/graphql", json={"query": "mutation { touch }"}, headers=headers)
        assert reply.status_code == 200
    assert desk.engine.touched == 2


async def test_refused_reads_are_not_parsed(open_desk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    desk = open_desk(traits=TRAITS)
    desk.gateway.operations.guard = behind(1)
    monkeypatch.setattr(desk.engine, "prepare", lambda *_: pytest.fail("it was parsed"))
    assert (await desk.client.post("/graphql", json={"query": "{ hello"})).status_code == 429


async def test_word_is_no_way_in(open_desk: Callable[..., Any]) -> None:
    """A read that only looks like a mutation is refused once it is known what it is."""
    desk = open_desk(traits=TRAITS)
    desk.gateway.operations.guard = behind(1)
    reply = await desk.client.post("/graphql", json={"query": "query mutation { hello }"})
    assert reply.status_code == 429


async def test_refused_over_socket(serve: Callable[..., Any]) -> None:
    """The operation ends, and the socket does not."""
    served = serve(traits=TRAITS)
    served.gateway.operations.guard = behind(1)
    async with open_socket(served) as socket:
        [message] = await socket.ask("{ hello }")
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 2, "policy": "server"}
        served.gateway.operations.guard = Guard()
        assert [one["type"] for one in await socket.ask("{ hello }")] == ["next", "complete"]


async def test_signing_in_and_reporting_are_not_refused(filled: str, tmp_path: Path) -> None:
    """The application at its worst: reads are refused everywhere, and nothing else is."""
    async with serving(filled, tmp_path, guard=True) as (server, state):
        state.guard.observe = lambda late: None
        state.guard.level = 2
        assert (await server.ask(QUICK)).codes == ["RATE_LIMITED"]
        assert (await server.as_("administrator").ask(QUICK)).status == 429
        assert (await server.client.get("/open311/v2/services.json")).status_code == 429
        assert (await server.client.get("/feeds/a/b/c")).status_code == 429
        payload = await server.do("reportCase", "case { number }", **REPORT, idempotencyKey=str(uuid4()))
        assert payload["case"]["number"]
        assert (await server.post("sign-in", name="nobody.here", password="not the password")).status == 401
        assert (await server.client.get("/health")).json() == {"status": "ok", "refused": "all reads"}
        state.guard.level = 0
        assert (await server.client.get("/health")).json() == {"status": "ok"}
