"""The demo county's credit is there to be looked at, once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import Clock, serve_application, settings_for_tests

DESK = """{ lenderDesk(filter: { state: { equals: SENT } }) { nodes { dueAt release { claims { text } } } }
  lenderLoans(first: 1) { totalCount nodes { outstanding schedule { paid } } } }"""


@pytest.mark.slow
async def test_demo_is_furnished(database: str, plugins: Any, tmp_path: Path) -> None:
    [errand] = [one for one in plugins.errands["credit"] if one.name == "demo"]
    for _ in range(2):
        assert await run_errand(settings_for_tests(database, tmp_path), database, "credit", errand, {}) == 0
    now = datetime.now(UTC)  # what operators type happens now: it knows no other clock
    async with serve_application(database, tmp_path, Clock(now), plugins) as server:
        lender = server.as_("lender", unit="610921-NSYH")
        seen = (await lender.ask(DESK)).data
        waiting = seen["lenderDesk"]["nodes"]
        assert len(waiting) == 6 and all(one["dueAt"] for one in waiting)
        assert any(one["release"]["claims"] for one in waiting)
        assert seen["lenderLoans"]["totalCount"] > 10 and seen["lenderLoans"]["nodes"][0]["schedule"]
        asked = '{ grid(code: "610921") { loanProducts { code } } creditModels { nodes { fairness { group } } } }'
        shown = (await server.ask(asked)).data
        assert {one["code"] for one in shown["grid"]["loanProducts"]} == {"demo-sanzhi", "demo-spring"}
        assert shown["creditModels"]["nodes"][0]["fairness"]
