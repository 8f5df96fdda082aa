"""Arranging activities: one by one or as a series, moving and cancelling them, and notifying whoever signed up."""

from __future__ import annotations

import datetime
from datetime import timedelta
from typing import Any

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import Notice, notify
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import CHINA, form, missing, text, told, wrong
from gongzhi.runtime.commands import EXPECTED, KEY, Call, Problem, command, forbidden, given, made, problems, stale
from gongzhi.values.errors import Refusal, Text
from strawberry import ID, UNSET

from .activity_types import PartyActivity
from .finding import count
from .group_types import VolunteerGroup
from .happenings import ActivityChanged
from .models import ActivityRow, ActivityState, Audience, BranchRow, Form, ParticipationRow
from .organisation_types import PartyBranch
from .visibility import CONVENE, MEMBERS

LONGEST = 24 * 60
COMING = ("SIGNED_UP", "WAITING")


@strawberry.type(description="The activity, or why nothing was done (活动操作结果).")
class PartyActivityPayload:
    activity: PartyActivity | None = made("The activity (活动).")
    errors: list[Problem] = problems()


@strawberry.input(description="What an activity is (活动内容).")
class PlannedActivityInput:
    form: Form = given("What sort (形式).")
    audience: Audience = given("For whom (对象).")
    title: str = given("The title (标题).")
    description: str | None = given("More about it (说明).", default=UNSET)
    grid: str = given("Where, by code (网格编码).")
    place: str = given("Where exactly (地点).")
    branch: ID | None = given("Whose it is; needed if it is for an organisation (主办党组织).", default=UNSET)
    group: ID | None = given("The volunteers who meet (志愿服务队).", default=UNSET)
    starts_at: datetime.datetime = given("When it begins, the first time (开始时间).")
    minutes: int = given("How long it takes, in minutes (时长，分钟).", default=90)
    capacity: int | None = given("How many places there are (名额).", default=UNSET)


@strawberry.input(description="An activity (安排活动).")
class ArrangeActivityInput:
    idempotency_key: str = given(KEY)
    activity: PlannedActivityInput = given("What it is (内容).")


@command("Arrange an activity (安排活动).", requires=CONVENE)
async def arrange_activity(call: Call, input: ArrangeActivityInput) -> PartyActivityPayload:
    planned, grid = await drafted(call, input.activity)
    if planned["starts_at"] < call.now:
        raise wrong("An activity is arranged for a time to come.", "活动时间须晚于现在。", "activity", "startsAt")
    length = timedelta(minutes=planned.pop("minutes"))
    # Read again for its columns of grids, which triggers fill in and the event needs.
    activity = await ActivityRow.create(**planned, grid=grid, ends_at=planned["starts_at"] + length)
    call.publish(ActivityChanged(activity=activity.id, state=activity.state), await ActivityRow.get(id=activity.id))
    return PartyActivityPayload(activity=ref(PartyActivity, activity.id))


async def drafted(call: Call, input: PlannedActivityInput) -> tuple[dict[str, Any], GridRow]:
    """Check what is planned, and where; an organisation's own is arranged by whoever may see who belongs to it."""
    grid = await find_grid(input.grid, "activity", "grid")
    own = input.audience == Audience.BRANCH
    # Who comes to an organisation's own activity tells of membership, so arranging one takes sight of members.
    if not call.may(MEMBERS if own else CONVENE, grid):
        raise forbidden("activity")
    branch = await whose(call, input.branch) if told(input.branch) else None
    group = None
    if told(input.group):
        group = await call.find(VolunteerGroup, "activity", "group", id=key_of(VolunteerGroup)(input.group))
    if own and branch is None:
        raise missing("Say whose it is.", "党组织内部活动须指定主办党组织。", "activity", "branch")
    # An hour without an offset would be somebody else's hour on another server.
    if input.starts_at.tzinfo is None:
        raise wrong("A time needs its offset, such as +08:00.", "时间须带时区，如 +08:00。", "activity", "startsAt")
    with form() as read:
        found: dict[str, Any] = {
            "title": read(text, input.title, 100, "activity", "title"),
            "place": read(text, input.place, 200, "activity", "place"),
            "minutes": read(count, input.minutes, 5, LONGEST, "activity", "minutes"),
        }
        if told(input.description):
            found["description"] = read(text, input.description, 2000, "activity", "description")
        if told(input.capacity):
            found["capacity"] = read(count, input.capacity, 1, 100_000, "activity", "capacity")
    return {
        **found,
        "form": input.form,
        "audience": input.audience,
        "starts_at": input.starts_at,
        "branch": branch,
        "group": group,
    }, grid


