"""The figures of a few known cases, as their formulas give them by hand."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from gongzhi_server.testing import Server
from gongzhi_statistics.figures import DAILY, EVER, WITHIN

from .sample_cases import CHINA, COUNTY, GROUP, OTHER, TOWN, VILLAGE, Ground, china

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL = """reported completed underWay completionRate onTimeRate extensionShare resolutionRate satisfactionRate
  answerCoverage medianResponse medianHandling suppressed"""


async def statistics(
    caller: Server, selection: str = ALL, grid: str = COUNTY, since: str = "2026-03-01", until: str = "2026-03-31"
) -> Any:
    query = "query($g: String!, $a: Date!, $b: Date!) { grid(code: $g) { statistics(from: $a, to: $b) { %s } } }"
    answer = await caller.ask(query % selection, g=grid, a=since, b=until)
    return answer.data["grid"]["statistics"]


def lead(server: Server) -> Server:
    return server.as_("county_dispatcher", grid=COUNTY)


async def march(ground: Ground) -> None:
    """Twenty cases that were settled, ten of them late, and twelve under way."""
    for at in range(20):
        late = at >= 10
        await ground.case(
            "2026-03-02T09:00",
            status="CLOSED" if at < 12 else "REPLIED",
            seen="2026-03-02T09:30",
            settled="2026-03-12T09:00" if late else "2026-03-04T09:00",
            due="2026-03-09T18:00",
            extended=at < 5,
            level="VILLAGE" if at < 2 else "GRID",
            rating=(5 if at < 9 else 2) if at < 12 else None,
            channel="GRID_WORKER" if at < 10 else "MINI_APP",
        )
    for _ in range(12):
        await ground.case("2026-03-20T10:00", due="2026-04-20T18:00", category="roads.surface", grid=OTHER)
    await ground.rebuild()


async def test_months_are_their_days(ground: Ground) -> None:
    """Whatever the period, whole months and the days around them come to what its days come to."""
    for at in range(60):
        await ground.case(f"2026-0{1 + at % 6}-{1 + (at * 7) % 28:02}T09:00")
    await ground.rebuild()
    asked = "select coalesce(sum(r.reported), 0) from {rows} r where r.dimension = 'ALL' and not r.sealed"

    async def counted(rows: str, since: date, until: date) -> int:
        found: int = await ground.connection.fetchval(
            asked.format(rows=rows.format(since=f"date '{since}'", until=f"date '{until}'"))
        )
        return found

    periods = [
        (date(2026, 1, 1) + timedelta(days=start), long) for start in range(0, 90, 7) for long in range(0, 92, 6)
    ]
    for since, long in periods:
        until = since + timedelta(days=long)
        assert await counted(WITHIN, since, until) == await counted(DAILY, since, until), (since, until)
    assert (
        await counted(EVER, date.min, date(2026, 5, 9)) == await counted(DAILY, date(2000, 1, 1), date(2026, 5, 9)) > 0
    )


async def test_known_figures(small: Server, ground: Ground) -> None:
    await march(ground)
    found = await statistics(lead(small))
    response, handling = found.pop("medianResponse"), found.pop("medianHandling")
    assert found == {
        "reported": 32,
        "completed": 20,
        "underWay": 12,
        "completionRate": 100.0,
        "onTimeRate": 50.0,
        "extensionShare": 25.0,
        "resolutionRate": 75.0,
        "satisfactionRate": 75.0,
        "answerCoverage": 60.0,
        "suppressed": [],
    }
    assert abs(response - 30) <= 1.5 and abs(handling - 2 * 1440) <= 0.05 * 2 * 1440


async def test_one_name_one_count(small: Server, ground: Ground) -> None:
    """What is called open is one number everywhere; answered cases are in it, and not among those under way."""
    await march(ground)
    query = """{ grid(code: "%s") { openCases statistics(from: "2026-03-01", to: "2026-03-31") { underWay completed } }
      open: cases(filter: { open: { equals: true } }) { totalCount }
      answered: cases(filter: { open: { equals: true }, completed: { equals: true } }) { totalCount }
      completed: cases(filter: { completed: { equals: true } }) { totalCount } }"""
    found = (await lead(small).ask(query % COUNTY)).data
    counts, grid = {name: found[name]["totalCount"] for name in ("open", "answered", "completed")}, found["grid"]
    assert grid["openCases"] == counts["open"] == 20
    assert grid["statistics"] == {"underWay": counts["open"] - counts["answered"], "completed": counts["completed"]}


async def test_unfinished_lowers_completion(small: Server, ground: Ground) -> None:
    await march(ground)
    for _ in range(5):
        await ground.case("2026-03-03T10:00", due="2026-03-10T18:00")
    await ground.rebuild()
    found = await statistics(lead(small), "completionRate onTimeRate reported")
    assert found == {"completionRate": 80.0, "onTimeRate": 40.0, "reported": 37}


async def test_late_and_due_on_the_last_day(small: Server, ground: Ground) -> None:
    """What fell due before the period and is not settled is late still; what is due today is due, and not late."""
    today = small.clock.time.astimezone(CHINA).date()
    for due, count in (("2026-02-10", 4), ("2026-03-31", 3), ("2026-04-02", 5), (str(today), 6)):
        for _ in range(count):
            await ground.case("2026-02-01T09:00", due=f"{due}T18:00")
    for _ in range(7):
        await ground.case(
            "2026-02-01T09:00", due="2026-03-31T18:00", status="CLOSED", settled="2026-04-05T09:00", level="TOWN"
        )
    await ground.rebuild()
    asked = "overdue dueOnLastDay"
    assert await statistics(lead(small), asked) == {"overdue": 7, "dueOnLastDay": 3}
    april = await statistics(lead(small), asked, since="2026-04-01", until="2026-04-02")
    assert april == {"overdue": 12, "dueOnLastDay": 5}
    now = await statistics(lead(small), asked, since=str(today), until=str(today))
    assert now == {"overdue": 12, "dueOnLastDay": 6}
    await ground.case("2026-03-01T09:00", due=f"{today - timedelta(days=1)}T18:00", grid=OTHER)
    await ground.rebuild()
    few = await statistics(lead(small), f"{asked} suppressed", OTHER, since=str(today), until=str(today))
    assert (few["overdue"], few["dueOnLastDay"], few["suppressed"][:2]) == (None, 0, ["underWay", "overdue"])


async def test_levels_and_channels(small: Server, ground: Ground) -> None:
    await march(ground)
    found = await statistics(
        lead(small),
        "byLevel { level settled share suppressed } byCategory { category { code name } reported } "
        "byChannel { channel reported suppressed }",
    )
    # of the two levels one is below three, so the other is withheld as well: the total would tell it
    assert {one["level"]: (one["settled"], one["suppressed"]) for one in found["byLevel"]} == {
        "GRID": (None, True), "VILLAGE": (None, True), "TOWN": (0, False), "COUNTY": (0, False),
    }  # fmt: skip
    assert found["byCategory"] == [
        {"category": {"code": "roads", "name": "道路交通"}, "reported": 12},
        {"category": {"code": "utilities", "name": "水电通信"}, "reported": 20},
    ]
    assert [(one["channel"], one["reported"]) for one in found["byChannel"]] == [("GRID_WORKER", 10), ("MINI_APP", 22)]


async def test_pattern_of_levels(small: Server, ground: Ground) -> None:
    """小事不出村: the shares of 557 : 331 : 6, a hundredth of each."""
    for level, count in (("VILLAGE", 56), ("TOWN", 33), ("COUNTY", 11)):
        for _ in range(count):
            await ground.case("2026-03-02T09:00", status="CLOSED", settled="2026-03-03T09:00", level=level)
    await ground.rebuild()
    found = await statistics(lead(small), "byLevel { level share }")
    assert [one["share"] for one in found["byLevel"]] == [0, 56.0, 33.0, 11.0]
    listed = await lead(small).ask("{ cases(filter: { settledLevel: { in: [TOWN, COUNTY] } }) { totalCount } }")
    assert listed.data["cases"]["totalCount"] == 44, "a number's cases are found by the same level"


async def test_days_are_chinas(small: Server, ground: Ground) -> None:
    """A minute before and after midnight in China, both on one day of UTC."""
    for _ in range(10):
        await ground.case("2026-03-31T23:59")
        await ground.case("2026-04-01T00:00")
    await ground.rebuild()
    assert (await statistics(lead(small), "reported"))["reported"] == 10
    april = await statistics(lead(small), "reported underWay", since="2026-04-01", until="2026-04-01")
    assert april == {"reported": 10, "underWay": 20}
    series = await statistics(lead(small), "series(bucket: MONTH) { start reported }", until="2026-04-30")
    assert series["series"] == [{"start": "2026-03-01", "reported": 10}, {"start": "2026-04-01", "reported": 10}]


async def test_series_does_not_tell_by_difference(small: Server, ground: Ground) -> None:
    """Of a month that is withheld alone, the whole period less the other months would tell the number."""
    for month, count in (("03", 12), ("04", 2), ("05", 11)):
        for _ in range(count):
            await ground.case(f"2026-{month}-10T09:00")
    await ground.rebuild()
    found = await statistics(
        lead(small), "reported series(bucket: MONTH) { reported completed suppressed }", until="2026-05-31"
    )
    assert found["reported"] == 25
    assert [(one["reported"], one["suppressed"]) for one in found["series"]] == [
        (12, False), (None, True), (None, True),
    ]  # fmt: skip
    assert {one["completed"] for one in found["series"]} == {0}


async def test_small_numbers_withheld(small: Server, ground: Ground) -> None:
    """A village's month shows what a notice board would; what is about persons takes ten of them."""
    for _ in range(2):
        await ground.case("2026-03-02T09:00", status="CLOSED", settled="2026-03-03T09:00", rating=5)
    await ground.rebuild()
    found = await statistics(lead(small), grid=VILLAGE)
    assert found.pop("suppressed") == [
        "reported", "completed", "resolutionRate", "satisfactionRate", "answerCoverage", "medianHandling",
    ]  # fmt: skip
    assert found.pop("underWay") == 0 and set(found.values()) == {None}
    for _ in range(7):
        await ground.case("2026-03-02T09:00", status="CLOSED", settled="2026-03-03T09:00", rating=5)
    await ground.rebuild()
    found = await statistics(lead(small), "reported completed satisfactionRate suppressed", VILLAGE)
    assert found == {
        "reported": 9,
        "completed": 9,
        "satisfactionRate": None,
        "suppressed": ["resolutionRate", "satisfactionRate", "answerCoverage"],
    }
    await ground.case("2026-03-02T09:00", status="CLOSED", settled="2026-03-03T09:00", rating=1)
    await ground.rebuild()
    found = await statistics(lead(small), "reported satisfactionRate suppressed", VILLAGE)
    assert found == {"reported": 10, "satisfactionRate": 90.0, "suppressed": []}


