from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from gongzhi.core.cases import catalog, machine
from gongzhi.core.cases.models import SettlementLevel, Status
from gongzhi.core.people import tiers
from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing
from gongzhi.values import codes
from gongzhi_server import demo
from gongzhi_server.demo import county_time, lives, outcomes
from gongzhi_server.demo.chance import divide_shares, shuffled_deck
from gongzhi_server.demo.county import TABLES, Summary
from gongzhi_server.demo.land import Land
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.plugins.loader import load_plugins
from gongzhi_server.testing import ESSENTIAL, TODAY, create_database, drop_database, migrate_apps, sibling_dsn
from hypothesis import assume, given
from hypothesis import strategies as st

from ..values.case_numbers import read_case_number

DAY = TODAY.date()
THEIRS = (
    *("clocks.clock", "dispatch.rule", "dispatch.duty", "dispatch.work_order", "dispatch.merge", "centers.center"),
    *("patrols.patrol", "intake.entry", "contacts.contact", "statistics.rollup"),
)
"""Tables that plugins fill of what the county has."""
KEYS = KeyRing({"test": bytes(range(32))})
FEW = 300
PLACES = {"latitude": (32.7251, 33.0549), "longitude": (108.3101, 108.7099)}


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def fetch(dsn: str, query: str, *values: Any) -> list[Any]:
    """The rows, or the values where there is one column."""
    async with connected(dsn) as connection:
        rows = await connection.fetch(query, *values)
    return [row[0] if len(row) == 1 else tuple(row) for row in rows]


@pytest.fixture
def place(postgres: str, county: str) -> str:
    """The address of the small demo county. Nothing may be written there."""
    return sibling_dsn(postgres, county)


