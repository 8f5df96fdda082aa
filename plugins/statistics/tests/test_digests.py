"""Digests are made from the figures, in the caller's language, and their periods are the calendar's."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from gongzhi_server.testing import Server
from gongzhi_statistics.digests import SECTIONS, Period, period_days

from .sample_cases import COUNTY, GROUP, OTHER, Ground
from .test_figures import lead, march

DIGEST = """query($g: String!, $p: DigestPeriod!, $d: Date!) { digest(grid: $g, period: $p, at: $d) {
  title sections { title text figures { name value formula } } } kpis { name formula } }"""


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


async def test_digest_in_words(small: Server, ground: Ground) -> None:
    await march(ground)
    found = await asked(lead(small), "MONTH")
    digest, formulas = found["digest"], {one["name"]: one["formula"] for one in found["kpis"]}
    assert digest["title"] == f"{COUNTY}: the month from 2026-03-01 to 2026-03-31"
    assert [one["text"] for one in digest["sections"]] == [
        "32 cases were reported and 20 settled; 12 were under way at the end.",
        "Of the cases that fell due, 100 % are settled and 50 % were settled in time; 25 % had been extended.",
        "60 % of the requesters answered; of these 75 % say it is solved and 75 % are satisfied.",
    ]
    figures = [one for section in digest["sections"] for one in section["figures"]]
    assert {one["name"]: one["formula"] for one in figures}.items() <= formulas.items()
    said = "上报诉求 32 件，办结 20 件，期末在办 12 件。"
    lead_zh = lead(small)
    lead_zh.headers["accept-language"] = "zh"
    assert (await asked(lead_zh, "MONTH"))["digest"]["sections"][0]["text"] == said


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


async def test_digest_needs_the_place(small: Server, ground: Ground) -> None:
    town = small.as_("town_dispatcher", grid=OTHER)
    assert (await asked(town, "WEEK"))["digest"] is None
    assert (await asked(lead(small), "WEEK", GROUP))["digest"] is None
    assert (await small.ask(DIGEST, g=COUNTY, p="WEEK", d="2026-03-17")).codes == ["FORBIDDEN"]


def test_each_rate_with_its_coverage() -> None:
    for sections in SECTIONS.values():
        for one in sections:
            names = {figure.name for figure in one.figures}
            assert ("satisfactionRate" in names) <= ("answerCoverage" in names)
            assert ("onTimeRate" in names) <= ("extensionShare" in names)