@pytest.mark.parametrize("counts", [(1, 1, 7), (2, 2, 7), (1, 2, 7), (2, 7, 9), (3, 4)])
async def test_lists_do_not_tell_by_difference(small: Server, ground: Ground, counts: tuple[int, ...]) -> None:
    """What is left of the total never says what each withheld number is."""
    channels = ("MINI_APP", "GRID_WORKER", "HOTLINE_12345")
    for channel, count in zip(channels, counts, strict=False):
        for _ in range(count):
            await ground.case("2026-03-02T09:00", channel=channel)
    await ground.rebuild()
    found = await statistics(lead(small), "reported byChannel { reported suppressed }")
    shown = [one["reported"] for one in found["byChannel"] if not one["suppressed"]]
    hidden, left = len(counts) - len(shown), found["reported"] - sum(shown)
    assert all(one >= 3 for one in shown) and (hidden == 0) == (min(counts) >= 3)
    possible = [several for several in product(range(1, left + 1), repeat=hidden) if sum(several) == left]
    assert hidden == 0 or len(possible) > 1


async def test_answers_are_told_by_whole_months(small: Server, ground: Ground) -> None:
    """A period that is a day or a month longer never tells what a few persons said."""
    for month, many, liked in ((3, 12, 6), (4, 3, 0), (5, 10, 10)):
        for at in range(many):
            await ground.case(
                f"2026-0{month}-02T09:00",
                status="CLOSED",
                settled=f"2026-0{month}-03T09:00",
                rating=5 if at < liked else 1,
            )
    await ground.rebuild()

    async def rate(since: str, until: str) -> Any:
        found = await statistics(lead(small), "satisfactionRate suppressed", since=since, until=until)
        assert ("satisfactionRate" in found["suppressed"]) == (found["satisfactionRate"] is None)
        return found["satisfactionRate"]

    assert await rate("2026-03-01", "2026-03-31") == 50.0
    assert await rate("2026-03-01", "2026-04-30") == 50.0, "the three of April are left out"
    assert await rate("2026-02-01", "2026-05-30") == 50.0, "and so is a month that is not whole"
    assert await rate("2026-03-01", "2026-05-31") == 73.0
    assert await rate("2026-04-01", "2026-04-30") is None
    assert await rate("2026-03-02", "2026-03-31") is None
    assert await rate("2026-03-10", "2026-03-11") is None


