"""How a deployment is doing, told the plain way: line by line, table by table."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from gongzhi.core.registers.erasure import expired_rows_sql
from gongzhi.values.errors import Text
from gongzhi_server.findings.deployment_state import FAILING, LINES
from gongzhi_server.findings.retention_due import MOST
from gongzhi_server.testing import ESSENTIAL

from .sample_county import NOW

Found = list[dict[str, Any]]


async def load(connection: Any) -> dict[str, Found]:
    """Load what the fields tell of a deployment, by their names."""
    return {
        "deploymentState": await lines(connection),
        "handlersBehind": await handlers(connection),
        "retentionDue": await due(connection),
    }


def finding(name: str, count: int, said: Text, *places: Any) -> dict[str, Any]:
    return {"name": name, "count": count, "english": said.en.format(*places), "chinese": said.zh.format(*places)}


async def lines(connection: Any) -> Found:
    """In the order of their declaration; no plugin fails in the sample county."""
    versions = f"gongzhi-server {version('gongzhi-server')}, gongzhi {version('gongzhi')}"
    found = [finding("versions", 0, Text(versions, versions))]
    for line in LINES:
        count, more = await connection.fetchrow(line.sql)
        found.append(finding(line.name, count, line.ill if count else line.well, count, more or ""))
    return [*found, finding(FAILING.name, 0, FAILING.well)]


async def handlers(connection: Any) -> Found:
    given = await connection.fetchval("select given from events.counter")
    jobs = await connection.fetch("select name, state from events.job")
    found = []
    for name, position in await connection.fetch("select name, position from events.consumer"):
        waiting, parked = (
            sum(job["name"] == name and job["state"] == one for job in jobs) for one in ("WAITING", "PARKED")
        )
        said = Text("events behind: {0}; waiting: {1}; given up: {2}", "落后 {0} 个事件；待重试 {1}，已搁置 {2}")
        found.append(
            (-parked, position - given, name, finding(name, given - position, said, given - position, waiting, parked))
        )
    return [one for *_, one in sorted(found, key=lambda one: one[:3])]


async def due(connection: Any) -> Found:
    found = []
    for one in ESSENTIAL.registers.holdings:
        if one.months:
            count = len((await connection.fetch(expired_rows_sql(one), NOW))[:MOST])
            found += [finding(one.table, count, one.what)] if count else []
    return sorted(found, key=lambda one: (-one["count"], one["name"], one["english"]))
