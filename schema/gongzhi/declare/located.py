"""Located rows: the trigger that fills their ancestors in, an index a level, and the rows inside a grid."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Return an index a level that serves a list under a scope in this order (planner: cost of growth)."""
    tail = f" where {where}" if where else ""
    return [f"create index on {table} ({level}, {', '.join(order)}){tail}" for level in LEVELS]


def keep_beside(table: str, of: str, *, key: str, column: str, value: str, touched: Sequence[str] = ()) -> list[str]:
    """Have the database keep a row of a located side table for each row of another, for `by_side_table`.

    Its `key` says whose row it is, its `column` is what `value` makes of that row, called `r`. It is reckoned anew when
    one of the columns `touched` changes, and without any only once, so that the plugin may change it later. The grid
    follows the row's in any case. Those that are there already get theirs at once.
    """
    name = f"{table.partition('.')[0]}.keep_{table.partition('.')[2]}"
    # The new row is called `r` in the trigger, as those that are there already are, so that `value` serves for both.
    fill = f"insert into {table} (id, {key}, {column}, grid_id) select gen_random_uuid(), r.id, {value}, r.grid_id from"
    # Without `touched` the value is the plugin's to change, and only the grid follows the row.
    follow = ", ".join(f"{one} = excluded.{one}" for one in ("grid_id", *([column] if touched else [])))
    columns = ", ".join(dict.fromkeys(("grid_id", *touched)))
    return [
        f"create function {name}() returns trigger language plpgsql as $$ begin {fill} (select new.*) r "
        f"on conflict ({key}) do update set {follow}; return null; end $$",
        f"create trigger {name.replace('.', '_')} after insert or update of {columns} on {of} "
        f"for each row execute function {name}()",
        f"{fill} {of} r",
    ]


def place_in_grid(row: Any, grid: Any) -> None:
    """Set the levels of a new row as the database will, so that what looks at them before it is saved finds them."""
    for level in LEVELS:
        setattr(row, level, getattr(grid, level))


def covers_row(area: Any, row: Any) -> bool:
    """Return whether a located row, or a grid itself, lies in the grid of another row."""
    return area.grid_id in {getattr(row, "grid_id", None), *(getattr(row, level) for level in LEVELS)}


def rows_inside(at: Frame) -> Alternatives:
    """Return the located rows in the grid the field stands on, whatever its level.

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
            # Located rows know nothing above their county, so its counties are found first.
            Sql(
                "{0} in ('PROVINCE','CITY') and {1}=any(array(select c.id from grids.grid c "
                "where c.kind='COUNTY' and (c.province_id={2} or c.city_id={2})))",
                at.row.kind,
                at.rows.county_id,
                at.row.id,
            ),
        ]
    )
