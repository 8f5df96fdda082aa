"""Imports taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from gongzhi.values.errors import Refusal
from gongzhi_server import imports

LATER = datetime(2026, 8, 21, 1, tzinfo=UTC)
LEFT = """
select (select count(*) from people.person), (select count(*) from people.household),
  (select count(*) from people.phone), (select count(*) from people.membership)
"""


@pytest.fixture
async def batch(run, sheet, person):
    """A household of two, imported."""
    path = sheet(person(电话="13800000012"), person(姓名="测试乙", 与户主关系="配偶", 出生日期="1991-01-01"))
    return (await run(path)).batch


async def refused(dsn, batch):
    with pytest.raises(Refusal) as caught:
        await imports.undo_batch(dsn, batch, LATER)
    return caught.value


async def test_undo_removes_batch(dsn, db, run, sheet, person, batch):
    await run(sheet(person(户号="H002", 姓名="测试留", 出生日期="1980-01-01")))
    assert await imports.undo_batch(dsn, batch, LATER) == imports.UndoneImport(batch, people=2, households=1)
    assert tuple(await db.fetchrow(LEFT)) == (1, 1, 0, 1)
    assert await db.fetchval("select undone_at from people.batch where id = $1", batch) == LATER


async def test_import_and_undo_are_acts(dsn, db, run, sheet, person, batch):
    """As mutations are, each with the batch it was about; a dry run and what changes nothing are none."""
    await imports.undo_batch(dsn, batch, LATER)
    await refused(dsn, batch)
    await run(sheet(person(户号="H002", 姓名="测试留")), dry_run=True)
    rows = await db.fetch("select account, mutation, objects from access.act where mutation ~ '[iI]mport' order by at")
    assert rows.pop()["mutation"] == "importDivisions"  # the grids that are there, imported by the clock of today
    assert [(row["mutation"], row["objects"]) for row in rows] == [
        ("importResidents", [f"Batch:{batch}"]),
        ("undoImport", [f"Batch:{batch}"]),
    ]
    assert rows[1]["account"] == "console"


async def test_second_undo_refused(dsn, batch):
    await imports.undo_batch(dsn, batch, LATER)
    refusal = await refused(dsn, batch)
    assert (refusal.code, str(refusal)) == ("UNDONE", "this import was undone on 2026-08-21")


async def test_unknown_batch_refused(dsn):
    assert (await refused(dsn, uuid4())).code == "NO_BATCH"


async def test_import_after_undo(dsn, db, run, sheet, person, batch, resident_id):
    await imports.undo_batch(dsn, batch, LATER)
    assert (await run(sheet(person(身份证号=resident_id("19900101"))))).added == 1


async def test_joined_member_undone_alone(dsn, db, run, sheet, person, batch):
    joined = await run(sheet(person(姓名="测试丙", 与户主关系="子", 出生日期="2015-01-01")))
    assert (joined.added, joined.households) == (1, 0)
    refusal = await refused(dsn, batch)
    assert "people.membership: 1" in str(refusal)
    assert await imports.undo_batch(dsn, joined.batch, LATER) == imports.UndoneImport(
        joined.batch, people=1, households=0
    )
    assert (await imports.undo_batch(dsn, batch, LATER)).people == 2


VISIT = """
insert into people.visit (id, household_id, at, note, recorded_at, account, grid_id)
select gen_random_uuid(), id, now(), 'x', now(), 'x', grid_id from people.household
"""
AWARD = """
insert into people.award (id, household_id, kind, year)
select gen_random_uuid(), id, 'x', 2025 from people.household
"""
POST = """
insert into people.post (id, grid_id, duty, person_id, since)
select gen_random_uuid(), grid_id, 'GRID_WORKER', id, now() from people.person where name = '测试乙'
"""
MOVE = """
with out as (update people.membership m set until = now() from people.person p
  where p.id = m.person_id and p.name = '测试乙' returning m.person_id, m.household_id)
insert into people.membership (id, household_id, person_id, relation, since)
select gen_random_uuid(), household_id, person_id, 'OTHER', now() from out
"""
HEAD = """
insert into people.household (id, number, address, head_id, needs, income_band, tier, visit_due_on, grid_id, created_at,
  version) select gen_random_uuid(), 'H9', 'x', id, '{}', 'UNKNOWN', 'UNCLASSIFIED', now(), grid_id, now(), 1
from people.person where name = '测试乙'
"""
TIER = """
insert into people.tier (id, household_id, tier, rule, inputs, reasons, decided_at, review_on)
select gen_random_uuid(), id, 'GUANXIN', 'x', '{}', '[]', now(), now() from people.household;
"""
CONTEST = (
    TIER
    + """
insert into rights.review (id, decision_id, household_id, grid_id, asked_at, due_at, state, version)
select gen_random_uuid(), t.id, h.id, h.grid_id, now(), now(), 'OPEN', 1
from people.tier t join people.household h on h.id = t.household_id where t.rule = 'x';
"""
)
PLUGIN = """
create table public."Loan" (id int primary key, "Borrower" uuid references people.person);
insert into public."Loan" select 1, id from people.person where name = '测试乙'
"""


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (VISIT, "people.visit: 1"),
        (AWARD, "people.award: 1"),
        (POST, "people.post: 1"),
        (MOVE, "people.membership: 2"),
        (HEAD, "people.household: 1"),
        (CONTEST, "rights.review: 1"),
        (PLUGIN, "public.Loan: 1"),
    ],
)
async def test_use_forbids_undo(dsn, db, batch, use, told):
    await db.execute(use)
    before = await db.fetchrow(LEFT)
    refusal = await refused(dsn, batch)
    assert (refusal.code, told in str(refusal)) == ("REFERRED", True)
    assert await db.fetchrow(LEFT) == before
    assert await db.fetchval("select undone_at from people.batch where id = $1", batch) is None


async def test_derived_tier_goes(dsn, db, batch):
    await db.execute(TIER)
    assert (await imports.undo_batch(dsn, batch, LATER)).households == 1
    assert await db.fetchval("select count(*) from people.tier") == 0


async def test_changes_outlast_undo(dsn, db, run, sheet, person, batch):
    """What an import changed in somebody registered before stays changed."""
    row = person(电话="13800000099")
    changed = await run(sheet(row, person(户号="H002", 姓名="测试丁")), on_duplicate="update")
    assert (changed.added, changed.changed) == (1, 1)
    assert (await imports.undo_batch(dsn, changed.batch, LATER)).people == 1
    assert await db.fetchval("select mask from people.phone") == "*******0099"
