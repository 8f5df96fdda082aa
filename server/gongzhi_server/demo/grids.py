"""Grids: the county's tree of real divisions, and below each village three levels of invented grids."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from importlib.resources import files
from itertools import islice
from random import Random
from typing import Any

import orjson
from gongzhi.core.grids.models import Use
from gongzhi.values.codes import Kind, grid_kind, parent_code
from gongzhi.values.geometry import write_geojson

from . import land
from .chance import divide_shares
from .land import Land

CODE = "610921"
BASES = 5940
"""How many base grids the county has (docs/demo.md)."""
SINCE = date(2021, 1, 1)
NOTE = "演示数据，边界为虚构 (demo, the boundary is invented)"
PARK = {"610921101200": "县工业园区"}
SECTORS = {2: "西东", 3: "西中东", 4: "西北南东"}
NUMERALS = "一二三四五六七八九"


def grid_code(village: str, l1: int, l2: int = 0, l3: int = 0) -> str:
    """Build the code of a village grid from the numbers of its levels, 1 to 99, or 0 for a level that is absent."""
    code = f"{village}-{l1:02}{l2:02}{l3:02}"
    grid_kind(code)
    return code


@dataclass(eq=False)
class DemoGrid:
    """A node of the tree. Its key is given when it is written."""

    code: str
    name: str
    kind: Kind
    parent: DemoGrid | None = None
    land: Land | None = None
    use: Use = Use.BASE
    children: list[DemoGrid] = field(default_factory=list, repr=False)
    id: int = 0

    def add(self, code: str, name: str, area: Land, use: Use = Use.BASE) -> DemoGrid:
        """Add a grid below this one."""
        child = DemoGrid(code, name, grid_kind(code), self, area, use)
        self.children.append(child)
        return child

    def divide(self, weights: Sequence[float]) -> list[Land]:
        """Divide this grid's land by weight."""
        if self.land is None:
            raise LookupError(f"grid {self.code} has no boundary to divide")
        return self.land.divide(weights)

    def up(self, kind: Kind) -> DemoGrid:
        """Return the ancestor of a kind, or the grid itself."""
        grid: DemoGrid | None = self
        while grid is not None:
            if grid.kind is kind:
                return grid
            grid = grid.parent
        raise LookupError(f"grid {self.code} lies in no {kind}")

    def walk(self) -> Iterator[DemoGrid]:
        """Yield this grid and all below it, parents before their children."""
        yield self
        for child in self.children:
            yield from child.walk()

    @cached_property
    def town(self) -> DemoGrid:
        return self.up(Kind.TOWN)

    @cached_property
    def village(self) -> DemoGrid:
        return self.up(Kind.VILLAGE)

    @cached_property
    def place(self) -> str:
        """What people call it, such as 三坪村三组."""
        if self.kind in (Kind.GRID_2, Kind.GRID_3):
            return self.village.place + self.up(Kind.GRID_2).name
        return self.name.removesuffix("居委会").removesuffix("委会")


@dataclass(frozen=True)
class Tree:
    """The county, with the province and the city above it."""

    above: tuple[DemoGrid, ...]
    county: DemoGrid

    @cached_property
    def grids(self) -> list[DemoGrid]:
        """The county and all below it, parents before their children."""
        return list(self.county.walk())

    @cached_property
    def bases(self) -> list[DemoGrid]:
        """The third-level base grids."""
        return [grid for grid in self.of(Kind.GRID_3) if grid.use is Use.BASE]

    def of(self, kind: Kind) -> list[DemoGrid]:
        """Return the grids of a kind."""
        return [grid for grid in self.grids if grid.kind is kind]


def read_divisions() -> dict[str, str]:
    """Read the names of the county's divisions by code, and of the province and city above it."""
    with (files(__package__) / "divisions.csv").open(encoding="utf-8") as lines:
        return {row["code"]: row["name"] for row in csv.DictReader(lines)}


