"""What grid workers are asked for, counted from the forms, and forms that ask for nothing that is on file."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from gongzhi_server.testing import Server
from gongzhi_statistics import burden
from gongzhi_statistics.kpis import KPIS

from .sample_cases import GROUP, Ground
from .test_figures import lead, statistics

shared = pytest.mark.asyncio(loop_scope="module")
ON_FILE = {
    "name", "phone", "gender", "resident_id", "birth_date", "address", "town", "village", "county", "unit", "role",
    "worker", "reporter", "household_number", "head", "reported_at", "weekday",
}  # fmt: skip


def test_forms_ask_for_nothing_on_file() -> None:
    """What the system knows is never a required field (一次采集、多方调用)."""
    for form in burden.FORMS:
        assert not ON_FILE & set(burden.required_fields(form)), form.__name__
    assert burden.required_fields(burden.RecordVisitInput) == ("household", "at", "note")


def test_standard_times_are_published() -> None:
    formula = next(one.formula.en for one in KPIS if one.name == "minutesPerWorkerWeek")
    assert f"{burden.SECONDS} s × fields" in formula and f"{burden.PHOTO} s × photos" in formula


@shared
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
    selection = "burden { fieldsPerWorkerWeek prefilledPerWorkerWeek photosPerWorkerWeek minutesPerWorkerWeek }"
    found = await statistics(lead(small), selection, since="2026-03-02", until="2026-03-08")
    fields = 20 * burden.REPORT + 10 * burden.SETTLE + 30 * burden.PATROL
    assert found["burden"] == {
        "fieldsPerWorkerWeek": round(fields / 10, 2),
        "prefilledPerWorkerWeek": (20 + 30) / 10,  # the channel of a report, the grid of a patrol
        "photosPerWorkerWeek": 0,
        "minutesPerWorkerWeek": round(fields * 15 / 60 / 10, 2),
    }


@shared
async def test_prefilled_forms(shared_server: Server, shared_database: str) -> None:
    """A worker is known by the post, a resident by the household, and a stranger not at all."""
    server = shared_server
    asked = "query($f: PrefilledForm!) { prefill(form: $f) { field value } }"

    async def known(caller: Server, form: str) -> dict[str, str]:
        return {one["field"]: one["value"] for one in (await caller.ask(asked, f=form)).data["prefill"]}

    connection = await asyncpg.connect(shared_database)
    worker = await connection.fetchrow(
        "select p.person_id::text as person, g.code as grid from people.post p join grids.grid g on g.id = p.grid_id "
        "where p.duty = 'GRID_WORKER' and p.until is null limit 1"
    )
    home = await connection.fetchrow(
        "select m.person_id::text as person, h.address, g.code as grid from people.membership m "
        "join people.household h on h.id = m.household_id join people.person r on r.id = m.person_id "
        "join grids.grid g on g.id = r.grid_id where m.until is null "
        "and not exists(select from people.post p where p.person_id = r.id) limit 1"
    )
    caller = server.as_("grid_worker", grid=worker["grid"], person=worker["person"])
    assert await known(caller, "REPORT_CASE") == {"channel": "GRID_WORKER"}  # nobody knows in which of several grids
    await connection.execute(
        "update people.post set until = '2026-06-30' where person_id = $1::uuid "
        "and grid_id <> (select id from grids.grid where code = $2)", worker["person"], worker["grid"],
    )  # fmt: skip
    await connection.close()
    assert await known(caller, "REPORT_CASE") == {"channel": "GRID_WORKER", "grid": worker["grid"]}
    assert await known(caller, "RECORD_PATROL") == {"grid": worker["grid"]}
    resident = server.as_("resident", person=home["person"])
    assert await known(resident, "REPORT_CASE") == {"address": home["address"], "grid": home["grid"]}
    assert await known(resident, "RECORD_PATROL") == await known(server, "REPORT_CASE") == {}


@shared
async def test_nothing_of_few_workers(small: Server, ground: Ground) -> None:
    await workers(ground, 9)
    await ground.case("2026-03-02T09:00", channel="GRID_WORKER")
    await ground.rebuild()
    assert await statistics(lead(small), "burden { fieldsPerWorkerWeek }") == {"burden": None}


@shared
async def test_county_tells_of_more_workers_alone(small: Server, ground: Ground) -> None:
    """A county may ask for more than ten, and not for fewer."""
    await workers(ground, 10)
    assert (await statistics(lead(small), "burden { fieldsPerWorkerWeek }"))["burden"] is not None
    for value, code in (("9", ["BAD_USER_INPUT"]), ("11", [])):
        given = {"setting": "statistics.workers", "county": "610921", "value": value}
        done = await small.as_("administrator").do("setCountySetting", "errors { code }", **given)
        assert [one["code"] for one in done["errors"]] == code
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
