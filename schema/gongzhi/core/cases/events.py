"""Case events: one a step, with codes and numbers only. Notes and answers stay with the case.

`record` publishes the event of a step's type; of what the step notes, it takes what the event declares.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from gongzhi.declare.events import Code, Event, Registry, event

from .models import SettlementLevel, Status


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
    # Codes and not keys: events leave for other systems, and are read years later.
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


@event("case.closed", "It was closed for good (结案).", feedable=True)
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


@event("case.level_raised", "A level could not settle it, and it went up to the next (逐级上报).")
class LevelRaised(OfCase):
    from_: SettlementLevel
    to: SettlementLevel


@event("case.extended", "Its deadline was moved (延期).")
class Extended(OfCase):
    pass


@event("case.unmerged", "It stands by itself again (撤销并单).")
class Unmerged(Stepped):
    pass


@event("case.acknowledged", "A unit acknowledged its work order (签收).")
class Acknowledged(OfCase):
    pass


@event("case.contributed", "A supporting unit did its part (协办反馈).")
class Contributed(OfCase):
    pass


@event("case.order_withdrawn", "A work order was taken back (收回工单).")
class OrderWithdrawn(OfCase):
    pass


@event("case.objected", "A unit objected to the dispatch (派单异议).", internal=True)
class Objected(OfCase):
    pass


@event("case.objection_ruled", "The objection was ruled on (异议裁定).", internal=True)
class ObjectionRuled(OfCase):
    ruling: Code


@event("case.referred", "It was returned too often; the county designates a unit (提级指定).")
class Referred(OfCase):
    level: Code
    returns: int


@event("case.approval_requested", "An approval was asked for (申请审批).", internal=True)
class ApprovalRequested(OfCase):
    kind: Code


@event("case.approval_given", "What was asked for was approved (审批同意).", internal=True)
class ApprovalGiven(ApprovalRequested):
    pass


@event("case.approval_refused", "What was asked for was refused (审批不同意).", internal=True)
class ApprovalRefused(ApprovalRequested):
    pass


@event("case.supervised", "Somebody above wants to know what is done about it (催办、督办).", internal=True)
class Supervised(OfCase):
    level: Code
    responsible: Code | None = None


@event("case.supervision_answered", "The unit answered the supervision (督办回复).", internal=True)
class SupervisionAnswered(Supervised):
    pass


@event("case.supervision_lifted", "The supervision was lifted (解除督办).", internal=True)
class SupervisionLifted(Supervised):
    pass


@event("case.whistled", "Units were called together about it (吹哨).", internal=True)
class Whistled(OfCase):
    kind: Code


@event("case.followed_up", "The requester was asked how it went (回访).")
class FollowedUp(OfCase):
    contact: Code
    reached: bool
    solved: bool | None = None
    rating: int | None = None


@event("case.joined", "Others about the same matter became part of it (并入诉求).")
class Joined(OfCase):
    numbers: tuple[Code, ...]


@event("case.parted", "Others stand by themselves again (并入撤销).")
class Parted(Joined):
    pass


@event("case.answered_with", "It was answered with the one it is part of (并案答复).")
class AnsweredWith(OfCase):
    into: Code


@event("case.attached", "Files were added to it (补充附件).")
class Attached(OfCase):
    # How many. A file's name is kept nowhere, for it says who somebody is.
    attachments: int


@event("case.edited", "What it says was corrected (更正).")
class Edited(OfCase):
    # Which fields, and never what stood in them: the old words may be why it was corrected.
    fields: tuple[Code, ...]


@event("case.phone_left", "Its requester left a number and proved it (留下联系电话).", internal=True)
class PhoneLeft(OfCase):
    pass


@event("case.phone_shown", "Somebody was shown that number (查看联系电话).", internal=True)
class PhoneShown(OfCase):
    pass


@event("case.mediation_begun", "People's mediation of it was asked for (转入人民调解).", unnamed=True)
class MediationBegun(OfCase):
    pass


@event("case.mediation_over", "Its mediation is over (人民调解结束).", unnamed=True)
class MediationOver(OfCase):
    pass


@event(
    "case.settlement_offered",
    "The matter was settled at a level, so that it can be answered (可据以答复).",
    internal=True,
    unnamed=True,
)
class SettlementOffered(OfCase):
    level: SettlementLevel


@event("case.deliberated", "Residents decided about the matter it raised (议事决定).")
class Deliberated(OfCase):
    resolution: UUID


EVENTS: tuple[type[OfCase], ...] = (
    Reported, Accepted, Declined, Withdrawn, Merged, Settled, Dispatched, Returned, Handling, Suspended, Resumed,
    Replied, Rated, Closed, Reopened, Voided, Contacted, Reminded, Escalated, LevelRaised,
    Extended, Unmerged, Acknowledged, Contributed, OrderWithdrawn, Objected, ObjectionRuled, Referred,
    ApprovalRequested,
    ApprovalGiven, ApprovalRefused, FollowedUp, Joined, Parted, AnsweredWith, Attached, Edited,
    Supervised, SupervisionAnswered, SupervisionLifted, Whistled, PhoneLeft, PhoneShown,
    MediationBegun, MediationOver, SettlementOffered, Deliberated,
)  # fmt: skip

REGISTRY = Registry(EVENTS)
