"""Centres: the governance centres (综治中心) of the county, of each town, and of each town's first village."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gongzhi.values.codes import Kind

from .bodies import Organisation, Organisations
from .grids import DemoGrid, Tree

COLUMNS = "id", "grid_id", "name", "address", "duty_phone", "version"
SEAT = "center_id", "unit_id"
INSIDE = ("ZZZX", "XFJ", "SFJ", "GAJ", "MZJ", "RSJ")
"""The departments that sit in the county's centre."""


@dataclass(eq=False)
class Center:
    """A centre with who sits in it. Its key is given when it is written."""

    grid: DemoGrid
    name: str
    seats: list[Organisation]
    id: int = 0


def found_centers(tree: Tree, bodies: Organisations) -> list[Center]:
    """Set the centres up."""
    towns = tree.of(Kind.TOWN)
    villages = [next(one for one in tree.of(Kind.VILLAGE) if one.town is town) for town in towns]
    return [
        Center(tree.county, "汉阴县综治中心", [bodies.department(letters) for letters in INSIDE]),
        *(Center(town, f"{town.name}综治中心", [bodies.town(town)]) for town in towns),
        *(Center(village, f"{village.place}综治中心", [bodies.village(village)]) for village in villages),
    ]


def center_rows(centers: Sequence[Center]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `centers.center`. No real telephone number starts with 0915-000."""
    for place, center in enumerate(centers, 1):
        yield center.id, center.grid.id, center.name, f"{center.name}（演示地址）", f"0915-000{9000 + place}", 1


def seat_rows(centers: Sequence[Center]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `centers.seat`."""
    return ((center.id, body.id) for center in centers for body in center.seats)
