"""Digests are made from the figures, in the caller's language, and their periods are the calendar's."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from gongzhi_server.testing import Server
from gongzhi_statistics.digests import SECTIONS, Period, period_days

from .sample_cases import COUNTY, GROUP, OTHER, Ground
from .test_figures import lead, march

shared = pytest.mark.asyncio(loop_scope="module")
DIGEST = """query($g: String!, $p: DigestPeriod!, $d: Date!) { digest(grid: $g, period: $p, at: $d) {
  title sections { title text figures { name value formula subject { code } } } } kpis { name formula } }"""


@pytest.mark.parametrize(
    ("period", "day", "span"),
    [
        ("DAY", "2026-03-01", ("2026-03-01", "2026-03-01")),
        ("WEEK", "2026-03-01", ("2026-02-23", "2026-03-01")),
        ("MONTH", "2024-02-29", ("2024-02-01", "2024-02-29")),
        ("QUARTER", "2026-05-31", ("2026-04-01", "2026-06-30")),
        ("QUARTER", "2026-12-31", ("2026-10-01", "2026-12-31")),
    ],
)
def test_periods_are_the_calendars(period: str, day: str, span: tuple[str, str]) -> None:
    assert period_days(Period(period), date.fromisoformat(day)) == tuple(map(date.fromisoformat, span))


async def asked(caller: Server, period: str, grid: str = COUNTY, day: str = "2026-03-17") -> Any:
    return (await caller.ask(DIGEST, g=grid, p=period, d=day)).data


@shared
async def test_digest_in_words(small: Server, ground: Ground) -> None:
    await march(ground)
    found = await asked(lead(small), "MONTH")
    digest, formulas = found["digest"], {one["name"]: one["formula"] for one in found["kpis"]}
    assert digest["title"] == f"{COUNTY}: the month from 2026-03-01 to 2026-03-31"
    assert [one["text"] for one in digest["sections"]] == [
        "32 cases were reported and 20 settled; 12 were under way at the end.",
        "32 cases were reported, and 0 in the month before.",
        "水电通信 rose most, from 0 cases to 20. None fell.",
        "Of the cases that fell due, 100 % are settled and 50 % were settled in time; 25 % had been extended.",
        "Of what fell due, 10 cases were not settled in time; 0 of these are not settled yet.",
        "0 early signs were found; 0 had a common cause, 0 were false alarms, and 0 are under way.",
        "60 % of the requesters answered; of these 75 % say it is solved and 75 % are satisfied.",
    ]
    figures = [one for section in digest["sections"] for one in section["figures"]]
    assert {one["name"]: one["formula"] for one in figures}.items() <= formulas.items()
    said = "上报诉求 32 件，办结 20 件，期末在办 12 件。"
    lead_zh = lead(small)
    lead_zh.headers["accept-language"] = "zh"
    assert (await asked(lead_zh, "MONTH"))["digest"]["sections"][0]["text"] == said


@shared
async def test_months_are_compared(small: Server, ground: Ground) -> None:
    """Each sentence leads to its figures; what is withheld in a month is not said to have moved."""
    moved = {
        "utilities.electricity": (12, 5), "roads.surface": (4, 11), "land": (2, 30), "welfare": (9, 2),
        "health": (3, 3),
    }  # fmt: skip
    for category, (before, now) in moved.items():
        for month, count in ((2, before), (3, now)):
            for _ in range(count):
                await ground.case(f"2026-0{month}-03T09:00", category=category)
    await ground.follow()
    sections = (await asked(lead(small), "MONTH"))["digest"]["sections"]
    assert sections[1]["text"] == "51 cases were reported, and 30 in the month before."
    told = {(one["subject"]["code"], one["name"]): one["value"] for one in sections[2]["figures"]}
    assert sections[2]["text"] == "道路交通 rose most, from 4 cases to 11. 水电通信 fell most, from 12 to 5."
    assert told == {
        ("roads", "reported"): 11, ("roads", "reportedBefore"): 4,
        ("utilities", "reported"): 5, ("utilities", "reportedBefore"): 12,
    }  # fmt: skip
    chinese = lead(small)
    chinese.headers["accept-language"] = "zh"
    text = (await asked(chinese, "MONTH"))["digest"]["sections"][2]["text"]
    assert text == "上升最多的是道路交通，由 4 件升至 11 件；下降最多的是水电通信，由 12 件降至 5 件。"


@shared
async def test_a_month_that_lasts_is_compared_with_as_many_days(small: Server, ground: Ground) -> None:
    """The thirtieth of June: what was reported on the last of May is not yet compared."""
    for day, count in (("05-31", 3), ("05-30", 4), ("06-10", 5)):
        for _ in range(count):
            await ground.case(f"2026-{day}T09:00", due=f"2026-{day}T18:00")
    await ground.follow()
    sections = (await asked(lead(small), "MONTH", day="2026-06-10"))["digest"]["sections"]
    assert sections[1]["text"] == "5 cases were reported, and 4 in the month before."
    assert sections[4]["text"].startswith("Of what fell due, 5 cases were not settled in time; 5 of these")


@shared
async def test_few_are_not_told(small: Server, ground: Ground) -> None:
    for _ in range(2):
        await ground.case("2026-03-17T10:00")
    await ground.rebuild()
    said = "fewer than three cases were reported and 0 settled; fewer than three were under way at the end."
    [section] = (await asked(lead(small), "DAY"))["digest"]["sections"]
    assert section["text"] == said
    assert {one["name"]: one["value"] for one in section["figures"]} == {
        "reported": None,
        "completed": 0,
        "underWay": None,
    }


@shared
async def test_digest_needs_the_place(small: Server, ground: Ground) -> None:
    town = small.as_("town_dispatcher", grid=OTHER)
    assert (await asked(town, "WEEK"))["digest"] is None
    assert (await asked(lead(small), "WEEK", GROUP))["digest"] is None
    assert (await small.ask(DIGEST, g=COUNTY, p="WEEK", d="2026-03-17")).codes == ["FORBIDDEN"]


def test_each_rate_with_its_coverage() -> None:
    for sections in SECTIONS.values():
        for one in sections:
            names = {figure.name for figure in getattr(one, "figures", ())}
            assert ("satisfactionRate" in names) <= ("answerCoverage" in names)
            assert ("onTimeRate" in names) <= ("extensionShare" in names)