async def test_every_answer_keeps_its_rating(small: Server, ground: Ground) -> None:
    """“Not solved” stays in the rate after the case was answered again; what does not count is in coverage alone."""
    for at in range(10):
        case = await ground.case(
            "2026-03-02T09:00", status="CLOSED", settled="2026-03-05T09:00", rating=5, unit="POWER"
        )
        if at < 5:
            await ground.rating(case, china("2026-03-03T09:00"), 1, unit=ground.units["POWER"])
    for _ in range(10):
        case = await ground.case("2026-03-02T09:00", status="CLOSED", settled="2026-03-05T09:00", unit="POWER")
        await ground.rating(case, china("2026-03-05T09:00"), 5, counts=False)
    await ground.follow()
    found = await statistics(lead(small), "completed resolutionRate satisfactionRate answerCoverage")
    assert found == {"completed": 20, "resolutionRate": 67.0, "satisfactionRate": 67.0, "answerCoverage": 50.0}
    of_unit = await unit(small, "POWER")
    assert (of_unit["satisfactionRate"], of_unit["answerCoverage"]) == (67.0, 50.0)


async def test_sealed_cases_absent(small: Server, ground: Ground) -> None:
    await march(ground)
    before = await statistics(lead(small))
    for _ in range(15):
        sealed = {"sealed": True, "accused": "POWER", "unit": "WATER"}
        await ground.case(
            "2026-03-05T09:00", status="CLOSED", settled="2026-03-06T09:00", due="2026-03-09T09:00", **sealed
        )  # type: ignore[arg-type]
        await ground.case("2026-03-05T09:00", accused="POWER")  # against a unit, though nobody sealed it
    await ground.rebuild()
    assert await statistics(lead(small)) == before
    assert await statistics(lead(small), "tipOffs") == {"tipOffs": 30}
    town = small.as_("town_dispatcher", grid=TOWN)
    asked = 'query { grid(code: "%s") { statistics(from: "2026-03-01", to: "2026-03-31") { reported tipOffs } } }'
    answer = await town.ask(asked % TOWN)
    assert answer.codes == ["FORBIDDEN"] and answer.body["data"]["grid"]["statistics"]["tipOffs"] is None
    assert (await unit(small, "WATER"))["issued"] == 0


