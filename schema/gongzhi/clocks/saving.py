"""Writing clocks and what follows from them, all with one statement each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from ..cases.models import CaseRow
from ..commands import Call
from .models import ClockRow, TraceRow

CHANGING = {
    "rule_id": "int", "calendar_id": "int", "calendar_version": "int", "warn_at": "timestamptz",
    "due_at": "timestamptz", "stopped_at": "timestamptz", "pauses": "jsonb", "extensions": "jsonb", "working": "bool",
    "allowed": "bigint", "counted": "bigint", "counted_at": "timestamptz", "reminded": "smallint",
}  # fmt: skip
"""What changes of a clock while it runs, and the types of the columns."""
PLACES = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(CHANGING.values(), 2))
SAVE = (
    f"update clocks.clock k set {', '.join(f'{name} = r.{name}' for name in CHANGING)} "
    f"from unnest($1::uuid[], {PLACES}) r (id, {', '.join(CHANGING)}) where k.id = r.id"
)
RENEW = (
    'update cases."case" c set warn_at = r.warn_at, due_at = r.due_at '
    "from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) r (id, warn_at, due_at) where c.id = r.id"
)


async def save(call: Call, clocks: Iterable[ClockRow], traces: Iterable[TraceRow] = ()) -> None:
    """Save clocks that have changed, and the traces of it."""
    rows = [[clock.id, *(written(getattr(clock, name)) for name in CHANGING)] for clock in clocks]
    if rows:
        await call.fetch(SAVE, *(list(column) for column in zip(*rows, strict=True)))
    if made := list(traces):
        await TraceRow.bulk_create(made)


async def renew(call: Call, cases: Iterable[CaseRow]) -> None:
    """Save the next moments of cases, which `running.due` has set."""
    rows = [(case.id, case.warn_at, case.due_at) for case in cases]
    if rows:
        await call.fetch(RENEW, *(list(column) for column in zip(*rows, strict=True)))


def written(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, list) else value
