"""Events: what credit publishes, in ids and states. Nothing of it may feed points, or anything else."""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event

from .models import State


@event("credit.application_changed", "An application for a loan has another state (贷款申请状态变化).")
class ApplicationChanged(Event):
    application: UUID
    state: State


@event("credit.loan_booked", "Something was booked on a loan: a payment, or a new plan (贷款记账).", internal=True)
class LoanBooked(Event):
    loan: UUID
    amount: int
    """In fen; 0 for a new plan."""


EVENTS = (ApplicationChanged, LoanBooked)
