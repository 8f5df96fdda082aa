"""Efficiency supervision and ratings: what units let pass is found, answered, seen, and counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from .conftest import COUNTY, LAPSES, UNIT, Hall, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIGURES = """query($g: String!, $since: Date!, $before: Date!) {
  serviceFigures(grid: $g, since: $since, before: $before) {
    unit decided overdue returnedTwice unlisted tooManyVisits rated bad } }"""


async def test_asking_again_and_for_more_is_found(hall: Hall) -> None:
    """A second return and a paper outside the catalogue are for supervision; what is on file cannot be asked for."""
    id, handler, resident = await hall.apply(0), hall.handler, hall.resident(0)
    part = await hall.give(handler, "returnServiceApplication", id, missing=[{"code": "account"}])
    assert part == [("INCOMPLETE_NOTICE", ["missing"])]
    filed = await hall.give(handler, "returnServiceApplication", id, missing=[{"code": "identity"}])
    assert filed == [("ON_FILE", ["missing", "0", "code"])]
    all_of_it = {"missing": [{"code": "account"}, {"code": "form"}], "unlisted": ["村委会无犯罪证明"]}
    assert await hall.give(handler, "returnServiceApplication", id, **all_of_it) == []
    extra = (await hall.see(id))["papers"][-1]
    assert (extra["listed"], extra["state"], extra["name"]) == (False, "MISSING", "村委会无犯罪证明")
    brought = [{"code": code} for code in ("account", "form", extra["code"])]
    assert await hall.give(resident, "supplyServicePapers", id, papers=brought) == []
    again = [{"code": "form", "why": "字迹不清"}]
    assert await hall.give(handler, "returnServiceApplication", id, missing=again) == []
    found = await hall.lapses(id)
    assert {kind: (one["allowed"], one["counted"]) for kind, one in found.items()} == {
        "UNLISTED_PAPER": (0, 1), "RETURNED_TWICE": (1, 2),
    }  # fmt: skip
    assert await hall.told(resident, "lapsed", found["RETURNED_TWICE"]["id"])
    lapse = found["UNLISTED_PAPER"]
    answer = {"lapse": lapse["id"], "expectedVersion": 1, "text": "系误要，已退还并更正。"}
    await hall.done(handler, "answerServiceLapse", "lapse { answeredAt }", **answer)
    assert (await hall.lapses(id, resident))["UNLISTED_PAPER"]["answer"] == answer["text"]


async def test_who_supervises_sees_lapses_and_no_papers(hall: Hall) -> None:
    """Facts of the unit, without the application behind them; other units and people see nothing."""
    id = await hall.apply(1)
    for day in ("2026-06-29", "2026-06-30"):
        visit = {"day": day, "place": "TOWN_HALL", "reason": "交材料"}
        assert await hall.give(hall.resident(1), "recordServiceVisit", id, **visit) == []
    same = await hall.give(hall.handler, "recordServiceVisit", id, day="2026-06-30", place="OFFICE", reason="补签")
    assert same == [("DUPLICATE", ["day"])], "one way is one visit, whoever notes it"
    lapse = (await hall.lapses(id))["TOO_MANY_VISITS"]
    assert (lapse["allowed"], lapse["counted"]) == (1, 2)
    visits = (await hall.see(id, hall.resident(1)))["visits"]
    assert [one["day"] for one in visits] == ["2026-06-29", "2026-06-30"]
    seen = (await hall.manager.ask(LAPSES)).data["serviceLapses"]["nodes"]
    [shown] = [one for one in seen if one["id"] == lapse["id"]]
    assert (shown["application"], shown["unit"], shown["matter"]) == (None, {"code": UNIT}, {"name": "高龄津贴申领"})
    assert await hall.see(id, hall.manager) is None
    for stranger in (hall.server.as_("department_handler", unit="610921-SCJ"), hall.resident(2), hall.server):
        assert await hall.lapses(id, stranger) == {} and await hall.see(id, stranger) is None


async def test_silence_is_acceptance(hall: Hall) -> None:
    """Nobody answers in five working days: accepted since it came, found and told; and overdue then."""
    id = await hall.apply(2)
    hall.server.clock.move(days=8)
    await hall.run_jobs()
    seen = await hall.see(id)
    # 1 to 3 July are the three days that were promised: all of them over.
    assert (seen["state"], seen["deemed"], seen["overdue"]) == ("ACCEPTED", True, True)
    assert seen["acceptedAt"].startswith("2026-06-30") and seen["dueAt"].startswith("2026-07-03")
    found = await hall.lapses(id)
    assert found["LATE_RECEIPT"]["allowed"] == 5 and found["LATE_RECEIPT"]["counted"] > 5
    assert (found["OVERDUE"]["allowed"], found["OVERDUE"]["counted"]) == (3, 6)
    assert await hall.told(hall.resident(2), "deemed", id)
    late = "{ serviceApplications(first: 50, filter: { overdue: { equals: true } }) { nodes { id } } }"
    assert {"id": id} in (await hall.handler.ask(late)).data["serviceApplications"]["nodes"]
    await hall.run_jobs()
    assert len(await hall.lapses(id)) == 2, "found once"


async def test_time_waits_for_papers(hall: Hall) -> None:
    """Accepted on Wednesday 8 July, due on Monday; papers take three working days from Thursday, so until Thursday."""
    id, handler = await hall.apply(3), hall.handler
    assert await hall.give(handler, "acceptServiceApplication", id) == []
    assert (await hall.see(id))["dueAt"].startswith("2026-07-13")
    hall.server.clock.move(days=1)
    lacking = [{"code": "account"}, {"code": "form"}]
    assert await hall.give(hall.handler, "returnServiceApplication", id, missing=lacking) == []
    hall.server.clock.move(days=5)
    await hall.run_jobs()
    assert await hall.lapses(id) == {}
    assert await hall.give(hall.resident(3), "supplyServicePapers", id, papers=lacking) == []
    after = await hall.see(id)
    assert after["state"] == "ACCEPTED" and after["dueAt"].startswith("2026-07-16")


async def test_a_bad_rating_is_answered(hall: Hall) -> None:
    """With a reason, once, in time; the unit answers, or it is for supervision; what nobody rates is closed."""
    first, second, third = [await hall.decided(at) for at in (4, 5, 6)]
    bare = await hall.resident(4).do("rateService", "application { id }", application=first, rating=1)
    assert [(one["code"], one["path"]) for one in bare["errors"]] == [("BAD_USER_INPUT", ["reason"])]
    for at, id in ((4, first), (5, second)):
        rating = {"application": id, "rating": 1 + at % 2, "reason": "跑了三趟"}
        assert (await hall.resident(at).do("rateService", "application { state }", **rating))["errors"] == []
    again = await hall.resident(4).do("rateService", "application { id }", application=first, rating=5)
    assert [one["code"] for one in again["errors"]] == ["ILLEGAL_TRANSITION"]
    assert await hall.told(hall.handler, "badly_rated", first)
    assert await hall.give(hall.handler, "answerServiceRating", first, text="已核实，已向申请人致歉并整改。") == []
    assert (await hall.see(first, hall.resident(4)))["answer"].startswith("已核实")
    assert await hall.told(hall.resident(4), "answered", first)
    hall.server.clock.move(days=31)
    await hall.run_jobs()
    assert set(await hall.lapses(second)) == {"UNANSWERED_RATING"} and await hall.lapses(first) == {}
    assert (await hall.see(third))["state"] == "CLOSED"
    late = await hall.resident(6).do("rateService", "application { id }", application=third, rating=5)
    assert [one["code"] for one in late["errors"]] == ["ILLEGAL_TRANSITION"]


# As the commands leave them, a dozen at once.
DECIDED = """
with cases as (
 insert into cases.case select (jsonb_populate_record(null::cases.case, to_jsonb(c)||jsonb_build_object(
  'id', gen_random_uuid(), 'number', 'F'||lpad(n::text, 6, '0')||$4::text))).* from generate_series(1, $1::int) n,
  lateral (select * from cases.case where id=(select case_id from services.application where id=$2)) c returning id)
