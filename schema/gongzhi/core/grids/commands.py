"""Grid commands: add, rename, bound and replace a grid, which keeps its code for good."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from strawberry import UNSET
from strawberry.scalars import JSON

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
from gongzhi.values.codes import Kind
from gongzhi.values.errors import Refusal
from gongzhi.values.geometry import Crs, GeometryError, Ring, polygon_text, read_rings, write_geojson

from .models import GridRow, RingRow, Use
from .types import Grid

EDIT = "grids.edit"
CODE = "The grid's code (编码)."
BOUNDARY = "Its outline, a GeoJSON Polygon or MultiPolygon (边界)."
CRS = "The coordinate system of the boundary, which must come with one (坐标系)."
NOTE = "What is to be known of the outline (边界说明)."


@strawberry.type(description="A grid as it is now, or why nothing was done (网格操作结果).")
class GridPayload:
    grid: Grid | None = result_field("The grid (网格).")
    errors: list[Problem] = problems()


@strawberry.input(description="A new grid; its code tells its level and what it lies in (新增网格).")
class AddGridInput:
    idempotency_key: str = input_field(KEY)
    code: str = input_field("Its code: 2, 4, 6, 9 or 12 digits, and `-` and six more for village grids (编码).")
    name: str = input_field("Its name (名称).", length=(1, 100))
    use: Use = input_field("What it is for (类型).", default=Use.BASE)
    parent: str | None = input_field("What a county lies in, if not the city its code names (上级编码).", default=UNSET)
    valid_from: datetime.date | None = input_field(
        "The first day it exists; today if not said (启用日期).", default=UNSET
    )
    boundary: JSON | None = input_field(BOUNDARY, default=UNSET)
    crs: Crs | None = input_field(CRS, default=UNSET)
    boundary_note: str | None = input_field(NOTE, length=(1, 200), default=UNSET)


@command("Add a grid (新增网格).", requires=EDIT, form=lambda call, input: read_grid(call, input))
async def add_grid(call: Call, input: AddGridInput) -> GridPayload:
    kind, since, outline = read_grid(call, input)
    parent = await find_parent_grid(input, kind)
    grid = GridRow(code=input.code, name=input.name, kind=kind, use=input.use, parent=parent, valid_from=since)
    # Whoever may change what it lies in may add to it.
    if not call.may(EDIT, parent or grid):
        raise not_allowed("code")
    # Of those in use: a division that was abolished may come back under its old code, as another grid.
    if await GridRow.exists(code=input.code, valid_to=None):
        raise duplicate("There is a grid with this code already.", "该编码的网格已存在。", "code")
    apply_boundary(grid, outline, input, input.boundary_note or None)
    await grid.save(force_create=True)
    await write_rings(call, grid, outline)
    return GridPayload(grid=ref(Grid, grid.id))


@strawberry.input(description="A grid's new name (网格更名).")
class RenameGridInput:
    idempotency_key: str = input_field(KEY)
    code: str = input_field(CODE)
    expected_version: int = input_field(EXPECTED)
    name: str = input_field("The new name (名称).", length=(1, 100))


@command("Give a grid another name (网格更名).", requires=EDIT)
async def rename_grid(call: Call, input: RenameGridInput) -> GridPayload:
    grid = await load_grid(call, input)
    grid.name = input.name
    return await save_grid(grid, "name")


@strawberry.input(description="A grid's outline (网格边界).")
class SetBoundaryInput:
    idempotency_key: str = input_field(KEY)
    code: str = input_field(CODE)
    expected_version: int = input_field(EXPECTED)
    boundary: JSON | None = input_field(BOUNDARY + " Null takes it away.", default=UNSET)
    crs: Crs | None = input_field(CRS, default=UNSET)
    boundary_note: str | None = input_field(NOTE, length=(1, 200), default=UNSET)


@command("Set or take away a grid's outline (设置边界).", requires=EDIT)
async def set_boundary(call: Call, input: SetBoundaryInput) -> GridPayload:
    # Null takes the outline away; to leave it out is a mistake.
    if input.boundary is UNSET:
        raise invalid_input(
            "Give the boundary; an empty one takes it away.", "请提供边界；填空值则删除边界。", "boundary"
        )
    outline = read_boundary(input)
    grid = await load_grid(call, input)
    apply_boundary(grid, outline, input, input.boundary_note or None)
    # Written anew: nothing refers to a single ring.
    await RingRow.filter(grid=grid).delete()
    await write_rings(call, grid, outline)
    return await save_grid(grid, "boundary", "boundary_source", "boundary_note")


@strawberry.input(description="What takes a grid's place (网格替代).")
class ReplaceGridInput:
    idempotency_key: str = input_field(KEY)
    code: str = input_field("The code of the grid that ends (编码).")
    expected_version: int = input_field(EXPECTED)
    successor: str = input_field("The code of the grid that takes its place; add it first (后继编码).")
    valid_to: datetime.date | None = input_field(
        "The first day it no longer exists; today if not said (停用日期).", default=UNSET
    )


@command("Close a grid that another one takes the place of; what lay in it stays in it (网格替代).", requires=EDIT)
async def replace_grid(call: Call, input: ReplaceGridInput) -> GridPayload:
    ends = check_past_day(call, input.valid_to, "validTo") if is_given(input.valid_to) else today(call)
    grid, successor = await load_grid(call, input), await find_grid(input.successor, "successor")
    if not call.may(EDIT, successor):
        raise not_allowed("successor")
    if successor.id == grid.id or successor.kind != grid.kind:
        raise invalid_input(
            "The successor must be another grid of the same level.", "后继应为同级的其他网格。", "successor"
        )
    if grid.valid_from and ends < grid.valid_from:
        raise invalid_input("It cannot end before it began.", "停用日期不能早于启用日期。", "validTo")
    if await GridRow.exists(parent=grid, valid_to=None):
        raise invalid_input("Grids lie in it: replace those first.", "其下仍有网格，请先替代下级网格。", "code")
    # Only the grid itself changes: what lay in it stays in it.
    grid.valid_to, grid.successor = ends, successor
    return await save_grid(grid, "valid_to", "successor_id")


# what the commands share


async def find_grid(code: str, *path: str, lock: bool = False) -> GridRow:
    """Return the grid that has this code now."""
    query = GridRow.filter(code=code, valid_to=None)
    # FOR NO KEY UPDATE, so that rows that point at the grid may be written meanwhile.
    found = await (query.select_for_update(no_key=True) if lock else query).first()
    if found is None:
        raise not_found("There is no grid with this code.", "网格编码不存在。", *path)
    return found


async def load_grid(call: Call, input: Any) -> GridRow:
    """Return the grid, locked, at the version the caller saw, where they may change it."""
    grid = await find_grid(input.code, "code", lock=True)
    if not call.may(EDIT, grid):
        raise not_allowed("code")
    check_version(grid, input.expected_version)
    return grid


async def save_grid(grid: GridRow, *columns: str) -> GridPayload:
    grid.version += 1
    await grid.save(update_fields=[*columns, "version"])
    return GridPayload(grid=ref(Grid, grid.id))


async def find_parent_grid(input: AddGridInput, kind: Kind) -> GridRow | None:
    """Return what the grid lies in: what its code names, or for a county the province if that is given."""
    if kind is Kind.PROVINCE:
        return None
    code = codes.parent_code(input.code) or ""
    if not is_given(input.parent) or input.parent == code:
        return await find_grid(code, "code" if not is_given(input.parent) else "parent")
    # A county may lie in its province directly, without a city between them.
    if kind is not Kind.COUNTY or input.parent != code[:2]:
        raise invalid_input(
            "The code names what it lies in: leave the parent out.", "编码已含上级，请勿另填上级。", "parent"
        )
    return await find_grid(code[:2], "parent")


def read_grid(call: Call, input: AddGridInput) -> tuple[Kind, datetime.date, list[Ring]]:
    """Return what a new grid's code says, its first day and its outline. Raises Refusals for all that is wrong."""
    with input_form() as read:
        kind = read(check_code, codes.grid_kind, input.code, "code")
        since = read(check_past_day, call, input.valid_from, "validFrom") if is_given(input.valid_from) else today(call)
        return kind, since, read(read_boundary, input)


