"""Handlers and jobs of a plugin: once for each event, again when they fail, and nothing where the plugin is off."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from gongzhi_server.cli import app as console
from gongzhi_server.jobs.failed_jobs import list_handlers_behind, list_jobs, redrive_jobs
from gongzhi_server.storage.availability import CONNECTING
from gongzhi_server.testing import Server, published_events, serve_application
from typer.testing import CliRunner

from ..plugins.conftest import Market, market  # noqa: F401 - a fixture
from .conftest import MATTER

CHIME = """
from datetime import timedelta
from gongzhi.core.cases.events import Accepted, Reported
from gongzhi.declare.events import Code, Event, event
from gongzhi.runtime.jobs import handler, job

broken = set()
ran = []


@event("chime.rang", "It rang.")
class Rang(Event):
    number: Code
    times: int


@event("chime.echoed", "It was heard.")
class Echoed(Event):
    times: int


@handler("chime.ring", Reported, Accepted)
async def ring(call, event):
    call.publish(Rang(number=event.data["number"], times=1))
    if "ring" in broken:
        raise KeyError("a name nobody must read")
    call.enqueue(toll, str(event.id), times=2)


@handler("chime.echo", Rang)
async def echo(call, event):
    call.publish(Echoed(times=event.read(Rang).times))


@job("chime.toll")
async def toll(call, run):
    ran.append(("toll", run.arguments["times"]))
    if "toll" in broken:
        raise ValueError("another name")
    if "line" in broken:
        raise ConnectionRefusedError("a gateway of somebody's")


@job("chime.hourly", every=timedelta(hours=1), offset=timedelta(minutes=5))
async def hourly(call, run):
    ran.append(("hourly", run.due.isoformat(), len(run.counties)))


@hookimpl
def events():
    return [Rang, Echoed]


@hookimpl
def handlers():
    return [ring, echo]


@hookimpl
def jobs():
    return [toll, hourly]