insert into services.application select (jsonb_populate_record(null::services.application,
 to_jsonb(a)||jsonb_build_object('id', gen_random_uuid(), 'case_id', c.id, 'unit_id', $3::int,
 'rating', case when row_number() over (order by c.id)<=$5 then 1 else 5 end,
 'decided_at', timestamptz '2026-04-20 10:00+08'))).*
from cases c, lateral (select * from services.application where id=$2) a
"""


async def test_figures_tell_of_nobody(hall: Hall) -> None:
    """By whole quarters, to anybody; fewer than ten, or all but a few, are withheld; other days are refused."""
    id = (await hall.decided(7)).partition(":")[2]
    units = {
        one["code"]: one["id"]
        for one in await hall.fetch("select id, code from units.unit where code=any($1)", ["610921-RSJ", "610921-WJJ"])
    }
    await hall.fetch(DECIDED, 24, id, units["610921-RSJ"], "A", 12)
    await hall.fetch(DECIDED, 24, id, units["610921-WJJ"], "B", 20)
    spring = {"g": COUNTY, "since": "2026-04-01", "before": "2026-07-01"}
    found = {one["unit"]: one for one in (await hall.server.ask(FIGURES, **spring)).data["serviceFigures"]}
    fair, odd = found["610921-RSJ"], found["610921-WJJ"]
    assert (fair["decided"], fair["rated"], fair["bad"], fair["overdue"]) == (24, 24, 12, 0)
    assert (odd["rated"], odd["bad"]) == (24, None), "four good ones would be told by what is left"
    summer = {"g": COUNTY, "since": "2026-07-01", "before": "2026-10-01"}
    few = {one["unit"]: one["decided"] for one in (await hall.server.ask(FIGURES, **summer)).data["serviceFigures"]}
    assert few[UNIT] is None
    days = await hall.server.ask(FIGURES, **spring | {"since": "2026-04-02"})
    assert "BAD_USER_INPUT" in days.codes


async def test_more_papers_while_they_are_decided_on(hall: Hall) -> None:
    """What is handed in unasked moves no clock; what is asked for twice counts once as one lapse, answered again."""
    id, handler, resident = await hall.apply(8), hall.handler, hall.resident(8)
    assert await hall.give(handler, "acceptServiceApplication", id) == []
    before = await hall.see(id)
    assert await hall.give(resident, "supplyServicePapers", id, papers=[{"code": "form"}]) == []
    after = await hall.see(id)
    assert (after["state"], after["dueAt"]) == ("ACCEPTED", before["dueAt"])
    for time in (1, 2):
        asked = {"missing": [{"code": "account"}], "unlisted": [f"证明 {time}"]}
        assert await hall.give(handler, "returnServiceApplication", id, **asked) == []
        lapse = (await hall.lapses(id))["UNLISTED_PAPER"]
        assert lapse["counted"] == time
        answer = {"lapse": lapse["id"], "expectedVersion": lapse["version"], "text": f"说明 {time}"}
        await hall.done(handler, "answerServiceLapse", "lapse { answeredAt }", **answer)
        codes = [one["code"] for one in (await hall.see(id))["papers"] if one["state"] == "MISSING"]
        assert await hall.give(resident, "supplyServicePapers", id, papers=[{"code": one} for one in codes]) == []
    found = await hall.lapses(id)
    assert {kind: one["counted"] for kind, one in found.items()} == {"UNLISTED_PAPER": 2, "RETURNED_TWICE": 2}
    assert found["UNLISTED_PAPER"]["answer"] == "说明 2"


async def test_the_next_to_be_late_comes_first(hall: Hall) -> None:
    """Lists of a unit are in the order of what it owes; what waits for papers, and what is over, owes nothing."""
    soon, later = await hall.apply(9, matter=await hall.publish(promisedDays=1)), await hall.apply(9)
    waits = await hall.apply(9)
    for id in (soon, later, waits):
        assert await hall.give(hall.handler, "acceptServiceApplication", id) == []
    lacking = [{"code": "account"}, {"code": "form"}]
    assert await hall.give(hall.handler, "returnServiceApplication", waits, missing=lacking) == []
    listed = (
        "{ serviceApplications(first: 50, filter: { state: { in: [ACCEPTED, RETURNED] } }) { nodes { id dueAt } } }"
    )
    nodes = (await hall.handler.ask(listed)).data["serviceApplications"]["nodes"]
    ids = [one["id"] for one in nodes]
    assert ids.index(soon) < ids.index(later) < ids.index(waits)
    assert next(one for one in nodes if one["id"] == waits)["dueAt"] is None


async def test_the_unit_is_chased_once_it_is_late(hall: Hall) -> None:
    """The case's own clocks rest while the application is in time, so that nobody is reminded of what is not late."""
    id = await hall.apply(10)
    number = (await hall.see(id))["case"]["number"]
    hall.server.clock.move(days=2)
    await hall.run_jobs()
    reminded = "select type from cases.event e join cases.case c on c.id=e.case_id where c.number=$1 and type=any($2)"
    assert await hall.fetch(reminded, number, ["case.reminded", "case.escalated"]) == []
    clocks = await hall.fetch(
        "select k.stage, k.due_at from clocks.clock k join cases.case c on c.id=k.case_id "
        "where c.number=$1 and k.stopped_at is null",
        number,
    )
    [row] = await hall.fetch("select due_at from services.application where id=$1", id.partition(":")[2])
    assert clocks and all(one["due_at"] > row["due_at"] for one in clocks)


