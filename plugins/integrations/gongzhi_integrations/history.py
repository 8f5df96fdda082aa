"""History: the export of what happened in a month to a county's cases, as files of CloudEvents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import orjson
import typer
from gongzhi.plugin.hooks import Errand
from gongzhi.runtime.commands import Call

from .months import NIL, READ, Place, find_county, read_month, write_event, write_line

if TYPE_CHECKING:
    from arro3.core import RecordBatch

PORTION = 5_000
"""Events that are read and written together."""
COLUMNS = ("specversion", "id", "source", "type", "subject", "time", "actor", "county", "grid", "caseid", "data")
"""The columns of a table: what a CloudEvent has, and `data` as JSON."""


class ExportFormat(StrEnum):
    """What a month is written as."""

    JSONL = "jsonl"
    PARQUET = "parquet"


async def export_events(
    call: Call,
    month: Annotated[str, typer.Argument(help="The month, which must be over, such as 2026-05 (月份).")],
    county: Annotated[str, typer.Option(help="The county's code (县级区划代码).")],
    to: Annotated[Path, typer.Option(help="The folder that the file comes into (目录).")] = Path(),
    format: Annotated[
        ExportFormat, typer.Option(help="JSON lines alone, or a table in Parquet beside them (格式).")
    ] = ExportFormat.JSONL,
) -> int:
    """Write what happened in a month to a county's cases as JSON lines; goes on where it was stopped (导出事件历史)."""
    span = read_month(month)
    if span is None or span[1] > call.now:
        return refuse_export("name a month that is over, as 2026-05")
    if format is ExportFormat.PARQUET and find_spec("arro3") is None:
        return refuse_export("for Parquet install gongzhi-integrations[parquet]")
    key = await find_county(call.fetch, county)
    if key is None:
        return refuse_export("there is no such county")
    lines = to / f"events-{county}-{month}.jsonl"
    if not lines.exists():
        part = lines.with_suffix(".part")
        await write_rest(call, part, key, county, *span)
        # Under its name only when it is whole.
        part.replace(lines)
    done = write_table(lines) if format is ExportFormat.PARQUET else lines
    with lines.open("rb") as file:
        print(f"{done}: {sum(1 for _ in file)} events (事件)")
    return 0


def refuse_export(reason: str) -> int:
    """Say why nothing was written, and return the exit code for that."""
    print(f"nothing was written: {reason} (未导出)")
    return 1


async def write_rest(call: Call, part: Path, key: int, county: str, since: datetime, until: datetime) -> None:
    """Append what is missing to a file; a line that was cut off is written anew."""
    last, length = find_end(part, since)
    with part.open("ab") as file:
        file.truncate(length)
        while rows := await call.fetch(READ, key, until, *last, PORTION):
            file.writelines(write_line(write_event(row, county, call.context.address)) for row in rows)
            file.flush()
            last = rows[-1]["at"], rows[-1]["id"]


def find_end(part: Path, since: datetime) -> tuple[Place, int]:
    """Return when the last whole line of a file happened, with its id, and where the line ends."""
    length, last = 0, None
    if part.exists():
        with part.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    last, length = line, length + len(line)
    if last is None:
        return (since, NIL), 0
    event = orjson.loads(last)
    return (datetime.fromisoformat(event["time"]), UUID(event["id"])), length


def write_table(lines: Path) -> Path:
    """Write a file of JSON lines as Parquet beside it, a portion at a time, and return that."""
    # Loaded here: it is an extra, for those alone who want tables.
    from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
    from arro3.io import write_parquet

    text, time = DataType.string(), DataType.timestamp("us", tz="UTC")
    schema = Schema([Field(name, time if name == "time" else text) for name in COLUMNS])

    def read_batches() -> Iterator[RecordBatch]:
        with lines.open("rb") as file:
            while events := [read_row(line) for line in islice(file, PORTION)]:
                columns = [
                    Array([event[name] for event in events], DataType.int64()).cast(time)
                    if name == "time"
                    else Array([event[name] for event in events], text)
                    for name in COLUMNS
                ]
                yield RecordBatch.from_arrays(columns, schema=schema)

    done = lines.with_suffix(".parquet")
    part = done.with_suffix(".parquet.part")
    write_parquet(RecordBatchReader.from_batches(schema, read_batches()), part, compression="zstd(3)")
    return part.replace(done)


def read_row(line: bytes) -> dict[str, Any]:
    """Read an event as a row: its time in microseconds since 1970, its data as JSON."""
    event: dict[str, Any] = dict.fromkeys(COLUMNS) | orjson.loads(line)
    moment = datetime.fromisoformat(event["time"])
    return event | {"time": round(moment.timestamp() * 1_000_000), "data": orjson.dumps(event["data"]).decode()}


ERRANDS = (Errand("export", export_events, group="events"),)
