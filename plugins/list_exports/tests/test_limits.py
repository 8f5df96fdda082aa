"""What an export may not do: go out on one person's word, last, grow, or hold more than the list does."""

from __future__ import annotations

import asyncio
import csv
import io
from uuid import uuid4

from gongzhi_list_exports import row_marks
from gongzhi_list_exports.sheets import disarm_formula
from gongzhi_server.testing import Server, codes_of
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from .conftest import COUNTY, NAMES, OPEN, House
from .test_story import table

TITLES = "{ cases { nodes { number title } } }"


async def test_files_are_made_for_accounts(house: House) -> None:
    """Somebody whose account is not on file may export, and nobody could say later who had the file."""
    asked = await house.ask(by=house.named("county_dispatcher", "nobody-on-file"))
    assert [(one["code"], one["path"]) for one in asked["errors"]] == [("UNAUTHENTICATED", [])]


async def test_two_people_it_takes(house: House) -> None:
    person = await house.database.fetchval("select id from people.person order by id limit 1")
    await house.database.execute("update accounts.account set person_id=$1 where name='diaodu'", person)
    export = (await house.ask(NAMES))["export"]
    same = house.named("data_protection_officer", "diaodu")
    twin = house.named("data_protection_officer", "other", person=f"Person:{person}")
    for one in (same, twin):
        assert codes_of((await house.release(export, one))["errors"]) == ["FOUR_EYES"]
    town = await house.database.fetchval("select code from grids.grid where kind='TOWN' order by code limit 1")
    far, colleague = house.named("data_protection_officer", "zhen", town), house.named("county_dispatcher", "else")
    for one in (far, colleague):
        assert (await one.ask("{ bulkExports { totalCount } }")).data["bulkExports"]["totalCount"] == 0
        assert await house.link(export, one) is None
    assert codes_of((await house.release(export, far))["errors"]) == ["NOT_FOUND"]
    refused = await house.officer.do(
        "refuseBulkExport", "export { state grounds }", export=export["id"], expectedVersion=1, grounds="范围过大"
    )
    assert refused["export"] == {"state": "REFUSED", "grounds": "范围过大"}
    assert codes_of((await house.release({**export, "version": 2}))["errors"]) == ["ILLEGAL_TRANSITION"]
    assert await house.link(export) is None


async def test_nothing_lasts(house: House) -> None:
    waiting, ready = (await house.ask(NAMES))["export"], await house.released(OPEN)
    path = await house.link(ready)
    assert path
    house.server.clock.move(minutes=11)
    assert (await house.server.client.get(path)).status_code == 404  # the link is over, and another is not
    assert (await house.fetch(ready)).status_code == 200
    house.server.clock.move(hours=24)
    house.asker = house.named("county_dispatcher", "diaodu")
    house.officer = house.named("data_protection_officer", "baohu")
    assert codes_of((await house.release(waiting))["errors"]) == ["ILLEGAL_TRANSITION"]
    assert await house.link(ready) is None
    query = "{ bulkExports(filter: { state: { equals: EXPIRED } }) { nodes { number state } } }"
    found = (await house.officer.ask(query)).data["bulkExports"]["nodes"]
    assert {one["number"] for one in found} == {waiting["number"], ready["number"]}


async def test_link_is_the_askers(house: House) -> None:
    export = await house.released(TITLES)
    stranger = await house.fetch(export, **house.officer.headers)
    assert stranger.status_code == 404 and "diaodu" not in stranger.text
    assert (await house.fetch(export, authorization="Bearer nonsense")).status_code == 404
    assert (await house.fetch(export, **house.asker.headers)).status_code == 200
    path = await house.link(export)
    assert path
    assert (await house.server.client.head(path)).status_code == 405
    assert await house.database.fetchval("select fetches from exports.export") == 1
    spoilt = path[:-1] + ("A" if path[-1] != "A" else "B")
    assert (await house.server.client.get(spoilt)).status_code == 404
    await house.database.execute("update exports.export set rows = 1")
    grown = await house.server.client.get(path)
    assert grown.status_code == 409 and "grown" in grown.text
    await house.database.execute("update exports.export set rows = $1, fetches = 4", export["rows"])
    assert (await house.server.client.get(path)).status_code == 200
    assert (await house.server.client.get(path)).status_code == 404  # that was the fifth time
    await house.database.execute("update exports.export set fetches = 0")
    await house.database.execute("update accounts.holding set role = 'auditor' where role = 'county_dispatcher'")
    assert (await house.server.client.get(path)).status_code == 404


