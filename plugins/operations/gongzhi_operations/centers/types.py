"""Centre types: governance centres as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.grids.types import Grid
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import Connection, Node, column, connection, entity, many, one, pick, visible_to_all
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place, compare_text
from gongzhi.declare.located import rows_inside
from gongzhi.declare.sql import Sql

from .models import CenterRow

CAP = 50
"""The most units of a centre."""


@entity(
    CenterRow, visible=visible_to_all, order=("name",), filter={"name": compare_text("name"), "grid": compare_place()}
)
class GovernanceCenter(Node):
    """Where people of a county, town or village can bring any matter (综治中心)."""

    grid: Grid | None = one("Whose centre it is; its kind is the centre's level (所属区域).")
    name: str = column("Its name (名称).")
    address: str | None = column("Where it is (地址).")
    duty_phone: str | None = column("The number on its door plate (值班电话).")
    units: list[Unit] = many(
        "Units that sit in it (入驻单位).",
        lambda at: [
            Sql("{0}=any(array(select s.unit_id from centers.seat s where s.center_id={1}))", at.rows.id, at.row.id)
        ],
        order="code",
        cap=CAP,
    )
    valid_to: datetime.date | None = column("The first day it no longer exists (停用日期).")
    version: int = column("Grows with every change (版本).")


EXTENSIONS = (
    extend(
        Grid,
        governance_center=pick(
            "The centre it has (综治中心).",
            lambda at: [at.rows.valid_to.isnull()],
            on="grid",
            order="name",
            type=GovernanceCenter | None,
            requires=None,
        ),
        governance_centers=connection(
            "Centres in it and below it, those that are no more too (各级综治中心).",
            rows_inside,
            order="name",
            type=Connection[GovernanceCenter] | None,
            requires=None,
        ),
    ),
)
