"""Papers beside minutes: sealed where they lie, opened for whoever sees the minutes, moved when a key is replaced."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gongzhi.runtime.sealing import KeyRing, open_value

from .test_activities import arrange

PDF = b"%PDF-1.7 what was decided in April"
CONTENT = base64.b64encode(PDF).decode()
SHOWN = "query($id: ID!) { node(id: $id) { ... on PartyMinutes { papers { kind title file: content } } } }"


@pytest.fixture
async def minutes(town: Any) -> str:
    """Minutes with a document beside them; their id."""
    activity = await arrange(town.worker, startsAt="2026-07-01T09:00:00+08:00")
    town.server.clock.time = datetime(2026, 7, 1, 2, tzinfo=UTC)
    paper = {"kind": "DOCUMENT", "title": "方案", "content": CONTENT}
    made = await town.worker.do(
        "recordActivityMinutes", "minutes { id papers { content } }", activity=activity, text="议定。", papers=[paper]
    )
    assert made["errors"] == [] and made["minutes"]["papers"] == [{"content": CONTENT}]
    return str(made["minutes"]["id"])


async def files(caller: Any, minutes: str) -> list[str]:
    """What a caller is given, by another name."""
    return [one["file"] for one in (await caller.ask(SHOWN, id=minutes)).data["node"]["papers"]]


async def test_table_has_no_document_in_it(town: Any, minutes: str) -> None:
    """Whoever sees the minutes reads it, strangers as well, for these are of an activity for all."""
    [row] = await town.fetch("select * from party.paper")
    assert row["county"] == "610921" and row["data_key"]
    for clear in (PDF, PDF[-9:], CONTENT.encode()):
        assert not any(clear in value for value in row.values() if isinstance(value, bytes))
    for caller in (town.worker, town.resident(), town.server):
        assert await files(caller, minutes) == [CONTENT]


async def test_papers_of_before_are_sealed_at_night(town: Any, minutes: str, plugins: Any, run_jobs: Any) -> None:
    """Until the job has been there they are shown as they lie, and whoever operates it is told of them."""
    [check] = [one for one in plugins.registers.checks if one.name == "party.unsealed"]
    await town.fetch("update party.paper set content=$1, data_key=null, county=null", PDF)
    await town.fetch(
        "insert into party.paper (id, minutes_id, kind, title, content) "
        "select gen_random_uuid(), minutes_id, kind, 'b', content from party.paper, generate_series(1, 21)"
    )
    assert await files(town.worker, minutes) == [CONTENT] * 12, "the first twelve are shown"
    assert [tuple(row) for row in await town.fetch(check.sql)] == [(22,)]
    town.server.clock.move(days=1)
    assert (await run_jobs()).failed == []
    assert [tuple(row) for row in await town.fetch(check.sql)] == [(0,)]
    rows = await town.fetch("select * from party.paper")
    assert len(rows) == 22 and all(row["data_key"] and PDF not in row["content"] for row in rows)
    assert await files(town.worker, minutes) == [CONTENT] * 12


async def test_keys_of_papers_are_moved(town: Any, minutes: str, plugins: Any, tmp_path: Path) -> None:
    """After a rotation the new key alone opens them, each in its own row."""
    from gongzhi_server.storage import key_ring
    from gongzhi_server.testing import settings_for_tests

    old, holdings = key_ring.load_key_ring(settings_for_tests(town.dsn, tmp_path)), plugins.registers.holdings
    new = KeyRing({"next": bytes(range(32))})
    both = KeyRing({"next": new._keys["next"], **old._keys})
    await key_ring.rotate_keys(town.dsn, both, holdings)
    assert (await key_ring.count_keys(town.dsn, both, holdings)).done
    [row] = await town.fetch("select * from party.paper")
    key = new.unwrap(row["county"], row["data_key"])
    assert open_value(key, f"party.paper.content:{row['id']}", row["content"]) == CONTENT
    await town.fetch("update party.paper set id=gen_random_uuid()")
    assert await files(town.worker, minutes) == [""]
