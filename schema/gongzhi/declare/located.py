"""Located rows: the trigger that fills their ancestors in, an index a level, and the rows inside a grid."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Alternatives, Disjoint, Sql

LEVELS = ("county_id", "town_id", "village_id", "grid_1_id", "grid_2_id", "grid_3_id")


def locate(table: str) -> list[str]:
    """Have the database copy the ancestors from the grid whenever a row's grid is set.

    A trigger, not application code, because imports, commands and plugins all write rows, and a row whose
    ancestors are wrong is seen by the wrong people.
    """
    return [
        f"create trigger locate before insert or update of grid_id on {table} "
        "for each row execute function gongzhi.locate()"
    ]


def levels(table: str, *order: str, where: str = "") -> list[str]:
    """An index a level that serves a list under a scope in this order (planner: cost of growth)."""
    tail = f" where {where}" if where else ""
    return [f"create index on {table} ({level}, {', '.join(order)}){tail}" for level in LEVELS]


def place_in_grid(row: Any, grid: Any) -> None:
    """Set the levels of a new row as the database will, so that what looks at them before it is saved finds them."""
    for level in LEVELS:
        setattr(row, level, getattr(grid, level))


def covers(area: Any, row: Any) -> bool:
    """Whether a located row, or a grid itself, lies in the grid of another row."""
    return area.grid_id in {getattr(row, "grid_id", None), *(getattr(row, level) for level in LEVELS)}


def inside(at: Frame) -> Alternatives:
    """Located rows in the grid the field stands on, whatever its level.

    One branch a level: the grid's kind switches all but one of them off before a row is read, and that one is
    served by the level's own index.
    """
    branch = "{0}='%s' and {1}={2}"
    return Disjoint(
        [
            *(
                Sql(branch % level.removesuffix("_id").upper(), at.row.kind, at.rows.field(level), at.row.id)
                for level in LEVELS
            ),
            Sql(
                "{0} in ('PROVINCE','CITY') and {1}=any(array(select c.id from grids.grid c "
                "where c.kind='COUNTY' and (c.province_id={2} or c.city_id={2})))",
                at.row.kind,
                at.rows.county_id,
                at.row.id,
            ),
        ]
    )
