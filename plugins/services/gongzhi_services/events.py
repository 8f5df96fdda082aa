"""Events: what became of applications. Each stands on the timeline of its case."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event

from .models import Lapse, Outcome


@event("services.submitted", "An application was handed in (申请提交).", timeline=True)
class Submitted(Event):
    application: UUID


@event("services.supplied", "Papers that were missing were handed in (补正材料).", timeline=True)
class Supplied(Event):
    application: UUID


@event("services.returned", "Papers are missing, and are all named (一次性告知补正).", timeline=True)
class Returned(Event):
    application: UUID


@event("services.accepted", "An application was accepted (申请受理).", timeline=True)
class Accepted(Event):
    application: UUID
    deemed: bool


@event("services.decided", "An application was decided (申请办结).", timeline=True)
class Decided(Event):
    application: UUID
    outcome: Outcome


@event("services.withdrawn", "An application was withdrawn (申请撤回).", timeline=True)
class Withdrawn(Event):
    application: UUID


@event("services.rated", "An application was rated by the applicant (好差评).", timeline=True)
class Rated(Event):
    application: UUID


@event("services.lapsed", "A unit did otherwise than it promised (效能监察).", timeline=True)
class Lapsed(Event):
    application: UUID
    kind: Lapse


EVENTS = (Submitted, Supplied, Returned, Accepted, Decided, Withdrawn, Rated, Lapsed)
