"""Lists of the little county that somebody asked to have as files, and how their fields are answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gongzhi_list_exports.links import MOST_FETCHES, issue_ticket
from gongzhi_list_exports.row_marks import read_mark

if TYPE_CHECKING:
    from .expected_visibility import ExpectedVisibility, Row
    from .reference_engine import At

from .sample_county import NOW, SECRET, Draw, Rows

TABLES = {"BulkExport": "exports.export"}


def everything(names: list[str]) -> dict[str, Rows]:
    """The rows; `names` are those of accounts."""
    draw = Draw(14)
    return {"exports.export": [taken(draw, at, names) for at in range(1, 25)]}


def taken(draw: Draw, at: int, names: list[str]) -> dict[str, Any]:
    return {
        "id": at,
        "account": draw.maybe(draw.of(names), 0.9),
        "role": "county_dispatcher",
        "grid_id": draw.of((3, 5, 7, 9, 12)),
        "listing": draw.of(("cases", "people")),
        "document": "{ cases { nodes { number } } }",
        "variables": draw.of(({}, {"a": [1, "'"]})),
        "format": draw.of(("XLSX", "CSV", "JSONL")),
        "purpose": draw.of(("月度通报", "it's")),
        "rows": draw.of((1, 150)),
        "personal": draw.of((True, False)),
        "state": draw.of(("WAITING", "READY", "READY", "REFUSED")),
        "asked_at": draw.instant(),
        "until": draw.of((NOW - timedelta(hours=1), NOW, NOW + timedelta(minutes=5), NOW + timedelta(hours=9))),
        "decided_by": draw.maybe("officer"),
        "decided_at": draw.maybe(NOW),
        "grounds": draw.maybe("范围过大"),
        "fetches": draw.of((0, 1, MOST_FETCHES)),
        "fetched_at": draw.maybe(NOW),
        "version": 2,
    }


def rules(scope: ExpectedVisibility) -> dict[str, Callable[[Row], bool]]:
    return {"BulkExport": lambda row: scope.owns(row) or scope.serves(row, "exports.release")}


def state(at: At, row: Row) -> str:
    over = row.state in ("WAITING", "READY") and row.until <= at.scope.viewer.now
    return "EXPIRED" if over else str(row.state)


def download(at: At, row: Row) -> str | None:
    if not at.scope.owns(row) or state(at, row) != "READY" or row.fetches >= MOST_FETCHES:
        return None
    until = min(row.until, at.scope.viewer.now + timedelta(minutes=10))
    return "/bulk-exports/" + issue_ticket(SECRET, row.id, until)


def traced(at: At, _: Any) -> Any:
    at.need("exports.release", "Query.bulkExportOfTrace")
    return at.scope.find("BulkExport", read_mark(SECRET, at.given["code"]))


def grid_of(at: At, row: Row) -> Any:
    return at.rows.keys["Grid"][row.grid_id]


FIELDS: dict[str, Callable[[At, Any], Any]] = {
    "Query.bulkExports": lambda at, _: at.connection("BulkExport", "-asked_at"),
    "Query.bulkExportOfTrace": traced,
    "BulkExport.number": lambda at, row: row.id,
    "BulkExport.state": state,
    "BulkExport.download": download,
}
FILTERS: dict[tuple[str, str], Callable[[At, Row], Any]] = {
    ("BulkExport", "grid"): grid_of,
    ("BulkExport", "state"): state,
}
