"""What plugins hold open while the server runs, and whether they are well."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.errors import Problem
from gongzhi_server.plugins import health
from gongzhi_server.testing import Clock, serve_application

from .conftest import Market

PUMP = """
import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from gongzhi.plugin.settings import setting

went, ways = [], {}

@dataclass(frozen=True)
class Choice:
    days: int = setting("How long.", default=30)

async def go(way):
    if way == "fails":
        raise KeyError("a name nobody must read")
    if way == "hangs":
        await asyncio.Event().wait()

@asynccontextmanager
async def running(context):
    await go(ways.get("begin"))
    went.append(("begin", context.settings[Choice].days, context.viewer.account.name))
    yield
    went.append("end")
    await go(ways.get("end"))

async def reachable(context):
    await go(ways.get("health"))

@hookimpl
def settings():
    return [Choice]

@hookimpl
def lifespan():
    return [running]

@hookimpl
def health():
    return [reachable]
"""


@pytest.fixture
def pump(market: Market, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The plugins, and the module of the one there is. What hangs is given up at once."""
    package = market.ship("pump", PUMP)
    monkeypatch.setattr(health, "OPENING", 0.05)
    monkeypatch.setattr(health, "EXAMINING", 0.05)
    plugins = market.load()
    return plugins, sys.modules[package]


async def test_lifespan_goes_round_serving(pump: tuple[Any, Any], empty: str, tmp_path: Path) -> None:
    plugins, module = pump
    async with serve_application(empty, tmp_path, plugins=plugins):
        assert module.went == [("begin", 30, "system:pump")]
    assert module.went[1:] == ["end"]


@pytest.mark.parametrize(
    ("way", "told"), [("fails", "lifespan() failed"), ("hangs", "lifespan() did not begin within 0.05 seconds")]
)
async def test_start_stops_with_its_name(
    pump: tuple[Any, Any], empty: str, tmp_path: Path, way: str, told: str
) -> None:
    plugins, module = pump
    module.ways["begin"] = way
    with pytest.raises(Problem, match="plugin 'pump'") as problem:
        async with serve_application(empty, tmp_path, plugins=plugins):
            pass
    assert told in str(problem.value)


@pytest.mark.parametrize("way", ["fails", "hangs"])
async def test_end_is_not_held_up(pump: tuple[Any, Any], empty: str, tmp_path: Path, way: str, caplog: Any) -> None:
    plugins, module = pump
    module.ways["end"] = way
    async with serve_application(empty, tmp_path, plugins=plugins):
        pass
    assert "the plugin pump did not end well" in caplog.text


@pytest.mark.parametrize("way", ["fails", "hangs"])
async def test_health_tells_of_what_fails_again_and_again(
    pump: tuple[Any, Any], empty: str, tmp_path: Path, way: str
) -> None:
    plugins, module = pump
    clock = Clock()
    async with serve_application(empty, tmp_path, clock, plugins=plugins) as server:

        async def told() -> Any:
            clock.move(seconds=11)
            reply = await server.client.get("/health")
            assert reply.status_code == 200
            return reply.json()

        module.ways["health"] = way
        assert [await told() for _ in range(3)] == [
            {"status": "ok"},
            {"status": "ok"},
            {"status": "ok", "plugins": {"pump": "failing"}},
        ]
        module.ways.clear()
        assert await told() == {"status": "ok"}
