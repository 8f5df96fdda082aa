"""The import of people and households."""

from __future__ import annotations

import asyncpg
import pytest
from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values.errors import Refusal
from gongzhi_server import imports

OTHER_VILLAGE, GRID, WUZHEN = "610921100202", "610921100201-010203", "330483100201"
PERSONS = """
select p.name, p.gender, p.birth_date::text as birth, p.residence, p.needs, p.resident_id_mask as mask, g.code as grid,
  c.code as county, h.number as household, m.relation, m.since::text as since, m.until, p.version,
  array(select f.mask from people.phone f where f.person_id = p.id order by f.rank) as phones
from people.person p join grids.grid g on g.id = p.grid_id left join grids.grid c on c.id = p.county_id
left join people.membership m on m.person_id = p.id left join people.household h on h.id = m.household_id
order by p.id
"""


async def persons(db):
    return [dict(row) for row in await db.fetch(PERSONS)]


async def names(db):
    return [row["name"] for row in await persons(db)]


def faults(report, skips=True):
    return [(found.line, found.column, found.code) for found in report.problems if found.skips is skips]


async def counts(db):
    return await db.fetchrow(
        "select (select count(*) from people.person) persons, (select count(*) from people.household) households, "
        "(select count(*) from people.phone) phones, (select count(*) from people.membership) memberships, "
        "(select count(*) from people.batch) batches"
    )


# --- good rows ---


async def test_family_is_imported(run, db, sheet, person, resident_id):
    path = sheet(
        person(身份证号=resident_id("19900101"), 电话="13800000012、0915-5212345", 需求="走访"),
        person(
            姓名="测试乙",
            与户主关系="妻子",
            地址="",
            性别="",
            出生日期="",
            身份证号=resident_id("19910203", 2),
            网格编码="",
        ),
        person(
            姓名="测试丙",
            与户主关系="儿子",
            性别="男",
            出生日期="2015/3/4",
            居住类型="户籍人口",
            网格编码=OTHER_VILLAGE,
        ),
    )
    report = await run(path)
    assert (report.rows, report.added, report.households, report.count) == (3, 3, 1, 0)
    head, wife, son = await persons(db)
    assert head == {
        "name": "测试甲",
        "gender": "MALE",
        "birth": "1990-01-01",
        "residence": "RESIDENT",
        "needs": ["VISIT"],
        "mask": "****************12",
        "grid": GRID,
        "county": "610921",
        "household": "H001",
        "relation": "HEAD",
        "since": "2026-08-20",
        "until": None,
        "version": 1,
        "phones": ["*******0012", "*******2345"],
    }
    assert (wife["gender"], wife["birth"], wife["grid"]) == ("FEMALE", "1991-02-03", GRID)
    assert (son["relation"], son["residence"], son["grid"], son["mask"]) == ("CHILD", "REGISTERED", OTHER_VILLAGE, None)
    household = await db.fetchrow(
        "select h.address, p.name from people.household h join people.person p on p.id = h.head_id"
    )
    assert tuple(household) == ("城关镇甲村1号", "测试甲")
    batch = await db.fetchrow("select * from people.batch")
    assert (batch["id"], batch["kind"], batch["file"], batch["account"], batch["added"]) == (
        report.batch,
        "residents",
        "residents.csv",
        "operator",
        3,
    )


async def test_tier_follows_from_needs(run, db, sheet, person):
    await run(sheet(person(), person(户号="H002", 姓名="测试乙", 需求="走访，接送")))
    rows = await db.fetch(
        "select h.needs, h.tier, h.visit_due_on::text as due, t.tier as decided, t.rule, t.inputs ->> 'day' as day, "
        "t.inputs -> 'needs' ->> 0 as need, t.review_on::text as review from people.household h "
        "join people.tier t on t.household_id = h.id order by h.number"
    )
    rule, day, review = "service-tier/1", "2026-08-20", "2027-08-20"
    assert [tuple(row) for row in rows] == [
        ([], "UNCLASSIFIED", "infinity", "UNCLASSIFIED", rule, day, None, review),
        (["TRANSPORT", "VISIT"], "LIANXIN", "2026-09-20", "LIANXIN", rule, day, "TRANSPORT", review),
    ]


