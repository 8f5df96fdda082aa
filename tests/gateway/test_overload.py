"""Attacks by load: who floods the server fills a share of their own, and pays for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import expression
from gongzhi.declare.extend import extend
from gongzhi.declare.sql import Sql
from gongzhi_server.app import create_app
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.gateway.rate_limits import Overloaded
from gongzhi_server.graphql.schema import Schema, build_schema
from gongzhi_server.storage.connection_shares import Share
from gongzhi_server.testing import ESSENTIAL, TODAY, Clock, Server, settings_for_tests

SLOW = '{ grid(code: "610921") { testStuck } }'
QUICK = '{ grid(code: "610921") { name } }'
REPORT = {
    "kind": "HELP",
    "channel": "MINI_APP",
    "title": "路灯不亮",
    "description": "村口的路灯三天没亮了",
    "grid": "610921101222",
    "category": "utilities.electricity",
}
RUNNING = """
select count(*) from pg_stat_activity
where datname=current_database() and state='active' and query like '%pg_sleep%' and pid<>pg_backend_pid()
"""


@cache
def schema() -> Schema:
    """The schema with a field that takes a minute, as the worst of searches might."""
    stuck = expression("Takes long.", lambda at: Sql("(select 1 from pg_sleep(60))"), type=int | None, requires=None)
    return build_schema(ESSENTIAL, [("test", extend(Grid, test_stuck=stuck))])


@asynccontextmanager
async def serving(dsn: str, data: Path, **changed: Any) -> AsyncIterator[tuple[Server, Any]]:
    """A caller of the application, and the application's state."""
    chosen = replace(settings_for_tests(dsn, data), **changed)
    await plugin_activation.switch_plugins(dsn, ["test"], TODAY, undecided=True)
    app = create_app(chosen, dsn, Clock(), ESSENTIAL, background=False, schema=schema())
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Server(client, Clock()), app.state


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.01)


async def running(dsn: str) -> int:
    """How many of the slow statements PostgreSQL is busy with."""
    connection = await asyncpg.connect(dsn)
    try:
        found: int = await connection.fetchval(RUNNING)
        return found
    finally:
        await connection.close()


async def test_strangers_fill_their_own_share(filled: str, tmp_path: Path) -> None:
    """While a flood of strangers' statements runs, a report, a sign-in, an office and health are answered before it."""
    async with serving(filled, tmp_path, strangers_seconds=60, limits=(("running", 300),)) as (server, state):
        share = state.shares.strangers.share
        flood = [asyncio.create_task(server.ask(SLOW)) for _ in range(31)]
        await until(lambda: busy_with(filled, share.size))
        payload = await server.do("reportCase", "case { number }", **REPORT)
        assert payload["errors"] == [] and payload["case"]["number"]
        assert (await server.client.get("/health")).json()["status"] == "ok"
        assert (await server.post("sign-in", name="nobody.here", password="not the password")).status == 401
        assert (await server.as_("county_dispatcher", grid="610921").ask(QUICK)).data["grid"]["name"]
        answered = [one.result() for one in flood if one.done()]
        assert {one.codes[0] for one in answered} <= {"RATE_LIMITED"}, "none of the flood was answered before"
        assert (share.size, share.most, await running(filled)) == (2, 2, 2)
        for one in flood:
            one.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
        await until(lambda: busy_with(filled, 0))
        assert (share.busy, share.waited) == (0, 0.0)
        assert (await server.ask(QUICK)).data["grid"]["name"], "the connections came back"


async def busy_with(dsn: str, statements: int) -> bool:
    return await running(dsn) == statements


async def test_cancelled_statements_end(filled: str, tmp_path: Path) -> None:
    """Who goes away leaves nothing behind that runs, and no place that is taken."""
    async with serving(filled, tmp_path) as (server, state):
        reader = state.shares.accounts
        tasks = [asyncio.create_task(reader.fetch("select pg_sleep(60)")) for _ in range(reader.share.size + 3)]
        await until(lambda: busy_with(filled, reader.share.size))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await until(lambda: busy_with(filled, 0))
        assert (reader.share.busy, reader.share.waited) == (0, 0.0)
        assert (await server.as_("administrator").ask(QUICK)).status == 200


async def test_time_is_charged(filled: str, tmp_path: Path) -> None:
    """A statement that was cut off costs the second for which it ran."""
    async with serving(filled, tmp_path, rates=True, strangers_seconds=1) as (server, state):
        state.limiter.now = lambda: 0.0  # nothing flows in meanwhile
        body = {"query": QUICK}
        before = left(await server.client.post("/graphql", json=body))
        slow = await server.ask(SLOW)
        assert slow.errors[0]["extensions"]["plugin"] == "test", "a statement without its plugin is tried, too"
        assert left(await server.client.post("/graphql", json=body)) <= before - 45


def left(reply: httpx.Response) -> int:
    return int(reply.headers["ratelimit"].split("r=")[1].split(";")[0])


async def test_mutations_wait_with_retry_after(filled: str, tmp_path: Path) -> None:
    """Where all places of mutations are taken the answer is 429 and when to come back; strangers have half of them."""
    async with serving(filled, tmp_path, commands_pool=2) as (server, state):
        shares = state.shares
        shares.writing.patience = shares.strangers_writing.patience = 0
        body = {
            "query": "mutation($input: ReportCaseInput!) { reportCase(input: $input) { errors { code } } }",
            "variables": {"input": {**REPORT, "idempotencyKey": str(uuid4())}},
        }
        async with shares.strangers_writing:
            reply = await server.client.post("/graphql", json=body)
            assert (reply.status_code, reply.headers["retry-after"]) == (429, "1")
            assert reply.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
            worker = server.as_("grid_worker", grid="610921101222")
            assert (await worker.client.post("/graphql", json=body, headers=worker.headers)).status_code == 200
        assert (await server.client.post("/graphql", json=body)).status_code == 200


async def test_share_hands_places_on() -> None:
    """Places go to who waits, in their order; nobody gets two, and none is lost when somebody gives up."""
    share = Share("test", 2, patience=60, longest=5)
    order: list[int] = []

    async def work(number: int) -> None:
        async with share:
            order.append(number)
            await asyncio.sleep(0)

    async with share, share:
        tasks = [asyncio.create_task(work(number)) for number in range(6)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await tasks[5]
        tasks[1].cancel()
        await asyncio.sleep(0)
    tasks[3].cancel()  # it has its place by now, and has not begun
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (order, share.busy, share.most, share.refused, share.waited) == ([0, 2, 4], 0, 2, 1, 0.0)


async def test_waiting_is_bounded() -> None:
    share = Share("test", 1, patience=0)
    async with share:
        with pytest.raises(Overloaded):
            async with share:
                pass
    async with share:
        assert share.busy == 1