async def test_quota_holds_under_haste(house: House) -> None:
    asked = await asyncio.gather(*(house.ask(NAMES) for _ in range(20)))
    done = [one for one in asked if not one["errors"]]
    assert len(done) == 16  # 300 rows each, of 5000
    spent = await house.database.fetchval("select sum(rows) from exports.export")
    assert spent == 4800
    [refused] = next(one["errors"] for one in asked if one["errors"])
    assert refused["code"] == "QUOTA_EXCEEDED" and "200 of your 5000" in refused["message"]
    await house.officer.do(
        "refuseBulkExport", "export { state }", export=done[0]["export"]["id"], expectedVersion=1, grounds="x"
    )
    assert (await house.ask(NAMES))["errors"] == []
    assert codes_of((await house.ask(NAMES))["errors"]) == ["QUOTA_EXCEEDED"]
    house.server.clock.move(days=1)
    assert (await house.ask(NAMES, house.named("county_dispatcher", "diaodu")))["errors"] == []


WRONG = (
    ("mutation { acceptCase(input: {}) { case { id } } }", "one query"),
    ("subscription { caseEvents { id } }", "one query"),
    ("{ cases { nodes { number } } people { nodes { name } } }", "one list"),
    ("{ me { account } }", "one list"),
    ("{ households { nodes { number } } }", "one list"),
    ("{ ...Q } fragment Q on Query { cases { nodes { number } } }", "one list"),
    ("{ cases { totalCount } }", "nodes and nothing else"),
    ("{ cases(first: 5) { nodes { number } } }", "leave out first"),
    ("{ cases { nodes { number timeline { type } } } }", "timeline is a list"),
    ("{ cases { nodes { events { nodes { type } } } } }", "events.nodes is a list"),
    ("{ cases { nodes { nonsense } } }", "nonsense"),
    ("{ cases { nodes { number } }", "Syntax Error"),
    ("{ cases(filter: { number: { equals: 5 } }) { nodes { number } } }", "String"),
    ("query($a: String!) { cases(filter: { number: { equals: $a } }) { nodes { number } } }", "$a"),
)


async def test_other_documents_are_refused(house: House) -> None:
    for document, said in WRONG:
        [error] = (await house.ask(document))["errors"]
        assert (error["code"], error["path"]) == ("BAD_USER_INPUT", ["document"])
        assert said in error["message"], document


async def test_file_is_the_list(house: House) -> None:
    """Whatever the filter and the grid, a file has the rows and values of the list, but for tip-offs."""
    grids = await house.database.fetch(
        "(select code from grids.grid where kind='TOWN' and valid_to is null order by code limit 2) union all "
        "(select code from grids.grid where kind='VILLAGE' and valid_to is null order by code limit 1)"
    )
    filters = ("", "status: { equals: CLOSED }", "light: { in: [RED, AMBER] }", "selfHandled: { equals: true }")
    compared, sealed = 0, await tipped(house)
    for grid in (COUNTY, *(row["code"] for row in grids)):
        for one in filters:
            listed = await everything(house.asker, grid, one)
            payload = await house.ask(f"{{ cases(filter: {{ {one} }}) {{ {NODES} }} }}", grid=grid)
            if not listed:
                assert codes_of(payload["errors"]) == ["BAD_USER_INPUT"]
                continue
            export = payload["export"]
            if export["state"] == "WAITING":
                await house.release(export)
            rows = [row[:-1] for row in table(await house.fetch(export))[1:]]
            assert rows == [row for row in listed if row[0] not in sealed]
            await house.database.execute("update exports.export set state = 'REFUSED'")  # the quota is not the matter
            compared += len(rows)
    assert compared > 100