async def test_protected_values_sealed(run, db, sheet, person, resident_id, keys):
    number = resident_id("19900101")
    await run(sheet(person(身份证号=number.lower(), 电话="13800000012")))
    row = await db.fetchrow("select * from people.person")
    key = keys.unwrap("610921", row["data_key"])
    assert sealing.open_value(key, f"people.person.resident_id:{row['id']}", row["resident_id_sealed"]) == number
    assert row["resident_id_blind"] == keys.blind("610921", "resident_id", number)
    phone = await db.fetchrow("select * from people.phone")
    assert sealing.open_value(key, f"people.phone.number:{phone['id']}", phone["sealed"]) == "13800000012"
    assert (phone["kind"], phone["blind"]) == ("MOBILE", keys.blind("610921", "phone", "13800000012"))


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig"])
async def test_office_encodings_imported(run, db, sheet, person, encoding):
    report = await run(sheet(person(), encoding=encoding))
    assert report.encoding == {"gbk": "GB18030", "utf-8-sig": "UTF-8 with BOM"}[encoding]
    assert await names(db) == ["测试甲"]


async def test_workbook_is_imported(run, db, book, person, resident_id):
    row = person(身份证号=resident_id("19900101"), 电话=13800000012, 网格编码=int(OTHER_VILLAGE))
    report = await run(book(list(row), list(row.values())))
    assert (report.encoding, report.added, report.count) == ("XLSX", 1, 0)
    assert (await persons(db))[0]["phones"] == ["*******0012"]


async def test_legacy_id_converted(run, db, sheet, person):
    assert (await run(sheet(person(身份证号="610921900101001")))).added == 1
    assert (await persons(db))[0]["mask"] == "****************12"


async def test_counties_keep_apart(run, db, sheet, person, resident_id, keys):
    number = resident_id("19900101")
    report = await run(sheet(person(身份证号=number), person(户号="H002", 网格编码=WUZHEN, 身份证号=number)))
    assert (report.added, report.count) == (2, 0)
    rows = await db.fetch("select data_key, resident_id_blind from people.person order by id")
    assert rows[0]["resident_id_blind"] != rows[1]["resident_id_blind"]
    assert keys.unwrap("330483", rows[1]["data_key"])


async def test_progress_is_told(run, sheet, person):
    calls = []
    await run(sheet(person()), progress=lambda *call: calls.append(call))
    assert [(stage, done == total) for stage, done, total in calls] == [("read", True), ("write", True)]


# --- bad rows ---


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"身份证号": "610921199001010013"}, ("身份证号", "CHECK_DIGIT")),
        ({"身份证号": "61092119901301001X"}, ("身份证号", "DATE")),
        ({"身份证号": "6109**********0012"}, ("身份证号", "MASKED")),
        ({"身份证号": "6.10921199001010E+17"}, ("身份证号", "NUMBER")),
        ({"身份证号": "610921199001010012", "出生日期": "1990-01-02"}, ("出生日期", "CONTRADICTS")),
        ({"身份证号": "610921199001010012", "性别": "女"}, ("性别", "CONTRADICTS")),
        ({"出生日期": "1990-02-30"}, ("出生日期", "DATE")),
        ({"出生日期": "2030-01-01"}, ("出生日期", "FUTURE")),
        ({"电话": "138****0012"}, ("电话", "MASKED")),
        ({"电话": "12345"}, ("电话", "SHAPE")),
        ({"姓名": "测**"}, ("姓名", "MASKED")),
        ({"地址": "城关镇***"}, ("地址", "MASKED")),
        ({"姓名": ""}, ("姓名", "REQUIRED")),
        ({"户号": ""}, ("户号", "REQUIRED")),
        ({"户号": "1.23E+12"}, ("户号", "NUMBER")),
        ({"性别": "甲"}, ("性别", "WORD")),
        ({"与户主关系": "邻居"}, ("与户主关系", "WORD")),
        ({"居住类型": "游客"}, ("居住类型", "WORD")),
        ({"需求": "重点人员"}, ("需求", "WORD")),
        ({"网格编码": ""}, ("网格编码", "REQUIRED")),
        ({"网格编码": "610921100299"}, ("网格编码", "NO_GRID")),
        ({"网格编码": "610921100"}, ("网格编码", "COARSE_GRID")),
        ({"网格编码": "610921100201-990000"}, ("网格编码", "NO_GRID")),
        ({"网格编码": "6.10921E+11"}, ("网格编码", "NUMBER")),
        ({"地址": ""}, ("地址", "REQUIRED")),
    ],
)
async def test_bad_row_reported(run, db, sheet, person, cells, fault):
    report = await run(sheet(person(**cells), person(户号="H002", 姓名="测试好", 出生日期="1980-01-01")))
    assert faults(report) == [(2, *fault)]
    assert (report.rows, report.added, report.skipped) == (2, 1, 1)
    assert await names(db) == ["测试好"]
    value = cells[fault[0]]
    for language in ("en", "zh"):
        assert not value or value not in report.as_text(language)