async def unit(server: Server, code: str, **claims: str) -> Any:
    caller = server.as_("department_handler", unit=claims.get("of", code))
    query = 'query($c: String!) { unit(code: $c) { statistics(from: "2026-03-01", to: "2026-03-31") { %s } } }'
    selection = "issued completed onTimeRate returned extensionShare satisfactionRate answerCoverage"
    return (await caller.ask(query % selection, c=code)).data["unit"]["statistics"]


async def test_unit_figures(small: Server, ground: Ground) -> None:
    for at in range(20):
        await ground.case(
            "2026-03-02T09:00", unit="POWER", status="CLOSED", rating=5 if at < 10 else None,
            settled="2026-03-04T09:00" if at < 15 else "2026-03-20T09:00",
        )  # fmt: skip
    await ground.rebuild()
    assert await unit(small, "POWER") == {
        "issued": 20, "completed": 20, "onTimeRate": 75.0, "returned": 0, "extensionShare": 0,
        "satisfactionRate": 100.0, "answerCoverage": 50.0,
    }  # fmt: skip
    assert await unit(small, "POWER", of="WATER") is None


async def test_whose_figures(small: Server, ground: Ground) -> None:
    await march(ground)
    town = small.as_("town_dispatcher", grid=TOWN)
    assert (await statistics(town, "reported", TOWN))["reported"] == 20
    assert await statistics(town, "reported", COUNTY) is None
    assert await statistics(town, "reported", OTHER) is None
    assert (await statistics(lead(small), "reported", VILLAGE))["reported"] == 20
    assert await statistics(lead(small), "reported", GROUP) is None, "below a village figures are about people"
    everywhere = small.as_("auditor")
    assert (await statistics(everywhere, "reported", "61"))["reported"] == 32


async def test_impossible_period(small: Server) -> None:
    asked = 'query { grid(code: "%s") { statistics(from: "2026-03-31", to: "2026-03-01") { reported } } }'
    answer = await lead(small).ask(asked % COUNTY)
    assert answer.codes == ["BAD_USER_INPUT"] and "ends before" in answer.errors[0]["message"]


