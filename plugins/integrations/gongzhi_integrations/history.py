"""History: what happened in a month to a county's cases, as a file of CloudEvents, one a line.

The outbox forgets after some months, and never had what was imported. The timelines have all of it, under the same ids.
In the file is what a county's integrators are told in NATS: nothing internal, and nothing of a tip-off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer
from gongzhi.plugin.hooks import Errand
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call

PORTION = 5_000
"""Events that are read and written together."""
NIL = UUID(int=0)
READ = """
select e.id, e.type, e.at, e.case_id, k.number, g.code as grid, e.data::text as data
from cases.event e join cases."case" k on k.id = e.case_id join grids.grid g on g.id = k.grid_id
where k.county_id = $1 and k.series = 'ORDINARY' and e.audience = 'PUBLIC'
  and e.at < $2 and (e.at, e.id) > ($3::timestamptz, $4::uuid)
order by e.at, e.id limit $5
"""
COUNTY = "select id from grids.grid where code = $1 and kind = 'COUNTY' order by valid_to desc limit 1"


async def export_events(
    call: Call,
    month: Annotated[str, typer.Argument(help="The month, which must be over, such as 2026-05 (月份).")],
    county: Annotated[str, typer.Option(help="The county's code (县级区划代码).")],
    to: Annotated[Path, typer.Option(help="The folder that the file comes into (目录).")] = Path(),
) -> int:
    """Write what happened in a month to a county's cases as JSON lines; goes on where it was stopped (导出事件历史)."""
    span = read_month(month)
    if span is None or span[1] > call.now:
        return refuse_export("name a month that is over, as 2026-05")
    found = await call.fetch(COUNTY, county)
    if not found:
        return refuse_export("there is no such county")
    done = to / f"events-{county}-{month}.jsonl"
    if not done.exists():
        part = done.with_suffix(".part")
        await write_rest(call, part, found[0]["id"], county, *span)
        # Under its name only when it is whole.
        part.replace(done)
    with done.open("rb") as lines:
        print(f"{done}: {sum(1 for _ in lines)} events (事件)")
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
            file.writelines(write_lines(rows, county, call.context.address))
            file.flush()
            last = rows[-1]["at"], rows[-1]["id"]


def find_end(part: Path, since: datetime) -> tuple[tuple[datetime, UUID], int]:
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


def write_lines(rows: Sequence[Any], county: str, source: str) -> Iterator[bytes]:
    """Write events as CloudEvents, as far as timelines know of them: neither the actor nor the version of the data."""
    for row in rows:
        yield orjson.dumps(
            {
                "specversion": "1.0",
                "id": str(row["id"]),
                "source": source,
                "type": row["type"],
                "subject": row["number"],
                "time": row["at"].isoformat(),
                "datacontenttype": "application/json",
                "county": county,
                "grid": row["grid"],
                "caseid": str(row["case_id"]),
                "data": {"number": row["number"], **orjson.loads(row["data"])},
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )


def read_month(month: str) -> tuple[datetime, datetime] | None:
    """Return the first moment of a month in China, and that of the next; None for what is no month."""
    try:
        since = datetime.strptime(month, "%Y-%m").replace(tzinfo=CHINA)
    except ValueError:
        return None
    return since, since.replace(year=since.year + since.month // 12, month=since.month % 12 + 1)


ERRANDS = (Errand("export", export_events, group="events"),)