@dataclass(frozen=True)
class Loaded:
    dsn: str
    summary: Summary
    progress: dict[str, list[tuple[int, int]]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def loaded(postgres: str, tables: str) -> AsyncIterator[Loaded]:
    """A county that was loaded once. Nothing may be written there."""
    name, seen = f"loaded_{uuid4().hex}", defaultdict[str, list[tuple[int, int]]](list)

    def note(step: str, *count: int) -> None:
        seen[step].append(count)

    dsn = await create_database(postgres, name, tables)
    summary = await demo.load_county(dsn, people=FEW, today=DAY, keys=KEYS, apps=ESSENTIAL.apps, progress=note)
    yield Loaded(dsn, summary, seen)
    await drop_database(postgres, name)


# --- grids ---


async def test_real_divisions(place: str) -> None:
    kinds = dict(await fetch(place, "select kind, count(*) from grids.grid where use = 'BASE' group by 1"))
    assert (kinds["PROVINCE"], kinds["CITY"], kinds["COUNTY"], kinds["TOWN"], kinds["VILLAGE"]) == (1, 1, 1, 10, 160)
    assert kinds["GRID_3"] == 5940
    towns = await fetch(place, "select name from grids.grid where kind = 'TOWN' order by code")
    assert towns[:3] == ["城关镇", "涧池镇", "蒲溪镇"]


async def test_codes_agree(place: str) -> None:
    rows = await fetch(
        place, "select g.code, g.kind, p.code from grids.grid g left join grids.grid p on p.id = g.parent_id"
    )
    assert all(codes.grid_kind(code) == kind and codes.parent_code(code) == parent for code, kind, parent in rows)


async def test_point_found_once(place: str) -> None:
    random = Random(2)  # none of these lies within a tenth of a metre of a border, where both sides have it
    points = [(random.uniform(*PLACES["longitude"]), random.uniform(*PLACES["latitude"])) for _ in range(400)]
    async with connected(place) as connection:
        found = await connection.fetch(
            "select array_agg(g.kind order by g.path) kinds, array_agg(g.id order by g.path) ids, "
            "(array_agg(g.path::text order by g.path desc))[1] path "
            "from unnest($1::float8[], $2::float8[]) with ordinality p(x, y, n) "
            "join grids.ring r on r.area @> point(x * 1e6, y * 1e6) join grids.grid g on g.id = r.grid_id group by n",
            *map(list, zip(*points, strict=True)),
        )
    assert len(found) == len(points)
    levels = ["COUNTY", "TOWN", "VILLAGE", "GRID_1", "GRID_2", "GRID_3"]
    assert all(row["kinds"] == levels for row in found)
    assert all(row["path"].endswith(".".join(map(str, row["ids"]))) for row in found)


async def test_boundaries_labelled(place: str) -> None:
    rows = await fetch(
        place,
        "select g.kind, count(*) filter (where boundary->>'type' = 'Polygon'), count(boundary_note), count(r.id), "
        "count(*) from grids.grid g left join grids.ring r on r.grid_id = g.id group by 1",
    )
    for kind, boundaries, notes, rings, grids in rows:
        assert boundaries == notes == rings == (0 if kind in ("PROVINCE", "CITY") else grids)


@given(st.lists(st.floats(0.5, 10), min_size=1, max_size=40))
def test_land_divided_exactly(weights: list[float]) -> None:
    whole = Land(0, 0, 500_000, 400_000)
    parts = whole.divide(weights)
    areas = [(part.east - part.west) * (part.north - part.south) for part in parts]
    assert sum(areas) == 500_000 * 400_000
    for area, weight in zip(areas, weights, strict=True):
        assert area / sum(areas) == pytest.approx(weight / sum(weights), rel=0.01)


# --- units ---


async def test_units_placed(place: str) -> None:
    rows = await fetch(
        place,
        "select u.kind, g.kind, u.reach, count(*) from units.unit u join grids.grid g on g.id = u.grid_id "
        "group by 1, 2, 3",
    )
    assert {row[:3]: row[3] for row in rows} == {
        ("COUNTY_DEPARTMENT", "COUNTY", "LINE"): 21,
        ("ENTERPRISE", "COUNTY", "LINE"): 2,
        ("MASS_ORGANISATION", "COUNTY", "LINE"): 2,
        ("TOWN_BODY", "TOWN", "AREA"): 10,
        ("VILLAGE_BODY", "VILLAGE", "AREA"): 160,
    }
    assert await fetch(place, "select name from units.unit where code = '610921-SLJ'") == ["汉阴县水利局"]
    assert await fetch(place, "select name from units.unit where code like '610921100001-%'") == ["南街社区居民委员会"]


# --- people ---


async def test_households_whole(place: str) -> None:
    assert await fetch(place, "select count(*) from people.person") == [2000]
    [(members, persons, heads, households)] = await fetch(
        place,
        "select count(*), count(distinct m.person_id), count(*) filter (where m.relation = 'HEAD' "
        "and h.head_id = m.person_id and h.grid_id = p.grid_id), (select count(*) from people.household) "
        "from people.membership m join people.household h on h.id = m.household_id "
        "join people.person p on p.id = m.person_id",
    )
    assert members == persons == 2000 and heads == households
    assert 580 < households < 700


async def test_values_sealed(loaded: Loaded) -> None:
    people = await fetch(
        loaded.dsn,
        "select p.id, p.birth_date, p.gender, p.data_key, p.resident_id_sealed, p.resident_id_mask, "
        "p.resident_id_blind, f.id, f.sealed, f.mask, f.blind from people.person p "
        "join people.phone f on f.person_id = p.id where p.resident_id_sealed is not null",
    )
    assert len(people) > FEW / 2
    for person, birth, gender, wrapped, sealed, mask, blind, phone, phone_sealed, phone_mask, phone_blind in people:
        key = KEYS.unwrap("610921", wrapped)
        number = sealing.open_value(key, f"people.person.resident_id:{person}", sealed)
        assert codes.resident_id(number, DAY) == number and number.startswith("610921")
        assert (codes.birth_date(number), codes.gender_of(number)) == (birth, gender)
        assert (mask, blind) == (codes.mask_resident_id(number), KEYS.blind("610921", "resident_id", number))
        called = sealing.open_value(key, f"people.phone.number:{phone}", phone_sealed)
        assert codes.check_phone(called) == called
        assert (phone_mask, phone_blind) == (codes.mask_phone(called), KEYS.blind("610921", "phone", called))


async def test_tiers_follow_rule(place: str) -> None:
    rows = await fetch(
        place,
        "select h.tier, t.tier, h.needs, h.income_band, t.decided_at, t.review_on, jsonb_array_length(t.reasons), "
        "array(select a.year from people.award a where a.household_id = h.id and a.kind = 'PEACEFUL_FAMILY'), "
        "h.visit_due_on = 'infinity' from people.household h join people.tier t on t.household_id = h.id",
    )
    assert len(rows) == (await fetch(place, "select count(*) from people.household"))[0]
    for stored, decided, needs, income, at, review, reasons, awards, on_call in rows:
        year = (at + timedelta(hours=8)).year
        if needs:
            expected = "LIANXIN"
        elif income == "ABOVE_MEAN" and {year - 1, year - 2, year - 3} <= set(awards):
            expected = "FANGXIN"
        elif income == "BELOW_MEAN" and not {year - 1, year - 2} & set(awards):
            expected = "GUANXIN"
        else:
            expected = "UNCLASSIFIED"
        assert stored == decided == expected
        assert reasons and review == tiers.add_months((at + timedelta(hours=8)).date(), tiers.REVIEW)
        assert on_call == (expected in ("FANGXIN", "UNCLASSIFIED"))
    assert {row[0] for row in rows} == {"LIANXIN", "GUANXIN", "FANGXIN", "UNCLASSIFIED"}


async def test_helpers_named(place: str) -> None:
    rows = await fetch(
        place,
        "select h.tier, count(l.id), count(m.id) from people.household h "
        "left join people.liaison l on l.household_id = h.id left join people.membership m "
        "on m.household_id = h.id and m.person_id = l.person_id group by h.id",
    )
    assert all(helpers == (tier == "LIANXIN") and not own for tier, helpers, own in rows)


async def test_posts_filled(place: str) -> None:
    rows = await fetch(
        place,
        "select g.kind, count(*) filter (where p.duty = 'GRID_WORKER'), count(*) filter (where p.duty = 'GRID_LEADER') "
        "from grids.grid g left join people.post p on p.grid_id = g.id and p.duty_phone is not null group by g.id",
    )
    expected = {"GRID_1": (0, 1), "GRID_3": (1, 1)}
    assert all((workers, leaders) == expected.get(kind, (0, 0)) for kind, workers, leaders in rows)


# --- cases ---


async def test_shares_kept(place: str) -> None:
    [(cases, completed, rated, good, known, here)] = await fetch(
        place,
        "select count(*), count(*) filter (where status in ('REPLIED', 'CLOSED')), count(rating), "
        "count(*) filter (where rating >= 4), count(requester_id), count(*) filter (where self_handled) "
        "from cases.case",
    )
    assert cases == round(26_800 * 2000 / 126_000)
    assert completed / cases >= 0.97
    assert good / rated >= 0.97
    assert 0.55 < rated / completed < 0.65
    assert 0.92 < known / cases < 0.98
    assert 0.25 < here / cases < 0.36


async def test_statuses_all_shown(place: str) -> None:
    assert set(await fetch(place, "select distinct status from cases.case")) == set(Status)


def test_full_county_settles_as_published() -> None:
    dealt = outcomes.deal_outcomes(Random(7), 126_000)
    assert dealt.ordinary + len(dealt.sealed) == 26_800
    levels = Counter(dealt.disputes.values())
    assert levels == {
        SettlementLevel.VILLAGE: 557,
        SettlementLevel.TOWN: 331,
        SettlementLevel.COUNTY: 6,
        None: 51,
    }
    unfinished = [*dealt.status.values(), *(s for s in dealt.sealed if s not in machine.COMPLETED)]
    assert len(unfinished) / 26_800 <= 0.03 and not machine.COMPLETED & set(unfinished)
    assert all((level is None) == (place in dealt.status) for place, level in dealt.disputes.items())
    ratings = Counter(dealt.ratings.values())
    assert (ratings[4] + ratings[5]) / (ratings.total() - ratings[None]) >= 0.97


async def test_disputes_by_level(place: str) -> None:
    rows = await fetch(
        place,
        "select coalesce(settled_level, status), count(*) from cases.case k "
        "join cases.category c on c.id = k.category_id where c.code like 'dispute.%' group by 1",
    )
    disputes = Counter(dict(rows))
    assert disputes.total() == 15 and disputes["VILLAGE"] == 9 and disputes["TOWN"] == 5


async def test_numbers_gapless(place: str) -> None:
    rows = await fetch(
        place, "select number, series, (reported_at at time zone 'Asia/Shanghai')::date, reported_at from cases.case"
    )
    numbers = {read_case_number(number): moment for number, _, _, moment in rows}
    assert all(n.county == "610921" for n in numbers)
    assert {(n.text, n.series, n.day) for n in numbers} == {row[:3] for row in rows}
    runs: dict[tuple[date, str], list[int]] = {}
    for number in sorted(numbers, key=lambda number: numbers[number]):
        runs.setdefault((number.day, number.series), []).append(number.sequence)
    assert all(run == list(range(1, len(run) + 1)) for run in runs.values())
    counters = await fetch(place, "select day, series, given from cases.counter where county = '610921'")
    assert {(day, series): given for day, series, given in counters} == {key: len(run) for key, run in runs.items()}


async def test_steps_legal(place: str) -> None:
    steps = {step.event: step for step in machine.STEPS}
    cases = {
        row[0]: row
        for row in await fetch(
            place, "select id, status, reported_at, settled_at, closed_at, reopenings from cases.case"
        )
    }
    stories: dict[Any, list[Any]] = {}
    for case, kind, at, data in await fetch(
        place, "select case_id, type, at, data from cases.event order by case_id, at, id"
    ):
        stories.setdefault(case, []).append((kind, at, json.loads(data)))
    assert stories.keys() == cases.keys()
    for case, (_, last, reported, settled, closed, reopenings) in cases.items():
        events, status = stories[case], None
        assert events[0][:2] == (machine.REPORT.event, reported)
        for kind, _, data in events:
            if kind == machine.RATED:
                assert status is Status.REPLIED
                continue
            step = steps[kind]
            assert status in step.sources or (status is None and not step.sources)
            assert (data["from"], data["to"]) == (status, step.target)
            status = step.target
        assert status == last
        assert all(earlier[1] < later[1] for earlier, later in pairwise(events))
        times = {kind: at for kind, at, _ in events}
        assert settled == times.get(machine.REPLY.event, times.get(machine.SETTLE.event))
        assert closed == times.get(machine.CLOSE.event)
        assert reopenings == [kind for kind, *_ in events].count(machine.REOPEN.event)


async def test_nothing_in_future(place: str) -> None:
    horizon = county_time.to_utc(county_time.day_start(DAY))
    for table, column in (("cases.event", "at"), ("people.visit", "recorded_at"), ("people.person", "created_at")):
        assert await fetch(place, f"select max({column}) < $1 from {table}", horizon) == [True]


async def test_staff_keep_hours(place: str) -> None:
    hours = await fetch(
        place,
        "select extract(hour from at at time zone 'Asia/Shanghai')::int from cases.event "
        "where role in ('town_dispatcher', 'department_handler')",
    )
    assert sum(8 <= hour < 18 for hour in hours) / len(hours) > 0.98


async def test_answers_consistent(place: str) -> None:
    wrong = await fetch(
        place,
        "select number from cases.case where (status in ('REPLIED', 'CLOSED')) <> (reply is not null) "
        "or (reply is null) <> (settled_at is null) or (reply is null) <> (settled_level is null) "
        "or self_handled <> coalesce(settled_level = 'GRID', false) or (rating is null) <> (solved is null) "
        "or (self_handled and lead_unit_id is not null) or title like '%{%' or description like '%{%'",
    )
    assert wrong == []


async def test_places_inside_grids(place: str) -> None:
    [(outside, placed)] = await fetch(
        place,
        "select count(*) filter (where not r.area @> point(longitude * 1e6, latitude * 1e6)), count(*) "
        "from cases.case k join grids.ring r on r.grid_id = k.grid_id where longitude is not null",
    )
    assert outside == 0 and placed > 100


async def test_tip_offs_sealed(place: str) -> None:
    rows = await fetch(
        place,
        "select k.series, k.kind, k.accused_unit_id is not null and k.accused_unit_id is distinct from k.lead_unit_id, "
        "k.account is not null, k.requester_id is null, k.status in ('CLOSED'), g.kind "
        "from cases.case k join grids.grid g on g.id = k.grid_id where k.series = 'SEALED' or k.kind = 'TIP_OFF'",
    )
    assert len(rows) >= 2
    assert set(rows) == {("SEALED", "TIP_OFF", True, True, True, False, "COUNTY")}


async def test_staff_notes_hidden(place: str) -> None:
    rows = await fetch(place, "select distinct type, audience from cases.event")
    assert {kind for kind, audience in rows if audience == "STAFF"} == {machine.RETURN.event}


async def test_callers_of_the_hotline_known(place: str) -> None:
    """Who called without being on file has left a name and a sealed number; no call is later than its case."""
    rows = await fetch(
        place,
        "select c.requester_id is null, n.code, e.called_at < c.reported_at, e.caller <> '', k.mask like '*******%', "
        "k.sealed is not null and k.verified_at is not null and k.sent_at is null from intake.entry e "
        "join cases.case c on c.id = e.case_id join cases.channel n on n.id = c.channel_id "
        "join contacts.contact k on k.case_id = c.id",
    )
    assert set(rows) == {(True, "HOTLINE_12345", True, True, True, True)}


# --- loading ---


async def checksums(dsn: str) -> dict[str, str]:
    """What each table holds, but for what is sealed or secret, which differs each time."""
    sums = {}
    for table in (*TABLES, *THEIRS):
        sums[table] = (
            await fetch(
                dsn,
                "select md5(string_agg(t, '' order by t)) from (select "
                "(to_jsonb(x) - 'data_key' - 'resident_id_sealed' - 'sealed' - 'look_secret')::text t "
                f"from {table} x) y",
            )
        )[0]
    return sums


async def test_same_seed_same_county(loaded: Loaded, empty: str) -> None:
    again = await demo.load_county(empty, people=FEW, today=DAY, keys=KEYS, apps=ESSENTIAL.apps)
    assert await checksums(empty) == await checksums(loaded.dsn)
    first = loaded.summary
    assert (first.people, first.cases, first.events) == (again.people, again.cases, again.events)


async def test_other_seed_other_people(place: str, empty: str) -> None:
    await demo.load_county(empty, people=FEW, today=DAY, seed=1, keys=KEYS, apps=ESSENTIAL.apps)
    names = [set(await fetch(dsn, "select name from people.person order by id limit 300")) for dsn in (place, empty)]
    assert names[0] != names[1]


@pytest.mark.parametrize("table", ["units.unit", "people.person", "cases.event"])
async def test_failure_leaves_nothing(empty: str, table: str) -> None:
    def stop(step: str, done: int, total: int) -> None:
        if step == table:
            raise RuntimeError("stopped")

    before = await checksums(empty)
    with pytest.raises(RuntimeError, match="stopped"):
        await demo.load_county(empty, people=FEW, today=DAY, keys=KEYS, apps=ESSENTIAL.apps, progress=stop)
    assert await checksums(empty) == before
    assert not await demo.is_loaded(empty)


async def test_second_load_refused(filled: str) -> None:
    assert await demo.is_loaded(filled)
    before = await checksums(filled)
    with pytest.raises(Problem, match="610921 is there already"):
        await demo.load_county(filled, people=FEW, today=DAY, keys=KEYS, apps=ESSENTIAL.apps)
    assert await checksums(filled) == before


async def test_odd_figures_refused(empty: str) -> None:
    with pytest.raises(Problem, match="people"):
        await demo.load_county(empty, people=99, today=DAY, keys=KEYS, apps=ESSENTIAL.apps)
    with pytest.raises(Problem, match="today"):
        await demo.load_county(empty, people=FEW, today=date(2021, 12, 31), keys=KEYS, apps=ESSENTIAL.apps)


@pytest.mark.slow
def test_tables_may_have_been_there_before(empty: str, tmp_path: Path) -> None:
    """A process that has brought no tables up to date has not been through the models yet."""
    load = "asyncio.run(load_demo_database(sys.argv[1], people=100, data=Path(sys.argv[2])))"
    program = f"import asyncio, sys; from pathlib import Path; from gongzhi_server.testing import *; {load}"
    done = subprocess.run([sys.executable, "-c", program, empty, tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


async def test_smallest_county_loads(empty: str) -> None:
    summary = await demo.load_county(empty, people=100, today=date(2022, 1, 1), keys=KEYS, apps=ESSENTIAL.apps)
    assert (summary.people, summary.cases) == (100, 21)


async def test_neighbours_stay(empty: str) -> None:
    """A province that another county brought along is used, and new rows find free keys afterwards."""
    insert = (
        "insert into grids.grid (code, name, kind, use, parent_id, version) "
        "values ($1, $2, $3, 'BASE', $4, 1) returning id"
    )
    async with connected(empty) as connection:
        province = await connection.fetchval(insert, "61", "陕西省", "PROVINCE", None)
        city = await connection.fetchval(insert, "6101", "西安市", "CITY", province)
        await demo.load_county(empty, people=100, today=DAY, keys=KEYS, apps=ESSENTIAL.apps)
        assert await connection.fetchval("select parent_id from grids.grid where code = '6109'") == province
        assert await connection.fetchval("select parent_id from grids.grid where code = '6101'") == province
        assert await connection.fetchval(insert, "610102", "新城区", "COUNTY", city) > city


async def test_progress_counts(loaded: Loaded) -> None:
    seen = loaded.progress
    assert seen["people.person"][-1] == (FEW, FEW)
    assert seen["cases.event"][-1] == (loaded.summary.events, loaded.summary.events)
    assert all(done <= total or not total for counts in seen.values() for done, total in counts)


async def test_catalog_seeded_once(empty: str) -> None:
    count = "select (select count(*) from cases.category), (select count(*) from cases.channel)"
    async with connected(empty) as connection:
        for _ in range(2):
            await catalog.seed(connection)
            assert await connection.fetch(count) == [(len(catalog.CATEGORIES), len(catalog.CHANNELS))]
        rows = await connection.fetch(
            "select c.code, p.code parent from cases.category c left join cases.category p on p.id = c.parent_id"
        )
    assert all(row["parent"] == (row["code"].rpartition(".")[0] or None) for row in rows)


# --- chance and time ---

WEIGHTS = st.dictionaries(st.text(min_size=1), st.floats(0.01, 100), min_size=1, max_size=12)


@given(st.integers(0, 10_000), WEIGHTS)
def test_shares_add_up(total: int, weights: dict[str, float]) -> None:
    given_ = divide_shares(total, weights)
    assert sum(given_.values()) == total
    whole = sum(weights.values())
    assert all(abs(count - total * weights[name] / whole) <= 1 for name, count in given_.items())


@given(st.integers(0, 500), WEIGHTS, st.integers(0, 9))
def test_deck_deals_all(total: int, weights: dict[str, float], least: int) -> None:
    assume(total >= least * len(weights))
    cards = Counter(shuffled_deck(Random(0), total, weights, least))
    assert cards.total() == total and all(cards[name] >= least for name in weights)


MOMENTS = st.integers(county_time.day_start(date(2021, 1, 1)), county_time.day_start(date(2030, 1, 1)))


@given(MOMENTS, st.integers(0, 4 * county_time.HOUR))
def test_office_hours_kept(moment: int, late: int) -> None:
    found = county_time.next_working_moment(moment, county_time.OFFICE, 5, late)
    local = county_time.to_utc(found) + timedelta(hours=8)
    assert found >= moment and local.weekday() < 5
    assert (
        county_time.OFFICE[0]
        <= local.hour * county_time.HOUR + local.minute * county_time.MINUTE + local.second
        < county_time.OFFICE[1]
    )


@given(
    MOMENTS,
    st.sampled_from([*lives.UNFINISHED.values(), *lives.COURSES.names]),
    st.integers(),
    st.integers(3600, 10**7),
)
def test_squeezed_in_order(moment: int, steps: tuple[str, ...], seed: int, room: int) -> None:
    turns = lives.fit_before(lives.take_course(Random(seed), moment, steps), moment + room)
    assert [turn.event for turn in turns] == [lives.REPORT, *steps]
    assert turns[0].at == moment and turns[-1].at < moment + room
    assert all(earlier.at < later.at for earlier, later in pairwise(turns))


async def test_core_has_a_county_and_plugins_come_later(postgres: str) -> None:
    """A vendor's tests run beside the plugins they have installed: what belongs to others is left out."""
    name, apps = f"core_{uuid4().hex}", Plugins().apps
    dsn = await create_database(postgres, name)
    await migrate_apps(dsn, apps)
    found = await demo.load_county(dsn, people=FEW, today=DAY, keys=KEYS, apps=apps)
    assert found.people == FEW and found.cases
    await migrate_apps(dsn, load_plugins().apps)
    await drop_database(postgres, name)
