"""The demo: what a visitor finds of watch, loaded twice, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import TODAY, serve_application, settings_for_tests

SEEN = """{ watchRules(first: 9) { nodes { subject items { basis } } }
  watches(first: 50) { nodes { state facts { text } measures { state } } } }"""


@pytest.mark.slow
async def test_demo_has_watches(database: str, tmp_path: Path, plugins: Any) -> None:
    [furnish] = [one for one in plugins.errands["watch"] if one.name == "demo"]
    for _ in range(2):
        given = settings_for_tests(database, tmp_path), database, "watch", furnish, {}, lambda: TODAY
        assert await run_errand(*given) == 0
    async with serve_application(database, tmp_path, plugins=plugins) as server:
        found = (await server.as_("county_dispatcher", grid="610921").ask(SEEN)).data
        reviewer = server.as_("exemption_reviewer", grid="610921")
        errors = (await reviewer.ask("{ errorExemptions(first: 9) { nodes { statements { text } } } }")).data
    assert {one["subject"] for one in found["watchRules"]["nodes"]} == {"HOUSEHOLDS", "ERRORS"}
    watches = found["watches"]["nodes"]
    assert {one["state"] for one in watches} == {"ASKED", "ASSESSED", "WATCHED", "EXIT_PROPOSED", "REFUSED"}
    assert all(one["facts"][0]["text"].startswith("示例") for one in watches)
    assert any(one["measures"] for one in watches) and len(errors["errorExemptions"]["nodes"]) == 1
