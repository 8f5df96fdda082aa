"""What watch holds about people, and for how long; its figures and findings, and what its notices say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from gongzhi.core.registers.erasure import clear_rows, expired_rows_sql
from gongzhi.values.errors import Refusal, Text
from gongzhi_watch import permissions, telling
from gongzhi_watch.demo import CONDITIONS, FACTS
from gongzhi_watch.figures import FEWEST, REVIEWED, WATCHED, read_quarter, safe_column
from gongzhi_watch.registers import CHECKS, HOLDINGS, KPIS, MONTHS
from gongzhi_watch.telling import Message

from .conftest import COUNTY, PNG, TOWN, Ground

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIGURES = """query($g: String!, $s: Date!, $b: Date!) {
  watchFigures(grid: $g, since: $s, before: $b) { grid asked watched refused ended }
  errorExemptionFigures(grid: $g, since: $s, before: $b) { asked exempt notExempt } }"""
QUARTER = {"g": COUNTY, "s": "2025-04-01", "b": "2025-07-01"}


async def erase(ground: Ground, home: Any) -> None:
    resident, officer = ground.head(home), ground.server.as_("data_protection_officer", grid=COUNTY)
    asked = await ground.done(resident, "requestDeletion", "request { id version }")
    await ground.done(
        officer, "decideDataRequest", "request { state }", request=asked["id"], expectedVersion=1, grant=True
    )


async def test_the_last_of_a_household_takes_all_along(ground: Ground) -> None:
    """Words and pictures go with their keys; that something was done stays, and is nobody's."""
    home = ground.home()
    await ground.fetch(
        "update people.membership set until='2026-01-01' where household_id=$1 and person_id<>$2",
        home["id"], home["person"],
    )  # fmt: skip
    id = await ground.ask(home, facts=[ground.fact(pictures=[PNG])])
    assert await ground.give(ground.first, "assessWatch", id, ground="SUDDEN") == []
    assert await ground.give(ground.second, "confirmWatch", id, confirmed=True) == []
    await ground.measure(id)
    await erase(ground, home)
    key = UUID(id.partition(":")[2])
    counted = """select (select count(*) from watch.fact where watch_id=$1), (select count(*) from watch.step where
      watch_id=$1), (select count(*) from watch.measure where watch_id=$1 and owner is null), (select count(*) from
      watch.evidence e where not exists(select from watch.fact f where f.id=e.fact_id))"""
    assert list((await ground.fetch(counted, key))[0]) == [0, 0, 1, 0]
    [row] = await ground.fetch("select person_id, ground, assessed_by from watch.entry where id=$1", key)
    assert list(row) == [None, None, None]


async def test_one_of_several_leaves_the_households(ground: Ground) -> None:
    """What is the others' as well stays; that it was them is forgotten, and the watch, which rested on them, ends."""
    home = ground.home(two=True)
    id = await ground.watched(home)
    await erase(ground, home)
    key = UUID(id.partition(":")[2])
    steps = await ground.fetch("select person_id from watch.step where watch_id=$1", key)
    assert len(steps) == 3 and not any(one["person_id"] for one in steps)
    ground.server.clock.move(minutes=16)
    await ground.run_jobs()
    seen = await ground.see(id, ground.other(home))
    assert (seen["state"], seen["ending"]) == ("ENDED", "WITHDRAWN")


async def test_a_copy_has_what_is_about_one(ground: Ground) -> None:
    """Each table is found by the person, and nothing that lies sealed is in it twice."""
    home = ground.home()
    id = await ground.ask(home, facts=[ground.fact(pictures=[PNG])], text="盼帮扶")
    worker = ground.server.as_("grid_worker", grid=TOWN, sub="copied")
    await ground.error(worker, affected=[f"Person:{home['person']}"])
    assert (await ground.see(id))["state"] == "ASKED"
    found = {}
    for one in HOLDINGS:
        if one.person:
            where = one.person.replace("$1", "$1::uuid")
            rows = await ground.fetch(f"select t.id from {one.table} t where {where}", home["person"])
            found[one.table] = max(found.get(one.table, 0), len(rows))
        if one.since:
            await ground.fetch(f"select {one.since} from {one.table} t limit 1")
    assert {name for name, count in found.items() if count} == {
        "watch.entry", "watch.fact", "watch.evidence", "watch.step", "watch.affected",
    }  # fmt: skip


