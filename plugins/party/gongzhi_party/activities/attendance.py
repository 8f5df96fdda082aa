"""Attendance: places and waiting lists, excuses, checking in, and rating what one came to."""

from __future__ import annotations

import datetime
from datetime import timedelta
from typing import Any
from uuid import UUID

import strawberry
from gongzhi.core.notices.sending import send_notice
from gongzhi.core.people.models import PersonRow
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, Requirement
from gongzhi.runtime.checks import not_found
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Refusal, Text
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion
from strawberry import ID, UNSET
from tortoise.expressions import Q

from ..actions import ARRANGES, AS_PERSON, require_nothing_of_mine
from ..lookups import find_resident, lives_in_grid, load_own_person, require_person
from ..models import (
    ActivityRow,
    ActivityState,
    Audience,
    FeedbackRow,
    MemberRow,
    MemberStatus,
    ParticipationRow,
    ParticipationState,
    ReportRow,
)
from ..visibility import CONVENE, MEMBERS
from .planning import PLANNED, activity_notice, load_activity
from .types import PartyActivity, PartyFeedback, PartyParticipation

# Whoever has checked in holds a place, also without having signed up.
TAKEN = (ParticipationState.SIGNED_UP, ParticipationState.CHECKED_IN)
AWAY = (ParticipationState.EXCUSED, ParticipationState.WITHDRAWN)
DAY = timedelta(days=1)


@strawberry.type(description="Whether one comes, or why nothing was done (参加活动结果).")
class PartyParticipationPayload:
    participation: PartyParticipation | None = result_field("The participation (参加情况).")
    errors: list[Problem] = problems()


def participation_payload(row: ParticipationRow) -> PartyParticipationPayload:
    return PartyParticipationPayload(participation=ref(PartyParticipation, row.id))


@strawberry.input(description="Somebody wants to come (活动报名).")
class SignUpToActivityInput:
    idempotency_key: str = input_field(KEY)
    activity: ID = input_field("To which (活动).")
    share: bool = input_field(
        "Whether rules that reward coming may know; only of what is for all (同意用于积分).", default=False
    )


def participates(activity: Table, viewer: ViewerScope, states: str) -> Criterion:
    """Return whether one takes part in an activity, in one of these states."""
    mine = "select from party.participation p where p.activity_id={0} and p.person_id={1} and p.state"
    return Sql(f"exists({mine} {states})", activity.id, viewer.person)


# Whoever waits has signed up as well; whoever checked in without it is counted with those who came.
SIGNED_UP, CAME = "not in ('EXCUSED','WITHDRAWN')", "='CHECKED_IN'"
SIGNING_UP = Action(
    PartyActivity,
    (AS_PERSON,),
    (
        PLANNED,
        Requirement(
            "ACTIVITY_OVER",
            lambda activity, viewer: [Sql("{0}>{1}", activity.ends_at, viewer.now)],
            Text("The activity is over.", "活动已结束。"),
        ),
        Requirement(
            "DUPLICATE",
            lambda activity, viewer: [Sql("not {0}", participates(activity, viewer, SIGNED_UP))],
            Text("You have signed up already.", "您已报名。"),
        ),
    ),
)


@command(
    "Sign up; where no place is left one waits, and is told when one is (活动报名).", requires=None, action=SIGNING_UP
)
async def sign_up_to_activity(call: Call, input: SignUpToActivityInput) -> PartyParticipationPayload:
    # Locked by this, so places are counted and given one after the other.
    activity, person = await load_activity(call, input.activity), await load_own_person(call)
    await check_audience(activity, person)
    # Whoever withdrew before signs up again on the same row, at the end of the queue.
    row = await ParticipationRow.get_or_none(activity=activity, person=person)
    row = row or ParticipationRow(activity=activity, person=person)
    row.state = ParticipationState.SIGNED_UP if await has_place_left(activity) else ParticipationState.WAITING
    # `share` is asked for each time: it is consent to being told of to rules that reward coming.
    row.signed_at, row.share, row.excuse = call.now, input.share, None
    await row.save()
    return participation_payload(row)


async def check_audience(activity: ActivityRow, person: PersonRow) -> None:
    """Refuse whom an activity is not for."""
    if activity.audience == Audience.PUBLIC:
        return
    if activity.audience == Audience.BRANCH:
        # Members elsewhere who have reported here (双报到) come as well.
        here = Q(branch_id=activity.branch_id) | Q(id__in=await reported_members(activity.branch_id))
        fits = await MemberRow.filter(here, person=person).exclude(status=MemberStatus.LEFT).exists()
    else:
        fits = lives_in_grid(person, activity.grid_id)
    if not fits:
        raise Refusal("NOT_FOR_YOU", "This activity is for others.", "您不在该活动的参加范围内。", ("activity",))


