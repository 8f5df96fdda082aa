"""What is told of cases: an event a step, with codes and numbers only. Notes and answers stay with the case.

`record` publishes the event of a step's type; of what the step notes, it takes what the event declares.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..events.event import Code, Event, Registry, event
from .models import Status


@dataclass(frozen=True)
class OfCase(Event):
    """What every event of a case carries."""

    number: Code


@dataclass(frozen=True)
class Stepped(OfCase):
    """A change of status, from and to."""

    from_: Status
    to: Status


@event("case.reported", "It was reported (上报).")
class Reported(OfCase):
    pass


@event("case.accepted", "It was accepted (受理).")
class Accepted(Stepped):
    pass


@event("case.declined", "It was not accepted (不予受理).")
class Declined(Stepped):
    pass


@event("case.withdrawn", "The requester took it back (撤回).")
class Withdrawn(Stepped):
    pass


@event("case.merged", "It became part of another one (并单).")
class Merged(Stepped):
    pass


@event("case.settled", "It was settled in the grid (自处理).")
class Settled(Stepped):
    pass


@event("case.dispatched", "It was given to a unit (派单).")
class Dispatched(Stepped):
    lead_unit: Code | None = None
    support_units: tuple[Code, ...] = ()


@event("case.returned", "The unit gave it back (退单).")
class Returned(Stepped):
    pass


@event("case.handling", "The unit began to handle it (办理).")
class Handling(Stepped):
    pass


@event("case.suspended", "It was put on hold (挂账).")
class Suspended(Stepped):
    pass


@event("case.resumed", "It is handled again (恢复办理).")
class Resumed(Stepped):
    pass


@event("case.replied", "It was answered (答复).")
class Replied(Stepped):
    pass


@event("case.rated", "The requester rated it (评价).")
class Rated(OfCase):
    rating: int
    solved: bool


@event("case.closed", "It was closed for good (结案).")
class Closed(Stepped):
    pass


@event("case.reopened", "It was taken up again (重办).")
class Reopened(Stepped):
    pass


@event("case.voided", "It was declared void (作废).")
class Voided(Stepped):
    pass


@event("case.contacted", "Somebody spoke to the requester (联系诉求人).")
class Contacted(OfCase):
    pass


@event("case.reminded", "A deadline is near or over (催办提醒).", internal=True)
class Reminded(OfCase):
    stage: Code
    threshold: int
    responsible: Code | None = None


@event("case.escalated", "A deadline is over, and the level above was told (逐级上报).", internal=True)
class Escalated(Reminded):
    escalated_to: Code | None = None


EVENTS: tuple[type[OfCase], ...] = (
    Reported, Accepted, Declined, Withdrawn, Merged, Settled, Dispatched, Returned, Handling, Suspended, Resumed,
    Replied, Rated, Closed, Reopened, Voided, Contacted, Reminded, Escalated,
)  # fmt: skip

REGISTRY = Registry(EVENTS)
