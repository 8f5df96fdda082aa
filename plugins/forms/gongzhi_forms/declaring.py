"""Declaring commands: declare a form, give it the office's own workbook, and retire it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty, require_held
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.runtime.file_checks import DocumentLimits, UnfitFile
from gongzhi.values.errors import Refusal, Refusals, Text
from strawberry import ID

from .declarations import (
    LONGEST,
    Cell,
    Declaration,
    check_marks,
    merge_refusal,
    parse_declaration,
    read_declaration,
    shared_cells,
)
from .models import FormRow
from .rules import DECLARE
from .types import Form
from .workbooks import XLSX, find_marks

# A request of 1 MB has room for it in base64.
BYTES = 300_000
LIMITS = DocumentLimits(entries=200, total=5_000_000, part=5_000_000)
FORM = "The form's id (报表制度标识)."


@strawberry.type(description="A cell that another form asks for as well, and that is asked once (合并的指标).")
class MergedCell:
    cell: str = strawberry.field(description="Our cell, by its name (指标名).")
    form: str = strawberry.field(description="The form that has it (已有报表).")
    title: str = strawberry.field(description="What it is called there (指标名称).")


@strawberry.type(description="The form, or why nothing was done (报表制度结果).")
class FormPayload:
    form: Form | None = result_field("The form (报表制度).")
    errors: list[Problem] = problems()


@strawberry.type(description="The form that was declared, or all that is wrong with it (报表声明结果).")
class DeclareFormPayload:
    form: Form | None = result_field("The form (报表制度).")
    merged: list[MergedCell] | None = result_field(
        "Questions that other forms ask as well: one answer serves (合并的问题)."
    )
    errors: list[Problem] = problems()


@strawberry.input(description="A form, as data (声明报表).")
class DeclareFormInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where it is filled, with all below: a county or town, by code (适用网格编码).")
    declaration: str = input_field("The form in TOML or JSON (报表声明).", longest=LONGEST)


@command(
    "Declare a form, or a new version of one; it comes into force once it was tried. What another form in force asks "
    "for is refused with its name; the same question is asked once (声明报表).",
    requires=DECLARE,
)
async def declare_form(call: Call, input: DeclareFormInput) -> DeclareFormPayload:
    grid = await find_grid(input.grid, "grid")
    # Asked of the place: whoever declares for a town does so in that town alone.
    if not call.may(DECLARE, grid):
        raise not_allowed("grid")
    row, merged = await create_form(call, grid, input.declaration)
    return DeclareFormPayload(form=ref(Form, row.id), merged=merged)


async def create_form(call: Call, grid: GridRow, text: str) -> tuple[FormRow, list[MergedCell]]:
    """Keep a form that was declared, and say which of its questions others ask as well. Raises Refusal."""
    if grid.county_id is None:
        raise invalid_input("Name a county, or a grid inside one.", "请选择县级或以下网格。", "grid")
    # Before anything is locked: reading takes a moment.
    found = read_declaration(parse_declaration(text))
    unit = await find_unit(found.asker, "declaration", "asker")
    # One declaration of a county at a time, so that no two ask the same without having seen each other.
    await call.fetch("select id from grids.grid where id=$1 for update", grid.county_id)
    merged = await merge_cells(grid, found)
    # Numbers go on from whatever version came last, retired or not.
    last = await FormRow.filter(grid=grid, code=found.code).order_by("-number").first()
    row = await FormRow.create(
        grid=grid,
        code=found.code,
        number=last.number + 1 if last else 1,
        title=found.title,
        unit=unit,
        basis=found.basis,
        rhythm=found.rhythm,
        level=found.level,
        declaration=dict(found.text),
        # The office's workbook stays, if it still fits.
        template=last.template if last and fits_template(last.template, found.cells) else None,
        declared_at=call.now,
        declared_by=call.viewer.account.name,
    )
    return row, merged


async def merge_cells(grid: GridRow, found: Declaration) -> list[MergedCell]:
    """Return the questions that other forms of the county ask as well. Raises Refusals for all else they have."""
    rows = await FormRow.filter(county_id=grid.county_id, retired_at=None)
    # Earlier versions of this very form ask the same, of course.
    ours = grid.id, found.code
    others = [(one.title, read_declaration(one.declaration)) for one in rows if (one.grid_id, one.code) != ours]
    merged, refused = [], []
    for cell, title, other in shared_cells(found, others):
        if refusal := merge_refusal(cell, title, other, found.cells.index(cell)):
            refused.append(refusal)
        else:
            merged.append(MergedCell(cell=cell.name, form=title, title=other.title))
    if refused:
        raise Refusals(refused)
    return merged


def fits_template(template: bytes | None, cells: tuple[Cell, ...]) -> bool:
    """Tell whether a workbook has a place for each cell of a form."""
    if template is None:
        return False
    try:
        check_marks(find_marks(template), cells)
    except Refusal:
        return False
    return True


USED = require_empty("retired_at", Text("This version is filled no more.", "该版报表已停用。"))
CHANGING = Action(Form, (require_held(DECLARE),), (USED,))


@strawberry.input(description="The office's own workbook for a form (设置表样).")
class SetFormTemplateInput:
    idempotency_key: str = input_field(KEY)
    form: ID = input_field(FORM)
    expected_version: int = input_field(EXPECTED)
    content: str = input_field(
        "An xlsx in base64, 300 kB at most. Where a cell's value belongs it has the cell's name in braces, such as "
        "{residents}; {grid} and {period} are the place and the time (xlsx 文件).",
        longest=2 * BYTES,
    )


@command("Give a form the office's own workbook, which exports fill in (设置表样).", requires=DECLARE, action=CHANGING)
async def set_form_template(call: Call, input: SetFormTemplateInput) -> FormPayload:
    row: FormRow = await call.find(Form, "form", id=key_of(Form)(input.form))
    try:
        file = await call.context.files.receive(input.content, longest=BYTES, types=[XLSX], limits=LIMITS)
    except UnfitFile as error:
        raise error.at("content") from None
    # Reading an archive takes CPU; the event loop must not wait for it.
    marks = await asyncio.to_thread(find_marks, file.content)
    check_marks(marks, read_declaration(row.declaration).cells, "content")
    row.template = file.content
    row.version += 1
    await row.save(update_fields=["template", "version"])
    return FormPayload(form=ref(Form, row.id))


@strawberry.input(description="A form that is filled no more (停用报表).")
class RetireFormInput:
    idempotency_key: str = input_field(KEY)
    form: ID = input_field(FORM)
    expected_version: int = input_field(EXPECTED)


@command(
    "Retire a form: no return of it is opened any more, those that there are stay (停用报表).",
    requires=DECLARE,
    action=CHANGING,
)
async def retire_form(call: Call, input: RetireFormInput) -> FormPayload:
    row: FormRow = await call.find(Form, "form", id=key_of(Form)(input.form))
    # Returns that are open stay: what is owed of a period that is over is still owed.
    row.retired_at = call.now
    row.version += 1
    await row.save(update_fields=["retired_at", "version"])
    return FormPayload(form=ref(Form, row.id))


async def declare_from_file(call: Call, file: Path, grid: str) -> int:
    """Declare a form from a TOML or JSON file, for a county or town by code (导入报表声明)."""
    try:
        row, merged = await create_form(call, await find_grid(grid, "grid"), file.read_text(encoding="utf-8"))
    except (Refusal, Refusals) as refused:
        for wrong in refused.refusals if isinstance(refused, Refusals) else [refused]:
            print(f"{'.'.join(wrong.path)}: {wrong.text.en} {wrong.text.zh}")
        return 1
    for one in merged:
        print(f"{one.cell}: asked once with “{one.form}” (与《{one.form}》合并提问)")
    print(f"{row.title}, version {row.number}: try it, and it comes into force (试填后启用)")
    return 0


EXTENSIONS = (
    extend(Mutation, declare_form=declare_form, set_form_template=set_form_template, retire_form=retire_form),
)
