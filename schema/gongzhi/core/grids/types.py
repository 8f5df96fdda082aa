"""Types: grids as the schema has them."""

from __future__ import annotations

import datetime
from functools import partial
from typing import Any

import strawberry
from strawberry.scalars import JSON

from gongzhi.declare.entity import Connection, Node, column, connection, entity, many, one, pick, visible_to_all
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_grid, compare_text
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql, all_of
from gongzhi.values.codes import Kind
from gongzhi.values.errors import Refusal
from gongzhi.values.geometry import Crs, GeometryError, Point, point_text

from .models import GridRow, Use

HOLDS_POINT = "{0} && polygon(box({1},{1})) and {0} @> {1}"
"""Whether a ring's area holds a point.

The index of rings knows polygons alone: it finds those whose box the point is in, as a polygon of one point, and each
of them is asked.
"""

describe_enum(
    Kind,
    "GridKind",
    "A level of the grid tree (网格层级).",
    PROVINCE="Province (省级)",
    CITY="City or prefecture (地级)",
    COUNTY="County or district (县级)",
    TOWN="Town, township or subdistrict (乡镇街道)",
    VILLAGE="Village or community (村、社区)",
    GRID_1="First-level grid: a part of a village (一级网格，片区)",
    GRID_2="Second-level grid: a villagers' group (二级网格，村民小组)",
    GRID_3="Third-level grid: the base grid of some households (三级网格)",
)
describe_enum(
    Use,
    "GridUse",
    "What a grid is for (网格类型).",
    BASE="Everyday governance of a neighbourhood (基础网格)",
    DEDICATED="A school, a market, an industrial park (专属网格)",
)
describe_enum(
    Crs,
    "Crs",
    "The coordinate system of a position; all are kept in CGCS2000 (坐标系).",
    CGCS2000="China Geodetic Coordinate System 2000 (国家大地坐标系)",
    WGS84="What satellite receivers give (GPS 坐标)",
    GCJ02="What Chinese map services give (火星坐标)",
)


@strawberry.input(description="A position, with the coordinate system it is in (位置).")
class PointInput:
    longitude: float = strawberry.field(description="Degrees east (经度).")
    latitude: float = strawberry.field(description="Degrees north (纬度).")
    crs: Crs = strawberry.field(description="The coordinate system of these numbers (坐标系).")


def read_position(value: Any, field: str = "place") -> Point:
    """Return the point in CGCS2000. Raises Refusal, at the field that it was given in, for no position on Earth."""
    try:
        given = Point(value["longitude"], value["latitude"], Crs(value["crs"]))
        return given.to(Crs.CGCS2000)
    except GeometryError as error:
        raise Refusal("BAD_USER_INPUT", error.text.en, error.text.zh, (field, *map(str, error.path))) from error


def placed_point(value: Any, field: str = "place") -> str:
    """Return the point as PostgreSQL reads one. Raises Refusal, at the field that it was given in."""
    return point_text(read_position(value, field))


def ancestor_grids(at: Frame) -> Alternatives:
    """Return the grid itself and what it lies in."""
    names = ("province", "city", "county", "town", "village", "grid_1", "grid_2", "grid_3")
    # A grid stands in the column of its own level, so it is among them.
    keys = [at.row.field(f"{name}_id") for name in names]
    return [Sql("{0}=any(array[" + ",".join(f"{{{i + 1}}}" for i in range(len(keys))) + "])", at.rows.id, *keys)]


def current_grid(at: Frame) -> Alternatives:
    """Return the grid that has the code now."""
    return [all_of(at.rows.code == at.given.bind("code"), at.rows.valid_to.isnull())]


def containing_grids(at: Frame) -> Alternatives:
    """Return grids whose boundary contains the point: in a ring, and in no hole of the same grid."""
    point = at.given.bind("point", convert=partial(placed_point, field="point"), cast="text")
    # Rings are found first, by their index, and then the grids by their keys.
    rings = f"select grid_id from grids.ring where {HOLDS_POINT.format('area', '{1}::point')}"
    inside = Sql(f"{{0}}=any(array({rings} and not hole))", at.rows.id, point)
    hole = Sql(f"{{0}}=any(array({rings} and hole))", at.rows.id, point)
    return [all_of(inside, Sql("not {0}", hole), at.rows.valid_to.isnull())]


@entity(
    GridRow,
    visible=visible_to_all,
    order=("code", "name"),
    filter={
        "code": None,
        "name": compare_text("name"),
        "kind": None,
        "use": None,
        "grid": compare_grid(),
    },
)
class Grid(Node):
    """A node of the tree from province to third-level grid (网格)."""

    code: str = column("Its code: 2, 4, 6, 9 or 12 digits, and `-` and six more for village grids (编码).")
    name: str = column("Its name (名称).")
    kind: Kind = column("Its level (层级).")
    use: Use = column("What it is for (类型).")
    parent: Grid | None = one("What it lies in directly (上级).")
    path: list[Grid] = many(
        "What it lies in, from the province down to itself (路径).", ancestor_grids, order="path", cap=8
    )
    children: Connection[Grid] = connection("What lies in it directly (下级).", on="parent", order="code")
    boundary: JSON | None = column("Its outline as GeoJSON in CGCS2000 (边界).")
    boundary_note: str | None = column("What is to be known of the outline, such as that it is invented (边界说明).")
    valid_from: datetime.date | None = column("The first day it exists (启用日期).")
    valid_to: datetime.date | None = column("The first day it no longer exists (停用日期).")
    successor: Grid | None = one("What took its place (后继).")
    version: int = column("Grows with every change (版本).")


CODE = {"code": Argument(str, "The grid's code (编码).")}
POINT = {"point": Argument(PointInput, "The place (位置).")}

EXTENSIONS = (
    extend(
        Query,
        grid=pick("The grid that has this code now (按编码查网格).", current_grid, arguments=CODE, type=Grid | None),
        grid_at=pick(
            "The smallest grid that contains a place (某地所属网格).",
            containing_grids,
            order="-path",
            arguments=POINT,
            type=Grid | None,
        ),
        grids=connection("Grids, in the order of their codes (网格列表).", order="code", type=Connection[Grid]),
    ),
)
