"""Arranging activities: one by one or as a series, moving and cancelling them, and notifying whoever signed up."""

from __future__ import annotations

import datetime
from datetime import timedelta
from typing import Any

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_states
from gongzhi.runtime.checks import CHINA, invalid_input, is_given, not_found
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from ..actions import ARRANGES
from ..events import ActivityChanged
from ..models import ActivityRow, ActivityState, Audience, BranchRow, Form, ParticipationRow
from ..organisation.types import PartyBranch
from ..visibility import CONVENE, MEMBERS
from ..volunteers.types import VolunteerGroup
from .types import PartyActivity

LONGEST = 24 * 60
COMING = ("SIGNED_UP", "WAITING")


@strawberry.type(description="The activity, or why nothing was done (活动操作结果).")
class PartyActivityPayload:
    activity: PartyActivity | None = result_field("The activity (活动).")
    errors: list[Problem] = problems()


@strawberry.input(description="What an activity is (活动内容).")
class PlannedActivityInput:
    form: Form = input_field("What sort (形式).")
    audience: Audience = input_field("For whom (对象).")
    title: str = input_field("The title (标题).", length=(1, 100))
    description: str | None = input_field("More about it (说明).", length=(1, 2000), default=UNSET)
    grid: str = input_field("Where, by code (网格编码).")
    place: str = input_field("Where exactly (地点).", length=(1, 200))
    branch: ID | None = input_field("Whose it is; needed if it is for an organisation (主办党组织).", default=UNSET)
    group: ID | None = input_field("The volunteers who meet (志愿服务队).", default=UNSET)
    starts_at: datetime.datetime = input_field("When it begins, the first time (开始时间).")
    minutes: int = input_field("How long it takes, in minutes (时长，分钟).", between=(5, LONGEST), default=90)
    capacity: int | None = input_field("How many places there are (名额).", between=(1, 100_000), default=UNSET)


@strawberry.input(description="An activity (安排活动).")
class ArrangeActivityInput:
    idempotency_key: str = input_field(KEY)
    activity: PlannedActivityInput = input_field("What it is (内容).")


@command("Arrange an activity (安排活动).", requires=CONVENE)
async def arrange_activity(call: Call, input: ArrangeActivityInput) -> PartyActivityPayload:
    planned, grid = await draft_activity(call, input.activity)
    if planned["starts_at"] < call.now:
        raise invalid_input(
            "An activity is arranged for a time to come.", "活动时间须晚于现在。", "activity", "startsAt"
        )
    length = timedelta(minutes=planned.pop("minutes"))
    # Read again for its columns of grids, which triggers fill in and the event needs.
    activity = await ActivityRow.create(**planned, grid=grid, ends_at=planned["starts_at"] + length)
    call.publish(ActivityChanged(activity=activity.id, state=activity.state), await ActivityRow.get(id=activity.id))
    return PartyActivityPayload(activity=ref(PartyActivity, activity.id))


async def draft_activity(call: Call, input: PlannedActivityInput) -> tuple[dict[str, Any], GridRow]:
    """Check what is planned, and where; an organisation's own is arranged by whoever may see who belongs to it."""
    grid = await find_grid(input.grid, "activity", "grid")
    own = input.audience == Audience.BRANCH
    # Who comes to an organisation's own activity tells of membership, so arranging one takes sight of members.
    if not call.may(MEMBERS if own else CONVENE, grid):
        raise not_allowed("activity")
    branch = await load_branch(call, input.branch) if is_given(input.branch) else None
    group = None
    if is_given(input.group):
        group = await call.find(VolunteerGroup, "activity", "group", id=key_of(VolunteerGroup)(input.group))
    if own and branch is None:
        raise not_found("Name its organisation.", "党组织内部活动须指定主办党组织。", "activity", "branch")
    # An hour without an offset would be somebody else's hour on another server.
    if input.starts_at.tzinfo is None:
        raise invalid_input(
            "A time needs its offset, such as +08:00.", "时间须带时区，如 +08:00。", "activity", "startsAt"
        )
    found: dict[str, Any] = {
        "title": input.title,
        "place": input.place,
        "minutes": input.minutes,
    }
    if is_given(input.description):
        found["description"] = input.description
    if is_given(input.capacity):
        found["capacity"] = input.capacity
    return {
        **found,
        "form": input.form,
        "audience": input.audience,
        "starts_at": input.starts_at,
        "branch": branch,
        "group": group,
    }, grid


