"""The map of concerns: what each place raised, beside what its own figures tell, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest
from gongzhi_server.testing import Server

from .sample_cases import COUNTY, GROUP, OTHER, TOWN, VILLAGE, Ground
from .test_figures import lead, statistics

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAP = """query($g: String!, $a: Date!, $b: Date!, $l: ConcernLevel, $c: String, $o: Boolean = true) {
  concernMap(grid: $g, from: $a, to: $b, level: $l, category: $c, outlines: $o) { code places {
    code longitude latitude boundary reported earlier suppressed signs
    subjects { category { code } reported suppressed } } } }"""
SQUARE = "((108500000,32800000),(108600000,32800000),(108600000,32900000),(108500000,32900000))"


async def drawn(caller: Server, grid: str = COUNTY, **given: Any) -> Any:
    asked = {"g": grid, "a": "2026-03-01", "b": "2026-03-31"} | given
    found = (await caller.ask(MAP, **asked)).data["concernMap"]
    return found and {one["code"]: one for one in found["places"]}


async def raised(ground: Ground) -> None:
    """In one town many of a subject, two of another and twelve of a third; one in the other town, and tip-offs."""
    for count, category in ((20, "utilities.electricity"), (2, "land"), (12, "roads.surface")):
        for _ in range(count):
            await ground.case("2026-03-02T09:00", category=category)
    for _ in range(4):
        await ground.case("2026-02-20T09:00")
        await ground.case("2026-03-03T09:00", sealed=True)
        await ground.case("2026-03-03T09:00", accused="POWER")
    await ground.case("2026-03-20T10:00", category="land", grid=OTHER)
    await ground.connection.execute('update grids.grid set boundary = \'{"type": "Polygon"}\' where code = $1', TOWN)
    await ground.connection.execute(
        f"insert into grids.ring (grid_id, area, hole) select id, '{SQUARE}', false from grids.grid where code = $1",
        TOWN,
    )  # fmt: skip
    await ground.follow()


async def test_places_and_what_they_raised(small: Server, ground: Ground) -> None:
    await raised(ground)
    places = await drawn(lead(small))
    assert list(places) == [TOWN, OTHER]
    town, other = places[TOWN], places[OTHER]
    assert (town["longitude"], town["latitude"], town["boundary"]) == (108.55, 32.85, {"type": "Polygon"})
    assert (town["reported"], town["earlier"], town["suppressed"]) == (34, 4, False), "tip-offs are in none of it"
    assert (other["longitude"], other["boundary"], other["reported"], other["suppressed"]) == (None, None, None, True)
    # Two are withheld, and with them the smallest other, which the total would tell.
    shown = {one["category"]["code"]: one["reported"] for one in town["subjects"]}
    assert shown == {"land": None, "roads": None, "utilities": 20}
    for code, place in places.items():
        own = await statistics(lead(small), "byCategory { category { code } reported suppressed }", code)
        assert place["subjects"] == own["byCategory"], "a map tells what the figures of its places tell"


async def test_levels_subjects_and_outlines(small: Server, ground: Ground) -> None:
    await raised(ground)
    assert list(await drawn(lead(small), l="VILLAGE")) == [VILLAGE]
    assert list(await drawn(lead(small), l="TOWN", c="utilities")) == [TOWN, OTHER]
    assert list(await drawn(lead(small), TOWN)) == [VILLAGE]
    assert await drawn(lead(small), VILLAGE) == {}, "below a village figures would be about people"
    assert list(await drawn(small.as_("auditor"), "61", l="COUNTY")) == [COUNTY]
    [town, other] = (await drawn(lead(small), c="roads", o=False)).values()
    # One subject alone is judged among all of them: it stays withheld.
    assert town["subjects"] == [{"category": {"code": "roads"}, "reported": None, "suppressed": True}]
    assert town["boundary"] is None and town["longitude"] and other["subjects"] == []


async def test_whose_map(small: Server, ground: Ground) -> None:
    town = small.as_("town_dispatcher", grid=TOWN)
    assert await drawn(town) is None and list(await drawn(town, TOWN)) == [VILLAGE]
    assert await drawn(lead(small), GROUP) is None and await drawn(lead(small), "999999") is None
    assert (await small.ask(MAP, g=COUNTY, a="2026-03-01", b="2026-03-31")).codes == ["FORBIDDEN"]
    for since, until, said in (("2026-03-31", "2026-03-01", "ends before"), ("2020-01-01", "2026-03-01", "366 days")):
        answer = await lead(small).ask(MAP, g=COUNTY, a=since, b=until)
        assert answer.codes == ["BAD_USER_INPUT"] and said in answer.errors[0]["message"]
    assert (await lead(small).ask(MAP, g=COUNTY, a="2026-03-01", b="2026-03-02", l="GRID_1")).body["errors"]
