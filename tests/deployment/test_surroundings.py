"""Surroundings of a process: what would hurt it later is said at its start, and by the doctor."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from gongzhi.runtime.services import Service
from gongzhi_server.app import create_app
from gongzhi_server.auth.invalidation import listen_for_changes, listener_name
from gongzhi_server.clock import clock
from gongzhi_server.deployment import doctor
from gongzhi_server.deployment.surroundings import refuse_bad_surroundings
from gongzhi_server.errors import Problem
from gongzhi_server.settings import Settings
from gongzhi_server.storage.connection_shares import count_connections
from gongzhi_server.testing import ESSENTIAL, load_plugins, settings_for_tests


@pytest.fixture
def production(empty: str, tmp_path: Path) -> Settings:
    return replace(settings_for_tests(empty, tmp_path), mode="production", pool=1, url="https://county.example")


@asynccontextmanager
async def other_process(dsn: str, issuer: str) -> AsyncIterator[None]:
    """Listen as a process does whose tokens this issuer gives."""
    async with listen_for_changes(dsn, listener_name(issuer), lambda account: None):
        yield


async def test_good_surroundings_are_silent(empty: str, production: Settings) -> None:
    async with other_process(empty, production.issuer):
        await refuse_bad_surroundings(empty, production, clock)


@pytest.mark.parametrize("hours", [-2, 2])
async def test_clocks_apart_stop_the_start(empty: str, production: Settings, hours: int) -> None:
    def late() -> datetime:
        return clock() + timedelta(hours=hours)

    with pytest.raises(Problem, match=r"clocks: .* 7200 s apart: .*NTP"):
        await refuse_bad_surroundings(empty, production, late)
    await refuse_bad_surroundings(empty, replace(production, mode="development"), late)


async def test_processes_that_refuse_each_others_tokens_stop_the_start(empty: str, production: Settings) -> None:
    nameless = replace(production, url=None)
    async with other_process(empty, "http://127.0.0.1:8001"):
        with pytest.raises(Problem, match="set GONGZHI_URL, the same in every process"):
            await refuse_bad_surroundings(empty, nameless, clock)
        said = await doctor.examine_deployment(replace(nameless, mode="development"), empty, ESSENTIAL)
        assert [text for well, text in said if not well and text.startswith("tokens: another process")]


async def test_too_many_connections_stop_the_start(empty: str, production: Settings) -> None:
    with pytest.raises(Problem, match=r"connections: a process takes up to \d+, and .* raise max_connections"):
        await refuse_bad_surroundings(empty, replace(production, pool=90, background_pool=90), clock)


async def test_number_of_connections_is_true(empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told of a process, with all plugins, is what its pools and its single connections come to."""
    settings, opened, reached = settings_for_tests(empty, tmp_path), list[int](), asyncio.Event()

    def counted(make: Callable[..., Any]) -> Callable[..., Any]:
        def connect(*given: Any, **more: Any) -> Any:
            # A connection that a pool makes is counted with its pool.
            opened.append(more.get("max_size", 0 if "connection_class" in more else 1))
            if sum(opened) >= count_connections(settings):
                reached.set()
            return make(*given, **more)

        return connect

    monkeypatch.setattr(asyncpg, "create_pool", counted(asyncpg.create_pool))
    monkeypatch.setattr(asyncpg, "connect", counted(asyncpg.connect))
    plugins = load_plugins()
    # Each of these has a connection of its own once it is switched on, as copying to NATS.
    assert not [one for _, one in plugins.services if isinstance(one, Service) and one.wanted is None]
    app = create_app(settings, empty, plugins=plugins)
    async with app.router.lifespan_context(app), asyncio.timeout(30):
        await reached.wait()
    assert sum(opened) == count_connections(settings), opened


@pytest.mark.parametrize("page", ["operators.md", "operators.zh-CN.md"])
def test_pages_tell_the_number_of_connections(page: str) -> None:
    most = count_connections(Settings(mode="development", secret="x" * 32))
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    assert re.search(rf"That makes {most} at most|总共至多 {most} 个", text), most


async def test_doctor_finds_events_that_nobody_numbers_and_work_that_nobody_does(empty: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(empty)
    await connection.execute(
        "insert into events.outbox (id, type, version, at, actor, internal, data) values "
        "(uuidv7(), 'grid.changed', 1, now() - interval '2 minutes', 'SYSTEM', false, '{}')"
    )
    await connection.execute(
        "insert into events.job (id, name, key, arguments, state, due_at, attempts) values "
        "(uuidv7(), 'weather.fetch', 'today', '{}', 'WAITING', now(), 0)"
    )
    await connection.close()
    said = await doctor.examine_deployment(settings_for_tests(empty, tmp_path), empty, ESSENTIAL)
    ill = " ".join(text for well, text in said if not well)
    assert "nobody has been told of: 1" in ill and "no plugin does (weather.fetch)" in ill


async def test_doctor_asks_for_those_who_take_two(filled: str, production: Settings) -> None:
    """In production: a data-protection officer, and two who can confirm. The demo county has nobody yet."""
    said = await doctor.examine_deployment(replace(production, database=filled), filled, ESSENTIAL)
    ill = " ".join(text for well, text in said if not well)
    assert "nobody is data-protection officer" in ill and "nobody gives alone: 2" in ill
