"""Events: what became of early signs; ids, codes and numbers alone."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Code, Event, event

from .models import SignState


@event("statistics.sign_found", "Like cases came together in a place (发现民情预警).")
class SignFound(Event):
    sign: UUID
    category: Code
    counted: int
    edition: Code


@event("statistics.sign_changed", "Something was decided about an early sign, or it is over (民情预警变化).")
class SignChanged(Event):
    sign: UUID
    state: SignState


SIGN_EVENTS = (SignFound, SignChanged)