def read_boundary(input: Any) -> list[Ring]:
    """Return the rings of the boundary, none where none is given."""
    if not is_given(input.boundary):
        return []
    if not is_given(input.crs):
        raise invalid_input("Say in which coordinate system the boundary is.", "请说明边界所用的坐标系。", "crs")
    try:
        return read_rings(input.boundary, Crs(input.crs))
    except GeometryError as error:
        path = ("boundary", *map(str, error.path))
        raise Refusal("BAD_USER_INPUT", error.text.en, error.text.zh, path) from None


def apply_boundary(grid: GridRow, outline: list[Ring], input: Any, note: str | None) -> None:
    """Give the grid its boundary in CGCS2000, and keep it as it was sent."""
    grid.boundary = write_geojson(outline) if outline else None
    # As it was sent: conversion between coordinate systems is not exact, and the original can be converted better
    # later.
    grid.boundary_source = {"crs": input.crs, "geometry": input.boundary} if outline else None
    grid.boundary_note = note if outline else None


async def write_rings(call: Call, grid: GridRow, outline: list[Ring]) -> None:
    """Write the rings that `gridAt` looks a place up by."""
    await call.fetch(
        # As PostgreSQL's own polygons, beside the GeoJSON: an index finds by them which grid a place is in.
        "insert into grids.ring (grid_id, area, hole) "
        "select $1, r.area::polygon, r.hole from unnest($2::text[], $3::bool[]) as r (area, hole)",
        grid.id,
        [polygon_text(ring) for ring in outline],
        [ring.hole for ring in outline],
    )


EXTENSIONS = (
    extend(Mutation, add_grid=add_grid, rename_grid=rename_grid, set_boundary=set_boundary, replace_grid=replace_grid),
)