async def test_days_of_visits_are_those_of_china(hall: Hall) -> None:
    """In the first hours of a day here it is still the day before in UTC: thirty days back count from the day here."""
    clock = hall.server.clock
    clock.move(hours=(17 - clock.time.hour) % 24)
    today, id = (clock.time + timedelta(hours=8)).date(), await hall.apply(6)
    visit = {"place": "OFFICE", "reason": "咨询"}
    early = await hall.give(hall.resident(6), "recordServiceVisit", id, day=str(today - timedelta(days=31)), **visit)
    assert early == [("BAD_USER_INPUT", ["day"])]
    first = await hall.give(hall.resident(6), "recordServiceVisit", id, day=str(today - timedelta(days=30)), **visit)
    assert first == []
    assert await hall.give(hall.resident(6), "recordServiceVisit", id, day=str(today), **visit) == []


async def test_an_open_application_counts_under_any_edition(hall: Hall) -> None:
    """Whoever waits for a decision under the edition before does not apply again; once it is withdrawn they may."""
    first = await hall.publish(code="any-edition")
    id = await hall.apply(7, matter=first)
    second = await hall.publish(code="any-edition", replaces=first)
    again = await hall.resident(7).do("applyForService", "application { id }", matter=second)
    assert refused(again) == [("DUPLICATE", ["matter"])]
    assert await hall.apply(8, matter=second)
    assert await hall.give(hall.resident(7), "withdrawServiceApplication", id) == []
    assert await hall.apply(7, matter=second)
