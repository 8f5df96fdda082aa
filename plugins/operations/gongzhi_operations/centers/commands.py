"""Centre commands: setting up a governance centre, changing it, and closing it."""

from __future__ import annotations

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import check_code, invalid_input, is_given, not_found, today
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
from gongzhi.values.codes import Kind
from strawberry import UNSET

from .models import CenterRow, SeatRow
from .types import CAP, GovernanceCenter

EDIT = "centers.edit"
LEVELS = (Kind.COUNTY, Kind.TOWN, Kind.VILLAGE)
GRID = "The code of the county, town or village that has it (所属区域编码)."


@strawberry.type(description="The centre as it is now, or why nothing was done (综治中心操作结果).")
class GovernanceCenterPayload:
    center: GovernanceCenter | None = result_field("The centre (综治中心).")
    errors: list[Problem] = problems()


@strawberry.input(description="A centre as it is to be (设置综治中心).")
class SetGovernanceCenterInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field(GRID)
    expected_version: int | None = input_field(
        "The version you saw; nothing for a new centre (预期版本).", default=UNSET
    )
    name: str = input_field("Its name (名称).", length=(1, 100))
    address: str | None = input_field("Where it is (地址).", length=(1, 200), default=UNSET)
    duty_phone: str | None = input_field("The number on its door plate; it is published (值班电话).", default=UNSET)
    units: list[str] = input_field(
        f"Units that sit in it, by code, {CAP} at most (入驻单位编码).", default_factory=list
    )


@command("Set up the centre of a county, town or village, or change it (设置综治中心).", requires=EDIT)
async def set_governance_center(call: Call, input: SetGovernanceCenterInput) -> GovernanceCenterPayload:
    grid = await load_area(call, input.grid)
    phone = check_code(codes.check_phone, input.duty_phone, "dutyPhone") if is_given(input.duty_phone) else None
    units = await load_seated_units(input.units)
    # The grid is locked before the centre, also where there is none yet: two cannot both set one up.
    center = await CenterRow.filter(grid=grid, valid_to=None).select_for_update().first()
    if center is None:
        # A version that was seen of a centre that is not there: it was closed meanwhile.
        if is_given(input.expected_version):
            raise not_found("It has no centre yet.", "该区域尚未设立综治中心。", "grid")
        center = CenterRow(grid=grid, version=0)
    else:
        check_version(center, input.expected_version or 0)
    center.name, center.address, center.duty_phone, center.version = (
        input.name,
        input.address or None,
        phone,
        center.version + 1,
    )
    await center.save()
    # The list of units is replaced whole, so that what is sent is what holds.
    await SeatRow.filter(center=center).delete()
    await SeatRow.bulk_create([SeatRow(center=center, unit=unit) for unit in units])
    return GovernanceCenterPayload(center=ref(GovernanceCenter, center.id))


@strawberry.input(description="A centre that is no more (停用综治中心).")
class CloseGovernanceCenterInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field(GRID)
    expected_version: int = input_field(EXPECTED)


@command("Close the centre of a county, town or village from today (停用综治中心).", requires=EDIT)
async def close_governance_center(call: Call, input: CloseGovernanceCenterInput) -> GovernanceCenterPayload:
    grid = await load_area(call, input.grid)
    # The grid is locked before it, as in setting one up: both take the two locks in one order.
    center = await CenterRow.filter(grid=grid, valid_to=None).select_for_update().first()
    if center is None:
        raise not_found("It has no centre.", "该区域没有综治中心。", "grid")
    check_version(center, input.expected_version)
    # Closed, not deleted: what happened under it refers to it.
    center.valid_to, center.version = today(call), center.version + 1
    await center.save()
    return GovernanceCenterPayload(center=ref(GovernanceCenter, center.id))


async def load_area(call: Call, code: str) -> GridRow:
    """Return the county, town or village, locked, so that it does not get two centres at once."""
    found = await find_grid(code, "grid")
    if found.kind not in LEVELS:
        raise invalid_input("A county, a town or a village has a centre.", "综治中心设在县、乡镇或村。", "grid")
    if not call.may(EDIT, found):
        raise not_allowed("grid")
    # `no_key`: the lock must not stop others from writing rows that refer to the grid.
    return await GridRow.filter(id=found.id).select_for_update(no_key=True).get()


async def load_seated_units(given: list[str]) -> list[UnitRow]:
    # Each once, in the order they were given.
    names = list(dict.fromkeys(given))
    if len(names) > CAP:
        raise invalid_input(f"A centre has at most {CAP} units.", f"入驻单位最多 {CAP} 个。", "units")
    units = await UnitRow.filter(code__in=names, valid_to=None)
    if len(units) < len(names):
        raise not_found(
            "There is no unit with one of these codes, or it is closed.", "单位编码不存在或已停用。", "units"
        )
    return units


EXTENSIONS = (
    extend(
        Mutation,
        set_governance_center=set_governance_center,
        close_governance_center=close_governance_center,
    ),
)
