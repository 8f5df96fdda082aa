"""History: what a case's fields were, are and were to be; a value that was seen and is gone makes a conflict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow, EventRow
from gongzhi.runtime.commands import Call

from .models import ChangeRow, ConflictRow


@dataclass(frozen=True)
class OfflineWriter:
    """Who writes, with the time that their phone had then."""

    call: Call
    occurred_at: datetime


async def record_change(
    written: OfflineWriter, case: CaseRow, field: str, before: str | None, after: str | None
) -> None:
    """Store what a field was."""
    call = written.call
    # Whoever reports anonymously leaves no name in the history of their own report.
    unnamed = case.anonymous and before is None
    await ChangeRow.create(
        case_id=case.id,
        field=field,
        before=before,
        after=after,
        occurred_at=written.occurred_at,
        at=call.now,
        account=None if unnamed else call.viewer.account.name,
        role=None if unnamed else call.viewer.role,
    )


async def find_last_writer(case: CaseRow, field: str) -> ChangeRow | EventRow | None:
    """Return what last gave a field its value, which says who and when."""
    events = EventRow.filter(case_id=case.id).order_by("-at", "-id")
    # A step leaves an event whichever way it is taken, and a change only if it was taken offline.
    if field in ("status", "reply"):
        return await events.filter(type__in=[step.event for step in machine.STEPS]).first()
    found = await ChangeRow.filter(case_id=case.id, field=field).order_by("-at", "-id").first()
    # Without a change of this very field, the last event says who was there.
    return found or await events.first()


async def record_conflict(
    written: OfflineWriter, case: CaseRow, field: str, base: str | None, mine: str | None, theirs: str | None
) -> ConflictRow:
    """Store a change that cannot be made, with who was there before."""
    other = await find_last_writer(case, field)
    return await ConflictRow.create(
        case_id=case.id,
        field=field,
        base=base,
        mine=mine,
        theirs=theirs,
        by=other.role if other else None,
        at=other.at if other else case.reported_at,
        occurred_at=written.occurred_at,
        received_at=written.call.now,
        account=written.call.viewer.account.name,
        role=written.call.viewer.role,
    )
