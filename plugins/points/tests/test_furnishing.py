"""The demo county's points are there to be looked at, once, with an act of the county's own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import Clock, serve_application, settings_for_tests

ASKED = """{ pointsProgrammes { nodes { acts { mark recorder } rules { nodes { title act { mark } } } } } }"""


@pytest.mark.slow
async def test_demo_is_furnished(database: str, plugins: Any, tmp_path: Path) -> None:
    [errand] = [one for one in plugins.errands["points"] if one.name == "demo"]
    for _ in range(2):
        assert await run_errand(settings_for_tests(database, tmp_path), database, "points", errand, {}) == 0
    now = datetime.now(UTC)  # what operators type happens now: it knows no other clock
    async with serve_application(database, tmp_path, Clock(now), plugins) as server:
        [programme] = (await server.ask(ASKED)).data["pointsProgrammes"]["nodes"]
    own = {"mark": "610921:flood.watch/1", "recorder": "GRID_WORKER"}
    assert len(programme["acts"]) == 9 and own in programme["acts"]
    acts = {one["title"]: one["act"] and one["act"]["mark"] for one in programme["rules"]["nodes"]}
    assert acts == {
        "庭院整洁": "courtyard.tidy/1",
        "志愿服务": "volunteering/1",
        "汛期巡查": "610921:flood.watch/1",
        "参加议事": "deliberation/1",
        "问题上报": None,
    }
