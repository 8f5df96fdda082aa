"""Events: what the party plugin publishes. Membership is in none of it."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event
from gongzhi.values.errors import Text

from .models import ActivityState


@event("party.activity_changed", "An activity was planned, moved, cancelled or held (活动变化).")
class ActivityChanged(Event):
    activity: UUID
    state: ActivityState


# Feedable, because the person is asked before it is published; who rewards it is not known here.
@event(
    "party.attended",
    "Somebody came to an activity for all, and wants rules that reward it to know (参加公开活动).",
    feedable=True,
)
class Attended(Event):
    participation: UUID
    person: UUID
    activity: UUID


@event(
    "party.meeting_recorded",
    "What a meeting decided in the room waits for a second person (现场表决待复核).",
    internal=True,
)
class MeetingRecorded(Event):
    deliberation: UUID
    meeting: UUID


@event("party.meeting_confirmed", "A second person confirmed what a meeting decided in the room (现场表决已复核).")
class MeetingConfirmed(MeetingRecorded):
    pass


@event("party.meeting_refused", "A second person did not confirm it (现场表决未通过复核).", internal=True)
class MeetingRefused(MeetingRecorded):
    pass


@event(
    "party.decision_linked",
    "The case carries out a decision of a deliberation (落实议事决议).",
    timeline=True,
    explanation=Text(
        "A decision of a deliberation is carried out by this case.", "村（居）民议事形成的决议通过本诉求落实。"
    ),
)
class DecisionLinked(Event):
    deliberation: UUID


@event("party.suggestion_replied", "A deputy's proposal was replied to (代表建议已答复).")
class SuggestionReplied(Event):
    suggestion: UUID


EVENTS: tuple[type[Event], ...] = (
    ActivityChanged,
    Attended,
    MeetingRecorded,
    MeetingConfirmed,
    MeetingRefused,
    DecisionLinked,
    SuggestionReplied,
)
