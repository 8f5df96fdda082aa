"""The demo county's devices: a dozen, with three alarms that have become cases; loaded twice, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import TODAY, serve_application, settings_for_tests

SEEN = """{ devices(first: 50) { nodes { code state kind { code } gauges { value } } }
  deviceAlarms(first: 50) { nodes { state case { number title } } } deviceRules { totalCount } }"""


async def test_demo_has_devices(database: str, tmp_path: Path, plugins: Any) -> None:
    [furnish] = [one for one in plugins.errands["devices"] if one.name == "demo"]
    for _ in range(2):
        given = settings_for_tests(database, tmp_path), database, "devices", furnish, {}, lambda: TODAY
        assert await run_errand(*given) == 0
    async with serve_application(database, tmp_path, plugins=plugins) as server:
        assert (await server.worker.drain()).failed == []
        found = (await server.as_("county_dispatcher", grid="610921").ask(SEEN)).data
    assert len(found["devices"]["nodes"]) == 12 and found["deviceRules"]["totalCount"] == 10
    assert {one["state"] for one in found["devices"]["nodes"]} == {"NORMAL", "ALARM"}
    assert sorted(one["case"]["title"].partition(" ")[0] for one in found["deviceAlarms"]["nodes"]) == [
        "井盖",
        "水闸",
        "烟感",
    ]
