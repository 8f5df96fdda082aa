"""Bodies: the organisations (单位) of the county: real kinds, invented telephones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gongzhi.core.units.models import Reach, UnitKind
from gongzhi.values.codes import Kind

from .grids import CODE, DemoGrid, Tree

DEPARTMENTS = {
    "SLJ": "汉阴县水利局",
    "JTJ": "汉阴县交通运输局",
    "ZRJ": "汉阴县自然资源局",
    "ZJJ": "汉阴县住房和城乡建设局",
    "CGJ": "汉阴县城市管理执法局",
    "NYJ": "汉阴县农业农村局",
    "LYJ": "汉阴县林业局",
    "HBJ": "汉阴县生态环境局",
    "MZJ": "汉阴县民政局",
    "RSJ": "汉阴县人力资源和社会保障局",
    "YBJ": "汉阴县医疗保障局",
    "WJJ": "汉阴县卫生健康局",
    "JYJ": "汉阴县教育体育局",
    "GAJ": "汉阴县公安局",
    "SFJ": "汉阴县司法局",
    "YJJ": "汉阴县应急管理局",
    "SCJ": "汉阴县市场监督管理局",
    "SPJ": "汉阴县行政审批服务局",
    "XFJ": "汉阴县信访局",
    "ZZZX": "汉阴县综治中心",
    "JWJW": "汉阴县纪委监委",
}
ENTERPRISES = {"GDGS": "汉阴县供电公司", "ZLSGS": "汉阴县自来水公司"}
ASSOCIATIONS = {"TXW": "共青团汉阴县委员会", "FL": "汉阴县妇女联合会"}

COLUMNS = "id", "code", "name", "kind", "reach", "parent_id", "grid_id", "duty_phone", "version"


@dataclass(eq=False)
class Organisation:
    """An organisation. Its key is given when it is written."""

    code: str
    name: str
    kind: UnitKind
    reach: Reach
    grid: DemoGrid
    parent: Organisation | None = None
    id: int = 0


@dataclass(frozen=True)
class Organisations:
    """The organisations by code, parents before their children."""

    by_code: dict[str, Organisation]

    @cached_property
    def lines(self) -> list[Organisation]:
        """The county's departments and the like."""
        return [body for body in self.by_code.values() if body.reach is Reach.LINE]

    def department(self, letters: str) -> Organisation:
        """Return a department of the county by its letters."""
        return self.by_code[f"{CODE}-{letters}"]

    def town(self, grid: DemoGrid) -> Organisation:
        """Return the government of the town a grid lies in."""
        return self.by_code[_town(grid.town)]

    def village(self, grid: DemoGrid) -> Organisation:
        """Return the committee of the village a grid lies in."""
        return self.by_code[_village(grid.village)]


def found_bodies(tree: Tree) -> Organisations:
    """Set the county's organisations up."""
    bodies = [*_lines(tree.county), *_governments(tree)]
    # A village's committee is under its town's government, so towns come first.
    by_code = {body.code: body for body in bodies}
    for village in tree.of(Kind.VILLAGE):
        code, above = _village(village), by_code[_town(village.town)]
        by_code[code] = Organisation(code, _committee(village), UnitKind.VILLAGE_BODY, Reach.AREA, village, above)
    return Organisations(by_code)


def _lines(county: DemoGrid) -> Iterator[Organisation]:
    """Yield what works for the whole county: departments, enterprises and associations."""
    for kind, names in (
        (UnitKind.COUNTY_DEPARTMENT, DEPARTMENTS),
        (UnitKind.ENTERPRISE, ENTERPRISES),
        (UnitKind.MASS_ORGANISATION, ASSOCIATIONS),
    ):
        for letters, name in names.items():
            yield Organisation(f"{CODE}-{letters}", name, kind, Reach.LINE, county)


def _governments(tree: Tree) -> Iterator[Organisation]:
    """Yield the government of each town."""
    for town in tree.of(Kind.TOWN):
        yield Organisation(_town(town), f"{town.name}人民政府", UnitKind.TOWN_BODY, Reach.AREA, town)


def _committee(village: DemoGrid) -> str:
    """Return a village committee's full name, which the division table abbreviates."""
    return village.place + ("村民委员会" if village.place.endswith("村") else "居民委员会")


def _town(grid: DemoGrid) -> str:
    """Return the code of the government of a town."""
    return f"{grid.code}-ZF"


def _village(grid: DemoGrid) -> str:
    """Return the code of the committee of a village."""
    return f"{grid.code}-WH"


def unit_rows(bodies: Sequence[Organisation]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `units.unit`. No real telephone number starts with 0915-000."""
    for place, body in enumerate(bodies, 1):
        up = body.parent.id if body.parent else None
        phone = f"0915-{place:07}"
        yield body.id, body.code, body.name, body.kind, body.reach, up, body.grid.id, phone, 1