async def test_after_three_years_words_go(ground: Ground) -> None:
    """What is over is forgotten, and what goes on is kept, however old it is."""
    over, going = ground.home(), ground.home()
    ended, kept = await ground.refused(over), await ground.watched(going)
    worker = ground.server.as_("grid_worker", grid=TOWN, sub="old")
    error = await ground.error(worker)
    for number in (1, 2):
        assert await ground.review(error, number) == []
    later = ground.server.clock() + timedelta(days=1_200)
    for holding in HOLDINGS:
        if holding.months:
            assert holding.months == MONTHS
            rows = await ground.fetch(expired_rows_sql(holding), later)
            await clear_rows(ground.fetch, holding, [row["id"] for row in rows])
    keys = [UUID(one.partition(":")[2]) for one in (ended, kept)]
    for table in ("fact", "step"):
        rows = await ground.fetch(f"select watch_id from watch.{table} where watch_id=any($1)", keys)
        assert {one["watch_id"] for one in rows} == {keys[1]}, table
    [row] = await ground.fetch("select official, outcome from watch.error where id=$1", error.partition(":")[2])
    assert list(row) == ["—", "EXEMPT"], "a number, and nobody's"
    left = "select count(*) from watch.statement where exemption_id=$1"
    assert (await ground.fetch(left, error.partition(":")[2]))[0][0] == 0


async def test_figures_tell_of_nobody(ground: Ground) -> None:
    """Ten households are told, nine are not; by town and whole quarters, without a row that tells of the rest."""
    [rule] = await ground.fetch("select id, grid_id from watch.rule where subject='HOUSEHOLDS' and until is null")
    homes = await ground.fetch("select id from people.household where county_id=$1 limit 45", rule["grid_id"])
    made = """insert into watch.entry (id, grid_id, household_id, rule_id, state, proposed_at, asked_at, watched_at,
      ending, closed_at, version) select gen_random_uuid(), g.id, $2, $3, $4::text, '2025-05-01', '2025-05-01',
      case when $4::text='ENDED' then '2025-05-09'::timestamptz end, $5, '2025-06-01', 1
      from grids.grid g where g.code=$1 and g.valid_to is null"""
    states = [("ENDED", "AGREED")] * 10 + [("ENDED", "LEFT")] * 10 + [("REFUSED", None)] * 10
    village = "610921101222"
    for at, (state, ending) in enumerate(states):
        await ground.fetch(made, village, homes[at % len(homes)]["id"], rule["id"], state, ending)
    for at in range(9):
        await ground.fetch(made, "610921100", homes[at]["id"], rule["id"], "REFUSED", None)
    found = (await ground.server.ask(FIGURES, **QUARTER)).data
    assert {one["grid"]: one for one in found["watchFigures"]} == {
        TOWN: {"grid": TOWN, "asked": 30, "watched": 20, "refused": 10, "ended": 10},
        "610921100": {"grid": "610921100", "asked": None, "watched": None, "refused": None, "ended": 0},
    }
    # One more that left makes nine of a part, and the part that they are of tells nothing of it.
    one = "select id from watch.entry where ending='AGREED' and asked_at='2025-05-01' limit 1"
    await ground.fetch(f"update watch.entry set ending='LEFT' where id=({one})")
    [fewer] = [one for one in (await ground.server.ask(FIGURES, **QUARTER)).data["watchFigures"] if one["grid"] == TOWN]
    assert fewer == {"grid": TOWN, "asked": 30, "watched": 20, "refused": 10, "ended": None}
    assert (await ground.server.ask(FIGURES, **QUARTER | {"g": village})).data["watchFigures"] == []
    for day in ("2025-05-01", "2025-04-02"):
        odd = await ground.server.ask(FIGURES, **QUARTER | {"s": day})
        assert set(odd.codes) == {"BAD_USER_INPUT"}


