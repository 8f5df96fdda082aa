"""Reminders and stages without a database: each threshold once, nobody whom it is against, and no stage without end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gongzhi.core.cases import machine
from gongzhi.core.cases.models import SettlementLevel
from gongzhi.runtime.checks import CHINA
from gongzhi_deadlines.clocks import stages
from gongzhi_deadlines.clocks.models import Stage
from gongzhi_deadlines.clocks.reminders import NAMES, OVER, Reminder, RunningClock, due_reminders
from gongzhi_deadlines.clocks.storage import GIVEN, unnest_columns
from gongzhi_deadlines.worktime import WARNING
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 6, 30, 10, 0, tzinfo=CHINA)
MOMENTS = st.integers(-3, 3).map(lambda hours: NOW + timedelta(hours=hours))
LEVELS, REMINDED = st.sampled_from(list(SettlementLevel)), st.sampled_from((0, WARNING, OVER))


@st.composite
def clocks(draw: st.DrawFn) -> RunningClock:
    """A clock of an open case, with a unit or without one, sealed or not."""
    unit = draw(st.none() | st.integers(1, 9))
    warn, due = sorted((draw(MOMENTS), draw(MOMENTS)))
    return RunningClock(
        clock=UUID(int=draw(st.integers(0, 99))), case=UUID(int=1), number="610921", sealed=draw(st.booleans()),
        stage=draw(st.sampled_from(list(NAMES))), warn_at=warn, due_at=due, reminded=draw(REMINDED),
        unit=unit, unit_code=f"610921-{unit}" if unit else None, level=draw(LEVELS),
        town=draw(st.none() | st.just(20)), county=10, accused=draw(st.none() | st.just(7)),
    )  # fmt: skip


@given(st.lists(clocks(), max_size=5))
def test_each_threshold_once(running: list[RunningClock]) -> None:
    """Of a clock past both the later one, and after that none any more, however often somebody looks."""
    due = list(due_reminders(running, NOW))
    for one in due:
        assert one.threshold == (OVER if one.of.due_at <= NOW else WARNING) > one.of.reminded
    told = {id(one.of): one.threshold for one in due}
    after = [RunningClock(**{**vars(one), "reminded": told.get(id(one), one.reminded)}) for one in running]
    assert list(due_reminders(after, NOW)) == []


@given(clocks(), st.sampled_from((WARNING, OVER)))
def test_whom_a_reminder_reaches(clock: RunningClock, threshold: int) -> None:
    """Somebody always; of a tip-off nobody above its unit, and no office that the accused could sit in unnamed."""
    reminder = Reminder(clock, threshold)
    assert reminder.units or reminder.offices
    if clock.sealed:
        assert reminder.escalated is None or not clock.unit
        assert {(one.permission, one.barred_unit) for one in reminder.offices} <= {("cases.view_sealed", clock.accused)}
        assert not (reminder.units and reminder.offices)
    else:
        assert (reminder.escalated is not None) is (threshold == OVER)
        assert {one.permission for one in reminder.offices} <= {"cases.dispatch"}
    assert len(set(reminder.grids)) == len(reminder.grids)


@given(clocks(), st.sampled_from((WARNING, OVER)))
def test_what_a_reminder_says(clock: RunningClock, threshold: int) -> None:
    """The number and the stage in both languages, and to the timeline who was responsible then."""
    reminder = Reminder(clock, threshold)
    for said, stage in ((reminder.title.en, NAMES[clock.stage].en), (reminder.title.zh, NAMES[clock.stage].zh)):
        assert clock.number in said and stage in said
    event: Any = reminder.event
    assert (event.stage, event.responsible) == (clock.stage.value, clock.unit_code)
    assert hasattr(event, "escalated_to") is (reminder.escalated is not None)


def test_each_stage_begins_and_ends() -> None:
    """By some step, or by the deadline that an order brings along; where it ran before it has ended or goes on."""
    started = {stage for begun in stages.STARTS.values() for stage in begun} | {Stage.EXTERNAL}
    assert started == set(Stage) == {stage for ended in stages.STOPS.values() for stage in ended}
    for event in (machine.CLOSE, machine.VOID, machine.WITHDRAW, machine.DECLINE, machine.MERGE):
        assert set(stages.STOPS[event.event]) == set(Stage) and event.event not in stages.STARTS
    assert {stages.PAUSES, stages.RESUMES} & {*stages.STARTS, *stages.STOPS} == set(), "a hold stops nothing"
    assert NAMES.keys() == set(Stage) - stages.HIDDEN, "nobody is reminded of what nobody has to meet"


def test_rows_are_lists_of_the_columns() -> None:
    """Numbered one after the other, also behind the values of another statement."""
    assert unnest_columns({"id": "uuid", "at": "timestamptz"}) == "unnest($1::uuid[], $2::timestamptz[]) r (id, at)"
    assert unnest_columns({"id": "uuid"}, after=4).startswith("unnest($5::uuid[])")
    assert unnest_columns(GIVEN).count("$") == len(GIVEN)