async def test_every_fault_of_row(run, sheet, person):
    report = await run(sheet(person(身份证号="610921199001010013", 电话="1", 网格编码="x")))
    assert faults(report) == [(2, "身份证号", "CHECK_DIGIT"), (2, "电话", "SHAPE"), (2, "网格编码", "DIGITS")]
    assert (report.count, report.skipped) == (3, 1)


async def test_ended_grid_refused(run, db, sheet, person):
    await db.execute("update grids.grid set valid_to = '2026-01-01' where code = $1", GRID)
    assert faults(await run(sheet(person()))) == [(2, "网格编码", "NO_GRID")]


@pytest.mark.parametrize(
    ("relations", "addresses", "fault"),
    [
        (["配偶", "子"], ["一号", ""], ("与户主关系", "NO_HEAD")),
        (["户主", "户主"], ["一号", ""], ("与户主关系", "TWO_HEADS")),
        (["户主", "配偶"], ["一号", "二号"], ("地址", "TWO_ADDRESSES")),
        (["户主", "配偶"], ["", ""], ("地址", "REQUIRED")),
    ],
)
async def test_bad_household_left_out(run, db, sheet, person, relations, addresses, fault):
    report = await run(
        sheet(
            person(与户主关系=relations[0], 地址=addresses[0]),
            person(户号="H002", 姓名="测试好", 出生日期="1980-01-01"),
            person(与户主关系=relations[1], 地址=addresses[1], 姓名="测试乙"),
        )
    )
    assert faults(report) == [(2, *fault), (4, *fault)]
    assert (report.added, report.skipped) == (1, 2)
    assert await names(db) == ["测试好"]


async def test_bad_head_holds_household(run, db, sheet, person):
    report = await run(sheet(person(出生日期="1990-02-30"), person(姓名="测试乙", 与户主关系="配偶")))
    assert faults(report) == [(2, "出生日期", "DATE"), (3, "与户主关系", "NO_HEAD")]
    assert tuple(await counts(db)) == (0, 0, 0, 0, 0)
    assert report.batch is None


async def test_household_in_one_county(run, db, sheet, person):
    path = sheet(person(), person(姓名="测试乙", 与户主关系="配偶", 网格编码=WUZHEN))
    assert faults(await run(path)) == [(3, "网格编码", "OTHER_COUNTY")]
    assert faults(await run(sheet(person(姓名="测试丙", 网格编码=WUZHEN)))) == [(2, "网格编码", "NUMBER_TAKEN")]
    assert await names(db) == ["测试甲"]


async def test_missing_column_refused(run, db, sheet, person):
    row = person()
    del row["居住类型"]
    with pytest.raises(Refusal) as caught:
        await run(sheet(row))
    assert caught.value.code == "MISSING_COLUMNS"
    assert "居住类型" in str(caught.value)


# --- duplicates ---


async def test_second_import_adds_nothing(run, db, sheet, person, resident_id):
    path = sheet(person(身份证号=resident_id("19900101")), person(姓名="测试乙", 与户主关系="配偶"))
    await run(path)
    before = await persons(db)
    known = await db.fetchval("select id from people.person where resident_id_mask is not null")
    report = await run(path)
    assert (report.added, report.skipped, report.batch) == (0, 2, None)
    assert faults(report) == [(2, "", "DUPLICATE"), (3, "", "DUPLICATE")]
    assert report.problems[0].person == known
    assert report.problems[0].text.en == f"registered already: 测**, person {known}"
    assert await persons(db) == before


