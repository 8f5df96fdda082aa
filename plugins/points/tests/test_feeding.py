"""A reported problem that proves real earns points by itself; complaints never do."""

from __future__ import annotations

from typing import Any

import pytest

CASE = {
    "channel": "MINI_APP",
    "category": "utilities.electricity",
    "title": "电线杆倾斜",
    "description": "屋后电线杆被树压斜",
}


async def closed(village: Any, kind: str, **more: Any) -> str:
    """A case that was reported, settled and rated well."""
    [(longitude, latitude)] = await village.fetch(
        "select c.longitude, c.latitude from cases.case c join grids.grid g on g.id=c.town_id "
        "where g.code='610921100' and c.longitude is not null limit 1"
    )
    place = {"longitude": longitude, "latitude": latitude, "crs": "CGCS2000"}
    made = await village.resident().do("reportCase", "case { number }", kind=kind, place=place, **{**CASE, **more})
    assert made["errors"] == [], made
    number = str(made["case"]["number"])
    done = await village.worker.do(
        "handleInGrid", "case { status version }", number=number, expectedVersion=1, text="已扶正"
    )
    assert done["errors"] == [], done
    rated = await village.resident().do("rateCase", "case { status }", number=number, rating=5, solved=True)
    assert rated["case"]["status"] == "CLOSED", rated
    return number


@pytest.mark.parametrize(("kind", "points"), [("HELP", 3), ("COMPLAINT", None)])
async def test_real_problem_earns(village: Any, run_jobs: Any, kind: str, points: int | None) -> None:
    await village.rule(
        code="report", title="问题上报", text="上报问题属实并办结，记三分。", act=None, event="case.closed", amount=3
    )
    number = await closed(village, kind)
    assert (await run_jobs()).failed == []
    await run_jobs()
    seen = await village.resident().ask(
        "query($number: String!) { case(number: $number) { pointsAwarded } me { person { points { balance "
        "entries { nodes { case { number } reason } } } } } }",
        number=number,
    )
    accounts = seen.data["me"]["person"]["points"]
    if points is None:
        assert accounts == [] and seen.data["case"]["pointsAwarded"] == 0
    else:
        entry = {"case": {"number": number}, "reason": "问题上报"}
        assert accounts == [{"balance": points, "entries": {"nodes": [entry]}}]
        assert seen.data["case"]["pointsAwarded"] == points