async def reported_members(branch: UUID) -> list[UUID]:
    """Return the members who have reported to an organisation."""
    return await ReportRow.filter(branch_id=branch, until=None).values_list("member_id", flat=True)  # type: ignore[return-value]


async def has_place_left(activity: ActivityRow) -> bool:
    """Tell whether a place is left. Whoever asks holds the activity's lock, so nobody takes it meanwhile."""
    if activity.capacity is None:
        return True
    return await ParticipationRow.filter(activity=activity, state__in=TAKEN).count() < activity.capacity


@strawberry.input(description="Somebody cannot come after all (请假或取消报名).")
class WithdrawFromActivityInput:
    idempotency_key: str = input_field(KEY)
    activity: ID = input_field("To which (活动).")
    excuse: str | None = input_field("Why, if one wants to say (请假原因).", length=(1, 500), default=UNSET)


WITHDRAWING = Action(
    PartyActivity,
    (AS_PERSON,),
    (
        Requirement(
            "NOT_FOUND",
            lambda activity, viewer: [participates(activity, viewer, SIGNED_UP)],
            Text("You have not signed up.", "您尚未报名。"),
        ),
        Requirement(
            "ILLEGAL_TRANSITION",
            lambda activity, viewer: [Sql("not {0}", participates(activity, viewer, CAME))],
            Text("You have checked in.", "您已签到。"),
        ),
    ),
)


@command(
    "Not come after all; whoever waits longest gets the place (请假、取消报名).", requires=None, action=WITHDRAWING
)
async def withdraw_from_activity(call: Call, input: WithdrawFromActivityInput) -> PartyParticipationPayload:
    # Locked first: the place that becomes free is given on under the same lock.
    activity = await load_activity(call, input.activity)
    row = await ParticipationRow.get(activity=activity, person_id=require_person(call))
    row.excuse = input.excuse or None
    row.state = ParticipationState.EXCUSED if row.excuse else ParticipationState.WITHDRAWN
    await row.save()
    await advance_waiting_list(call, activity)
    return participation_payload(row)


async def advance_waiting_list(call: Call, activity: ActivityRow) -> None:
    """Give places that are free to those who wait longest; nobody is called to what is over or was cancelled."""
    if activity.state != ActivityState.PLANNED or activity.ends_at <= call.now:
        return
    queue = ParticipationRow.filter(activity=activity, state=ParticipationState.WAITING).order_by("signed_at", "id")
    for row in await queue:
        if not await has_place_left(activity):
            return
        row.state = ParticipationState.SIGNED_UP
        await row.save(update_fields=["state"])
        told_of = activity_notice(activity, Text("You have a place", "候补成功，您已获得名额"))
        await send_notice(call, told_of, persons=[row.person_id])


@strawberry.input(description="What somebody who came makes of it (活动评价).")
class RateActivityInput:
    idempotency_key: str = input_field(KEY)
    activity: ID = input_field("Of which (活动).")
    score: int = input_field("1 is worst, 5 is best (评分).", between=(1, 5))
    comment: str | None = input_field("Anything to add (意见).", length=(1, 500), default=UNSET)


@strawberry.type(description="What was said, or why nothing was done (评价结果).")
class PartyFeedbackPayload:
    feedback: PartyFeedback | None = result_field("What was said (评价).")
    errors: list[Problem] = problems()


RATING = Action(
    PartyActivity,
    (
        AS_PERSON,
        # Only whoever came: others would rate what they heard of it.
        Requirement(
            "NOT_THERE",
            lambda activity, viewer: [participates(activity, viewer, CAME)],
            Text("Whoever came says how it was.", "仅到场人员可以评价。"),
        ),
    ),
    (require_nothing_of_mine("feedback", "activity_id", Text("You have said so already.", "您已评价。")),),
)


@command("Say what one made of an activity one came to (活动评价).", requires=None, action=RATING)
async def rate_activity(call: Call, input: RateActivityInput) -> PartyFeedbackPayload:
    activity = await load_activity(call, input.activity)
    # By the person's own key: nobody rates in somebody else's place.
    came: dict[str, Any] = {"activity": activity, "person_id": require_person(call)}
    # With the person, so that it is one answer each and is erased with them; the field that shows it has no name.
    row = await FeedbackRow.create(
        **came,
        score=input.score,
        comment=input.comment or None,
    )
    return PartyFeedbackPayload(feedback=ref(PartyFeedback, row.id))


