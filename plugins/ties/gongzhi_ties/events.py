"""Events: what became of links, and of reception days. They have ids alone: no household and no asker."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event

from .models import DeedKind, PurchaseState, ReceptionState, TieKind


# Internal: that somebody is asked is nobody's business until they have agreed.
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


@event("ties.reception_changed", "A reception day was announced, held or cancelled (选民接待日变化).")
class ReceptionChanged(Event):
    reception: UUID
    state: ReceptionState


# With ids alone, for the event of a case stands on its timeline, which more people read.
@event(
    "ties.heard",
    "A deputy heard what a voter asks for (代表听取选民意见).",
    timeline=True,
)
class MatterHeard(Event):
    reception: UUID
    heard: UUID


@event("ties.purchase_changed", "A purchased service was agreed, delivered, accepted or cancelled (购买服务变化).")
class PurchaseChanged(Event):
    purchase: UUID
    state: PurchaseState


EVENTS: tuple[type[Event], ...] = (
    TieProposed,
    TieAgreed,
    TieDeclined,
    TieEnded,
    DeedRecorded,
    ReceptionChanged,
    MatterHeard,
    PurchaseChanged,
)
