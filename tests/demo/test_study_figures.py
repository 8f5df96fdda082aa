"""Figures of the studies: the whole demo county has them, and anybody may count them by a query."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import (
    TODAY,
    create_database,
    drop_database,
    load_demo_database,
    serve_application,
    settings_for_tests,
)

PEOPLE = 126_000
PUBLISHED = """{ deputies(first: 0) { totalCount } deputySuggestions(first: 0) { totalCount }
  deliberations(first: 0, filter: {state: {equals: PUBLICISED}}) { totalCount }
  partyActivities(first: 0, filter: {form: {equals: COUNCIL_DAY}, state: {equals: HELD}}) { totalCount } }"""
MEMBERS = "{ partyMembers(first: 0, filter: {status: {equals: FULL}}) { totalCount } }"


@pytest.mark.slow
async def test_whole_county_has_the_figures_of_the_study(
    postgres: str, all_tables: str, plugins: Any, tmp_path: Path
) -> None:
    """852 deputies with 4,100 proposals, 500 meetings that settled 2,100 matters, and 3,000 members."""
    dsn = await create_database(postgres, "study", all_tables)
    await load_demo_database(dsn, PEOPLE, tmp_path)
    for name in ("party", "ties"):
        [furnish] = [one for one in plugins.errands[name] if one.name == "demo"]
        assert await run_errand(settings_for_tests(dsn, tmp_path), dsn, name, furnish, {}, lambda: TODAY) == 0
    async with serve_application(dsn, tmp_path, plugins=plugins) as server:
        found = (await server.ask(PUBLISHED)).data | (
            await server.as_("party_secretary", grid="610921").ask(MEMBERS)
        ).data
    await drop_database(postgres, "study")
    assert {name: one["totalCount"] for name, one in found.items()} == {
        "deputies": 852,
        "deputySuggestions": 4_100,
        "deliberations": 2_100,
        "partyActivities": 500,
        "partyMembers": 3_000,
    }
