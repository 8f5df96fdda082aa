"""Unit commands: add, change and close a unit, which keeps its code for good."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from strawberry import UNSET

from gongzhi.core.grids.commands import find_grid
from gongzhi.declare.bounds import TextPattern
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import (
    check_code,
    check_past_day,
    duplicate,
    input_form,
    invalid_input,
    is_given,
    not_found,
    today,
)
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    check_version,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.values import codes

from .models import Reach, UnitKind, UnitRow
from .types import Unit

EDIT = "units.edit"
CODE = "The unit's code (编码)."
SHAPE = TextPattern(
    "[A-Za-z0-9][A-Za-z0-9._-]{0,39}",
    "A unit's code has up to 40 letters, digits, dots, hyphens and underscores.",
    "单位编码由不超过 40 个字母、数字、点、连字符或下划线组成。",
)


@strawberry.type(description="A unit as it is now, or why nothing was done (单位操作结果).")
class UnitPayload:
    unit: Unit | None = result_field("The unit (单位).")
    errors: list[Problem] = problems()


@strawberry.input(description="A new unit (新增单位).")
class AddUnitInput:
    idempotency_key: str = input_field(KEY)
    code: str = input_field("Its code: up to 40 letters, digits, dots, hyphens and underscores (编码).", pattern=SHAPE)
    name: str = input_field("Its name (名称).", length=(1, 100))
    kind: UnitKind = input_field("What sort of organisation it is (性质).")
    reach: Reach = input_field("Whether it answers for a line of business or a territory (条块).")
    grid: str = input_field("The code of the area it serves (服务区域编码).")
    parent: str | None = input_field("The code of what it belongs to (上级单位编码).", default=UNSET)
    uscc: str | None = input_field("Its unified social credit code (统一社会信用代码).", default=UNSET)
    duty_phone: str | None = input_field("The number on its door plate; it is published (值班电话).", default=UNSET)


@command("Add a unit (新增单位).", requires=EDIT, form=lambda call, input: read_unit_texts(UnitRow(), input))
async def add_unit(call: Call, input: AddUnitInput) -> UnitPayload:
    unit = UnitRow(code=input.code, kind=input.kind, reach=input.reach)
    read_unit_texts(unit, input)
    await place_unit(call, unit, input)
    # Closed ones count: a code is a unit's for good, or old cases would be another unit's.
    if await UnitRow.exists(code=unit.code):
        raise duplicate("There is, or was, a unit with this code: give another.", "该编码已被使用，请更换。", "code")
    await unit.save(force_create=True)
    return UnitPayload(unit=ref(Unit, unit.id))


@strawberry.input(description="What changes in a unit; what is left out stays as it is (修改单位).")
class UpdateUnitInput:
    idempotency_key: str = input_field(KEY)
    code: str = input_field(CODE)
    expected_version: int = input_field(EXPECTED)
    name: str | None = input_field("Its name (名称).", length=(1, 100), default=UNSET)
    kind: UnitKind | None = input_field("What sort of organisation it is (性质).", default=UNSET)
    reach: Reach | None = input_field("Whether it answers for a line of business or a territory (条块).", default=UNSET)
    grid: str | None = input_field("The code of the area it serves (服务区域编码).", default=UNSET)
    parent: str | None = input_field("The code of what it belongs to; null for nothing (上级单位编码).", default=UNSET)
    uscc: str | None = input_field("Its unified social credit code; null for none (统一社会信用代码).", default=UNSET)
    duty_phone: str | None = input_field("The number on its door plate; null for none (值班电话).", default=UNSET)


@command("Change a unit (修改单位).", requires=EDIT, form=lambda call, input: read_unit_texts(UnitRow(), input))
async def update_unit(call: Call, input: UpdateUnitInput) -> UnitPayload:
    unit = await load_unit(call, input)
    read_unit_texts(unit, input)
    unit.kind = input.kind if is_given(input.kind) else unit.kind
    unit.reach = input.reach if is_given(input.reach) else unit.reach
    await place_unit(call, unit, input)
    return await save_unit(unit)


@strawberry.input(description="A unit that is no more (停用单位).")
class CloseUnitInput:
    idempotency_key: str = input_field(KEY)
    code: str = input_field(CODE)
    expected_version: int = input_field(EXPECTED)
    valid_to: datetime.date | None = input_field(
        "The first day it no longer exists; today if not said (停用日期).", default=UNSET
    )


@command("Close a unit: nothing more is dispatched to it (停用单位).", requires=EDIT)
async def close_unit(call: Call, input: CloseUnitInput) -> UnitPayload:
    ends = check_past_day(call, input.valid_to, "validTo") if is_given(input.valid_to) else today(call)
    unit = await load_unit(call, input)
    if await UnitRow.exists(parent=unit, valid_to=None):
        raise invalid_input("Units belong to it: close or move those first.", "其下仍有单位，请先停用或划转。", "code")
    unit.valid_to = ends
    return await save_unit(unit)


# what the commands share


async def load_unit(call: Call, input: Any) -> UnitRow:
    """Return the unit that is not closed, locked, at the version the caller saw, where they may change it."""
    # FOR NO KEY UPDATE, so that rows that point at the unit may be written meanwhile.
    unit = await UnitRow.filter(code=input.code, valid_to=None).select_for_update(no_key=True).first()
    if unit is None:
        raise not_found("There is no unit with this code, or it is closed.", "单位编码不存在或已停用。", "code")
    if not call.may(EDIT, await unit.grid):
        raise not_allowed("code")
    check_version(unit, input.expected_version)
    return unit


async def save_unit(unit: UnitRow) -> UnitPayload:
    unit.version += 1
    await unit.save()
    return UnitPayload(unit=ref(Unit, unit.id))


def read_unit_texts(unit: UnitRow, input: Any) -> None:
    """Take over the texts that were given. Raises Refusals for all that are wrong."""
    unit.name = input.name or unit.name
    # Null takes a code away; what is left out stays.
    with input_form() as read:
        if input.uscc is not UNSET:
            unit.uscc = input.uscc and read(check_code, codes.check_uscc, input.uscc, "uscc")
        if input.duty_phone is not UNSET:
            unit.duty_phone = input.duty_phone and read(check_code, codes.check_phone, input.duty_phone, "dutyPhone")


async def place_unit(call: Call, unit: UnitRow, input: Any) -> None:
    """Set the area and the parent that were given; the caller must be in charge of the area."""
    if is_given(input.grid):
        grid = await find_grid(input.grid, "grid")
        if not call.may(EDIT, grid):
            raise not_allowed("grid")
        unit.grid = grid
    if input.parent is not UNSET:
        unit.parent = await find_parent_unit(unit, input.parent) if input.parent else None


async def find_unit(code: str, *path: str) -> UnitRow:
    """Return the unit with this code, which must not be closed."""
    found = await UnitRow.get_or_none(code=code, valid_to=None)
    if found is None:
        raise not_found("There is no unit with this code, or it is closed.", "单位编码不存在或已停用。", *path)
    return found


async def find_parent_unit(unit: UnitRow, code: str) -> UnitRow:
    """Return the unit with this code, which must not belong to the unit itself."""
    found = await find_unit(code, "parent")
    # Up to the top: the unit must not stand above its own parent.
    up: UnitRow | None = found
    while up is not None:
        if up.code == unit.code:
            raise invalid_input("A unit cannot belong to itself.", "单位不能隶属于自身。", "parent")
        up = await UnitRow.get_or_none(id=up.parent_id) if up.parent_id else None
    return found


EXTENSIONS = (extend(Mutation, add_unit=add_unit, update_unit=update_unit, close_unit=close_unit),)
