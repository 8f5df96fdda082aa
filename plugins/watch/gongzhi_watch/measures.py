"""Measures: what is done for a household, by which unit and whom, by when, and what it did in the household's words."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.accounts.models import NAME
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_states, tell_state
from gongzhi.runtime.checks import invalid_input, today
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from . import telling
from .models import TEXT, EntryRow, MeasureKind, MeasureRow, MeasureState, Step, WatchState
from .records import AS_IT_IS, BY, WATCH, keep_step, load_watch, require_home_speaker
from .rules import CARRIES_OUT, DECIDES, SPEAKS_OF_MEASURES
from .types import Watch, WatchMeasure

MEASURE = "The measure's id (措施标识)."
LONGEST = datetime.timedelta(days=730)
AS_PLANNED = tell_state(Text("measure", "该措施"))


@strawberry.type(description="The measure, or why nothing was done (帮扶措施结果).")
class WatchMeasurePayload:
    measure: WatchMeasure | None = result_field("The measure (措施).")
    # Which is what may be stale where a measure is planned; a unit does not see it.
    watch: Watch | None = result_field("The watch, where one plans for it (监测).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="Something that is to be done for a household (制定帮扶措施).")
class PlanWatchMeasureInput:
    idempotency_key: str = input_field(KEY)
    watch: ID = input_field(WATCH)
    expected_version: int = input_field(EXPECTED)
    kind: MeasureKind = input_field("What (措施类别).")
    unit: str = input_field("Which unit carries it out, by code (责任单位编码).")
    owner: str = input_field("Who of the unit, by account (责任人账户).", length=(1, NAME))
    due_on: datetime.date = input_field("By which day (完成期限).")
    text: str = free_text("What exactly; the household reads it (措施内容).", length=(1, TEXT))


@command(
    "Plan something for a household that is watched over, with a unit, a person of it and a day (制定帮扶措施).",
    requires=None,
    action=Action(Watch, DECIDES, (require_states((WatchState.WATCHED,), AS_IT_IS),)),
)
async def plan_watch_measure(call: Call, input: PlanWatchMeasureInput) -> WatchMeasurePayload:
    row = await load_watch(call, input.watch)
    unit = await find_unit(input.unit, "unit")
    # A unit of the county: whoever is told where people live must answer for it here.
    if unit.county_id != row.county_id:
        raise invalid_input("Name a unit of the county.", "请填写本县的单位。", "unit")
    # Beyond two years a measure is a plan, and nobody would be late with it.
    if not today(call) <= input.due_on <= today(call) + LONGEST:
        raise invalid_input("Give a day from today on, within two years.", "请填写今天起两年内的日期。", "dueOn")
    measure = MeasureRow(grid_id=row.grid_id, county_id=row.county_id, watch_id=row.id, unit_id=unit.id)
    measure.kind, measure.owner, measure.due_on = input.kind, input.owner, input.due_on
    measure.state, measure.planned_at = MeasureState.PLANNED, call.now
    await measure.save(force_create=True)
    await keep_step(call, row, Step.PLANNED, input.text, measure=measure)
    await telling.tell_owner(call, measure, telling.PLANNED)
    await telling.tell_home(call, row, telling.HELP_PLANNED)
    return WatchMeasurePayload(measure=ref(WatchMeasure, measure.id), watch=ref(Watch, row.id))


async def load_measure(call: Call, id: str) -> tuple[EntryRow, MeasureRow]:
    """Return the measure that an input names, as its action allows, and its watch; the watch is locked first."""
    key = key_of(WatchMeasure)(id)
    found = await MeasureRow.get_or_none(id=key) if key else None
    # As everybody locks them: who ends a watch ends what is planned for it.
    row = await EntryRow.select_for_update().get(id=found.watch_id) if found else None
    measure: MeasureRow = await call.find(WatchMeasure, "measure", id=key)
    assert row is not None, "what is found has a watch"
    return row, measure


async def save_measure(
    call: Call, row: EntryRow, measure: MeasureRow, kind: Step, text: str, **who: object
) -> WatchMeasurePayload:
    measure.version += 1
    await measure.save()
    await keep_step(call, row, kind, text, measure=measure, **who)  # type: ignore[arg-type]
    return answer_with(measure)


def answer_with(measure: MeasureRow) -> WatchMeasurePayload:
    # Shown: what its unit has ended it sees no longer, but it is told that this was done.
    return WatchMeasurePayload(measure=ref(WatchMeasure, measure.id, shown=True))


@strawberry.input(description="That something was done, or is not done after all (办结帮扶措施).")
class FinishWatchMeasureInput:
    idempotency_key: str = input_field(KEY)
    measure: ID = input_field(MEASURE)
    expected_version: int = input_field(EXPECTED)
    done: bool = input_field("Whether it was carried out; if not, it is given up (是否落实).")
    text: str = free_text("What was done, or why it is not; the household reads it (落实情况).", length=(1, TEXT))


@command(
    "Say that a measure was carried out, or is given up, as its unit or the town (办结帮扶措施).",
    requires=None,
    action=Action(WatchMeasure, CARRIES_OUT, (require_states((MeasureState.PLANNED,), AS_PLANNED),)),
)
async def finish_watch_measure(call: Call, input: FinishWatchMeasureInput) -> WatchMeasurePayload:
    row, measure = await load_measure(call, input.measure)
    # The unit says so, and the household says what it was worth: neither word takes the place of the other.
    measure.state = MeasureState.DONE if input.done else MeasureState.CANCELLED
    measure.ended_at = call.now
    await telling.tell_home(call, row, telling.HELP_ENDED)
    return await save_measure(call, row, measure, Step.DONE if input.done else Step.CANCELLED, input.text)


@strawberry.input(description="What a measure did for the household (反馈帮扶成效).")
class RecordWatchEffectInput:
    idempotency_key: str = input_field(KEY)
    measure: ID = input_field(MEASURE)
    expected_version: int = input_field(EXPECTED)
    by: ID | None = input_field(BY, default=UNSET)
    text: str = free_text("In the household's words (成效).", length=(1, TEXT))


@command(
    "Say for one's household what a measure did for it, as often as there is something to say (反馈帮扶成效).",
    requires=None,
    action=Action(
        WatchMeasure, SPEAKS_OF_MEASURES, (require_states((MeasureState.PLANNED, MeasureState.DONE), AS_PLANNED),)
    ),
)
async def record_watch_effect(call: Call, input: RecordWatchEffectInput) -> WatchMeasurePayload:
    row, measure = await load_measure(call, input.measure)
    who = await require_home_speaker(call, row.household_id, input.by)
    # Also before the unit says that it is done: that nobody came is worth saying, too.
    measure.effect_at = call.now
    await telling.tell_town(call, row, telling.EFFECT)
    return await save_measure(call, row, measure, Step.EFFECT, input.text, person=who)


EXTENSIONS = (
    extend(
        Mutation,
        plan_watch_measure=plan_watch_measure,
        finish_watch_measure=finish_watch_measure,
        record_watch_effect=record_watch_effect,
    ),
)