async def test_complaints_against_ones_own_unit_stay_out(house: House) -> None:
    """Whoever asks for a file works for a unit all the while, though it is another role that lets them ask."""
    matter = {"kind": "HELP", "channel": "WEB", "category": "roads.lighting", "title": "路灯", "description": "不亮"}
    for _ in range(5):
        reported = await house.server.do("reportCase", "case { number }", **matter, grid="610921101222-020202")
        assert reported["errors"] == [], reported
    unit = await house.database.fetchval("select id from units.unit order by id limit 1")
    against = await house.database.fetch(
        "update cases.case set accused_unit_id=$1 where id = any(array(select id from cases.case "
        "where series='ORDINARY' and status not in ('DECLINED','WITHDRAWN','MERGED','CLOSED','VOIDED') limit 3)) "
        "returning number",
        unit,
    )
    since = await house.database.fetchval("select min(since) from accounts.holding")
    await house.database.execute(
        "insert into accounts.holding (id, account_id, role, unit_id, since, granted_by) "
        "select $1, a.id, 'department_handler', $2, $3, 'console' from accounts.account a where a.name='diaodu'",
        *(uuid4(), unit, since),
    )
    export = await house.released(OPEN)
    rows = table(await house.fetch(export))
    assert not {row["number"] for row in against} & {row[0] for row in rows} and len(rows) > 2


async def tipped(house: House) -> set[str]:
    """The tip-offs, which the dispatcher sees in lists."""
    rows = await house.database.fetch("select id from cases.case where series='SEALED'")
    assert rows
    return {f"Case:{row['id']}" for row in rows}


NODES = "nodes { id number title leadUnit { name } }"
LISTED = """query($grid: String!, $after: String) {
  cases(first: 70, after: $after, filter: { grid: { within: $grid } %s }) { NODES pageInfo { hasNextPage endCursor } }
}""".replace("NODES", NODES)


async def everything(by: Server, grid: str, where: str) -> list[list[str]]:
    """The rows of a list in a grid, page by page."""
    rows: list[list[str]] = []
    after = None
    while True:
        page = (await by.ask(LISTED % where, grid=grid, after=after)).data["cases"]
        for one in page["nodes"]:
            unit = (one["leadUnit"] or {}).get("name") or ""
            rows.append([one["id"], one["number"], disarm_formula(one["title"]), unit])
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        after = page["pageInfo"]["endCursor"]


async def test_masks_stay(house: House) -> None:
    person = await house.database.fetchval(
        "select id from people.person where resident_id_mask is not null order by id limit 1"
    )
    await house.database.execute("update accounts.account set person_id=$1 where name='diaodu'", person)
    rows = table(await house.fetch(await house.released(NAMES)))[1:]
    values = [row[2] for row in rows if row[2]]
    assert values and all("*" in one for one in values)  # also of who asked
    assert f"Person:{person}" in {row[0] for row in rows}


async def test_formulas_are_texts(house: House) -> None:
    number = await house.database.fetchval(
        'update cases.case set title=\'=HYPERLINK("http://x","y")\' where id=(select id from cases.case '
        "where series='ORDINARY' order by id limit 1) returning number"
    )
    document = TITLES.replace("cases", f'cases(filter: {{ number: {{ equals: "{number}" }} }})')
    [row] = table(await house.fetch(await house.released(document, purpose="=1+1")))[1:]
    assert row[1].startswith("'=HYPERLINK")
    reply = await house.fetch(await house.released(document, format="XLSX"))
    cell = load_workbook(io.BytesIO(reply.content)).worksheets[0]["B2"]
    assert cell.data_type == "s" and str(cell.value).startswith("=HYPERLINK")


@given(st.text())
def test_no_cell_calculates(text: str) -> None:
    shown = disarm_formula(text)
    assert shown.lstrip()[:1] not in ("=", "+", "-", "@", "＝", "＋", "－", "＠") or float(shown) is not None
    out = io.StringIO(newline="")
    csv.writer(out).writerow([shown])
    assert shown.removeprefix("'" if shown != text else "") == text


@given(st.integers(1, 10**12), st.integers(1, 5), st.integers(1, 10**6), st.data())
def test_marks_cannot_be_made(export: int, fetch: int, row: int, data: st.DataObject) -> None:
    secret = b"a secret"
    made = row_marks.make_mark(secret, export, fetch, row)
    assert row_marks.read_mark(secret, f" {made.lower()}\n") == export
    assert row_marks.read_mark(b"another", made) is None
    at = data.draw(st.integers(0, len(made) - 1))
    other = data.draw(st.sampled_from("ABC23457E-"))
    spoilt = made[:at] + other + made[at + 1 :]
    assert spoilt == made or row_marks.read_mark(secret, spoilt) is None
