"""Check-in: by the code on the screen, at once or later with what a phone without a connection kept."""

from __future__ import annotations

import datetime
from datetime import timedelta
from uuid import UUID

import strawberry
from gongzhi.declare.entity import key_of
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import invalid_input, is_given
from gongzhi.runtime.commands import KEY, Call, command, input_field
from gongzhi.values.errors import Refusal
from strawberry import ID, UNSET

from ..events import Attended
from ..lookups import load_own_person
from ..models import ActivityRow, Audience, ParticipationRow
from . import check_in_codes
from .attendance import PartyParticipationPayload, check_audience, check_check_in_time, check_in, participation_payload
from .check_in_codes import Code
from .types import PartyActivity

FRESH = timedelta(seconds=60)
"""How long after it was shown a code may come."""
SKEW = timedelta(seconds=30)
"""How far a screen's or a phone's clock may be ahead."""
LATE = timedelta(hours=48)
"""How long after an activity a phone may send what it kept."""


@strawberry.input(description="Somebody is there: a code from the screen, no position and no face (活动签到).")
class CheckInToActivityInput:
    idempotency_key: str = input_field(KEY)
    activity: ID = input_field("To which (活动).")
    code: str = input_field("What the screen showed (签到码).")
    taken_at: datetime.datetime | None = input_field(
        "When, if the phone had no connection (离线扫码时间).", default=UNSET
    )
    proof: str | None = input_field("What the phone made of the code, in that case (离线凭证).", default=UNSET)


@command("Check in to an activity, once; what was kept offline is verified now (活动签到).", requires=None)
async def check_in_to_activity(call: Call, input: CheckInToActivityInput) -> PartyParticipationPayload:
    person = await load_own_person(call)
    # Read without sight: the code on the screen is the right to this activity, and the refusal is the same for any
    # other.
    activity = await ActivityRow.get_or_none(id=key_of(PartyActivity)(input.activity))
    code = verify_code(call, activity, input.code) if activity else None
    if activity is None or code is None:
        raise foreign_code()
    # A time is sent only by a phone that had no connection; without one the code must be fresh.
    offline = is_given(input.taken_at)
    at = await check_offline_code(call, activity, person.id, code, input) if offline else check_fresh_code(call, code)
    check_check_in_time(call, activity, at)
    await check_audience(activity, person)
    row = await check_in(call, activity, person.id, at, offline=offline)
    # Only by the person's own choice, and never for an organisation's own activities: coming there tells of membership.
    if row.share and activity.audience != Audience.BRANCH:
        call.publish(Attended(participation=row.id, person=person.id, activity=activity.id), activity)
    return participation_payload(row)


def verify_code(call: Call, activity: ActivityRow, text: str) -> Code | None:
    """Return what the code says, if this activity's screen has shown it; None otherwise."""
    code = check_in_codes.verify_screen_code(check_in_codes.screen_key(call.context.receipts, activity.id), text)
    return code if code and code.activity == activity.id else None


def foreign_code() -> Refusal:
    return Refusal(
        "FOREIGN_CODE", "This code is not from this activity's screen.", "该签到码不属于本次活动。", ("code",)
    )


def check_fresh_code(call: Call, code: Code) -> datetime.datetime:
    """Return now, if the code has just been shown."""
    if not -SKEW <= call.now - code.shown_at <= FRESH:
        raise stale_code()
    return call.now


async def check_offline_code(
    call: Call, activity: ActivityRow, person: UUID, code: Code, input: CheckInToActivityInput
) -> datetime.datetime:
    """Return when a phone without a connection took the code, which must be in time and by this person's own phone."""
    at = input.taken_at
    if not is_given(at) or at.tzinfo is None:
        raise invalid_input("A time needs its offset, such as +08:00.", "时间须带时区，如 +08:00。", "takenAt")
    # The phone's own time must fit the code's: what was photographed and sent on later does not.
    if not -SKEW <= at - code.shown_at <= FRESH or at > call.now + SKEW:
        raise stale_code()
    if call.now > activity.ends_at + LATE:
        raise Refusal(
            "TOO_LATE",
            "What was kept offline is sent within two days.",
            "离线签到须在活动结束后两天内上传。",
            ("takenAt",),
        )
    row = await ParticipationRow.get_or_none(activity=activity, person_id=person)
    # The ticket is for whoever signed up: without it anybody could pass a photo of the code on.
    mine = check_in_codes.participation_ticket(call.context.receipts, row.id) if row else b""
    if row is None or not is_given(input.proof) or not check_in_codes.is_proven(mine, input.code, input.proof):
        raise Refusal(
            "COPIED_CODE",
            "This check-in was not kept by your own phone. Sign up before, or check in with a connection.",
            "该离线签到并非由您本人的手机生成；请先报名，或联网签到。",
            ("proof",),
        )
    # A phone's clock may be ahead; nobody checked in in the future.
    return min(at, call.now)


def stale_code() -> Refusal:
    return Refusal(
        "STALE_CODE",
        "This code is no longer shown; read the screen again.",
        "签到码已过期，请重新扫描屏幕上的签到码。",
        ("code",),
    )


EXTENSIONS = (extend(Mutation, check_in_to_activity=check_in_to_activity),)