async def whose(call: Call, id: str) -> BranchRow:
    branch: BranchRow = await call.find(PartyBranch, "activity", "branch", id=key_of(PartyBranch)(id))
    if not call.may(CONVENE, branch):
        raise forbidden("activity")
    return branch


async def arranged(call: Call, id: str, expected: int | None = None) -> ActivityRow:
    """Return an activity that the caller arranges, locked."""
    activity: ActivityRow = await call.find(PartyActivity, "activity", id=key_of(PartyActivity)(id))
    if not call.may(MEMBERS if activity.audience == Audience.BRANCH else CONVENE, activity):
        raise forbidden("activity")
    if expected is not None:
        stale(activity, expected)
    return activity


def planned(activity: ActivityRow) -> None:
    """Refuse what is over or was cancelled."""
    if activity.state != ActivityState.PLANNED:
        raise Refusal("ILLEGAL_TRANSITION", "The activity is over.", "该活动已取消或已举办。", ("activity",))


@strawberry.input(description="Another time or place (活动改期).")
class MoveActivityInput:
    idempotency_key: str = given(KEY)
    activity: ID = given("Which (活动).")
    expected_version: int = given(EXPECTED)
    starts_at: datetime.datetime = given("When it begins now (开始时间).")
    place: str | None = given("Where now (地点).", default=UNSET)
    reason: str = given("Why (原因).")


@command("Move an activity to another time or place; whoever signed up is told (活动改期).", requires=CONVENE)
async def move_activity(call: Call, input: MoveActivityInput) -> PartyActivityPayload:
    activity = await arranged(call, input.activity, input.expected_version)
    planned(activity)
    if input.starts_at.tzinfo is None or input.starts_at < call.now:
        raise wrong("A time to come, with its offset.", "改期时间须带时区且晚于现在。", "startsAt")
    # The length stays: moving is for the time and place, nothing else.
    length = activity.ends_at - activity.starts_at
    activity.starts_at, activity.ends_at = input.starts_at, input.starts_at + length
    activity.place = text(input.place, 200, "place") if told(input.place) else activity.place
    activity.reason = text(input.reason, 500, "reason")
    await changed(call, activity, MOVED)
    # Whoever was reminded of the old time is reminded of the new one.
    await ParticipationRow.filter(activity=activity).update(reminded_at=None)
    return PartyActivityPayload(activity=ref(PartyActivity, activity.id))


@strawberry.input(description="An activity that does not take place (取消活动).")
class CancelActivityInput:
    idempotency_key: str = given(KEY)
    activity: ID = given("Which (活动).")
    expected_version: int = given(EXPECTED)
    reason: str = given("Why (原因).")


@command("Cancel an activity; everybody who signed up or waits is told (取消活动).", requires=CONVENE)
async def cancel_activity(call: Call, input: CancelActivityInput) -> PartyActivityPayload:
    activity = await arranged(call, input.activity, input.expected_version)
    planned(activity)
    activity.state, activity.reason = ActivityState.CANCELLED, text(input.reason, 500, "reason")
    await changed(call, activity, CANCELLED)
    return PartyActivityPayload(activity=ref(PartyActivity, activity.id))


MOVED = Text("An activity was moved", "活动时间或地点有变")
CANCELLED = Text("An activity was cancelled", "活动已取消")


async def changed(call: Call, activity: ActivityRow, what: Text) -> None:
    """Save the change, and notify everybody who comes or waits."""
    activity.version += 1
    await activity.save()
    people = await ParticipationRow.filter(activity=activity, state__in=COMING).values_list("person_id", flat=True)
    await notify(call, note(activity, what), persons=people)  # type: ignore[arg-type]
    call.publish(ActivityChanged(activity=activity.id, state=activity.state), activity)


def note(activity: ActivityRow, what: Text) -> Notice:
    """Build the notice of an activity: its time, and nothing that somebody wrote."""
    at = f"{activity.starts_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
    kind = "party.activity_" + activity.state.value.lower()
    return Notice(kind, what, Text(f"Time: {at}.", f"时间：{at}。"), f"PartyActivity:{activity.id}")


EXTENSIONS = (
    extend(
        Mutation,
        arrange_activity=arrange_activity,
        move_activity=move_activity,
        cancel_activity=cancel_activity,
    ),
)
