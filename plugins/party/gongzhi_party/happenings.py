"""What the party plugin tells others. Membership is in none of it."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event

from .models import ActivityState


@event("party.activity_changed", "An activity was planned, moved, cancelled or held (活动变化).")
class ActivityChanged(Event):
    activity: UUID
    state: ActivityState


@event(
    "party.attended",
    "Somebody came to an activity for all, and wants rules that reward it to know (参加公开活动).",
    feedable=True,
)
class Attended(Event):
    participation: UUID
    person: UUID
    activity: UUID


EVENTS: tuple[type[Event], ...] = (ActivityChanged, Attended)