async def test_corrected_file_completes(run, db, sheet, person, resident_id):
    head = person(身份证号=resident_id("19900101"))
    await run(sheet(head, person(姓名="测试乙", 与户主关系="配偶", 电话="1")))
    report = await run(sheet(head, person(姓名="测试乙", 与户主关系="配偶", 电话="13800000012")))
    assert (report.added, report.households, report.skipped) == (1, 0, 1)
    assert [(row["name"], row["household"]) for row in await persons(db)] == [("测试甲", "H001"), ("测试乙", "H001")]


async def test_duplicates_within_file(run, db, sheet, person, resident_id):
    number = resident_id("19900101")
    report = await run(
        sheet(
            person(身份证号=number),
            person(户号="H002", 姓名="测试乙", 身份证号=number),
            person(姓名="测试甲", 与户主关系="其他"),
        )
    )
    assert faults(report) == [(3, "", "DUPLICATE_LINE"), (4, "", "DUPLICATE_LINE")]
    assert "line 2" in report.problems[0].text.en
    assert await names(db) == ["测试甲"]


async def test_namesake_is_imported(run, db, sheet, person):
    await run(sheet(person()))
    known = await db.fetchval("select id from people.person")
    report = await run(sheet(person(户号="H002"), person(户号="H003")))
    assert faults(report) == []
    assert faults(report, skips=False) == [
        (2, "姓名", "POSSIBLE_DUPLICATE"),
        (3, "姓名", "POSSIBLE_DUPLICATE"),
        (3, "姓名", "POSSIBLE_DUPLICATE_LINE"),
    ]
    assert report.problems[0].person == known
    assert (report.added, len(await names(db))) == (2, 3)


async def test_namesake_elsewhere_unremarked(run, sheet, person):
    await run(sheet(person()))
    assert (await run(sheet(person(户号="H002", 网格编码=OTHER_VILLAGE)))).count == 0


async def test_registered_head_stays(run, db, sheet, person):
    await run(sheet(person()))
    report = await run(sheet(person(姓名="测试乙"), person(姓名="测试丙", 与户主关系="子", 地址="二号", 需求="走访")))
    assert faults(report) == [(2, "与户主关系", "HEAD_TAKEN")]
    assert faults(report, skips=False) == [(3, "地址", "ADDRESS_KEPT"), (3, "需求", "NEEDS_KEPT")]
    assert await names(db) == ["测试甲", "测试丙"]
    assert await db.fetchval("select address from people.household") == "城关镇甲村1号"


async def test_rotated_keys_recognise(run, sheet, person, resident_id, keys):
    path = sheet(person(身份证号=resident_id("19900101")))
    await run(path)
    rotated = KeyRing({"k2": bytes(range(32, 64)), "k1": bytes(range(32))})
    assert faults(await run(path, keys=rotated)) == [(2, "", "DUPLICATE")]


async def test_update_changes_told_cells(run, db, sheet, person, resident_id, keys):
    number = resident_id("19900101")
    await run(sheet(person(身份证号=number, 电话="13800000012", 需求="走访")))
    told = {"身份证号": number, "姓名": "测试改", "电话": "13800000013", "居住类型": "流动", "网格编码": OTHER_VILLAGE}
    report = await run(sheet(person(**told)), on_duplicate="update")
    assert (report.added, report.changed, report.skipped, report.same) == (0, 1, 0, 0)
    assert faults(report, skips=False) == [(2, "", "DUPLICATE")]
    (row,) = await persons(db)
    assert (row["name"], row["residence"], row["grid"], row["version"]) == ("测试改", "FLOATING", OTHER_VILLAGE, 2)
    assert (row["needs"], row["phones"]) == (["VISIT"], ["*******0013"])
    raw = await db.fetchrow("select p.data_key, f.id, f.sealed from people.person p, people.phone f")
    key = keys.unwrap("610921", raw["data_key"])
    assert sealing.open_value(key, f"people.phone.number:{raw['id']}", raw["sealed"]) == "13800000013"


