"""The demo county's service hall: a dozen matters and applications at every step; loaded twice, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import TODAY, serve_application, settings_for_tests

SEEN = """{ serviceMatters(first: 50) { nodes { name basis statutoryDays promisedDays documents { fact } } } }"""


@pytest.mark.slow
async def test_demo_has_a_hall(database: str, tmp_path: Path, plugins: Any) -> None:
    [furnish] = [one for one in plugins.errands["services"] if one.name == "demo"]
    for _ in range(2):
        given = settings_for_tests(database, tmp_path), database, "services", furnish, {}, lambda: TODAY
        assert await run_errand(*given) == 0
    async with serve_application(database, tmp_path, plugins=plugins) as server:
        found = (await server.ask(SEEN)).data["serviceMatters"]["nodes"]
        assert len(found) == 13 and all(0 < one["promisedDays"] <= one["statutoryDays"] for one in found)
        assert all(one["basis"] and any(wanted["fact"] for wanted in one["documents"]) for one in found)
        states = set()
        for unit in ("MZJ", "RSJ", "YBJ", "GAJ", "SCJ", "WJJ", "ZRJ", "LYJ", "NYJ", "SLJ"):
            handler = server.as_("department_handler", unit=f"610921-{unit}")
            asked = await handler.ask("{ serviceApplications(first: 9) { nodes { state } } }")
            states |= {one["state"] for one in asked.data["serviceApplications"]["nodes"]}
    assert states == {"SUBMITTED", "RETURNED", "ACCEPTED", "DECIDED"}
