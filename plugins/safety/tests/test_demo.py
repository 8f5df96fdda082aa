"""The demo: what a visitor finds of safety, loaded twice, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import TODAY, serve_application, settings_for_tests

SEEN = """{ safetyChecklists(first: 50) { nodes { trade items { basis } } }
  safetySites(first: 50) { nodes { trade inspectedAt inspections(first: 1) { nodes { at } } } }
  safetyHazards(first: 50) { nodes { level state case { status } } } }"""


@pytest.mark.slow
async def test_demo_has_sites(database: str, tmp_path: Path, plugins: Any) -> None:
    [furnish] = [one for one in plugins.errands["safety"] if one.name == "demo"]
    for _ in range(2):
        given = settings_for_tests(database, tmp_path), database, "safety", furnish, {}, lambda: TODAY
        assert await run_errand(*given) == 0
    async with serve_application(database, tmp_path, plugins=plugins) as server:
        found = (await server.as_("county_dispatcher", grid="610921").ask(SEEN)).data
    assert len(found["safetyChecklists"]["nodes"]) == 6
    sites = found["safetySites"]["nodes"]
    assert len(sites) == 12 and all(one["inspectedAt"] and one["inspections"]["nodes"] for one in sites)
    hazards = found["safetyHazards"]["nodes"]
    assert len(hazards) == 12 and {one["state"] for one in hazards} == {"OPEN"}
    majors = [one for one in hazards if one["level"] == "MAJOR"]
    assert len(majors) == 6 and all(one["case"]["status"] == "HANDLING" for one in majors)