async def test_update_twice_same(run, db, sheet, person, resident_id):
    path = sheet(person(身份证号=resident_id("19900101"), 电话="13800000012"))
    await run(path)
    before = await persons(db)
    report = await run(path, on_duplicate="update")
    assert (report.changed, report.same, report.batch) == (0, 1, None)
    assert await persons(db) == before


async def test_update_adds_id(run, db, sheet, person, resident_id):
    await run(sheet(person()))
    await run(sheet(person(身份证号=resident_id("19900101"))), on_duplicate="update")
    (row,) = await persons(db)
    assert (row["mask"], row["version"]) == ("****************12", 2)


async def test_update_moves_nobody(run, db, sheet, person, resident_id):
    number = resident_id("19900101")
    await run(sheet(person(身份证号=number)))
    report = await run(sheet(person(户号="H002", 身份证号=number)), on_duplicate="update")
    assert faults(report, skips=False) == [(2, "", "DUPLICATE"), (2, "户号", "MEMBER_ELSEWHERE")]
    assert [row["household"] for row in await persons(db)] == ["H001"]
    assert await db.fetchval("select count(*) from people.household") == 1


# --- dry run ---


async def test_dry_run_foretells(run, db, sheet, person, resident_id):
    known = person(身份证号=resident_id("19900101"))
    await run(sheet(known))
    before = await counts(db), await persons(db)
    path = sheet(
        known | {"电话": "13800000012"},
        person(户号="H002", 姓名="测试乙"),
        person(户号="H002", 姓名="测试丙", 与户主关系="子", 电话="1"),
    )
    tried = await run(path, dry_run=True, on_duplicate="update")
    assert (await counts(db), await persons(db)) == before
    done = await run(path, on_duplicate="update")
    assert (tried.added, tried.changed, tried.skipped, tried.households) == (1, 1, 1, 1)
    same = ("encoding", "rows", "added", "changed", "skipped", "households", "problems", "count", "tally")
    assert [getattr(tried, name) for name in same] == [getattr(done, name) for name in same]
    assert (tried.batch, tried.dry_run) == (None, True)
    assert done.batch


# --- nothing half-written ---


async def test_failure_writes_nothing(run, db, sheet, person):
    await db.execute("alter table people.membership add constraint no check (relation <> 'CHILD')")
    with pytest.raises(asyncpg.CheckViolationError):
        await run(sheet(person(), person(姓名="测试乙", 与户主关系="子", 电话="13800000012")))
    assert tuple(await counts(db)) == (0, 0, 0, 0, 0)


async def test_race_is_refused(run, db, sheet, person, monkeypatch):
    """Somebody registers the household between look-up and writing."""
    begin = imports.batches.begin_batch

    async def late(connection, *arguments):
        grid = await db.fetchval("select id from grids.grid where code = $1", GRID)
        await db.execute(
            "insert into people.household (id, number, address, needs, income_band, tier, visit_due_on, grid_id, "
            "created_at, version) values (gen_random_uuid(), 'H001', 'x', '{}', 'UNKNOWN', 'UNCLASSIFIED', now(), $1, "
            "now(), 1)",
            grid,
        )
        return await begin(connection, *arguments)

    monkeypatch.setattr(imports.batches, "begin_batch", late)
    with pytest.raises(Refusal) as caught:
        await run(sheet(person()))
    assert caught.value.code == "CHANGED_MEANWHILE"
    assert caught.value.__suppress_context__  # the database's own error quotes values
    assert (await counts(db))["persons"] == 0


async def test_report_in_two_languages(run, sheet, person):
    report = await run(sheet(person(), person(户号="H002", 姓名="测试乙", 出生日期="1990-02-30")))
    assert report.as_text().splitlines() == [
        f"Imported (UTF-8, {report.seconds:.1f} s).",
        "Rows: 2. Added 1, changed 0, as they were 0, left out 1.",
        "Households added: 1.",
        f"Batch {report.batch}.",
        "residents.csv line 3, 出生日期: no such date: write it like 1990-01-31",
        "By kind: DATE 1.",
    ]
    assert "residents.csv 第 3 行 出生日期：日期不存在：请写成 1990-01-31 的样子" in report.as_text("zh")
