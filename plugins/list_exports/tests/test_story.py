"""A list is asked for, released by somebody else, fetched, and seen by those who are in it."""

from __future__ import annotations

import csv
import io

import httpx
import orjson
from gongzhi_server.storage.audit import verify_chain
from gongzhi_server.testing import codes_of
from openpyxl import load_workbook

from .conftest import NAMES, OPEN, House

TRACED = "query($code: String!) { bulkExportOfTrace(code: $code) { number account purpose } }"


def table(reply: httpx.Response) -> list[list[str]]:
    """The rows of a CSV file below its marks, the headings first."""
    assert reply.status_code == 200, reply.text
    rows = list(csv.reader(io.StringIO(reply.content.decode("utf-8-sig"))))
    return rows[rows.index([]) + 1 :]


async def test_file_goes_out(house: House) -> None:
    asked = await house.ask(NAMES)
    assert asked["errors"] == []
    export = asked["export"]
    assert (export["state"], export["personal"], export["download"]) == ("WAITING", True, None)
    [notice] = (await house.officer.ask("{ me { notices { nodes { kind about } } } }")).data["me"]["notices"]["nodes"]
    assert notice == {"kind": "export.requested", "about": export["id"]}

    released = await house.release(export)
    assert released["errors"] == [] and released["export"]["state"] == "READY"
    assert released["export"]["download"] is None  # it is the asker's
    [notice] = (await house.asker.ask("{ me { notices { nodes { kind about } } } }")).data["me"]["notices"]["nodes"]
    assert notice == {"kind": "export.released", "about": export["id"]}

    reply = await house.fetch(export)
    assert reply.headers["cache-control"] == "no-store"
    assert f"export-{export['number']}-1.csv" in reply.headers["content-disposition"]
    assert "月度通报" in reply.text and "diaodu" in reply.text and "baohu" in reply.text
    headings, *rows = table(reply)
    assert len(rows) == export["rows"] == 300 and headings[1].startswith("姓名 name")

    key = rows[0][0].removeprefix("Person:")
    resident = house.server.as_("resident", person=f"Person:{key}")
    log = await resident.ask("{ me { accessLog { nodes { kind purpose fields reader { role grid { code } } } } } }")
    [entry] = log.data["me"]["accessLog"]["nodes"]
    assert entry["kind"] == "EXPORT" and entry["purpose"] == "月度通报" and "Person.birthDate" in entry["fields"]
    assert entry["reader"] == {"role": "county_dispatcher", "grid": {"code": "610921"}}
    assert await house.database.fetchval("select count(*) from access.look where kind='EXPORT'") == 1
    finding = await verify_chain(house.database)
    assert finding.wrong is None and finding.looks == 1
    act = await house.database.fetchrow("select account, objects from access.act where mutation='fetchBulkExport'")
    assert act and dict(act) == {"account": "diaodu", "objects": [export["id"]]}

    found = await house.officer.ask(TRACED, code=f" {rows[116][-1].lower()} ")
    assert found.data["bulkExportOfTrace"] == {"number": export["number"], "account": "diaodu", "purpose": "月度通报"}
    forged = rows[116][-1].replace("-117-", "-118-")
    assert (await house.officer.ask(TRACED, code=forged)).data["bulkExportOfTrace"] is None


async def test_short_list_needs_nobody(house: House) -> None:
    asked = await house.ask('{ cases(filter: { number: { in: ["x"] } }) { nodes { number } } }')
    assert codes_of(asked["errors"]) == ["BAD_USER_INPUT"]  # there is nothing in it
    numbers = await house.asker.ask("{ cases(filter: { kind: { equals: HELP } }, first: 3) { nodes { number } } }")
    some = [one["number"] for one in numbers.data["cases"]["nodes"]]
    document = "query Three($some: [String!]) { cases(filter: { number: { in: $some } }) { nodes { number } } }"
    export = (await house.ask(document, variables={"some": some}))["export"]
    assert (export["state"], export["personal"], export["rows"]) == ("READY", False, 3)
    assert [row[0] for row in table(await house.fetch(export))[1:]] == some
    with_people = document.replace("{ number }", "{ number requester { name } }")
    export = (await house.ask(with_people, variables={"some": some}))["export"]
    assert (export["state"], export["personal"]) == ("WAITING", True)


async def test_a_name_in_a_file_is_a_look(house: House) -> None:
    """On a screen it is none: a list of names, however deep in it they stand."""
    asked = "{ cases { nodes { number requester { name } } } }"
    await house.asker.ask(asked)
    assert not await house.database.fetchval("select exists(select from access.look)")
    export = (await house.ask(asked))["export"]
    assert export["personal"]
    await house.release(export)
    names = [row[1] for row in table(await house.fetch(export))[1:]]
    told = await house.database.fetch("select kind, fields, cardinality(persons) as people from access.look")
    assert [dict(one) for one in told] == [{"kind": "EXPORT", "fields": ["Person.name"], "people": told[0]["people"]}]
    requesters = await house.database.fetchval(
        "select count(distinct requester_id) from cases.case where series='ORDINARY' and requester_id is not null"
    )
    assert 0 < len(set(filter(None, names))) <= told[0]["people"] <= requesters


async def test_every_format_says_who(house: House) -> None:
    document = OPEN.replace("status", "status leadUnit { name } selfHandled reopenings")
    for form in ("XLSX", "JSONL"):
        export = await house.released(document, format=form)
        reply = await house.fetch(export)
        if form == "XLSX":
            book = load_workbook(io.BytesIO(reply.content))
            assert book.worksheets[0]["A1"].value == "编号 number"
            assert book.worksheets[0]["C1"].value == "主办单位·名称 leadUnit.name"
            assert "diaodu" in book.worksheets[0].oddFooter.center.text
            shown = book.worksheets[0]["B2"].value
            assert str(shown).split()[0] in ("已上报", "已受理", "办理中", "已派单", "已退单", "挂账", "已答复")
            assert book.worksheets[0]["D2"].value in ("是", "否") and book.worksheets[0]["E2"].value == 0
            assert [row[1].value for row in book.worksheets[1].rows][2] == "月度通报"
            assert book.worksheets[0].max_row == export["rows"] + 1
        else:
            about, *rows = map(orjson.loads, reply.content.splitlines())
            assert about["export"]["account"] == "diaodu (county_dispatcher)"
            assert (
                len(rows) == export["rows"] and rows[0]["reopenings"] == 0 and rows[0]["selfHandled"] in (True, False)
            )
            assert rows[0]["trace"].startswith(f"E{export['number']}-1-1-")
