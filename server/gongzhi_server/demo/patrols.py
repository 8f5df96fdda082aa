"""Patrols: those behind what was found before anybody had to ask (未诉先办)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any

from gongzhi.core.cases.models import Origin

from . import county_time
from .cases import DemoCase
from .chance import uuid7
from .grids import DemoGrid
from .people import DemoPerson

COLUMNS = "id", "grid_id", "patroller_id", "account", "at", "found", "case_id", "recorded_at"
SENSOR = "IOT"


def patrol_rows(
    random: Random, cases: Iterable[DemoCase], workers: Mapping[DemoGrid, DemoPerson]
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `patrols.patrol`: each by the worker of the grid, some minutes before the report."""
    for case in cases:
        worker = workers.get(case.asker.grid)
        if case.origin is Origin.PROACTIVE and case.asker.channel != SENSOR and worker:
            reported = case.turns[0].at
            at, written = (
                county_time.to_utc(reported - random.randrange(5, 45) * county_time.MINUTE),
                county_time.to_utc(reported),
            )
            found = case.story.title.replace("{place}", case.asker.grid.place)
            account = f"demo.person.{worker.id}"
            yield uuid7(random, at), case.asker.grid.id, worker.id, account, at, found, case.id, written
