"""Events: what became of links. They have ids alone: whose household it is is in none of them."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event

from .models import DeedKind, TieKind


@event("ties.proposed", "A link of help was proposed (拟定联系帮扶).", internal=True)
class TieProposed(Event):
    tie: UUID


@event("ties.agreed", "Both sides have agreed to a link, and it begins (建立联系帮扶).")
class TieAgreed(Event):
    tie: UUID
    kind: TieKind


@event("ties.declined", "One side did not agree to a link (谢绝联系帮扶).", internal=True)
class TieDeclined(Event):
    tie: UUID


@event("ties.ended", "A link has ended (结束联系帮扶).")
class TieEnded(Event):
    tie: UUID


@event("ties.deed_recorded", "Something was done in a link (帮扶实事).")
class DeedRecorded(Event):
    tie: UUID
    deed: UUID
    kind: DeedKind


EVENTS: tuple[type[Event], ...] = (TieProposed, TieAgreed, TieDeclined, TieEnded, DeedRecorded)
