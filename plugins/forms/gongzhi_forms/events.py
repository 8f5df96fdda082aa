"""Events: what became of returns."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Code, Event, event

from .models import Level


@event("forms.filled", "A return was filled (报表已填报).")
class Filled(Event):
    form_return: UUID
    form: Code


@event("forms.signed", "A return was signed for a level (报表已签署).")
class Signed(Event):
    form_return: UUID
    form: Code
    level: Level


@event("forms.sent_back", "A return was sent back (报表已退回).")
class SentBack(Event):
    form_return: UUID
    form: Code


EVENTS = (Filled, Signed, SentBack)