@strawberry.input(description="Somebody without a phone came (代签到).")
class MarkActivityAttendanceInput:
    idempotency_key: str = input_field(KEY)
    activity: ID = input_field("To which (活动).")
    person: ID = input_field("Who (人员).")
    came: bool = input_field("Whether they came; false strikes out a check-in that is not so (是否到场).", default=True)


@command(
    "Put down who came without a phone, or strike out who did not come (代签到、更正签到).",
    requires=CONVENE,
    action=Action(PartyActivity, (ARRANGES,)),
)
async def mark_activity_attendance(call: Call, input: MarkActivityAttendanceInput) -> PartyParticipationPayload:
    activity = await load_activity(call, input.activity)
    permission = MEMBERS if activity.audience == Audience.BRANCH else CONVENE
    person = await find_resident(call, input.person, permission, "person")
    row = await ParticipationRow.get_or_none(activity=activity, person=person)
    if not input.came:
        if row is None or row.state != ParticipationState.CHECKED_IN:
            raise not_found("They have not checked in.", "该人员没有签到记录。", "person")
        # Struck out, not deleted: they had signed up, or were there by somebody's mistake.
        row.state, row.checked_in_at = ParticipationState.WITHDRAWN, None
        await row.save()
        # The place they held is free again.
        await advance_waiting_list(call, activity)
        return participation_payload(row)
    check_check_in_time(call, activity, call.now)
    await check_audience(activity, person)
    row = await check_in(call, activity, person.id, call.now, offline=False)
    return participation_payload(row)


OPEN = timedelta(hours=1)
"""How long before an activity, and after it, one may check in."""


def check_check_in_time(call: Call, activity: ActivityRow, at: datetime.datetime) -> None:
    """Refuse checking in long before an activity, long after it, and to one that does not take place."""
    if activity.state == ActivityState.CANCELLED:
        raise Refusal("ILLEGAL_TRANSITION", "The activity was cancelled.", "活动已取消。", ("activity",))
    if not activity.starts_at - OPEN <= at <= activity.ends_at + OPEN:
        raise Refusal(
            "CHECK_IN_CLOSED",
            "One checks in from an hour before an activity to an hour after it.",
            "签到时间为活动开始前一小时至结束后一小时。",
            ("activity",),
        )


# One statement decides: two requests at once, or a phone that tries again, check in once. Whoever did not sign up is
# put in, without a consent to share.
PUT = """
insert into party.participation (id, activity_id, person_id, state, signed_at, checked_in_at, offline, share)
values (gen_random_uuid(), $1, $2, 'CHECKED_IN', $4, $3, $5, false)
on conflict (activity_id, person_id) do update set state='CHECKED_IN', checked_in_at=$3, offline=$5
where participation.state<>'CHECKED_IN' returning id
"""


async def check_in(call: Call, activity: ActivityRow, person: UUID, at: datetime.datetime, *, offline: bool) -> Any:
    """Check somebody in, exactly once whatever else goes on at the same time. Raises Refusal ALREADY_CHECKED_IN."""
    if not await call.fetch(PUT, activity.id, person, at, call.now, offline):
        raise Refusal("ALREADY_CHECKED_IN", "You have checked in already.", "您已签到。", ("activity",))
    return await ParticipationRow.get(activity=activity, person_id=person)


SOON = """
select p.id, p.person_id, p.activity_id from party.participation p join party.activity a on a.id=p.activity_id
where p.state='SIGNED_UP' and p.reminded_at is null and a.state='PLANNED' and a.starts_at>$1 and a.starts_at<=$2
and a.county_id=any($3::int[]) order by a.id, p.id
"""


@job("party.remind_of_activities", every=timedelta(hours=1))
async def remind_participants(call: Call, run: JobRun) -> None:
    """Remind everybody who signed up of what begins within a day, once."""
    # Within a day of the beginning, and not yet reminded: an activity that is arranged late is reminded of as well.
    found = await call.fetch(SOON, call.now, call.now + DAY, list(run.counties))
    people: dict[UUID, list[UUID]] = {}
    for row in found:
        people.setdefault(row["activity_id"], []).append(row["person_id"])
    for activity in await ActivityRow.filter(id__in=list(people)):
        await send_notice(
            call, activity_notice(activity, Text("An activity is near", "活动即将开始")), persons=people[activity.id]
        )
    # Noted in the same transaction as the notices, so a run that fails tells nobody twice.
    await ParticipationRow.filter(id__in=[row["id"] for row in found]).update(reminded_at=call.now)


EXTENSIONS = (
    extend(
        Mutation,
        sign_up_to_activity=sign_up_to_activity,
        withdraw_from_activity=withdraw_from_activity,
        rate_activity=rate_activity,
        mark_activity_attendance=mark_activity_attendance,
    ),
)
