"""One emergency that is over, so that the public register has something to read: a rainstorm three weeks ago."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any

import asyncpg
import orjson
from gongzhi.core.emergency.ending import summed
from gongzhi.core.emergency.models import EmergencyState
from gongzhi.values.codes import Kind

from . import clock
from .chance import uuid7
from .grids import Tree

COLUMNS = (
    "id", "grid_id", "state", "powers", "reason", "declared_at", "declared_by", "starts_at", "ends_at", "ended_at",
    "report", "version",
)  # fmt: skip
HAPPENED = (
    "select e.type, count(*) as count from cases.event e join cases.case c on c.id = e.case_id "
    "where e.at >= $1 and e.at < $2 and c.town_id = $3 and c.series <> 'SEALED' group by e.type order by e.type"
)
AGO, LASTED = 21 * clock.DAY, 2 * clock.DAY


async def rows(connection: asyncpg.Connection[Any], random: Random, tree: Tree, horizon: int) -> list[tuple[Any, ...]]:
    """The rows of `emergency.emergency`. No power was used in it; what happened is counted from the events."""
    begun, ended = clock.utc(horizon - AGO), clock.utc(horizon - AGO + LASTED)
    town = tree.of(Kind.TOWN)[0]
    events = await connection.fetch(HAPPENED, begun, ended, town.id)
    return [_row(random, town.id, begun, ended, orjson.dumps(summed(begun, ended, events, [])).decode())]


def _row(random: Random, grid: int, begun: datetime, ended: datetime, report: str) -> tuple[Any, ...]:
    reason = "暴雨红色预警，低洼处住户连夜转移。"
    return (
        uuid7(random, begun), grid, EmergencyState.ENDED, ["EMERGENCY_WHISTLE"], reason, begun, "demo.county", begun,
        ended, ended, report, 2,
    )  # fmt: skip
