"""Events: what legal services publish, in ids and states, to whoever has a seat. None of it may feed points."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event

from .models import AdviceState, AidState, ClueState, MediationState


# All of them internal, and without account or actor: who asked or walked away is the parties' own affair.
@event("legal.mediation_changed", "A mediation went on (调解进展).", internal=True)
class MediationChanged(Event):
    matter: UUID
    mediation: UUID
    state: MediationState


@event("legal.advice_changed", "A question went on (咨询进展).", internal=True)
class AdviceChanged(Event):
    matter: UUID
    advice: UUID
    state: AdviceState


@event("legal.aid_changed", "An application for legal aid went on (法律援助进展).", internal=True)
class AidChanged(Event):
    matter: UUID
    aid: UUID
    state: AidState


@event("legal.clue_changed", "A clue for inspectors went on (执法线索进展).", internal=True)
class ClueChanged(Event):
    clue: UUID
    state: ClueState


EVENTS: tuple[type[Event], ...] = (MediationChanged, AdviceChanged, AidChanged, ClueChanged)
