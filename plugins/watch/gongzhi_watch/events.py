"""Events: that something became of a watch, of a measure or of the record of an error; ids and codes alone."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event

from .models import ErrorState, Outcome, Step, WatchState


# Internal, all of them: a resident reads of a watch in their own page, where each reading is a look.
@event("watch.changed", "Something became of a watch (监测帮扶变化).", internal=True)
class WatchChanged(Event):
    watch: UUID
    step: Step
    state: WatchState


@event("watch.overdue", "The next step of a watch is overdue (监测帮扶逾期).", internal=True)
class WatchOverdue(Event):
    watch: UUID


# Apart from the others, for it is by the clock and no step of anybody.
@event("watch.ended", "A watch ended without anybody's word (监测帮扶自动终止).", internal=True)
class WatchEnded(Event):
    watch: UUID


@event("watch.measure_overdue", "A measure is overdue (帮扶措施逾期).", internal=True)
class MeasureOverdue(Event):
    measure: UUID


# Without the official and the unit: an event outlives what it is about.
@event("watch.error_changed", "Something became of the record of an error (容错事项变化).", internal=True)
class ErrorChanged(Event):
    error: UUID
    state: ErrorState
    outcome: Outcome | None


EVENTS = (WatchChanged, WatchOverdue, WatchEnded, MeasureOverdue, ErrorChanged)
