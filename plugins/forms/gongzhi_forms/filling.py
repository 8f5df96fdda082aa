"""Filling: routes that try a form out and fill a return, each with one statement under the caller's visibility.

POST /x/forms/forms/{id}/try?grid=610921&day=2026-06-01      what each cell would be; the form comes into force
POST /x/forms/returns/{id}/fill                              what nobody knows is asked of who can know it
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from gongzhi.core.grids.commands import find_grid
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.entity import key_of
from gongzhi.declare.events import Code
from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import Call, not_allowed
from gongzhi.runtime.routes import Route, RouteCall
from gongzhi.values.errors import Refusal, Text
from starlette.responses import JSONResponse, Response

from .declarations import Cell, Declaration, read_declaration
from .documents import Taken, compile_document, describe_source, period_variables, strange_cells, take_values
from .events import Filled
from .models import Act, CellKind, CellRow, FormRow, InquiryRow, ReturnRow, ReturnState, StepRow, write_value
from .periods import period_of
from .rules import DECLARE, FILL
from .types import Form, FormInquiry, FormReturn

SECONDS = 20.0
# Who holds the role nearest to the place, the longest: one account, so that nobody else is asked.
KNOWS = """
select a.name from accounts.holding h join accounts.account a on a.id=h.account_id
join grids.grid g on g.id=h.grid_id join grids.grid p on p.id=$2 and p.path <@ g.path
where h.role=$1 and a.suspended_at is null and h.proposed_at is null and h.stopped_by is null
and h.since<=$3 and (h.until is null or h.until>$3) and (h.waits_until is null or h.waits_until<=$3)
order by g.path desc, h.since, a.name limit 1
"""
ASKED = Text("A return asks you something that nobody else knows", "报表中有一项需要您填写")
ANSWER = Text("Answer it once; every form that wants to know takes it from there.", "请作答一次，各报表共用。")


async def try_form(call: RouteCall) -> Response:
    """Answer what each cell of a form would be for a place and a day; if all can be read the form comes into force."""
    key, context = read_key(call, Form), call.context
    if not context.viewer.can(DECLARE):
        raise not_allowed("form")
    query = call.request.query_params
    try:
        day = date.fromisoformat(query.get("day", ""))
    except ValueError:
        raise invalid_input("Give a day such as 2026-06-01.", "请填写日期，如 2026-06-01。", "day") from None
    grid = await find_grid(query.get("grid", ""), "grid")
    declared = await FormRow.get_or_none(id=key)
    if declared is None:
        raise not_found("There is no such form.", "没有该报表。", "form")
    form = read_declaration(declared.declaration)
    # Tried where it will be filled: at another level sources may answer otherwise.
    if grid.kind.value != form.level.value:
        raise invalid_input("The form is filled at another level.", "网格层级与报表不符。", "grid")
    found = await ask_sources(call, form, grid.code, *period_of(form.rhythm, day))

    async def enforce(inner: Call) -> None:
        row: FormRow = await inner.find(Form, "form", id=key)
        if not inner.may(DECLARE, row):
            raise not_allowed("form")
        if row.tried_at is None:
            await replace_form(inner, row)

    await call.transact(context.viewer, "tryForm", [f"Form:{key}"], enforce)
    return JSONResponse({"cells": [describe_cell(one, found.get(one.name)) for one in form.cells]})


async def replace_form(call: Call, row: FormRow) -> None:
    """Bring a version of a form into force in the place of the one before."""
    # Only now, so that a form is never without a version in force.
    before = FormRow.filter(grid_id=row.grid_id, code=row.code, retired_at=None, number__lt=row.number)
    await before.update(retired_at=call.now)
    row.tried_at = call.now
    row.version += 1
    await row.save(update_fields=["tried_at", "version"])


def describe_cell(cell: Cell, taken: Taken | None) -> dict[str, Any]:
    # Nothing is asked in a try: it shows what would be.
    known = taken or Taken()
    asked = cell.question is not None and known == Taken()
    return {"name": cell.name, "value": known.value, "withheld": known.withheld, "asked": asked}


async def fill_return(call: RouteCall) -> Response:
    """Fill a return with what is known, and ask for the rest. Filled again, it is taken anew, until it is signed."""
    key, context = read_key(call, FormReturn), call.context
    asked = await ReturnRow.get_or_none(id=key).select_related("form", "grid") if context.viewer.can(FILL) else None
    if asked is None:
        raise not_found("There is no such return, or it is not yours to fill.", "没有该报表，或您无权填报。", "return")
    form = read_declaration(asked.form.declaration)
    period = asked.grid.code, asked.begins_on, asked.ends_on
    # Before the row is locked: the sources are read once, all of one moment.
    found = await ask_sources(call, form, *period)

    async def keep(inner: Call) -> dict[str, Any]:
        row: ReturnRow = await inner.find(FormReturn, "return", id=key)
        if not inner.may(FILL, row):
            raise not_allowed("return")
        if row.state is ReturnState.SIGNED:
            raise Refusal(
                "ILLEGAL_TRANSITION", "It is signed and stays as it is.", "报表已签署，不再变动。", ("return",)
            )
        return await keep_cells(inner, row, form, found, period_variables(*period))

    objects = [f"FormReturn:{key}"]
    return JSONResponse(await call.transact(context.viewer, "fillReturn", objects, keep))


def read_key(call: RouteCall, cls: type) -> UUID:
    """Return the key of a global id in the path. Raises Refusal."""
    key = key_of(cls)(f"{cls.__name__}:{call.request.path_params['id'].removeprefix(f'{cls.__name__}:')}")
    if key is None:
        raise not_found("There is nothing here.", "此处无内容。")
    return UUID(str(key))


async def ask_sources(call: RouteCall, form: Declaration, grid: str, begins: date, ends: date) -> dict[str, Taken]:
    """Ask all sources of a form with one statement, as the caller sees them. Raises Refusal for one that fails."""
    document, members, used = compile_document(form.cells)
    if not members:
        return {}
    # Only what is used: GraphQL refuses a variable that no field takes.
    given = period_variables(grid, begins, ends)
    answer = await call.ask(document, **{name: value for name, value in given.items() if name in used})
    if failed := {cell.title: said for cell, said in strange_cells(form.cells, answer.get("errors") or ())}:
        # Nothing is kept: a cell that could not be read is no cell that nobody knows.
        said = "; ".join(f"{title}: {why}" for title, why in failed.items())
        raise invalid_input(f"These could not be read: {said}", f"以下指标无法取数：{said}", "cells")
    return take_values(form.cells, answer["data"])


async def keep_cells(
    call: Call, row: ReturnRow, form: Declaration, found: dict[str, Taken], given: dict[str, str]
) -> dict[str, Any]:
    """Write the cells of a return anew, ask what nobody knows, and say how many of each there are."""
    # All of it anew: an old number beside new ones would be of another moment.
    await CellRow.filter(form_return=row).delete()
    cells = [await make_cell(call, row, at, one, found.get(one.name), given) for at, one in enumerate(form.cells)]
    # One statement for all of them.
    await CellRow.bulk_create(cells)
    waiting = [one for one in cells if one.inquiry_id and one.value is None]
    row.state = ReturnState.ASKING if waiting else ReturnState.FILLED
    # Whoever fills it anew has it signed from the first level on.
    row.signing, row.filled_by, row.filled_at = form.signers[0], call.viewer.account.name, call.now
    row.version += 1
    await row.save()
    await StepRow.create(form_return=row, number=row.version, act=Act.FILLED, account=row.filled_by, at=call.now)
    call.publish(Filled(form_return=row.id, form=Code(row.code)), row)
    return {
        "return": f"FormReturn:{row.id}",
        "state": row.state.value,
        "cells": len(cells),
        "filled": sum(one.value is not None or one.withheld for one in cells),
        "withheld": sum(one.withheld for one in cells),
        "asked": len(waiting),
    }


async def make_cell(
    call: Call, row: ReturnRow, at: int, cell: Cell, taken: Taken | None, given: dict[str, str]
) -> CellRow:
    """Return a cell with its value, or with whoever is asked for it."""
    known = taken or Taken()
    made = CellRow(
        form_return=row,
        position=at,
        name=cell.name,
        title=cell.title,
        unit=cell.unit,
        kind=cell.kind,
        value=write_value(known.value),
        withheld=known.withheld,
        rule=cell.rule,
        source=describe_source(cell),
        listing=cell.rows and compile_document([Cell(cell.name, cell.title, CellKind.FIGURE, source=cell.rows)])[0],
        given=given,
        taken_at=call.now,
    )
    if cell.question and known == Taken():
        inquiry = await ask_once(call, row, cell)
        made.inquiry_id, made.value = inquiry.id, inquiry.value
        made.taken_at = inquiry.answered_at
    return made


async def ask_once(call: Call, row: ReturnRow, cell: Cell) -> InquiryRow:
    """Return the question about a place and a period, which is asked now if no form has asked it before."""
    question = cell.question
    assert question is not None
    where = {"grid_id": row.grid_id, "code": question.code, "begins_on": row.begins_on, "ends_on": row.ends_on}
    found = await InquiryRow.select_for_update().get_or_none(**where)
    rows = await call.fetch(KNOWS, question.role, row.grid_id, call.now)
    # Nobody holds the role: then whoever may answer there can.
    account = rows[0]["name"] if rows else None
    # Whoever was asked may have left meanwhile; an answer stays.
    if found is not None and (found.value is not None or found.asked_of == account):
        return found
    if found is None:
        kept = {name: value for name, value in vars(question).items() if value not in (None, ())}
        found = InquiryRow(id=uuid4(), **where, question={"title": cell.title, "unit": cell.unit, **kept})
    found.asked_of, found.asked_at = account, call.now
    await found.save()
    draft = NoticeDraft("forms.asked", ASKED, ANSWER, f"{FormInquiry.__name__}:{found.id}")
    await send_notice(call, draft, accounts=[account] if account else [])
    return found


ROUTES: Sequence[Route] = (
    Route("/forms/{id}/try", try_form, methods=("POST",), seconds=SECONDS),
    Route("/returns/{id}/fill", fill_return, methods=("POST",), seconds=SECONDS),
)
