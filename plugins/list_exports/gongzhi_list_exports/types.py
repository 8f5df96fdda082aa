"""Types: lists that are taken out as files, as the schema has them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import Connection, Node, batch, column, connection, entity, expression, one, pick
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place, compare_term, enum_comparison
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.runtime.context import Context
from pypika_tortoise.queries import Table
from strawberry.scalars import JSON

from . import row_marks
from .links import download_link
from .models import ExportRow, ExportState, FileFormat
from .rules import RELEASE, visible_exports

describe_enum(
    FileFormat,
    "FileFormat",
    "What kind of file (文件格式).",
    XLSX="A workbook (Excel 工作簿)",
    CSV="Comma-separated values, UTF-8 (逗号分隔文本)",
    JSONL="A JSON object a line (JSON 行)",
)
describe_enum(
    ExportState,
    "BulkExportState",
    "Where an export stands (导出状态).",
    WAITING="Waits for a second person to release it (待放行)",
    READY="Can be fetched (可下载)",
    REFUSED="Was not released, with grounds (不予放行)",
    EXPIRED="Its time is over; ask again (已失效)",
)


def current_state(at: Frame, row: Table) -> Any:
    return Sql("case when {0} in ('WAITING','READY') and {1}<={2} then 'EXPIRED' else {0} end",
               row.state, row.until, at.viewer.now)  # fmt: skip


@batch(needs=("id", "account", "state", "until", "fetches"), cost=1)
def download_links(rows: Sequence[Any], info: Context) -> list[str | None]:
    """Where the file can be fetched in the next ten minutes, by whoever asked for it; ask again later (下载地址)."""
    return [download_link(row, info) for row in rows]


@entity(
    ExportRow,
    visible=visible_exports,
    order=("asked_at",),
    filter={
        "account": None,
        "state": compare_term(lambda at: current_state(at, at.rows), enum_comparison(ExportState)),
        "asked_at": None,
        "grid": compare_place(),
    },
)
class BulkExport(Node):
    """A list that somebody asked to have as a file (批量导出)."""

    number: int = expression("Its number, as the file says (导出编号).", lambda at: at.row.id)
    account: str | None = column("The account that asked (申请账户).")
    role: str | None = column("In which role (申请角色).")
    grid: Grid | None = one("The rows are of this grid and below (网格范围).")
    listing: str = column("The list: cases or people (清单).")
    document: str = column("What was asked, as a query (查询内容).")
    variables: JSON = column("What the query's variables are (查询变量).")
    format: FileFormat = column("What kind of file (格式).")
    purpose: str = column("What for, as those in it are told (用途).")
    rows: int = column("How many rows there were when it was asked for (行数).")
    personal: bool = column("Whether people's files are in it (是否含个人信息).")
    state: ExportState = expression("Where it stands (状态).", lambda at: current_state(at, at.row))
    asked_at: datetime.datetime = column("When it was asked for (申请时间).")
    until: datetime.datetime = column("Until when it can be released, or fetched once it is ready (有效期至).")
    decided_by: str | None = column(
        "The account that released or refused it; null where one person was enough (放行账户)."
    )
    decided_at: datetime.datetime | None = column("When (放行时间).")
    grounds: str | None = column("Why it was refused (不予放行理由).")
    fetches: int = column("How often it was fetched, five times at most (下载次数).")
    fetched_at: datetime.datetime | None = column("When it was last fetched (最近下载时间).")
    download: str | None = download_links
    version: int = column("Grows with every change (版本).")


def export_of_mark(given: Mapping[str, Any], context: Context) -> int | None:
    return row_marks.read_mark(context.receipts, given["code"])


def has_mark(at: Frame) -> Alternatives:
    return [Sql("{0}={1}", at.rows.id, at.given.whole(export_of_mark, cast="bigint"))]


EXTENSIONS = (
    extend(
        Query,
        bulk_exports=connection(
            "Lists that one asked to have as files, and those one releases; the last first (批量导出列表).",
            order="-asked_at",
            type=Connection[BulkExport] | None,
            requires=None,
        ),
        bulk_export_of_trace=pick(
            "The export that a row in somebody's hands comes from, by the mark on it (按追溯码查导出).",
            has_mark,
            arguments={"code": Argument(str, "The mark, E42-1-117-… (追溯码).")},
            type=BulkExport | None,
            requires=RELEASE,
        ),
    ),
)
