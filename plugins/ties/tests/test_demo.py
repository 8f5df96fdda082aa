"""The demo: what a visitor finds of ties, loaded twice, once; and credit codes that check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gongzhi.values import codes
from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.testing import TODAY, serve_application, settings_for_tests
from gongzhi_ties.demo import DEPUTIES, LETTERS, ORGANISATIONS, PROPOSALS, add_check_digit
from hypothesis import given, settings
from hypothesis import strategies as st

SEEN = """{ deputies(first: 0, filter: { inOffice: { equals: true } }) { totalCount }
  deputySuggestions(first: 0, filter: { grid: { within: "610921" } }) { totalCount }
  ties(first: 0) { counts(by: [KIND]) { values count } } receptionDays(first: 0) { counts(by: [STATE]) { values } }
  tieFigures(grid: "610921", year: 2026) { kind active deeds }
  socialOrganisations(first: 9) { nodes { name served { id } } } purchasedServices(first: 9) { nodes { amount } } }"""


def test_the_demos_codes_check() -> None:
    """They are read as any other: of an invented organisation the digit is right, and the number is nobody's."""
    for code, *_ in ORGANISATIONS:
        assert codes.check_uscc(add_check_digit(code))


@settings(max_examples=30)
@given(st.text(LETTERS, min_size=8, max_size=8))
def test_a_slip_of_the_pen_is_found(tail: str) -> None:
    """A credit code with its digit is read; with one letter or digit changed it is refused."""
    code = add_check_digit("52610921M" + tail)
    assert codes.check_uscc(code) == code
    wrong = code[:12] + ("A" if code[12] != "A" else "B") + code[13:]
    with pytest.raises(codes.CodeError):
        codes.check_uscc(wrong)


@pytest.mark.slow
async def test_demo_has_deputies_and_links(database: str, tmp_path: Path, plugins: Any) -> None:
    [furnish] = [one for one in plugins.errands["ties"] if one.name == "demo"]
    for _ in range(2):
        order: Any = settings_for_tests(database, tmp_path), database, "ties", furnish, {}, lambda: TODAY
        assert await run_errand(*order) == 0
    async with serve_application(database, tmp_path, plugins=plugins) as server:
        found = (await server.ask(SEEN)).data
        [helped] = [one for one in found["tieFigures"] if one["kind"] == "CADRE_HOUSEHOLD"] or [{}]
    deputies = found["deputies"]["totalCount"]
    # The county of the tests is small: as many proposals a deputy as in the whole one.
    assert 0 < deputies <= DEPUTIES
    assert found["deputySuggestions"]["totalCount"] == PROPOSALS * deputies // DEPUTIES
    assert {one["values"][0] for one in found["ties"]["counts"]} >= {"LEADER_TOWN", "UNIT_VILLAGE"}
    assert {one["values"][0] for one in found["receptionDays"]["counts"]} == {"HELD", "ANNOUNCED"}
    assert len(found["socialOrganisations"]["nodes"]) == 4 and len(found["purchasedServices"]["nodes"]) == 2
    assert all(one["served"] for one in found["socialOrganisations"]["nodes"]) and helped
