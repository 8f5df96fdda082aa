"""Events: what emergencies publish."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from gongzhi.declare.events import Code, Event, event


@event("emergency.declared", "Somebody declared an emergency, and another has to confirm it (宣布应急).", internal=True)
class Declared(Event):
    emergency: UUID
    powers: tuple[Code, ...]


@event("emergency.confirmed", "An emergency is confirmed (启动应急).")
class Confirmed(Declared):
    starts_at: datetime
    ends_at: datetime


@event("emergency.ended", "An emergency is over (结束应急).")
class Ended(Event):
    emergency: UUID


@event("emergency.absorbed", "An emergency goes on in one of a larger area, or need not be confirmed (应急并入).")
class Absorbed(Event):
    emergency: UUID
    into: UUID


EVENTS: tuple[type[Event], ...] = (Declared, Confirmed, Ended, Absorbed)
