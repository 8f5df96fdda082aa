"""History: months as files of CloudEvents, with what was never an event, and as it was told where it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import orjson
import pytest
from arro3.io import read_parquet
from gongzhi_integrations import history, months
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import ESSENTIAL, Server, settings_for_tests

from .conftest import Desk

LATER = datetime(2026, 7, 1, tzinfo=UTC)
TIMELINES = """
select e.id::text from cases.event e join cases."case" k on k.id = e.case_id
where k.series = 'ORDINARY' and e.audience = 'PUBLIC' and e.at >= $1 and e.at < $2 order by e.at, e.id
"""
OUTBOX = "select id::text, type, data::text as data, actor from events.outbox where case_id = $1 and not internal"
FORGET = "delete from events.outbox where case_id = $1"


async def export(dsn: str, folder: Path, month: str, county: str = "610921", now: datetime = LATER, **more: Any) -> int:
    """Run it as the command line does."""
    options = {"month": month, "county": county, "to": folder, **more}
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
    wanted = await desk.connection.fetch(TIMELINES, *(months.read_month("2026-05") or ()))
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
    case = await desk.connection.fetchval('select id from cases."case" where number = $1', number)
    rows = await desk.connection.fetch(OUTBOX, case)
    wanted = {row["id"]: (row["type"], orjson.loads(row["data"]), row["actor"]) for row in rows}
    for folder in (tmp_path / "kept", tmp_path / "forgotten"):
        folder.mkdir()
        assert await export(database, folder, "2026-06") == 0
        told = [one for one in read_lines(folder, "2026-06") if one["subject"] == number]
        assert {one["id"]: (one["type"], one["data"], one["actor"]) for one in told} == wanted and len(told) == 2
        await desk.connection.execute(FORGET, case)


async def test_table(desk: Desk, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same events as a table, a portion at a time; without the library nothing is written."""
    monkeypatch.setattr(history, "PORTION", 5)
    assert await export(database, tmp_path, "2026-05", format=history.ExportFormat.PARQUET) == 0
    table = read_parquet(tmp_path / "events-610921-2026-05.parquet").read_all()
    columns = {name: table.column(name).to_pylist() for name in history.COLUMNS}
    lines = read_lines(tmp_path, "2026-05")
    assert columns["id"] == [one["id"] for one in lines] and columns["actor"] == [one.get("actor") for one in lines]
    assert columns["time"] == [datetime.fromisoformat(one["time"]) for one in lines]
    assert [orjson.loads(one) for one in columns["data"]] == [one["data"] for one in lines]
    monkeypatch.setattr(history, "find_spec", lambda name: None)
    assert await export(database, tmp_path, "2026-04", format=history.ExportFormat.PARQUET) == 1
    assert not list(tmp_path.glob("*2026-04*"))


async def fetch_month(system: Server, month: str = "2026-05", **given: Any) -> httpx.Response:
    return await system.client.get(f"/x/integrations/events/months/{month}", params=given, headers=system.headers)


async def test_months_over_the_api(desk: Desk, database: str, tmp_path: Path) -> None:
    """Page by page the same as the file, and of a town what its account may see; nothing tells of the rest."""
    assert await export(database, tmp_path, "2026-05") == 0
    found, after = list[Any](), dict[str, str]()
    while True:
        reply = await fetch_month(desk.system, county="610921", first=7, **after)
        assert reply.status_code == 200 and reply.headers["content-type"] == "application/x-ndjson", reply.text
        found += [orjson.loads(line) for line in reply.content.splitlines()]
        if not reply.links:
            break
        after = {"after": dict(parse_qsl(urlsplit(reply.links["next"]["url"]).query))["after"]}
    lines = read_lines(tmp_path, "2026-05")
    source = {"source": found[0]["source"]}
    assert found == [one | source for one in lines]
    town = desk.server.as_("integrator", grid="610921101")
    reply = await fetch_month(town, county="610921", first=1000)
    seen = [orjson.loads(line) for line in reply.content.splitlines()]
    assert seen == [one | source for one in lines if one["grid"].startswith("610921101")] and 0 < len(seen) < len(lines)
    for path, wrong in {
        "month": {"month": "2026-13", "county": "610921"}, "county": {}, "first": {"county": "610921", "first": 1001},
        "after": {"county": "610921", "after": "x"},
    }.items():  # fmt: skip
        refused = await fetch_month(desk.system, **wrong)
        assert refused.status_code == 400, refused.text
        assert refused.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "path": [path]}
    stranger = await desk.server.client.get("/x/integrations/events/months/2026-05", params={"county": "610921"})
    assert stranger.status_code == 401


@pytest.mark.parametrize(
    ("month", "county"), [("2026-07", "610921"), ("2026-13", "610921"), ("May", "610921"), ("2026-05", "610999")]
)
async def test_what_is_no_month_of_a_county(desk: Desk, database: str, tmp_path: Path, month: str, county: str) -> None:
    """Nor one that is not over: a file is never written twice, so it must be whole."""
    assert await export(database, tmp_path, month, county) == 1
    assert list(tmp_path.glob("events-*")) == []


def test_months_lie_in_the_calendar() -> None:
    assert (months.read_month("0001-01"), months.read_month("9999-12")) == (None, None)


def test_december() -> None:
    since, until = months.read_month("2025-12") or (LATER, LATER)
    assert (since.isoformat(), until.isoformat()) == ("2025-12-01T00:00:00+08:00", "2026-01-01T00:00:00+08:00")
