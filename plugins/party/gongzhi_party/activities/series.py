"""Series: activities that come again, planned at once around days off, planned anew when these change, and ended."""

from __future__ import annotations

import datetime
from datetime import timedelta

import strawberry
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Text
from gongzhi_deadlines.calendars.reading import OF_COUNTY, parse_calendar
from gongzhi_deadlines.worktime import Calendar
from strawberry import ID

from ..actions import ARRANGES
from ..events import ActivityChanged
from ..models import ActivityRow, ActivityState, SeriesRow, Shift
from ..visibility import CONVENE
from . import recurrence
from .planning import CANCELLED, MOVED, PlannedActivityInput, draft_activity, save_change
from .types import PartySeries


@strawberry.type(description="The series, or why nothing was done (系列活动结果).")
class PartySeriesPayload:
    series: PartySeries | None = result_field("The series (系列).")
    errors: list[Problem] = problems()


@strawberry.input(description="Activities that come again (安排系列活动).")
class PlanActivitySeriesInput:
    idempotency_key: str = input_field(KEY)
    activity: PlannedActivityInput = input_field("What it is, and when the first may be (内容).")
    rule: str = input_field(
        "When, as RFC 5545 has it: FREQ=MONTHLY;BYMONTHDAY=25;UNTIL=20261231 (重复规则).", length=(1, 200)
    )
    shift: Shift = input_field("What becomes of it on a day off (节假日安排).", default=Shift.AFTER)
    exceptions: list[datetime.date] = input_field(
        "Days of the rule that are left out (例外日期).", default_factory=list
    )


@command("Arrange a series: every time is planned at once, around days off (安排系列活动).", requires=CONVENE)
async def plan_activity_series(call: Call, input: PlanActivitySeriesInput) -> PartySeriesPayload:
    planned, grid = await draft_activity(call, input.activity)
    calendar = await calendar_in(call, grid)
    rule, turns = recurrence.plan_occurrences(input.rule, planned["starts_at"], input.shift, calendar, call.now)
    # Times that are over already are part of the rule and not of the plan.
    kept = [
        one for one in recurrence.drop_exceptions(turns, frozenset(input.exceptions)) if one.at and one.at >= call.now
    ]
    if not kept:
        raise invalid_input(
            "No day of the series is left: change its rule.", "该系列没有任何一次，请修改规则。", "rule"
        )
    # The series begins with its rule, moved or not, for calendars reckon from there.
    planned["starts_at"] = turns[0].original
    series = await SeriesRow.create(**planned, grid=grid, rule=rule, shift=input.shift)
    length = timedelta(minutes=planned.pop("minutes"))
    rows = [
        ActivityRow(
            **{**planned, "starts_at": one.at},
            grid_id=grid.id,
            series=series,
            original_at=one.original,
            ends_at=one.at + length,
        )
        for one in kept
        if one.at
    ]
    # All of them now, as rows of their own: each can be moved, cancelled and signed up for by itself.
    await ActivityRow.bulk_create(rows)
    # Read again for the columns of grids, which triggers fill in and events need.
    for row in await ActivityRow.filter(series=series).order_by("starts_at"):
        call.publish(ActivityChanged(activity=row.id, state=row.state), row)
    return PartySeriesPayload(series=ref(PartySeries, series.id))


async def calendar_in(call: Call, grid: GridRow) -> Calendar:
    """Return the working calendar of a grid's county, with its days off and make-up days."""
    [row] = await call.fetch(OF_COUNTY, grid.county_id)
    return parse_calendar(row["content"])


@strawberry.input(description="A series that ends before its time (结束系列活动).")
class EndActivitySeriesInput:
    idempotency_key: str = input_field(KEY)
    series: ID = input_field("Which (系列).")
    reason: str = input_field("Why (原因).", length=(1, 500))


CHANGING = Action(
    PartySeries, (ARRANGES,), (require_empty("ended_at", Text("The series has ended.", "该系列已结束。")),)
)


@command(
    "Cancel all that is to come of a series; whoever signed up is told (结束系列活动).",
    requires=CONVENE,
    action=CHANGING,
)
async def end_activity_series(call: Call, input: EndActivitySeriesInput) -> PartySeriesPayload:
    series = await load_series(call, input.series)
    for activity in await load_upcoming(call, series):
        activity.state, activity.reason = ActivityState.CANCELLED, input.reason
        await save_change(call, activity, CANCELLED)
    # What has taken place stays in the series.
    series.ended_at = call.now
    await series.save(update_fields=["ended_at"])
    return PartySeriesPayload(series=ref(PartySeries, series.id))


@strawberry.input(description="A series is planned anew around days off (按新节假日安排重排).")
class ReplanActivitySeriesInput:
    idempotency_key: str = input_field(KEY)
    series: ID = input_field("Which (系列).")


@command(
    "Plan what is to come of a series anew, once days off are announced; what was moved by hand stays (重排系列活动).",
    requires=CONVENE,
    action=CHANGING,
)
async def replan_activity_series(call: Call, input: ReplanActivitySeriesInput) -> PartySeriesPayload:
    series = await load_series(call, input.series)
    # The calendar as it is announced now; the rule itself does not change.
    calendar = await calendar_in(call, await GridRow.get(id=series.grid_id))
    upcoming = [
        (one, recurrence.shift_day_off(one.original_at or one.starts_at, series.shift, calendar))
        for one in await load_upcoming(call, series)
    ]
    # A reason says that somebody moved it by hand, and that stays.
    taken = {one.starts_at for one, at in upcoming if one.reason or at == one.starts_at}
    for activity, at in upcoming:
        if activity.reason or at == activity.starts_at:
            continue
        # Two of a series never take place at one time: the second is left out.
        at = None if at in taken else at
        if at is None or at < call.now:
            activity.state, activity.reason = ActivityState.CANCELLED, "节假日安排调整 (days off have changed)"
            await save_change(call, activity, CANCELLED)
        else:
            taken.add(at)
            activity.starts_at, activity.ends_at = at, at + timedelta(minutes=series.minutes)
            await save_change(call, activity, MOVED)
    return PartySeriesPayload(series=ref(PartySeries, series.id))


async def load_series(call: Call, id: str) -> SeriesRow:
    """Return the series, locked, as the command's action allows."""
    series: SeriesRow = await call.find(PartySeries, "series", id=key_of(PartySeries)(id))
    return series


async def load_upcoming(call: Call, series: SeriesRow) -> list[ActivityRow]:
    """Return what is planned of a series and lies ahead, locked."""
    ahead = ActivityRow.filter(series=series, state=ActivityState.PLANNED, starts_at__gt=call.now)
    # By id: all who lock several activities do it in this order.
    return await ahead.order_by("id").select_for_update()


EXTENSIONS = (
    extend(
        Mutation,
        plan_activity_series=plan_activity_series,
        replan_activity_series=replan_activity_series,
        end_activity_series=end_activity_series,
    ),
)