TABLES = (
    {("utilities.electricity", "VILLAGE"): 5, ("roads.surface", "VILLAGE"): 1, ("land", "TOWN"): 4},
    {("utilities.electricity", "VILLAGE"): 1, ("roads.surface", "VILLAGE"): 1, ("land", "VILLAGE"): 1},
    {("utilities.electricity", "GRID"): 1, ("roads.surface", "VILLAGE"): 5, ("land", "TOWN"): 6},
    {("utilities.electricity", "GRID"): 2, ("roads.surface", "GRID"): 2, ("land", "GRID"): 3, ("land", "TOWN"): 3},
    {("utilities.electricity", "GRID"): 1, ("roads.surface", "TOWN"): 2, ("land", "COUNTY"): 3},
)
"""What was settled about a subject at a level."""


@pytest.mark.parametrize("table", TABLES)
async def test_levels_of_subjects_do_not_tell_by_difference(
    small: Server, ground: Ground, table: dict[tuple[str, str], int]
) -> None:
    """What is left of a level's total, or of what was settled in all, never says what a withheld number is."""
    for (category, level), count in table.items():
        for _ in range(count):
            await ground.case(
                "2026-03-02T09:00", status="CLOSED", settled="2026-03-03T09:00", category=category, level=level
            )
        await ground.case("2026-03-02T09:00", status="CLOSED", settled="2026-03-03T09:00", level=level, accused="POWER")
    await ground.follow()
    found = await statistics(
        lead(small),
        "completed byLevel { level settled } "
        "byLevelAndCategory { category { code } levels { level settled suppressed } }",
    )
    truth = {(category.split(".")[0], level): count for (category, level), count in table.items()}
    cells = {
        (row["category"]["code"], one["level"]): (one["settled"], one["suppressed"])
        for row in found["byLevelAndCategory"]
        for one in row["levels"]
    }
    assert truth.keys() < cells.keys() and len({subject for subject, _ in cells}) > 10
    assert all(shown == truth.get(at, 0) not in (1, 2) for at, (shown, hidden) in cells.items() if not hidden)
    assert all(shown is None for shown, hidden in cells.values() if hidden)
    for total in found["byLevel"]:
        column = [shown for (_, level), (shown, _) in cells.items() if level == total["level"]]
        if total["settled"] is None:
            assert set(column) == {None, 0}, "what is told of a level's subjects would tell its total"
        elif None in column:
            left = total["settled"] - sum(one for one in column if one)
            assert len(possible(column.count(None), left)) > 1


def possible(hidden: int, left: int) -> list[tuple[int, ...]]:
    """What withheld numbers may be, for whoever knows how they are withheld and what is left for them."""
    tried = [several for several in product(range(left + 1), repeat=hidden) if sum(several) == left]
    small = [[one for one in several if one in (1, 2)] for several in tried]
    alone = [len(each) in (0, 1) or sum(each) in (len(each), 2 * len(each)) for each in small]
    return [
        several
        for several, each, told in zip(tried, small, alone, strict=True)
        if each and len(several) - len(each) == told
    ]


async def test_levels_of_subjects_are_the_sums_of_the_whole_months(small: Server, ground: Ground) -> None:
    """A case that is taken up again is taken back from the table, and a period of months sums the same as its days."""
    for month in (2, 3, 4):
        for _ in range(4):
            last = await ground.case(
                f"2026-0{month}-02T09:00", status="CLOSED", settled=f"2026-0{month}-03T09:00", level="VILLAGE"
            )
    await ground.follow()
    asked = "byLevelAndCategory(first: 30) { category { code } levels { level settled } }"

    async def settled(since: str, until: str) -> Any:
        rows = (await statistics(lead(small), asked, since=since, until=until))["byLevelAndCategory"]
        [row] = [row["levels"] for row in rows if row["category"]["code"] == "utilities"]
        return {one["level"]: one["settled"] for one in row}["VILLAGE"]

    assert await settled("2026-02-02", "2026-04-29") == await settled("2026-01-01", "2026-05-31") == 12
    await ground.connection.execute("update cases.case set status = 'HANDLING' where id = $1", last)
    await ground.follow()
    assert await settled("2026-04-01", "2026-04-30") == 3
    before = await ground.sums()
    assert await ground.rebuild() == before
    some = await statistics(lead(small), "byLevelAndCategory(first: 2) { category { code } }")
    assert len(some["byLevelAndCategory"]) == 2
