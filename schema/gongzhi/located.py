"""SQL that every table of located rows needs: the trigger that fills the ancestors in, and an index a level."""

from __future__ import annotations

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
