"""The demo county of operations: a call under way, one that was assessed, one that waits; furnished again, no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gongzhi_operations.whistles.demo import STORIES
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import TODAY, serve_application, settings_for_tests

WHISTLES = """{ whistles(first: 30) { nodes { matter state outcome units { checkedInAt }
  plan { tasks { result } } assessments { direction } } } }"""


@pytest.mark.slow
async def test_demo_has_every_state(database: str, tmp_path: Path, plugins: Any) -> None:
    [furnish] = [one for one in plugins.errands["operations"] if one.name == "demo"]
    for _ in range(2):
        given = settings_for_tests(database, tmp_path), database, "operations", furnish, {}, lambda: TODAY
        assert await run_errand(*given) == 0
    async with serve_application(database, tmp_path, plugins=plugins) as server:
        nodes = (await server.as_("administrator", grid="610921").ask(WHISTLES)).data["whistles"]["nodes"]
    found = {one["state"]: one for one in nodes if one["matter"] in {story.matter for story in STORIES}}
    assert len(nodes) == len(found) == len(STORIES)
    assert {one["direction"] for one in found["CLOSED"]["assessments"]} == {"OF_UNIT", "OF_CALLER"}
    assert found["CLOSED"]["outcome"] and all(one["checkedInAt"] for one in found["CLOSED"]["units"])
    assert [bool(one["result"]) for one in found["CALLED"]["plan"]["tasks"]].count(True) == 1
    assert found["PENDING"]["plan"] is None and not any(one["checkedInAt"] for one in found["PENDING"]["units"])
