"""What is reckoned without a database: since when something is overdue, what a report tells, who is above whom."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.checks import CHINA
from gongzhi.values.codes import Kind
from gongzhi_deadlines.worktime import Calendar, Course, Shift, Term, Unit, compute_deadline
from gongzhi_operations.emergency.commands import DECLARE, declares_from_above, lies_within
from gongzhi_operations.emergency.ending import FEW, sum_report, visible_count
from gongzhi_operations.supervision.daily_sweep import latest_start
from hypothesis import given, settings
from hypothesis import strategies as st

CALENDAR = Calendar(date(2024, 1, 1), date(2028, 12, 31), {}, [Shift(1, 1, ((510, 720), (840, 1080)))], [0, 1, 2, 3, 4])
MOMENTS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 1)).map(
    lambda one: one.replace(second=0, microsecond=0, tzinfo=CHINA)
)
TERMS = st.one_of(
    st.builds(Term, st.integers(1, 30), st.just(Unit.WORKING_DAY)),
    st.builds(Term, st.integers(1, 4_000), st.just(Unit.WORKING_MINUTE)),
)


@settings(max_examples=10, deadline=None)
@given(TERMS, MOMENTS)
def test_the_latest_start_of_what_is_over(term: Term, now: datetime) -> None:
    """A term that began then is over now, and one that began a minute later is not."""
    start = latest_start(CALENDAR, term, now)
    assert compute_deadline(CALENDAR, term, Course(start)).due <= now
    assert compute_deadline(CALENDAR, term, Course(start + timedelta(minutes=1))).due > now


ROWS = st.lists(st.builds(dict, type=st.text(max_size=5), count=st.integers(1, 2 * FEW)), max_size=8)


@given(ROWS, st.lists(st.builds(dict, power=st.text(max_size=5), command=st.text(max_size=5), count=st.integers(1, 9))))
def test_reports_tell_no_small_number(events: list[dict[str, Any]], used: list[dict[str, Any]]) -> None:
    """Of what happened to people; uses of a power are acts of offices and told exactly."""
    since = datetime(2026, 6, 30, tzinfo=CHINA)
    report = sum_report(since, since + timedelta(hours=2), events, used)
    assert [one["type"] for one in report["events"]] == [one["type"] for one in events]
    for told, happened in zip(report["events"], events, strict=True):
        assert told["count"] == (happened["count"] if happened["count"] >= report["fewest"] else None)
    assert report["powers"] == used
    assert datetime.fromisoformat(report["to"]) - datetime.fromisoformat(report["from"]) == timedelta(hours=2)


def test_the_smallest_number_that_is_told() -> None:
    assert [visible_count(count) for count in (0, FEW - 1, FEW)] == [None, None, FEW]


LEVELS = (Kind.COUNTY, Kind.TOWN, Kind.VILLAGE, Kind.GRID_1)


def grid(kind: Kind, branch: int = 0) -> GridRow:
    """A grid of the county 10 and, below it, of a branch of its own: 21 of the town, 31 of the village, 41."""
    ids: dict[str, Any] = {"county_id": 10}
    for number, level in enumerate(LEVELS[1:], 2):
        if LEVELS.index(level) <= LEVELS.index(kind):
            ids[f"{level.lower()}_id"] = number * 10 + branch
    return GridRow(id=[*ids.values()][-1], kind=kind, code=kind, **ids)


def held(kind: Kind | None, place: int | None, *permissions: str) -> Any:
    """A call by whoever holds permissions in one place."""
    grant = SimpleNamespace(kind=kind, grid=place, permissions=frozenset(permissions))
    return SimpleNamespace(viewer=SimpleNamespace(account=SimpleNamespace(grants=[grant])))


@pytest.mark.parametrize("office", LEVELS)
@pytest.mark.parametrize("area", LEVELS)
def test_a_second_pair_of_eyes_is_above(office: Kind, area: Kind) -> None:
    """Only an office over the area and of a higher level declares alone."""
    place = grid(area)
    own = grid(office).id
    above = LEVELS.index(office) < LEVELS.index(area)
    assert declares_from_above(held(office, own, DECLARE), place) is above
    assert not declares_from_above(held(office, own + 5, DECLARE), place), "elsewhere"
    assert not declares_from_above(held(office, own), place), "without the permission"
    assert not declares_from_above(held(None, None, DECLARE), place), "an office of a unit has no area"


@pytest.mark.parametrize("larger", LEVELS)
@pytest.mark.parametrize("smaller", LEVELS)
def test_what_lies_within(larger: Kind, smaller: Kind) -> None:
    """Strictly below: neither the area itself, nor what is beside it, nor what it lies in."""
    area, place = grid(larger), grid(smaller)
    levels = {name: getattr(place, name, None) for name in ("county_id", "town_id", "village_id", "grid_1_id")}
    row: Any = SimpleNamespace(grid_id=place.id, **levels)
    assert lies_within(row, area) is (LEVELS.index(larger) < LEVELS.index(smaller))
    beside = grid(smaller, branch=1)
    if smaller is not Kind.COUNTY and larger is not Kind.COUNTY:
        away: Any = SimpleNamespace(grid_id=beside.id, **{name: getattr(beside, name, None) for name in levels})
        assert not lies_within(away, area)
