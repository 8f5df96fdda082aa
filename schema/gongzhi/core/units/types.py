"""Types: organisations as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import Connection, Node, column, connection, entity, lookup, one, visible_to_all
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_text
from gongzhi.declare.roots import Query

from .models import Reach, UnitKind, UnitRow

describe_enum(
    UnitKind,
    "UnitKind",
    "What sort of organisation a unit is (单位性质).",
    COUNTY_DEPARTMENT="A department of the county (县直部门)",
    TOWN_BODY="A body of a town (乡镇机构)",
    VILLAGE_BODY="A body of a village or community (村、社区组织)",
    ENTERPRISE="An enterprise, such as a power company (企业)",
    MASS_ORGANISATION="A mass organisation (群团组织)",
)
describe_enum(
    Reach,
    "UnitReach",
    "Whether a unit answers for a line of business or for a territory (条块).",
    LINE="A line of business (条)",
    AREA="A territory (块)",
)


@entity(
    UnitRow,
    visible=visible_to_all,
    order=("code", "name"),
    filter={"code": None, "name": compare_text("name"), "kind": None},
)
class Unit(Node):
    """An organisation that cases are dispatched to (单位)."""

    code: str = column("Its code, unique in the deployment (编码).")
    name: str = column("Its name (名称).")
    kind: UnitKind = column("What sort of organisation it is (性质).")
    reach: Reach = column("Whether it answers for a line of business or a territory (条块).")
    uscc: str | None = column("Its unified social credit code (统一社会信用代码).")
    parent: Unit | None = one("What it belongs to (上级单位).")
    grid: Grid | None = one("The area it serves (服务区域).")
    duty_phone: str | None = column("The number on its door plate (值班电话).")
    valid_to: datetime.date | None = column("The first day it no longer exists (停用日期).")
    version: int = column("Grows with every change (版本).")


EXTENSIONS = (
    extend(
        Query,
        unit=lookup("The unit that has this code (按编码查单位).", "Its code (编码).", by="code", type=Unit | None),
        units=connection("Units, in the order of their codes (单位列表).", order="code", type=Connection[Unit]),
    ),
    extend(Grid, units=connection("Units at home here (驻地单位).", on="grid", order="code", type=Connection[Unit])),
)