async def test_figures_of_errors_are_the_countys(ground: Ground) -> None:
    """Eleven put before review, ten exempt: what is left of the whole would tell of one."""
    [rule] = await ground.fetch("select id, grid_id from watch.rule where subject='ERRORS' and until is null")
    made = """insert into watch.error (id, grid_id, rule_id, official, unit_id, asked_by, occurred_on, state, outcome,
      asked_at, due_at, round, version) select gen_random_uuid(), $1, $2, 'x', (select id from units.unit limit 1), 'x',
      '2025-01-01', 'DECIDED', $3, '2025-02-01', '2025-03-01', 1, 1"""
    for _ in range(10):
        await ground.fetch(made, rule["grid_id"], rule["id"], "EXEMPT")
    quarter = QUARTER | {"s": "2025-01-01", "b": "2025-04-01"}
    asked = (await ground.server.ask(FIGURES, **quarter)).data["errorExemptionFigures"]
    assert asked == [{"asked": 10, "exempt": 10, "notExempt": 0}]
    await ground.fetch(made, rule["grid_id"], rule["id"], "NOT_EXEMPT")
    asked = (await ground.server.ask(FIGURES, **quarter)).data["errorExemptionFigures"]
    assert asked == [{"asked": 11, "exempt": None, "notExempt": None}]


async def test_findings_count_what_is_left_lying(ground: Ground) -> None:
    """Decisions and reviews, measures, and errors: each once it is over its day."""
    waiting, watched = ground.home(), ground.home()
    late, id = await ground.ask(waiting), await ground.watched(watched)
    due = {"entry": ("due_at", late), "measure": ("due_on", await ground.measure(id)), "error": ("due_at", "")}
    due["error"] = ("due_at", await ground.error())
    counts = []
    # By the database's own clock, as operators ask.
    for days in (-30, 30):
        for table, (column, row) in due.items():
            sql = f"update watch.{table} set {column}=now()-make_interval(days=>$2) where id=$1"
            await ground.fetch(sql, row.partition(":")[2], days)
        counts.append([(await ground.fetch(one.sql))[0][0] for one in CHECKS])
    before, after = counts
    assert after == [one + 1 for one in before]
    assert all("1" in one.say(1).zh and one.say(0) == one.well for one in CHECKS)


async def test_what_is_published_of_itself() -> None:
    """Figures have formulas; quarters are whole; a column says nothing of a few, nor of what they leave."""
    assert {one.name for one in KPIS} == {"watch.watched", "watch.ended"}
    assert read_quarter(date(2026, 10, 1)) == date(2026, 10, 1)
    for day in (date(2026, 10, 2), date(2026, 11, 1)):
        with pytest.raises(Refusal):
            read_quarter(day)
    for counted in (WATCHED, REVIEWED):
        for name, (_, whole) in counted.items():
            column = safe_column(name, whole)
            assert f'c."{name}">={FEWEST}' in column and (whole is None or f'c."{whole}"-c."{name}"' in column)
    guarded = {one.name for one in permissions() if getattr(one, "guarded", False)}
    assert guarded == {"watch.review_errors"}, "nobody makes their own reviewers"
    assert {one[1].value for one in FACTS} == {"UNSTABLE", "MARGINAL", "SUDDEN"} and len(CONDITIONS) == 5


@pytest.mark.parametrize(
    "said", [one for one in vars(telling).values() if isinstance(one, Message)], ids=lambda one: one.kind
)
async def test_notices_have_no_places(said: Message) -> None:
    """So that nothing of anybody can stand in them; both languages are there."""
    for one in (said.title, said.body):
        assert isinstance(one, Text) and one.en and one.zh and "{" not in one.en + one.zh
    assert said.kind.startswith("watch.")
