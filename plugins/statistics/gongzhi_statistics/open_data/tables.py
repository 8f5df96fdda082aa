"""Tables: what an open dataset tells of a county's quarter, and its fields in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

from ..models import DatasetKind
from .suppression import suppress


@dataclass(frozen=True)
class Field:
    """A column of a dataset."""

    name: str
    datatype: str
    description: Text


@dataclass(frozen=True)
class Table:
    """A kind of dataset: how its files are called, what it is, and the SQL that counts it."""

    slug: str
    title: Text
    description: Text
    sql: str


@dataclass(frozen=True)
class TableRow:
    """A number of a dataset; null where it is withheld."""

    town: str
    town_name: str
    item: str
    item_name: str
    number: int | None
    withheld: bool


FIELDS = (
    Field("town", "string", Text("The town's code; `total` for all towns", "乡镇街道编码；`total` 为全县各镇合计")),
    Field("town_name", "string", Text("The town's name", "乡镇街道名称")),
    Field("item", "string", Text("The subject's or level's code", "分类或层级代码")),
    Field("item_name", "string", Text("Its name", "分类或层级名称")),
    Field("number", "integer", Text("How many cases; empty where it is withheld", "诉求件数；隐去的为空")),
    Field("withheld", "boolean", Text("Whether it is withheld", "是否隐去")),
)
WITHHELD = Text(
    "Tip-offs and what is against a unit are left out. Numbers of one to nine are withheld, and with them what would "
    "tell them by subtraction.",
    "不含举报和针对单位的事项。一至九件的数字隐去，可由合计推算出被隐去数字的其他数字一并隐去。",
)
# From the sums by month, which leave out what is sealed; every town with every item, so that a zero is told as one.
OF_TOWNS = """
select g.code as town, g.name as town_name, i.code as item, i.name as item_name, coalesce(sum(r.{measure}),0)::int as n
from grids.grid g cross join ({items}) i left join statistics.rollup r on r.grid_id=g.id and r.dimension='{dimension}'
 and r.value=i.id and r.monthly and not r.sealed and r.day>=$2 and r.day<=$3
where g.county_id=$1 and g.kind='TOWN' and (g.valid_to is null or g.valid_to>$3) group by 1, 2, 3, 4 order by 3, 1
"""
SUBJECTS = (
    "select k.id, k.code, k.name from cases.category k where k.parent_id is null "
    "and (k.valid_to is null or k.valid_to>$3)"
)
LEVELS = "values (1,'GRID','网格'),(2,'VILLAGE','村（社区）'),(3,'TOWN','乡镇街道'),(4,'COUNTY','县级')"
TABLES = {
    DatasetKind.CASES: Table(
        "cases",
        Text("Cases reported, by town and subject", "各乡镇诉求分类件数"),
        Text(
            "Cases reported in the quarter, by town and subject of the first level.",
            "本季度各乡镇上报的诉求，按一级分类统计。",
        ),
        OF_TOWNS.format(measure="reported", dimension="CATEGORY", items=SUBJECTS),
    ),
    DatasetKind.LEVELS: Table(
        "levels",
        Text("Cases settled, by town and level", "各乡镇诉求化解层级"),
        Text(
            "Cases settled in the quarter, by town and the level that settled them.",
            "本季度各乡镇办结的诉求，按化解层级统计。",
        ),
        OF_TOWNS.format(measure="completed", dimension="LEVEL", items=f"select * from ({LEVELS}) v (id, code, name)"),
    ),
}
ALL = Text("all towns", "各镇合计")


def quarter_end(since: date) -> date:
    """Return the last day of the quarter that a day begins."""
    month = since.month + 3
    return date(since.year + month // 13, (month - 1) % 12 + 1, 1) - timedelta(days=1)


async def count_table(call: Call, kind: DatasetKind, county: int, since: date) -> list[dict[str, Any]]:
    """Count a county's quarter, withholding what is small."""
    rows = await call.fetch(TABLES[kind].sql, county, since, quarter_end(since))
    return [asdict(one) for one in withhold([dict(row) for row in rows])]


def withhold(rows: Sequence[dict[str, Any]]) -> list[TableRow]:
    """Make the rows of a dataset of what was counted: by line its towns, and their total."""
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        lines.setdefault(row["item"], []).append(row)
    made: list[TableRow] = []
    # Line by line: no total goes across, so none can be subtracted from.
    for item, towns in lines.items():
        line, name = suppress({row["town"]: row["n"] for row in towns}), towns[0]["item_name"]
        numbers = [(row["town"], row["town_name"], line.cells[row["town"]]) for row in towns]
        for town, town_name, number in [*numbers, ("total", ALL.zh, line.total)]:
            made.append(TableRow(town, town_name, item, name, number, number is None))
    return made
