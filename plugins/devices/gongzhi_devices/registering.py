"""Registering commands: a device is registered, changed, silenced while it is worked on, and retired."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.accounts.models import NAME, AccountRow
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.grids.types import PointInput, read_position
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.bounds import TextPattern
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty
from gongzhi.runtime.checks import duplicate, input_form, invalid_input, is_given, not_found
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
from gongzhi.runtime.locks import lock_name
from gongzhi.values.errors import FIELD, Text
from strawberry import ID, UNSET

from .alarms import ENDED
from .kinds import check_purpose, find_kind
from .models import DeviceRow
from .rules import ATTENDS, MANAGE, MANAGES
from .types import Device

# It stands in topics of MQTT, where +, # and / mean something.
CODE = TextPattern(
    "[A-Za-z0-9][A-Za-z0-9._-]{0,39}",
    "A code has 1 to 40 letters, digits, dots, hyphens and underscores; a letter or digit is first.",
    "编码为 1 至 40 位字母、数字、点、连字符或下划线，以字母或数字开头。",
)
NAMED = (1, 100)
DEVICE = "The device's id (设备标识)."
KEEPER = "The account that is told of its alarms at any hour (责任人账户)."
LONGEST = datetime.timedelta(days=30)
"""For how long a device may be silenced at once: whoever forgets it finds it speaking again."""
IN_USE = require_empty("retired_at", Text("The device is retired.", "该设备已停用。"))
FORGOTTEN = "delete from devices.breach where device_id=$1"


@strawberry.type(description="The device, or why nothing was done (设备结果).")
class DevicePayload:
    device: Device | None = result_field("The device (设备).")
    errors: list[Problem] = problems()


@strawberry.input(description="A device that is put up (登记设备).")
class RegisterDeviceInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where it lies, by the grid's code (网格编码).")
    code: str = input_field("Its code in the county, by which it reports (设备编码).", pattern=CODE)
    name: str = input_field("What and where it is; no names of people (设备名称).", length=NAMED)
    kind: str = input_field("What kind of device, by code (设备类型编码).")
    unit: str = input_field("The unit that answers for it, by code (权属单位编码).")
    keeper: str = input_field(KEEPER, length=(1, NAME))
    place: PointInput | None = input_field("Its position (位置).", default=UNSET)


def check_names(call: Call, input: RegisterDeviceInput | EditDeviceInput) -> None:
    """Refuse a device that watches people, by what it is called."""
    with input_form() as read:
        for name in ("code", "name"):
            if is_given(value := getattr(input, name, None)):
                read(check_purpose, value, name)


@command("Register a device in a grid, with a keeper and a unit (登记设备).", requires=MANAGE, form=check_names)
async def register_device(call: Call, input: RegisterDeviceInput) -> DevicePayload:
    check_names(call, input)
    grid = await find_managed_grid(call, input.grid)
    kind = await find_kind(input.kind, grid.county_id, "kind")
    row = DeviceRow(grid=grid, code=input.code, name=input.name, kind=kind, registered_at=call.now)
    row.unit = await find_unit(input.unit, "unit")
    row.keeper = await find_keeper(input.keeper, grid)
    set_place(row, input.place)
    # One at a time in a county: of two with one code the second finds the first.
    await lock_name(call, f"{grid.county_id} {input.code}", 20260612)
    if await DeviceRow.exists(county_id=grid.county_id, code=input.code):
        raise duplicate("The county has a device with this code.", "本县已有该编码的设备。", "code")
    await row.save()
    return DevicePayload(device=ref(Device, row.id))


@strawberry.input(description="What changes of a device; what is left out stays (变更设备).")
class EditDeviceInput:
    idempotency_key: str = input_field(KEY)
    device: ID = input_field(DEVICE)
    expected_version: int = input_field(EXPECTED)
    grid: str | None = input_field("Where it lies, by the grid's code, in the same county (网格编码).", default=UNSET)
    name: str | None = input_field("What and where it is; no names of people (设备名称).", length=NAMED, default=UNSET)
    unit: str | None = input_field("The unit that answers for it, by code (权属单位编码).", default=UNSET)
    keeper: str | None = input_field(KEEPER, length=(1, NAME), default=UNSET)
    place: PointInput | None = input_field("Its position (位置).", default=UNSET)


@command(
    "Change what is on record of a device (变更设备).",
    requires=None,
    action=Action(Device, (MANAGES,), (IN_USE,)),
    form=check_names,
)
async def edit_device(call: Call, input: EditDeviceInput) -> DevicePayload:
    check_names(call, input)
    row: DeviceRow = await call.find(Device, "device", id=key_of(Device)(input.device))
    if is_given(input.name):
        row.name = input.name
    # Where it lies after the change: a keeper is of that county.
    grid = await row.grid
    if is_given(input.grid):
        grid = await find_managed_grid(call, input.grid)
        if grid.county_id != row.county_id:
            raise invalid_input(
                "It stays in its county: retire it here and register it there.",
                "设备不能跨县变更：请先停用，再在当地登记。",
                "grid",
            )
        row.grid = grid
    if is_given(input.unit):
        row.unit = await find_unit(input.unit, "unit")
    if is_given(input.keeper):
        row.keeper = await find_keeper(input.keeper, grid)
    set_place(row, input.place)
    return await save_device(row)


@strawberry.input(description="A device that is worked on (设备检修静默).")
class SilenceDeviceInput:
    idempotency_key: str = input_field(KEY)
    device: ID = input_field(DEVICE)
    expected_version: int = input_field(EXPECTED)
    until: datetime.datetime | None = input_field(
        f"Until when it raises nothing, {LONGEST.days} days at most; null has it raise alarms again (静默截止时间)."
    )


@command(
    "Have a device raise nothing while it is worked on, or again (检修静默).",
    requires=None,
    action=Action(Device, (ATTENDS,), (IN_USE,)),
)
async def silence_device(call: Call, input: SilenceDeviceInput) -> DevicePayload:
    until = require_offset(input.until, "until") if input.until is not None else None
    if until is not None and not call.now < until <= call.now + LONGEST:
        raise invalid_input(
            f"{FIELD} lies ahead, and {LONGEST.days} days at most.",
            f"{FIELD}应晚于现在，且不超过 {LONGEST.days} 天。",
            "until",
        )
    row: DeviceRow = await call.find(Device, "device", id=key_of(Device)(input.device))
    # Breaches go on meanwhile, so that what lasts is raised once this is over.
    row.silenced_until = until
    return await save_device(row)


@strawberry.input(description="A device that is no longer in use (停用设备).")
class RetireDeviceInput:
    idempotency_key: str = input_field(KEY)
    device: ID = input_field(DEVICE)
    expected_version: int = input_field(EXPECTED)


@command(
    "Retire a device: it reports no more, and its code stays its own (停用设备).",
    requires=None,
    action=Action(Device, (MANAGES,), (IN_USE,)),
)
async def retire_device(call: Call, input: RetireDeviceInput) -> DevicePayload:
    row: DeviceRow = await call.find(Device, "device", id=key_of(Device)(input.device))
    row.retired_at, row.offline_at = call.now, None
    # Its cases go on: somebody decides about each.
    await call.fetch(FORGOTTEN, row.id)
    await call.fetch(ENDED.format("device_id=$2"), call.now, row.id)
    return await save_device(row)


async def save_device(row: DeviceRow) -> DevicePayload:
    """Save a device under its next version."""
    row.version += 1
    await row.save()
    return DevicePayload(device=ref(Device, row.id))


async def find_managed_grid(call: Call, code: str) -> GridRow:
    """Return a grid inside a county where the caller manages devices. Raises Refusal."""
    grid = await find_grid(code, "grid")
    if not call.may(MANAGE, grid):
        raise not_allowed("grid")
    if grid.county_id is None:
        raise invalid_input("Name a grid inside a county.", "请选择县级以下网格。", "grid")
    return grid


async def find_keeper(name: str, grid: GridRow) -> str:
    """Return the name of an account that can be told, of the county or of all. Raises Refusal."""
    # One that nobody can sign in with any more would be told in vain.
    found = await AccountRow.get_or_none(name=name, suspended_at=None)
    if found is None or found.county_id not in (None, grid.county_id):
        raise not_found("There is no such account in the county.", "本县没有该账户。", "keeper")
    return str(found.name)


def set_place(row: DeviceRow, place: PointInput | None) -> None:
    """Set where a device is, if that was said. Raises Refusal."""
    if not is_given(place):
        return
    point = read_position(vars(place))
    row.longitude, row.latitude = point.longitude, point.latitude


EXTENSIONS = (
    extend(
        Mutation,
        register_device=register_device,
        edit_device=edit_device,
        silence_device=silence_device,
        retire_device=retire_device,
    ),
)
