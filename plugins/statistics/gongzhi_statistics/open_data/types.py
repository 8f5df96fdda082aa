"""Types: open datasets as the schema has them, for everybody once they are published."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import Connection, Node, column, connection, embedded, entity, expression, one
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql

from .. import rules
from ..models import DatasetKind, DatasetRow, DatasetState

describe_enum(
    DatasetKind,
    "OpenDatasetKind",
    "What an open dataset tells (开放数据种类).",
    CASES="Cases reported, by town and subject (各乡镇诉求分类件数)",
    LEVELS="Cases settled, by town and level (各乡镇诉求化解层级)",
)
describe_enum(
    DatasetState,
    "OpenDatasetState",
    "Where an open dataset stands (开放数据状态).",
    PROPOSED="A second person is to decide (待审核)",
    PUBLISHED="Anybody may have it (已发布)",
    REFUSED="It is not published (不予发布)",
    WITHDRAWN="It was published, and is no longer (已撤回)",
)
set_tones(DatasetState, PROPOSED="AMBER", PUBLISHED="GREEN")


@strawberry.type(description="A number of an open dataset (开放数据行).")
class OpenDatasetRow:
    town: str = strawberry.field(description="The town's code; `total` for all towns (乡镇街道编码).")
    town_name: str = strawberry.field(description="Its name (乡镇街道名称).")
    item: str = strawberry.field(description="The subject's or level's code (分类或层级代码).")
    item_name: str = strawberry.field(description="Its name (分类或层级名称).")
    number: int | None = strawberry.field(description="How many cases; null where it is withheld (件数).")
    withheld: bool = strawberry.field(description="Whether it is withheld (是否隐去).")


# By its quarter and not by its key, so that an address stays what it is when a table is published anew.
FILE = (
    "(select case when {0}='PUBLISHED' then '/x/statistics/open-data/'||g.code||'-'||lower({1})||'-'||"
    "to_char({2},'YYYY\"q\"Q')||'.{kind}' end from grids.grid g where g.id={3})"
)
ROWS = (
    "(select coalesce(jsonb_agg(jsonb_build_object('town',r->'town','townName',r->'town_name','item',r->'item',"
    "'itemName',r->'item_name','number',r->'number','withheld',r->'withheld') order by n),'[]') "
    "from jsonb_array_elements({0}) with ordinality e (r,n))"
)


def file_path(kind: str) -> object:
    """Return what builds the path of a published file of a kind."""
    text = FILE.replace("{kind}", kind)
    return lambda at: Sql(text, at.row.state, at.row.kind, at.row.since, at.row.grid_id)


def dataset_rows(at: Frame) -> Sql:
    return Sql(ROWS, at.row.rows)


# Who proposed and who decided is in the audit, and not on what is published.
@entity(
    DatasetRow,
    visible=rules.visible_datasets,
    order=("proposed_at",),
    filter={"state": None, "kind": None, "since": None, "grid": compare_place()},
)
class OpenDataset(Node):
    """A table that a county publishes, or is about to (开放数据集)."""

    grid: Grid | None = one("The county (县区).")
    kind: DatasetKind = column("What it tells (种类).")
    state: DatasetState = column("Where it stands (状态).")
    since: datetime.date = column("The first day of its quarter (起始日期).")
    until: datetime.date = column("The last (截止日期).")
    licence: str = column("Under which licence it is used (许可).")
    csv: str | None = expression("Where its CSV file is, once it is published (CSV 文件路径).", file_path("csv"))  # type: ignore[arg-type]
    json: str | None = expression("Where its JSON file is (JSON 文件路径).", file_path("json"))  # type: ignore[arg-type]
    table: list[OpenDatasetRow] = embedded("Its numbers, as they are published (数据).", dataset_rows)
    proposed_at: datetime.datetime = column("When it was counted and proposed (提议时间).")
    decided_at: datetime.datetime | None = column("When it was published or refused (审核时间).")
    reason: str | None = column("Why it was refused or withdrawn (理由).")
    withdrawn_at: datetime.datetime | None = column("When it was withdrawn (撤回时间).")
    version: int = column("Grows with every change (版本).")


EXTENSIONS = (
    extend(
        Query,
        open_datasets=connection(
            "Tables that counties publish, also for callers without an account (开放数据列表).",
            lambda at: None,
            order="-proposed_at",
            type=Connection[OpenDataset] | None,
            requires=None,
        ),
    ),
)
