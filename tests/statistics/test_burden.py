"""What grid workers are asked for, counted from the forms, and forms that ask for nothing that is on file."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from gongzhi.registers.kpis import KPIS
from gongzhi.statistics import burden
from gongzhi_server.testing import Server

from .ground import GROUP, Ground
from .test_figures import lead, statistics

ON_FILE = {
    "name", "phone", "gender", "resident_id", "birth_date", "address", "town", "village", "county", "unit", "role",
    "worker", "reporter", "household_number", "head", "reported_at", "weekday",
}  # fmt: skip


def test_forms_ask_for_nothing_on_file() -> None:
    """What the system knows is never a required field (一次采集、多方调用)."""
    for form in burden.FORMS:
        assert not ON_FILE & set(burden.asked_for(form)), form.__name__
    assert burden.asked_for(burden.RecordVisitInput) == ("household", "at", "note")


def test_standard_times_are_published() -> None:
    formula = next(one.formula.en for one in KPIS if one.name == "minutesPerWorkerWeek")
    assert f"{burden.SECONDS} s × fields" in formula and f"{burden.PHOTO} s × photos" in formula


async def test_burden_by_hand(small: Server, ground: Ground) -> None:
    """Ten workers, a week, twenty reports of which ten were settled in the grid, and thirty patrols."""
    await workers(ground, 10)
    for at in range(20):
        done = {"status": "CLOSED", "settled": "2026-03-03T09:00", "level": "GRID"} if at < 10 else {}
        await ground.case("2026-03-02T09:00", channel="GRID_WORKER", **done)  # type: ignore[arg-type]
    for _ in range(30):
        await ground.connection.execute(
            "insert into patrols.patrol (id, grid_id, patroller_id, at, found, recorded_at) "
            "select $1, g.id, $2, $3, 'x', $3 from grids.grid g where g.code = $4",
            uuid4(), None, datetime(2026, 3, 8, 23, 59, tzinfo=ZoneInfo("Asia/Shanghai")), GROUP,
        )  # fmt: skip
    await ground.rebuild()
    selection = "burden { fieldsPerWorkerWeek photosPerWorkerWeek minutesPerWorkerWeek }"
    found = await statistics(lead(small), selection, since="2026-03-02", until="2026-03-08")
    fields = 20 * burden.REPORT + 10 * burden.SETTLE + 30 * burden.PATROL
    assert found["burden"] == {
        "fieldsPerWorkerWeek": round(fields / 10, 2),
        "photosPerWorkerWeek": 0,
        "minutesPerWorkerWeek": round(fields * 15 / 60 / 10, 2),
    }


async def test_nothing_of_few_workers(small: Server, ground: Ground) -> None:
    await workers(ground, 9)
    await ground.case("2026-03-02T09:00", channel="GRID_WORKER")
    await ground.rebuild()
    assert await statistics(lead(small), "burden { fieldsPerWorkerWeek }") == {"burden": None}


async def workers(ground: Ground, count: int) -> list[UUID]:
    keys = [uuid4() for _ in range(count)]
    async with ground.connection.transaction():
        await ground.connection.execute("set local session_replication_role = replica")  # posts of nobody in particular
        for key in keys:
            await ground.connection.execute(
                "insert into people.post (id, grid_id, duty, person_id, since) "
                "select $1, g.id, 'GRID_WORKER', $2, '2020-01-01' from grids.grid g where g.code = $3",
                uuid4(), key, GROUP,
            )  # fmt: skip
    return keys
