"""Work of plugins that goes on in one process of the whole deployment, or in each."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from gongzhi_server.app import create_app
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.errors import Problem
from gongzhi_server.jobs import services
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import TODAY, Clock, Server, built_schema, published_events, settings_for_tests

from .conftest import Market
from .test_reference import PAGE

PUMP = """
import asyncio
from dataclasses import dataclass
from gongzhi.plugin.settings import setting
from gongzhi.runtime.services import ProcessService, Service

@dataclass(frozen=True)
class Pumps:
    drained: bool = setting("Whether to drain.", default=False)

went, at_work, ways = [], set(), {}

async def pump(run):
    pid = run.connection.get_server_pid()
    went.append((run.context().viewer.account.name, pid))
    if ways.get("go") == "raise":
        raise OSError("a name nobody must read")
    if ways.get("go") == "return":
        return
    if ways.get("go") == "write":
        await run.connection.execute("delete from plugins.activation")
    at_work.add(pid)
    try:
        while True:
            await run.wait(600)
            went.append("news")
    except asyncio.CancelledError:
        if ways.get("end") == "hang":
            await asyncio.Event().wait()
        raise
    finally:
        at_work.discard(pid)

drains = []

async def drain(run):
    async with run.open_pool(1) as pool:
        if ways.get("drain") == "raise":
            raise OSError("a name nobody must read")
        async with pool.acquire() as connection:
            drains.append(connection.get_server_pid())
            try:
                if ways.get("drain") == "write":
                    await connection.execute("delete from plugins.activation")
                await asyncio.Event().wait()
            finally:
                drains.remove(connection.get_server_pid())

@hookimpl
def settings():
    return [Pumps]

@hookimpl
def lifespan():
    return [
        Service("pump.pump", pump),
        ProcessService("pump.drain", drain, wanted=lambda chosen: chosen[Pumps].drained),
    ]
"""


SCALES = """
from gongzhi.declare.events import Event, event
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.runtime.services import Service, ServiceRun
{example}
async def twice(run):
    await run.context().enqueue(weigh, "reading 1", kilograms=7)
    await listen(run)

@hookimpl
def events():
    return [Weighed]

@hookimpl
def jobs():
    return [weigh]

@hookimpl
def lifespan():
    return [Service("scales.listen", twice)]
