"""History: months as files of CloudEvents, with what was never an event, and as it was told where it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from gongzhi_integrations import history
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import ESSENTIAL, settings_for_tests

from .conftest import Desk

LATER = datetime(2026, 7, 1, tzinfo=UTC)
TIMELINES = """
select e.id::text from cases.event e join cases."case" k on k.id = e.case_id
where k.series = 'ORDINARY' and e.audience = 'PUBLIC' and e.at >= $1 and e.at < $2 order by e.at, e.id
"""
OUTBOX = "select id::text, type, data::text as data from events.outbox where case_id = $1 and not internal"


async def export(dsn: str, folder: Path, month: str, county: str = "610921", now: datetime = LATER) -> int:
    """Run it as the command line does."""
    options = {"month": month, "county": county, "to": folder}
    [errand] = history.ERRANDS
    return await run_errand(
        settings_for_tests(dsn, folder / "data"), dsn, "integrations", errand, options, lambda: now, ESSENTIAL
    )


def read_lines(folder: Path, month: str) -> list[dict[str, Any]]:
    return [orjson.loads(one) for one in (folder / f"events-610921-{month}.jsonl").read_bytes().splitlines()]


async def test_months_of_the_demo_county(
    desk: Desk, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is no tip-off and not internal, in its order; and what was stopped goes on to the same file."""
    monkeypatch.setattr(history, "PORTION", 5)
    assert await export(database, tmp_path, "2026-05") == 0
    told = read_lines(tmp_path, "2026-05")
    wanted = await desk.connection.fetch(TIMELINES, *(history.read_month("2026-05") or ()))
    assert len(told) > 10 and [one["id"] for one in told] == [row["id"] for row in wanted]
    assert all(one["data"]["number"] == one["subject"] and one["county"] == "610921" for one in told)
    done = tmp_path / "events-610921-2026-05.jsonl"
    whole = done.read_bytes()
    done.unlink()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        done.with_suffix(".part").write_bytes(whole[:length])
        assert await export(database, tmp_path, "2026-05") == 0
        assert done.read_bytes() == whole
        done.rename(done.with_suffix(".before"))


async def test_is_what_was_told(desk: Desk, database: str, tmp_path: Path) -> None:
    """Under the same ids and with the same data, whether or not the outbox still has it."""
    number = await desk.report()
    await desk.accept(number)
    assert await export(database, tmp_path, "2026-06") == 0
    told = {
        one["id"]: (one["type"], one["data"]) for one in read_lines(tmp_path, "2026-06") if one["subject"] == number
    }
    case = await desk.connection.fetchval('select id from cases."case" where number = $1', number)
    rows = await desk.connection.fetch(OUTBOX, case)
    assert told == {row["id"]: (row["type"], orjson.loads(row["data"])) for row in rows} and len(told) == 2


@pytest.mark.parametrize(
    ("month", "county"), [("2026-07", "610921"), ("2026-13", "610921"), ("May", "610921"), ("2026-05", "610999")]
)
async def test_what_is_no_month_of_a_county(desk: Desk, database: str, tmp_path: Path, month: str, county: str) -> None:
    """Nor one that is not over: a file is never written twice, so it must be whole."""
    assert await export(database, tmp_path, month, county) == 1
    assert list(tmp_path.glob("events-*")) == []


def test_december() -> None:
    since, until = history.read_month("2025-12") or (LATER, LATER)
    assert (since.isoformat(), until.isoformat()) == ("2025-12-01T00:00:00+08:00", "2026-01-01T00:00:00+08:00")
