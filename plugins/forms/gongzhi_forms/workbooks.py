"""Workbooks: a return as XLSX, in the office's own layout or the one that was declared.

    GET /x/forms/returns/{id}/workbook

A return has no rows of persons in it, for sources that lead to one are refused, and small numbers are withheld before
they are kept; so it goes out without a release. Who took it when is on each printed page, and in the audit.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from gongzhi.runtime.checks import CHINA, invalid_input, not_found
from gongzhi.runtime.commands import Call
from gongzhi.runtime.routes import Route, RouteCall
from starlette.responses import Response

from .declarations import MARK, read_declaration
from .documents import few_of
from .models import FormRow, ReturnState

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SECONDS = 20.0
CELLS = 20_000
"""The most cells of a workbook that are looked at."""
ASKED = """query($id: ID!) { node(id: $id) { ... on FormReturn {
  id code beginsOn endsOn round state digest grid { name } form { id title unit { name } }
  cells { name value withheld } } } }"""


@dataclass(frozen=True)
class Sheet:
    """What a workbook is made of: the rows or the office's own file, the values by name, and what is on each page."""

    rows: Sequence[Sequence[str]]
    template: bytes | None
    values: Mapping[str, Any]
    about: Mapping[str, str]


async def send_workbook(call: RouteCall) -> Response:
    """Answer a return as a workbook, for whoever may see it."""
    id = call.request.path_params["id"]
    # As /graphql answers the caller, so that a file has no more than the page.
    answer = await call.ask(ASKED, id=id if ":" in id else f"FormReturn:{id}")
    found = (answer.get("data") or {}).get("node")
    if not found:
        raise not_found("There is no such return, or it is not yours to see.", "没有该报表，或您无权查看。")
    if found["state"] not in (ReturnState.FILLED, ReturnState.SIGNED):
        raise invalid_input("It is not filled yet.", "报表尚未填报完成。")
    form = await FormRow.get(id=found["form"]["id"].partition(":")[2])
    declared = read_declaration(form.declaration)
    # A withheld number is told as that: an empty cell would read as nobody.
    few = {one.name: f"<{few_of(one)}" for one in declared.cells}
    values = {one["name"]: few[one["name"]] if one["withheld"] else one["value"] for one in found["cells"]}
    period = f"{found['beginsOn']} — {found['endsOn']}"
    sheet = Sheet(
        ((form.title,), ("{grid}", "{period}"), *declared.layout),
        form.template,
        {**values, "grid": found["grid"]["name"], "period": period},
        describe_file(call, found, period),
    )

    async def note(inner: Call) -> None:
        """Nothing is written but the act, which the audit has."""

    await call.transact(call.context.viewer, "takeFormReturn", [found["id"]], note)
    # In a thread: writing a workbook takes long enough to hold everybody else up.
    body = await asyncio.to_thread(write_workbook, sheet)
    name = quote(f"{found['code']}-{found['grid']['name']}-{found['beginsOn']}.xlsx", safe="")
    headers = {"cache-control": "no-store", "content-disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(body, media_type=XLSX, headers=headers)


def describe_file(call: RouteCall, found: Mapping[str, Any], period: str) -> dict[str, str]:
    """Return what the file says of itself."""
    viewer = call.context.viewer
    signed = found["state"] == ReturnState.SIGNED
    return {
        "报表 Form": f"{found['form']['title']} {found['grid']['name']} {period} ({found['round']})",
        "制表单位 Asked by": found["form"]["unit"]["name"],
        "状态 State": "已签署 SIGNED" if signed else "未签署 NOT SIGNED",
        "签署摘要 Digest": found["digest"] or "—",
        "下载人 Taken by": f"{viewer.account.name} ({viewer.role})",
        "下载时间 Taken at": viewer.now.astimezone(CHINA).isoformat(timespec="seconds"),
    }


def write_workbook(sheet: Sheet) -> bytes:
    """Fill in the office's workbook, or the declared rows, with a line on each page that says who took it."""
    from openpyxl import Workbook, load_workbook  # serving starts without it

    if sheet.template:
        book = load_workbook(io.BytesIO(sheet.template))
    else:
        book = Workbook()
        assert book.active is not None
        for row in sheet.rows:
            book.active.append(list(row))
    for page in book.worksheets:
        # In all sheets: offices keep a cover beside the table.
        for cell in each_cell(page):
            fill_cell(cell, sheet.values)
        # In a footer `&` begins a code.
        footer = page.oddFooter
        assert footer is not None
        footer.center.text = " · ".join(sheet.about.values()).replace("&", "&&")[:250]
    about = book.create_sheet("说明 About")
    for named in sheet.about.items():
        about.append([None, None])
        for at, text in enumerate(named, 1):
            put_text(about.cell(about.max_row, at), text)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def each_cell(page: Any) -> Any:
    """Yield the cells of a sheet that hold a text."""
    for row in page.iter_rows():
        yield from (cell for cell in row if isinstance(cell.value, str))


def fill_cell(cell: Any, values: Mapping[str, Any]) -> None:
    """Put values in the place of their names: a number where a cell has nothing but its name, or else a text."""
    # What the office calculates stays its own: a formula never has a value put into it.
    if cell.data_type == "f" or not (names := MARK.findall(cell.value)):
        return
    value = values.get(names[0])
    if cell.value == f"{{{names[0]}}}" and type(value) in (int, float):
        cell.value = value
        return
    put_text(cell, MARK.sub(lambda found: readable(values.get(found[1])), cell.value))


def put_text(cell: Any, text: str) -> None:
    """Put a text into a cell, as a text whatever it begins with."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", text)
    # Or openpyxl makes a formula of what begins with `=`.
    cell.data_type = "s"


def readable(value: Any) -> str:
    """Return a value as people read it."""
    match value:
        case None:
            return "—"
        case bool():
            return "是" if value else "否"
    return str(value)


def find_marks(content: bytes) -> set[str]:
    """Return the names that an office's workbook has places for. Raises Refusal for what is no workbook of use."""
    from openpyxl import load_workbook

    try:
        # Read as a stream: nothing of it is built that is only looked at.
        book = load_workbook(io.BytesIO(content), read_only=True)
        if sum((page.max_row or 0) * (page.max_column or 0) for page in book.worksheets) > CELLS:
            raise invalid_input(f"It has {CELLS:,} cells at most.", f"不超过 {CELLS} 个单元格。", "content")
        return {
            mark
            for page in book.worksheets
            for cell in each_cell(page)
            if cell.data_type != "f"
            for mark in MARK.findall(cell.value)
        }
    # Whatever openpyxl stumbles over, the file is at fault.
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise invalid_input("This workbook cannot be read.", "无法读取该工作簿。", "content") from error


ROUTES: Sequence[Route] = (Route("/returns/{id}/workbook", send_workbook, seconds=SECONDS),)