"""


@pytest.fixture
def pump(market: Market, monkeypatch: pytest.MonkeyPatch) -> tuple[Plugins, Any]:
    """The plugins, and the module of the one there is. What fails is run again at once."""
    package = market.ship("pump", PUMP)
    monkeypatch.setattr(services, "FIRST", 0.0)
    monkeypatch.setattr(services, "ENDING", 0.05)
    monkeypatch.setattr(services, "POLL", 0.02)
    plugins = market.load()
    return plugins, sys.modules[package]


@asynccontextmanager
async def process(dsn: str, data: Path, plugins: Plugins, **environ: str) -> AsyncIterator[Server]:
    """One process of a deployment, with what goes on in the background."""
    app = create_app(
        settings_for_tests(dsn, data), dsn, Clock(), plugins, environ=environ, schema=built_schema(plugins)
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        yield Server(client, Clock())


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def test_one_process_is_elected(pump: tuple[Plugins, Any], empty: str, tmp_path: Path) -> None:
    """Another one takes over when it goes, and none is elected twice."""
    plugins, module = pump
    async with AsyncExitStack() as second:
        async with process(empty, tmp_path, plugins):
            await until(lambda: module.at_work)
            [first] = module.at_work
            await second.enter_async_context(process(empty, tmp_path, plugins))
            assert module.at_work == {first} and set(module.went) - {"news"} == {("system:pump", first)}
        await until(lambda: module.at_work)
        assert module.at_work != {first}
    assert not module.at_work


async def test_lost_connection_ends_the_term(pump: tuple[Plugins, Any], empty: str, tmp_path: Path) -> None:
    """Who has lost the lock stops at once, even while waiting for something else."""
    plugins, module = pump
    async with process(empty, tmp_path, plugins) as server:
        await until(lambda: module.at_work)
        [first] = module.at_work
        connection = await asyncpg.connect(empty)
        await connection.execute("select pg_terminate_backend($1)", first)
        await connection.close()
        await until(lambda: module.at_work and module.at_work != {first})
        assert (await server.client.get("/health")).json() == {"status": "ok"}, "that is no fault of the plugin's"


async def test_events_wake_it(pump: tuple[Plugins, Any], filled: str, tmp_path: Path) -> None:
    plugins, module = pump
    async with process(filled, tmp_path, plugins) as server:
        await until(lambda: module.at_work)
        report = {"kind": "HELP", "channel": "WEB", "category": "roads.lighting", "title": "路灯不亮"}
        payload = await server.do("reportCase", "case { number }", **report, description="三天", grid="610921")
        assert payload["errors"] == []
        await until(lambda: "news" in module.went)


@pytest.mark.parametrize(("way", "fault"), [("raise", "OSError"), ("write", "NotOwner")])
async def test_failure_is_told_and_tried_again(
    pump: tuple[Plugins, Any], empty: str, tmp_path: Path, caplog: Any, way: str, fault: str
) -> None:
    plugins, module = pump
    module.ways["go"] = way
    async with process(empty, tmp_path, plugins) as server:
        await until(lambda: len(module.went) > 3)
        assert (await server.client.get("/health")).json()["plugins"] == {"pump": "failing"}
        assert f"the service pump.pump of the plugin pump failed: {fault}" in caplog.text
        assert "nobody must read" not in caplog.text
        module.ways.clear()
        await until(lambda: module.at_work)


async def test_service_that_returns_is_run_again(pump: tuple[Plugins, Any], empty: str, tmp_path: Path) -> None:
    plugins, module = pump
    module.ways["go"] = "return"
    async with process(empty, tmp_path, plugins) as server:
        await until(lambda: len(module.went) > 3)
        assert (await server.client.get("/health")).json() == {"status": "ok"}


async def test_end_is_not_held_up(pump: tuple[Plugins, Any], empty: str, tmp_path: Path, caplog: Any) -> None:
    plugins, module = pump
    module.ways["end"] = "hang"
    async with process(empty, tmp_path, plugins):
        await until(lambda: module.at_work)
    assert "the service pump.pump did not end within 0.05 seconds" in caplog.text


async def test_every_process_has_its_own(pump: tuple[Plugins, Any], empty: str, tmp_path: Path) -> None:
    """With connections of its own, which end with it; where the operator does not want it, nowhere."""
    plugins, module = pump
    async with process(empty, tmp_path, plugins):
        await until(lambda: module.at_work)
        assert module.drains == []
    async with process(empty, tmp_path, plugins, GONGZHI_PUMP_DRAINED="yes"):
        await until(lambda: len(module.drains) == 1)
        async with process(empty, tmp_path, plugins, GONGZHI_PUMP_DRAINED="yes"):
            await until(lambda: len(module.drains) == 2)
            pids = set(module.drains)
    assert len(pids) == 2 and not module.drains


@pytest.mark.parametrize(("way", "fault"), [("raise", "OSError"), ("write", "NotOwner")])
async def test_failure_in_every_process_is_told(
    pump: tuple[Plugins, Any], empty: str, tmp_path: Path, caplog: Any, way: str, fault: str
) -> None:
    plugins, module = pump
    module.ways["drain"] = way
    async with process(empty, tmp_path, plugins, GONGZHI_PUMP_DRAINED="yes") as server:
        await until(lambda: caplog.text.count(f"the service pump.drain of the plugin pump failed: {fault}") > 3)
        assert (await server.client.get("/health")).json()["plugins"] == {"pump": "failing"}
        assert "nobody must read" not in caplog.text
        module.ways.clear()
        await until(lambda: module.drains)


async def test_example_of_the_reference_works(
    market: Market, empty: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [source] = re.findall(r"```python service\n(.*?)```", PAGE, re.DOTALL)
    market.ship("rubbish", source)
    told: list[str] = []
    async with process(empty, tmp_path, market.load()):
        await until(
            lambda: (
                told.append(capsys.readouterr().out)
                or all(one in "".join(told) for one in ("events so far: ", "this process has scale 1"))
            )
        )


async def test_a_service_writes_by_a_job(market: Market, filled: str, tmp_path: Path) -> None:
    """As the reference has it: however often it says so, under one key it is one run."""
    [source] = re.findall(r"```python enqueue\n(.*?)```", PAGE, re.DOTALL)
    market.ship("scales", SCALES.replace("{example}", source))
    await plugin_activation.switch_plugins(filled, ["scales"], TODAY, undecided=True)
    found: list[Any] = []
    async with process(filled, tmp_path, market.load()), asyncio.timeout(30):
        while not found:
            await asyncio.sleep(0.01)
            found = [one.data for one in await published_events(filled) if one.type == "scales.weighed"]
    assert found == [{"kilograms": 7}]


def test_wrong_services_name_the_plugin(market: Market) -> None:
    market.ship("pump", PUMP.replace('"pump.pump"', '"other.pump"'))
    with pytest.raises(Problem, match="the service 'other.pump' must begin with 'pump.'"):
        market.load()
