"""Chasing: the applicant is told when the lender's time is over; no rule decides in its place."""

from __future__ import annotations

from uuid import UUID

from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text

from ..models import ApplicationRow, State


@job("credit.chase")
async def remind_of_decision(call: Call, run: JobRun) -> None:
    """Notify the applicant, unless it was decided or the time has moved."""
    row = await ApplicationRow.get_or_none(id=UUID(run.arguments["application"]), state=State.SENT)
    # Jobs cannot be taken back: one for an earlier deadline finds another due time and does nothing.
    if row is None or row.person_id is None or row.due_at.isoformat() != run.arguments["due"]:
        return
    title = Text("The lender is late with its decision", "贷款机构审批超期")
    body = Text("You may ask it, or take the application back.", "您可以向其询问，或撤回申请。")
    await send_notice(
        call, NoticeDraft("credit.late", title, body, f"LoanApplication:{row.id}"), persons=[row.person_id]
    )


def schedule_reminder(call: Call, row: ApplicationRow) -> None:
    """Enqueue a look at the application for when the lender's time is over."""
    due = row.due_at.isoformat()
    # The due time is in the key, so a deadline that moves gets a job of its own.
    call.enqueue(remind_of_decision, f"{row.id}:{due}", at=row.due_at, row=row, application=str(row.id), due=due)