"""
COUNTY = "610921"


class Tower:
    """The plugin and the server it is in."""

    def __init__(self, server: Server, module: Any, dsn: str) -> None:
        self.server, self.module, self.dsn = server, module, dsn
        self.run = server.worker.drain

    async def report(self) -> str:
        payload = await self.server.do("reportCase", "case { number }", **MATTER)
        return str(payload["case"]["number"])

    async def counted(self) -> set[str]:
        """The cases that figures know of."""
        connection = await asyncpg.connect(self.dsn)
        try:
            rows = await connection.fetch("select number from statistics.fact join cases.case on id = case_id")
            return {row["number"] for row in rows}
        finally:
            await connection.close()

    async def told(self, *types: str) -> list[str]:
        return [one.type for one in await published_events(self.dsn) if one.type in types]

    async def jobs(self, **filter: Any) -> Any:
        administrator = self.server.as_("administrator")
        query = "query($f: JobFilter) { jobs(filter: $f) { nodes { id name state attempts error dueAt } } }"
        return (await administrator.ask(query, f=filter)).data["jobs"]["nodes"]


@pytest_asyncio.fixture
async def tower(market: Market, own: str, tmp_path: Path) -> AsyncIterator[Tower]:  # noqa: F811
    package = market.ship("chime", CHIME)
    async with serve_application(own, tmp_path, plugins=market.load(essential=True)) as server:
        await server.worker.drain()  # the hourly run of now
        module = sys.modules[package]
        module.ran.clear()
        yield Tower(server, module, own)


async def test_event_is_handled_once(tower: Tower) -> None:
    await tower.report()
    tally = await tower.run()
    assert tally.done >= 3 and tally.failed == []  # the core counts cases, too
    assert await tower.told("chime.rang", "chime.echoed") == ["chime.rang", "chime.echoed"]
    assert tower.module.ran == [("toll", 2)]
    assert (await tower.run()).done == 0


async def test_last_event_is_enough(tower: Tower) -> None:
    """The core counts once, however many events of however many cases wait."""
    worker, counted = tower.server.worker.worker, []
    whose, handler = worker.handlers["statistics.count"]

    async def count(call: Any, events: Any) -> None:
        counted.append([(event.data["number"], event.type) for event in events])
        await handler.function(call, events)

    worker.handlers["statistics.count"] = whose, replace(handler, function=count)
    number, other = await tower.report(), await tower.report()
    county = tower.server.as_("county_dispatcher", grid=COUNTY)
    await county.do("acceptCase", "case { number }", number=number, expectedVersion=1)
    assert (await tower.run()).failed == []
    assert counted == [[(number, "case.accepted")]]
    assert await tower.counted() >= {number, other}


async def test_one_failure_spoils_no_others(tower: Tower) -> None:
    """The core handles several events at once; where one of them fails, the others are handled all the same."""
    worker, counted = tower.server.worker.worker, []
    whose, handler = worker.handlers["statistics.count"]
    numbers = [await tower.report() for _ in range(3)]

    async def count(call: Any, event: Any) -> None:
        if event.data["number"] == numbers[1]:
            raise LookupError("a case of somebody's")
        counted.append(event.data["number"])

    worker.handlers["statistics.count"] = whose, replace(handler, function=count, latest=False, together=False)
    assert (await tower.run()).failed == ["statistics.count"]
    assert counted[-2:] == [numbers[0], numbers[2]]
    [waiting] = [job for job in await tower.jobs() if job["name"] == "statistics.count"]
    assert waiting["state"] == "WAITING" and waiting["attempts"] == 1


async def test_failing_handler_leaves_nothing(tower: Tower) -> None:
    """What it wrote is taken back, what follows is handled, and it is tried again until it works."""
    tower.module.broken.add("ring")
    await tower.report()
    assert (await tower.run()).failed == ["chime.ring"]
    assert await tower.told("chime.rang") == []
    tower.module.broken.clear()
    await tower.report()
    await tower.run()
    assert await tower.told("chime.rang") == ["chime.rang"]
    [job] = await tower.jobs(name={"equals": "chime.ring"})
    assert job["attempts"] == 1 and job["state"] == "WAITING" and "name nobody" not in job["error"]
    assert job["error"].startswith("KeyError at __init__.py:")
    tower.server.clock.move(seconds=10)
    await tower.run()
    assert await tower.told("chime.rang") == ["chime.rang"] * 2
    assert [one["state"] for one in await tower.jobs(name={"equals": "chime.ring"})] == ["DONE"]


async def test_clock_that_is_ahead_delays_no_job(tower: Tower) -> None:
    """What a process leaves to be done at once, whose clock is two hours ahead, is due at once for others, too."""
    tower.server.clock.time = datetime.now(UTC)
    await tower.run()
    tower.server.clock.move(hours=2)
    await tower.report()
    await tower.run()
    [job] = await tower.jobs(name={"equals": "chime.toll"})
    assert datetime.fromisoformat(job["dueAt"]) <= datetime.now(UTC)
    connection = await asyncpg.connect(tower.dsn)
    await connection.execute("update events.job set state = 'PARKED'")
    await connection.close()
    await tower.server.as_("administrator").do("redriveJob", "job { state }", job=job["id"])
    [job] = await tower.jobs(name={"equals": "chime.toll"})
    assert job["state"] == "WAITING" and datetime.fromisoformat(job["dueAt"]) <= datetime.now(UTC)


async def test_job_is_parked_in_the_end(tower: Tower) -> None:
    tower.module.broken.add("toll")
    await tower.report()
    waits = []
    for _ in range(8):
        await tower.run()
        [job] = await tower.jobs(name={"equals": "chime.toll"})
        waits.append(job["attempts"])
        tower.server.clock.move(hours=6)
    assert waits == [1, 2, 3, 4, 5, 6, 7, 8] and job["state"] == "PARKED"
    tower.module.broken.clear()
    await tower.run()
    assert tower.module.ran.count(("toll", 2)) == 8
    administrator = tower.server.as_("administrator")
    payload = await administrator.do("redriveJob", "job { state attempts }", job=job["id"])
    assert payload["job"] == {"state": "WAITING", "attempts": 0}
    await tower.run()
    assert [one["state"] for one in await tower.jobs(name={"equals": "chime.toll"})] == ["DONE"]
    again = await administrator.do("redriveJob", "job { state }", job=job["id"])
    assert again["errors"][0]["path"] == ["job"]


async def test_lost_line_of_a_job_counts(tower: Tower) -> None:
    """What a job cannot reach is not the database: it waits its turn, and is parked in the end."""
    tower.module.broken.add("line")
    await tower.report()
    assert (await tower.run()).failed == ["chime.toll"]
    [job] = await tower.jobs(name={"equals": "chime.toll"})
    assert job["attempts"] == 1 and job["error"].startswith("ConnectionRefusedError at ")


async def test_waits_grow(tower: Tower) -> None:
    tower.module.broken.add("toll")
    await tower.report()
    for seconds in (10, 40, 160):
        assert "chime.toll" in (await tower.run()).failed
        tower.server.clock.move(seconds=seconds - 1)
        assert (await tower.run()).failed == []
        tower.server.clock.move(seconds=1)


async def test_console_shows_and_redrives(tower: Tower, monkeypatch: pytest.MonkeyPatch) -> None:
    database = await asyncpg.connect(tower.dsn)
    await tower.report()
    await tower.run()
    await database.execute("update events.job set state = 'PARKED', error = 'ValueError' where name = 'chime.toll'")
    monkeypatch.setenv("DATABASE_URL", tower.dsn)
    monkeypatch.setenv("GONGZHI_MODE", "development")
    monkeypatch.setenv("GONGZHI_SECRET", "x" * 40)

    def say(*words: str) -> str:
        done = CliRunner().invoke(console, ["jobs", *words])
        assert done.exit_code == 0, done
        return done.output

    import asyncio

    await database.execute("update events.consumer set position = position - 2 where name = 'chime.ring'")
    shown = await asyncio.to_thread(say, "list")
    assert "PARKED   chime.toll" in shown and "chime.ring is behind; events: 2" in shown
    assert "1 to be tried again." in await asyncio.to_thread(say, "redrive")
    assert await database.fetchval("select state from events.job where name = 'chime.toll'") == "WAITING"
    await database.close()


async def test_periodic_job_runs_once(tower: Tower) -> None:
    """However many processes there are, and once for all the times that were missed."""
    tower.server.clock.move(hours=5)
    await tower.run()
    await tower.run()
    assert tower.module.ran == [("hourly", "2026-06-30T06:05:00+00:00", 1)]
    tower.server.clock.move(minutes=59)
    await tower.run()
    assert len(tower.module.ran) == 1 or tower.module.ran[1][1] == "2026-06-30T07:05:00+00:00"


async def test_two_processes_share(tower: Tower, market: Market, tmp_path: Path) -> None:  # noqa: F811
    import asyncio

    async with serve_application(tower.dsn, tmp_path, tower.server.clock, tower.server.worker.plugins) as other:
        for _ in range(6):
            await tower.report()
        tower.server.clock.move(hours=1)
        await asyncio.gather(tower.run(), other.worker.drain())
        await tower.run()
    assert len(await tower.told("chime.rang")) == len(await tower.told("chime.echoed")) == 6
    assert sorted(one[0] for one in tower.module.ran) == ["hourly", *["toll"] * 6]


async def test_silent_where_off(tower: Tower) -> None:
    administrator = tower.server.as_("administrator")
    for active in (False, True):
        payload = await administrator.do(
            "setPluginActivation", "activation { active }", plugin="chime", county=COUNTY, active=active
        )
        assert payload["errors"] == []
        await tower.report()
        await tower.run()
        assert len(await tower.told("chime.rang")) == active
    tower.server.clock.time += timedelta(hours=1)
    await tower.run()
    assert tower.module.ran[-1][0] == "hourly"


async def test_jobs_are_for_operators(tower: Tower) -> None:
    answer = await tower.server.as_("county_dispatcher", grid=COUNTY).ask("{ jobs { nodes { name } } }")
    assert answer.body["data"]["jobs"] is None and answer.codes == ["FORBIDDEN"]


async def test_operators_wait_for_no_database_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is gone says nothing, so each look at the jobs is made with a limit of time."""
    limits = []

    async def connect(*where: Any, timeout: float | None = None, **more: Any) -> Any:
        limits.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(asyncpg, "connect", connect)
    for look in (list_jobs("x"), list_handlers_behind("x"), redrive_jobs("x", datetime.now(UTC))):
        with pytest.raises(TimeoutError):
            await look
    assert limits == [CONNECTING] * 3
