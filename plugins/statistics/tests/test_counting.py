"""Sums that follow events are the sums of counting anew, whatever happened, in whatever order it was told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg
import pytest
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import ESSENTIAL, Server, settings_for_tests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .sample_cases import COUNTY, OTHER, SUMS, VILLAGE, Ground, china

pytestmark = pytest.mark.asyncio(loop_scope="module")

STEPS = (
    "update cases.case set status = 'ACCEPTED'",
    "update cases.case set status = 'CLOSED', settled_at = reported_at + interval '30 hours', settled_level = 'TOWN'",
    "update cases.case set status = 'REPLIED', settled_at = reported_at + interval '1 hour', settled_level = 'GRID'",
    "update cases.case set status = 'HANDLING', settled_at = null",
    "update cases.rating set rating = 5 - rating, solved = not solved",
    "update cases.rating set counts = not counts",
    "update cases.case set status = 'VOIDED'",
    "update cases.case set series = 'SEALED'",
    "update clocks.clock set due_at = due_at + interval '3 days', extensions = '[1]'",
    "update clocks.clock set due_at = 'infinity'",
    "update dispatch.work_order set state = 'RETURNED', finished_at = issued_at + interval '20 hours'",
)
TOLD = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(STEPS), st.booleans(), st.integers(1, 3)), max_size=25)


@pytest.mark.parametrize("seed", [1])
async def test_incremental_equals_rebuilt(ground: Ground, seed: int) -> None:
    """Each example goes on from where the one before left the cases."""
    random = Random(seed)
    cases = [
        await ground.case(
            f"2026-03-{random.randint(1, 28):02}T{random.randint(0, 23):02}:30",
            due="2026-03-30T00:00",
            unit=random.choice(["POWER", "WATER"]),
            grid=random.choice([VILLAGE, OTHER, COUNTY]),
        )
        for _ in range(6)
    ]
    for at, case in enumerate(cases):
        await ground.rating(case, china(f"2026-03-{at + 3:02}T10:00"), at % 5 + 1, unit=ground.units["POWER"])
        await ground.count(case)
    loop = asyncio.get_running_loop()

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(TOLD)
    def story(told: list[tuple[int, str, bool, int]]) -> None:
        asyncio.run_coroutine_threadsafe(happen(told), loop).result()

    async def happen(told: list[tuple[int, str, bool, int]]) -> None:
        late: set[UUID] = set()
        for at, step, delayed, times in told:
            key = "id" if "cases.case " in step else "case_id"
            await ground.connection.execute(f"{step} where {key} = $1", cases[at])
            if delayed:
                late.add(cases[at])
                continue
            for _ in range(times):  # told more than once
                await ground.count(cases[at])
        for case in late:
            await ground.count(case)
        followed = await ground.sums()
        assert followed == await ground.rebuild()
        assert all(min(row[5:]) >= 0 for row in followed)

    await asyncio.to_thread(story)


async def test_events_move_figures(
    shared_server: Server, shared_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over HTTP: what a case's steps do to the sums, once the handler has heard of them."""
    server, database = shared_server, shared_database
    connection = await asyncpg.connect(database)
    today = "select sum(reported), sum(completed) from statistics.rollup r "
    today += "join grids.grid g on g.id = r.grid_id and not r.monthly "
    today += "where g.code = '610921' and dimension = 'ALL' and day = '2026-06-30'"
    reported, completed = await connection.fetchrow(today) or (0, 0)
    matter = {"kind": "HELP", "channel": "MINI_APP", "category": "utilities.electricity", "title": "停电"}
    place = {"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"}
    payload = await server.do("reportCase", "case { number grid { code } }", **matter, description="d", place=place)
    case = payload["case"]
    worker = server.as_("grid_worker", grid=case["grid"]["code"])
    await worker.do("handleInGrid", "case { number }", number=case["number"], expectedVersion=1, text="已处理。")
    tally = await server.worker.drain()
    assert not tally.failed
    assert tuple(await connection.fetchrow(today)) == ((reported or 0) + 1, (completed or 0) + 1)
    followed = [tuple(row) for row in await connection.fetch(SUMS)]
    [errand] = ESSENTIAL.errands["statistics"]
    capsys.readouterr()
    assert (
        await run_errand(
            settings_for_tests(database, tmp_path), database, "statistics", errand, {}, server.clock, ESSENTIAL
        )
        == 0
    )
    counted = await connection.fetchval("select count(*) from statistics.fact")
    assert counted > 0 and capsys.readouterr().out == f"{counted:,} cases counted (已统计).\n"
    assert followed == [tuple(row) for row in await connection.fetch(SUMS)]
    await connection.close()


async def test_moved_deadlines_followed(ground: Ground) -> None:
    """A new calendar tells nobody of each deadline it moves, and the database notes the cases."""
    await ground.case("2026-03-02T09:00", due="2026-03-09T18:00")
    before = await ground.rebuild()
    await ground.connection.execute("update clocks.clock set due_at = due_at + interval '2 days'")
    await ground.follow()
    after = await ground.sums()
    assert after != before and after == await ground.rebuild()


async def test_missed_cases_found(ground: Ground) -> None:
    """A case that no handler heard of, such as one that was imported."""
    await ground.case("2026-03-02T09:00")
    assert await ground.sums() == []
    await ground.follow()
    assert (found := await ground.sums()) and found == await ground.rebuild()


async def test_second_waits_for_first(ground: Ground) -> None:
    """Two who count a case that was never counted: neither fails, and it counts once."""
    case = await ground.case("2026-03-02T09:00", due="2026-03-09T18:00")
    other = await asyncpg.connect(ground.dsn)
    async with ground.connection.transaction():
        await ground.count(case)
        second = asyncio.create_task(other.execute("select statistics.count($1)", [case]))
        watcher = await asyncpg.connect(ground.dsn)
        while not await watcher.fetchval("select exists(select from pg_locks where not granted)"):
            assert not second.done()
        await watcher.close()
    await second
    await other.close()
    assert (found := await ground.sums()) and found == await ground.rebuild()
