"""Events: what inspections found and what became of it; of a major hazard they stand on the timeline of its case."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event

from .models import HazardLevel


# Of the site and not of a hazard: most inspections find none.
@event("safety.inspected", "A site was inspected (安全检查).")
class Inspected(Event):
    site: UUID
    inspection: UUID
    hazards: int


@event("safety.hazard_found", "A hazard was found (发现隐患).", timeline=True)
class HazardFound(Event):
    hazard: UUID
    level: HazardLevel


# On no timeline: its case would be locked after the hazard, and everybody else locks it before.
@event("safety.hazard_found_again", "A hazard was found once more (再次发现隐患).")
class HazardFoundAgain(Event):
    hazard: UUID


@event("safety.hazard_corrected", "The firm says that a hazard is corrected (隐患已整改待复查).", timeline=True)
class HazardCorrected(Event):
    hazard: UUID


@event("safety.hazard_failed", "A hazard is still there (复查未通过).", timeline=True)
class HazardFailed(Event):
    hazard: UUID


@event("safety.hazard_passed", "A major hazard is gone, to be confirmed (复查通过待销号).", timeline=True)
class HazardPassed(Event):
    hazard: UUID


@event("safety.hazard_closed", "A hazard is gone (隐患销号).", timeline=True)
class HazardClosed(Event):
    hazard: UUID


@event("safety.hazard_extended", "A hazard has a later deadline (隐患整改延期).", timeline=True)
class HazardExtended(Event):
    hazard: UUID


@event("safety.hazard_objected", "The firm objects to a hazard (隐患异议).", timeline=True)
class HazardObjected(Event):
    hazard: UUID


@event("safety.objection_decided", "An objection to a hazard was decided (异议处理).", timeline=True)
class ObjectionDecided(Event):
    hazard: UUID
    upheld: bool


@event("safety.hazard_overdue", "A hazard was not corrected in time (隐患逾期未整改).", timeline=True)
class HazardOverdue(Event):
    hazard: UUID


HAZARD_EVENTS = (
    HazardFound,
    HazardFoundAgain,
    HazardCorrected,
    HazardFailed,
    HazardPassed,
    HazardClosed,
    HazardExtended,
    HazardObjected,
    ObjectionDecided,
    HazardOverdue,
)
EVENTS = (Inspected, *HAZARD_EVENTS)
