"""The demo county of bulletins: something of each level, and a ledger that owes a month; loaded twice, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import TODAY, serve_application, settings_for_tests

SEEN = """{ bulletins(first: 50) { nodes { kind title grid { kind } disclosure { state } } }
  villageAffairs(first: 5) { nodes { title dueOn lastPublishedAt
    disclosures(first: 9) { nodes { state figures(first: 9) { capital closing } } } } } }"""


@pytest.mark.slow
async def test_demo_has_something_of_each(database: str, tmp_path: Path, plugins: Any) -> None:
    [furnish] = [one for one in plugins.errands["bulletins"] if one.name == "demo"]
    for _ in range(2):
        given = settings_for_tests(database, tmp_path), database, "bulletins", furnish, {}, lambda: TODAY
        assert await run_errand(*given) == 0
    async with serve_application(database, tmp_path, plugins=plugins) as server:
        found = (await server.ask(SEEN)).data
    nodes = found["bulletins"]["nodes"]
    assert {one["grid"]["kind"] for one in nodes} == {"COUNTY", "TOWN", "VILLAGE"}
    assert {one["kind"] for one in nodes} == {"POLICY", "SERVICE", "NOTICE", "AFFAIRS"}
    affairs = [one for one in nodes if one["kind"] == "AFFAIRS"]
    assert affairs and {one["disclosure"]["state"] for one in affairs} == {"PUBLISHED"}
    [affair] = found["villageAffairs"]["nodes"]
    assert affair["dueOn"] and affair["lastPublishedAt"]
    published = affair["disclosures"]["nodes"]
    assert len(published) == len(affairs)
    assert [one["closing"] for one in published[0]["figures"]] == ["94199.50", "320.00", "84.50"]
