"""The import of grids by their codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from gongzhi.values.errors import Refusal
from gongzhi_server import imports

HEAD = "code,name,areaCode,provinceCode,cityCode\n"


async def grids(db):
    rows = await db.fetch("select code, name, version from grids.grid where valid_to is null order by code")
    return {row["code"]: (row["name"], row["version"]) for row in rows}


def faults(report):
    return [(found.file, found.line, found.column, found.code) for found in report.problems]


async def test_levels_in_any_order(dsn, db, write):
    villages = "code,name,streetCode,provinceCode,cityCode,areaCode\n"
    files = [
        write(villages + '610922101001,"子村",610922101,61,6109,610922\n', "villages.csv"),
        write(HEAD + "610922101,池河镇,610922,61,6109\n", "streets.csv"),
        write("code,name,cityCode,provinceCode\n610922,石泉县,6109,61\n", "areas.csv"),
    ]
    report = await imports.import_divisions(dsn, files)
    assert (report.rows, report.added, report.skipped) == (3, 3, 0)
    path = await db.fetchval(
        "select array_agg(up.code::text order by nlevel(up.path)) from grids.grid g join grids.grid up "
        "on up.path @> g.path where g.code = '610922101001'"
    )
    assert path == ["61", "6109", "610922", "610922101", "610922101001"]
    county = await db.fetchval(
        "select c.code from grids.grid g join grids.grid c on c.id = g.county_id where g.code = '610922101001'"
    )
    assert county == "610922"


async def test_second_run_changes_nothing(dsn, db, write):
    path = write(HEAD + "610921101,涧池镇,610921,61,6109\n610921102,蒲溪镇,610921,61,6109\n")
    assert (await imports.import_divisions(dsn, path)).added == 2
    before = await grids(db)
    report = await imports.import_divisions(dsn, path)
    assert (report.added, report.changed, report.skipped, report.same) == (0, 0, 0, 2)
    assert await grids(db) == before


async def test_name_is_updated(dsn, db, write):
    before = await grids(db)
    report = await imports.import_divisions(dsn, write("code,name\n610921100,城关街道\n61,陕西省\n"))
    assert (report.added, report.changed, report.same) == (0, 1, 1)
    assert await grids(db) == before | {"610921100": ("城关街道", 2)}


async def test_padded_codes_understood(dsn, db, write):
    report = await imports.import_divisions(dsn, write(HEAD + "610921101000,涧池镇,610921000000,61,610900000000\n"))
    assert (report.added, report.count) == (1, 0)
    assert "610921101" in await grids(db)


async def test_village_grids_too(dsn, db, book):
    report = await imports.import_divisions(dsn, book(["网格编码", "名称"], ["610921100202-010000", "乙村一片"]))
    assert (report.encoding, report.added) == ("XLSX", 1)
    assert await db.fetchval("select kind from grids.grid where name = '乙村一片'") == "GRID_1"


async def test_bad_rows_stop_nothing(dsn, db, write):
    path = write(
        HEAD
        + "610921101,涧池镇,610921,61,6109\n"  # 2
        + "61092110x,坏镇,610921,61,6109\n"
        + "6109211,坏镇,610921,61,6109\n"
        + "610921103,,610921,61,6109\n"
        + "610921101,涧池镇,610921,61,6109\n"  # 6
        + "610921104,坏镇,610922,61,6109\n"
        + "610999100,坏镇,610999,61,6109\n"
        + "610921105,坏镇\n"
        + "6.10921E+8,坏镇,610921,61,6109\n"  # 10
        + f"610921106,{'长' * 101},610921,61,6109\n"
        + "610921107,双乳镇,610921,61,6109\n",
        "streets.csv",
    )
    before = await grids(db)
    report = await imports.import_divisions(dsn, path)
    assert faults(report) == [
        ("streets.csv", 3, "code", "DIGITS"),
        ("streets.csv", 4, "code", "LENGTH"),
        ("streets.csv", 5, "name", "REQUIRED"),
        ("streets.csv", 6, "code", "TWICE"),
        ("streets.csv", 7, "areaCode", "PREFIX"),
        ("streets.csv", 8, "code", "NO_PARENT"),
        ("streets.csv", 9, "", "CELLS"),
        ("streets.csv", 10, "code", "NUMBER"),
        ("streets.csv", 11, "name", "LONG"),
    ]
    assert (report.rows, report.added, report.skipped) == (11, 2, 9)
    assert await grids(db) == before | {"610921101": ("涧池镇", 1), "610921107": ("双乳镇", 1)}


async def test_faults_of_cascade_counted(dsn, write):
    lines = "".join(
        f"6109{n:02}100,镇,6109{n:02},61,6109\n6109{n:02}101,镇,6109{n:02},61,6109\n" for n in range(30, 99)
    )
    many = "".join(f"610998{n:03}{m:03},村,6109{n % 100:02},61,6109\n" for n in range(100, 113) for m in range(1, 100))
    report = await imports.import_divisions(dsn, write(HEAD + lines + many))
    assert report.added == 0
    assert len(report.problems) == 1000
    assert report.count == report.skipped == report.rows == 138 + 13 * 99


async def test_ended_code_stays_ended(dsn, db, write):
    await db.execute("update grids.grid set valid_to = '2025-01-01' where code = '330483100201'")
    report = await imports.import_divisions(dsn, write("code,name\n330483100201,丙村\n330483100202,丁村\n"))
    assert faults(report) == [("table.csv", 2, "code", "ENDED")]
    assert "2025-01-01" in report.problems[0].text.en
    assert (report.added, report.skipped) == (1, 1)


async def test_renewed_code_is_current(dsn, db, write):
    """A code that ended and was given again is one row that is current; an import finds that one."""
    await db.execute("update grids.grid set valid_to = '2025-01-01' where code = '330483100201'")
    await db.execute(
        "insert into grids.grid (code, name, kind, use, parent_id, version) "
        "select '330483100201', '新村', 'VILLAGE', 'BASE', id, 1 from grids.grid where code = '330483100'"
    )
    report = await imports.import_divisions(dsn, write("code,name\n330483100201,新丙村\n"))
    assert (report.added, report.changed, report.count) == (0, 1, 0)
    names = await db.fetch("select name from grids.grid where code = '330483100201' order by id")
    assert [row["name"] for row in names] == ["丙村", "新丙村"]


async def test_unreadable_file_writes_nothing(dsn, db, tmp_path):
    path = tmp_path / "broken.csv"
    path.write_bytes("code,name\n610922,石泉县\n".encode() + b"\xff\xff\n")
    before = await grids(db)
    with pytest.raises(Refusal) as caught:
        await imports.import_divisions(dsn, path)
    assert caught.value.code == "ENCODING"
    assert await grids(db) == before


async def test_dry_run_writes_nothing(dsn, db, write):
    path = write("code,name\n610922,石泉县\n610923,\n61,秦\n")
    before = await grids(db)
    tried = await imports.import_divisions(dsn, path, dry_run=True)
    assert (tried.added, tried.changed, tried.skipped) == (1, 1, 1)
    assert await grids(db) == before
    done = await imports.import_divisions(dsn, path)
    assert (done.added, done.changed, done.problems) == (tried.added, tried.changed, tried.problems)


async def test_folder_and_progress(dsn, write, tmp_path):
    write("code,name\n610922,石泉县\n", "areas.csv")
    write(HEAD + "610922101,池河镇,610922,61,6109\n", "streets.csv")
    write("not read", "notes.txt")
    calls = []
    report = await imports.import_divisions(dsn, tmp_path, lambda *call: calls.append(call))
    assert report.added == 2
    size = sum(path.stat().st_size for path in tmp_path.glob("*.csv"))
    assert ("read", size, size) in calls
    assert calls[-2:] == [("county", 1, 1), ("town", 1, 1)]


async def test_empty_folder_refused(dsn, tmp_path: Path):
    with pytest.raises(Refusal) as caught:
        await imports.import_divisions(dsn, tmp_path)
    assert caught.value.code == "NO_FILE"
