"""Clock storage: reads and writes clocks with one statement each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from gongzhi.core.cases.models import CaseRow
from gongzhi.declare.columns import load_row
from gongzhi.runtime.commands import Call
from tortoise.models import Model

from .models import ClockRow, TraceRow

CHANGING = {
    "rule_id": "int", "calendar_id": "int", "calendar_version": "int", "warn_at": "timestamptz",
    "due_at": "timestamptz", "stopped_at": "timestamptz", "pauses": "jsonb", "extensions": "jsonb", "working": "bool",
    "allowed": "bigint", "counted": "bigint", "counted_at": "timestamptz", "reminded": "smallint",
}  # fmt: skip
"""What changes of a clock while it runs, and the types of the columns."""
GIVEN = {"id": "uuid", "case_id": "uuid", "stage": "text", "unit_id": "int", "started_at": "timestamptz", **CHANGING}
"""What a clock is started with."""


def unnest_columns(columns: Mapping[str, str], after: int = 0) -> str:
    """Return the rows that the statement's values are, a list for each column."""
    lists = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(columns.values(), after + 1))
    return f"unnest({lists}) r ({', '.join(columns)})"


CHANGED = {"id": "uuid", **CHANGING}
CHANGE = (
    f"update clocks.clock k set {', '.join(f'{name} = r.{name}' for name in CHANGING)} "
    f"from {unnest_columns(CHANGED)} where k.id = r.id"
)
START = f"insert into clocks.clock ({', '.join(GIVEN)}) select {', '.join(GIVEN)} from {unnest_columns(GIVEN)}"
# One round trip for a step that stops some clocks and starts others: they are never the same rows.
BOTH = (
    f"with changed as ({CHANGE}) insert into clocks.clock ({', '.join(GIVEN)}) "
    f"select {', '.join(GIVEN)} from {unnest_columns(GIVEN, len(CHANGED))}"
)
RUNNING = "select * from clocks.clock where case_id = $1 and stopped_at is null order by started_at, id"


async def load_running_clocks(call: Call, case: CaseRow) -> list[ClockRow]:
    """Return the clocks of a case that run, the first started first."""
    return [load_row(ClockRow, row) for row in await call.fetch(RUNNING, case.id)]


async def save_clocks(
    call: Call, changed: Sequence[ClockRow], started: Sequence[ClockRow] = (), traces: Iterable[TraceRow] = ()
) -> None:
    """Save clocks that have changed and those that were started, and the traces that the changes left."""
    if changed and started:
        await call.fetch(BOTH, *columns_of_rows(CHANGED, changed), *columns_of_rows(GIVEN, started))
    elif changed:
        await call.fetch(CHANGE, *columns_of_rows(CHANGED, changed))
    elif started:
        await call.fetch(START, *columns_of_rows(GIVEN, started))
    if made := list(traces):
        await TraceRow.bulk_create(made)


def columns_of_rows(names: Iterable[str], rows: Sequence[Model]) -> list[list[Any]]:
    """Return what `unnest_columns` takes."""
    return [[encode_value(getattr(row, name)) for row in rows] for name in names]


def encode_value(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, list) else value
