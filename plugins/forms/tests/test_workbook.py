"""A return as a workbook: in the declared layout or the office's own, with who took it on each page."""

from __future__ import annotations

import base64
import io
from typing import Any

import openpyxl
import pytest

from .conftest import Offices, cell_of, form_of, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUESTION = """
[[cells]]
name = "{0}_note"
title = "备注 {0}"
question = {{ code = "{0}-note", type = "TEXT", role = "auditor" }}
"""


async def take(offices: Offices, id: str, caller: str = "county") -> Any:
    one = offices.caller(caller)
    return await one.client.get(f"/x/forms/returns/{id}/workbook", headers=one.headers)


def office_workbook(*texts: str) -> str:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "县表 1"
    for text in texts:
        page.append([text])
    page["D1"] = "=A3*2"
    out = io.BytesIO()
    book.save(out)
    return base64.b64encode(out.getvalue()).decode()


async def filled(offices: Offices, code: str, note: str) -> tuple[str, str]:
    """A form, and a return of it with a figure and a text."""
    form = await offices.declare(form_of(code, cell_of(code), QUESTION.format(code)))
    id = await offices.open(form)
    await offices.fill(id)
    inquiry = (await offices.cells(id))[f"{code}_note"]["inquiry"]
    given = {"inquiry": inquiry["id"], "expectedVersion": 1, "value": note}
    await offices.done("leader", "answerFormInquiry", "inquiry { id }", **given)
    return form, id


async def test_it_has_the_declared_layout(offices: Offices) -> None:
    """A line a cell; what people wrote is a text whatever it begins with, and a small number is told as that."""
    _, id = await filled(offices, "plain", "=1+1")
    reply = await take(offices, id)
    assert reply.status_code == 200 and "xlsx" in reply.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(reply.content))
    page = book.worksheets[0]
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    assert rows[0][0] == "报表 plain" and rows[1][1] == "2026-06-01 — 2026-06-30"
    lines = {row[0]: row[1] for row in rows[2:]}
    cells = await offices.cells(id)
    value = cells["plain"]["value"]
    assert lines["指标 plain"] == ("<3" if cells["plain"]["withheld"] else value)
    assert lines["备注 plain"] == "=1+1" and page["B4"].data_type == "s"
    assert "county (county_dispatcher)" in str(page.oddFooter.center.text) and "NOT SIGNED" in str(
        page.oddFooter.center.text
    )
    assert "说明 About" in book.sheetnames
    acts = await offices.fetch("select account from access.act where mutation='takeFormReturn' and $1=any(objects)", id)
    assert [one["account"] for one in acts] == ["county"]


async def test_it_has_the_offices_own_layout(offices: Offices) -> None:
    """Values stand where their names stood, and what the office reckons stays a formula."""
    form, id = await filled(offices, "own", "无")
    content = office_workbook("汉阴县一表通", "{grid} {period}", "{own}", "备注：{own_note}")
    given = {"form": form, "expectedVersion": 2, "content": content}
    made = await offices.done("county", "setFormTemplate", "form { hasTemplate version }", **given)
    assert made == {"hasTemplate": True, "version": 3}
    book = openpyxl.load_workbook(io.BytesIO((await take(offices, id, "leader")).content))
    page = book["县表 1"]
    assert page["A4"].value == "备注：无" and page["D1"].value == "=A3*2" and "2026-06-01" in str(page["A2"].value)
    assert page["A3"].value != "{own}"
    # A later version of the form keeps it as long as it has a place for each cell.
    for text, kept in ((cell_of("own") + QUESTION.format("own"), True), (cell_of("own") + cell_of("own2"), False)):
        made = await offices.done(
            "county", "declareForm", "form { number hasTemplate }", grid="610921", declaration=form_of("own", text)
        )
        assert made["hasTemplate"] is kept


@pytest.mark.parametrize(
    "content, said",
    [
        ("bm8=", "content"),
        (office_workbook("{own3}"), "content"),
        (office_workbook("{bad} {stranger}"), "content"),
        (office_workbook("no names"), "content"),
    ],
)
async def test_a_workbook_without_places_is_refused(offices: Offices, content: str, said: str) -> None:
    """What is no workbook, lacks a cell, or names one that the form has not."""
    found = await offices.fetch("select id, version from forms.form where code='bad'")
    form = f"Form:{found[0]['id']}" if found else await offices.declare(form_of("bad", cell_of("bad")))
    given = {"form": form, "expectedVersion": 2, "content": content}
    payload = await offices.caller("county").do("setFormTemplate", "form { id }", **given)
    assert [path for _, path in refused(payload)] == [[said]]


async def test_it_is_for_those_who_see_the_return(offices: Offices) -> None:
    """Others, strangers and whoever asks for one that is not filled get none."""
    form, id = await filled(offices, "seen", "无")
    assert (await take(offices, id, "grid_leader 610921100")).status_code == 404
    assert (await take(offices, id, "stranger")).status_code == 401
    unfilled = await offices.open(form, day="2026-03-01")
    assert (await take(offices, unfilled)).status_code == 400
    assert (await take(offices, "FormReturn:00000000-0000-7000-8000-000000000000")).status_code == 404
