"""Events: what whistle calls publish (kinds, units and times). Matters, plans and comments stay where they are."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Code, Event, event

from .models import Direction, WhistleKind


@event("whistle.called", "Units were called together (吹哨).", internal=True)
class Called(Event):
    whistle: UUID
    kind: WhistleKind
    units: tuple[Code, ...]


@event("whistle.requested", "A whistle call is to be approved (吹哨申请).", internal=True)
class Requested(Called):
    pass


@event("whistle.refused", "A whistle call was refused (吹哨未批准).", internal=True)
class Refused(Called):
    pass


@event("whistle.checked_in", "A unit came (报到).", internal=True)
class CheckedIn(Event):
    whistle: UUID
    unit: Code
    late: bool


@event("whistle.escalated", "A unit did not come in time, and the level above was told (未报到上报).", internal=True)
class Escalated(Event):
    whistle: UUID
    unit: Code


@event("whistle.planned", "What each unit does was agreed on (联合方案).", internal=True)
class Planned(Event):
    whistle: UUID
    edition: int


@event("whistle.task_done", "A unit did its task of the joint plan (任务完成).", internal=True)
class TaskDone(Event):
    whistle: UUID
    unit: Code
    late: bool


@event("whistle.closed", "It is over (吹哨办结).", internal=True)
class Closed(Event):
    whistle: UUID


@event("whistle.assessed", "One side assessed the other (双向评价).", internal=True)
class Assessed(Event):
    whistle: UUID
    unit: Code
    direction: Direction


EVENTS: tuple[type[Event], ...] = (
    Called,
    Requested,
    Refused,
    CheckedIn,
    Escalated,
    Planned,
    TaskDone,
    Closed,
    Assessed,
)