def plant_tree(random: Random) -> Tree:
    """Lay the tree out over the land, every base grid about as large as the others."""
    names = read_divisions()
    province = DemoGrid(CODE[:2], names[CODE[:2]], Kind.PROVINCE)
    city = DemoGrid(CODE[:4], names[CODE[:4]], Kind.CITY, province)
    county = DemoGrid(CODE, names[CODE], Kind.COUNTY, city, land.COUNTY)
    villages = {code: random.uniform(0.6, 1.4) for code in names if grid_kind(code) is Kind.VILLAGE}
    sizes = divide_shares(BASES, villages, least=12)
    towns = [code for code in names if grid_kind(code) is Kind.TOWN]
    inside = [{village: size for village, size in sizes.items() if parent_code(village) == town} for town in towns]
    # Land in proportion to base grids, so that these come out about equally large.
    areas = county.divide([sum(villages.values()) for villages in inside])
    for code, area, villages_ in zip(towns, areas, inside, strict=True):
        _town(random, county.add(code, names[code], area), villages_, names)
    return Tree((province, city), county)


def _town(random: Random, town: DemoGrid, sizes: dict[str, int], names: dict[str, str]) -> None:
    """Lay out the villages of a town; the first has a school, which is a dedicated grid."""
    special = {next(iter(sizes)): f"{town.name}中心小学"} | PARK
    for (code, size), area in zip(sizes.items(), town.divide(list(sizes.values())), strict=True):
        _village(random, town.add(code, names[code], area), size, special.get(code))


def _village(random: Random, village: DemoGrid, size: int, special: str | None) -> None:
    """Divide a village into 片区, these into 村民小组, and those into base grids, `size` of them in all."""
    groups = iter(enumerate(_parts(size, round(size / 3)), 1))
    sectors = [list(islice(groups, count)) for count in _parts(round(size / 3), random.randint(2, 4))]
    areas = village.divide([sum(size for _, size in sector) for sector in sectors])
    sides = SECTORS[len(sectors)]
    for place, (sector, side, area) in enumerate(zip(sectors, sides, areas, strict=True), 1):
        grid = village.add(grid_code(village.code, place), f"{side}片区", area)
        _sector(grid, place, sector, special if place == 1 else None)


def _sector(sector: DemoGrid, place: int, groups: list[tuple[int, int]], special: str | None) -> None:
    """Divide a sector into groups, and these into base grids."""
    village = sector.village.code
    areas = sector.divide([size for _, size in groups])
    for second, ((number, size), area) in enumerate(zip(groups, areas, strict=True), 1):
        name = f"{chinese_numeral(number)}组"
        group = sector.add(grid_code(village, place, second), name, area)
        dedicated = special if second == 1 else None
        for third, land_ in enumerate(group.divide([1] * (size + bool(dedicated))), 1):
            code = grid_code(village, place, second, third)
            if dedicated and third > size:
                group.add(code, dedicated, land_, Use.DEDICATED)
            else:
                group.add(code, f"{name}{third}网格", land_)


def _parts(total: int, count: int) -> list[int]:
    """Divide as evenly as whole numbers go."""
    return [total // count + (place < total % count) for place in range(count)]


def chinese_numeral(number: int) -> str:
    """Write a number from 1 to 99 in Chinese."""
    tens, ones = divmod(number, 10)
    return (NUMERALS[tens - 1] if tens > 1 else "") + ("十" if tens else "") + (NUMERALS[ones - 1] if ones else "")


COLUMNS = "id", "code", "name", "kind", "use", "parent_id", "boundary", "boundary_note", "valid_from", "version"
RING = "grid_id", "area", "hole"


def grid_rows(grids: Sequence[DemoGrid]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `grids.grid`."""
    for grid in grids:
        up = grid.parent.id if grid.parent else None
        boundary = orjson.dumps(write_geojson([grid.land.ring])).decode() if grid.land else None
        yield grid.id, grid.code, grid.name, grid.kind, grid.use, up, boundary, boundary and NOTE, SINCE, 1


def ring_rows(grids: Sequence[DemoGrid]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `grids.ring`."""
    return ((grid.id, grid.land.polygon, False) for grid in grids if grid.land)