async def load_branch(call: Call, id: str) -> BranchRow:
    branch: BranchRow = await call.find(PartyBranch, "activity", "branch", id=key_of(PartyBranch)(id))
    if not call.may(CONVENE, branch):
        raise not_allowed("activity")
    return branch


async def load_activity(call: Call, id: str) -> ActivityRow:
    """Return the activity, locked, as the command's action allows."""
    activity: ActivityRow = await call.find(PartyActivity, "activity", id=key_of(PartyActivity)(id))
    return activity


# What was held stays as it was, for minutes and points rest on it.
PLANNED = require_states((ActivityState.PLANNED,), Text("It was held or cancelled.", "该活动已取消或已举办。"))
CHANGING = Action(PartyActivity, (ARRANGES,), (PLANNED,))


@strawberry.input(description="Another time or place (活动改期).")
class MoveActivityInput:
    idempotency_key: str = input_field(KEY)
    activity: ID = input_field("Which (活动).")
    expected_version: int = input_field(EXPECTED)
    starts_at: datetime.datetime = input_field("When it begins now (开始时间).")
    place: str | None = input_field("Where now (地点).", length=(1, 200), default=UNSET)
    reason: str = input_field("Why (原因).", length=(1, 500))


@command(
    "Move an activity to another time or place; whoever signed up is told (活动改期).",
    requires=CONVENE,
    action=CHANGING,
)
async def move_activity(call: Call, input: MoveActivityInput) -> PartyActivityPayload:
    activity = await load_activity(call, input.activity)
    if input.starts_at.tzinfo is None or input.starts_at < call.now:
        raise invalid_input("Give a time to come, with its offset.", "改期时间须晚于现在，并带时区。", "startsAt")
    # The length stays: moving is for the time and place, nothing else.
    length = activity.ends_at - activity.starts_at
    activity.starts_at, activity.ends_at = input.starts_at, input.starts_at + length
    activity.place = input.place or activity.place
    # That there is a reason also tells a later replanning of the series that this time was moved by hand.
    activity.reason = input.reason
    await save_change(call, activity, MOVED)
    # Whoever was reminded of the old time is reminded of the new one.
    await ParticipationRow.filter(activity=activity).update(reminded_at=None)
    return PartyActivityPayload(activity=ref(PartyActivity, activity.id))


@strawberry.input(description="An activity that does not take place (取消活动).")
class CancelActivityInput:
    idempotency_key: str = input_field(KEY)
    activity: ID = input_field("Which (活动).")
    expected_version: int = input_field(EXPECTED)
    reason: str = input_field("Why (原因).", length=(1, 500))


@command("Cancel an activity; everybody who signed up or waits is told (取消活动).", requires=CONVENE, action=CHANGING)
async def cancel_activity(call: Call, input: CancelActivityInput) -> PartyActivityPayload:
    activity = await load_activity(call, input.activity)
    activity.state, activity.reason = ActivityState.CANCELLED, input.reason
    await save_change(call, activity, CANCELLED)
    return PartyActivityPayload(activity=ref(PartyActivity, activity.id))


MOVED = Text("An activity was moved", "活动时间或地点有变")
CANCELLED = Text("An activity was cancelled", "活动已取消")


async def save_change(call: Call, activity: ActivityRow, what: Text) -> None:
    """Save the change, and notify everybody who comes or waits."""
    activity.version += 1
    await activity.save()
    # Whoever waits is told as well: they keep the time free, too.
    people = await ParticipationRow.filter(activity=activity, state__in=COMING).values_list("person_id", flat=True)
    await send_notice(call, activity_notice(activity, what), persons=people)  # type: ignore[arg-type]
    call.publish(ActivityChanged(activity=activity.id, state=activity.state), activity)


def activity_notice(activity: ActivityRow, what: Text) -> NoticeDraft:
    """Build the notice of an activity: its time, and nothing that somebody wrote."""
    at = f"{activity.starts_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
    kind = "party.activity_" + activity.state.value.lower()
    return NoticeDraft(kind, what, Text(f"Time: {at}.", f"时间：{at}。"), f"PartyActivity:{activity.id}")


EXTENSIONS = (
    extend(
        Mutation,
        arrange_activity=arrange_activity,
        move_activity=move_activity,
        cancel_activity=cancel_activity,
    ),
)
