"""A reported problem that proves real earns points by itself; complaints never do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

CASE = {
    "channel": "MINI_APP",
    "category": "utilities.electricity",
    "title": "电线杆倾斜",
    "description": "屋后电线杆被树压斜",
}


async def close_case(village: Any, kind: str, filer: Any = None, **more: Any) -> str:
    """A case that was reported, settled and rated well."""
    [(longitude, latitude)] = await village.fetch(
        "select c.longitude, c.latitude from cases.case c join grids.grid g on g.id=c.town_id "
        "where g.code='610921100' and c.longitude is not null limit 1"
    )
    place = {"longitude": longitude, "latitude": latitude, "crs": "CGCS2000"}
    filer = filer or village.resident()
    made = await filer.do("reportCase", "case { number }", kind=kind, place=place, **{**CASE, **more})
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
    number = await close_case(village, kind)
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


async def test_own_work_earns_nothing(village: Any, run_jobs: Any) -> None:
    """Whoever files a case for a resident and settles it earns them nothing: nobody else says that it was real."""
    await village.rule(
        code="report", title="问题上报", text="上报问题属实并办结，记三分。", act=None, event="case.closed", amount=3
    )
    number = await close_case(village, "HELP", filer=village.worker, requester=f"Person:{village.people[0]}")
    assert (await run_jobs()).failed == []
    seen = await village.resident().ask(
        "query($number: String!) { case(number: $number) { pointsAwarded } me { person { points { balance } } } }",
        number=number,
    )
    assert seen.data == {"case": {"pointsAwarded": 0}, "me": {"person": {"points": []}}}


async def come(village: Any, at: int, *, share: bool) -> None:
    """Have somebody come to an activity that is open to all, by the code on the screen."""
    activity = {
        "form": "VOLUNTEERING", "title": "河道清洁", "audience": "PUBLIC", "grid": "610921100", "place": "清泉村口",
        "startsAt": "2026-07-01T01:00:00Z",
    }  # fmt: skip
    made = await village.worker.do("arrangeActivity", "activity { id }", activity=activity)
    assert made["errors"] == [], made
    id, caller = made["activity"]["id"], village.resident(at)
    assert (await caller.do("signUpToActivity", "participation { state }", activity=id, share=share))["errors"] == []
    village.server.clock.time = datetime(2026, 7, 1, 1, tzinfo=UTC)
    screen = "query($id: ID!) { node(id: $id) { ... on PartyActivity { checkInCode } } }"
    code = (await village.worker.ask(screen, id=id)).data["node"]["checkInCode"]
    assert (await caller.do("checkInToActivity", "participation { state }", activity=id, code=code))["errors"] == []


@pytest.mark.parametrize("share", [True, False])
async def test_coming_earns_by_choice(village: Any, run_jobs: Any, share: bool) -> None:
    """A plugin that points know nothing of says that its event may feed rules; the rule and the person decide."""
    await village.rule(
        code="volunteer",
        title="志愿服务",
        text="参加公开志愿活动，记两分。",
        act=None,
        event="party.attended",
        amount=2,
    )
    await come(village, 0, share=share)
    assert (await run_jobs()).failed == []
    seen = await village.resident().ask("{ me { person { points { balance entries { nodes { reason } } } } } }")
    earned = [{"balance": 2, "entries": {"nodes": [{"reason": "志愿服务"}]}}]
    assert seen.data["me"]["person"]["points"] == (earned if share else [])
