"""Daily jobs: reminders of what is due, follow-ups on overdue instalments, and applications whose time is over.

Of what is overdue the borrower alone is told, once a step; the lender and the programme's office see it in their lists,
and nobody is published.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text
from tortoise.expressions import Q

from .applications.decisions import expire_application
from .applications.reminders import remind_of_decision
from .applications.states import UNDECIDED
from .models import ApplicationRow, ReminderRow, State

STEPS = (-7, -1, 1, 30, 60, 90)
"""Days after an instalment was due; below zero before it."""
STALE = timedelta(days=60)
"""How long a draft waits."""
# The reminder's row is the memory: a step reached is told once for each due day, and a later step makes an earlier
# one pointless. After 120 days nobody is written to any more.
DUE = """
select l.id, l.person_id, l.next_due_on, $1::date - l.next_due_on days from credit.loan l
where l.settled_at is null and l.county_id=any($2::int[]) and l.next_due_on between $1::date - 120 and $1::date + 7
and not exists(select from credit.reminder r where r.loan_id=l.id and r.due_on=l.next_due_on
 and r.days >= (select max(s) from unnest($3::int[]) s where s <= $1::date - l.next_due_on))
order by l.id
"""


@job("credit.remind", every=timedelta(days=1), offset=timedelta(hours=9, minutes=20))
async def remind_borrowers(call: Call, run: JobRun) -> None:
    """Notify borrowers of what is due soon or overdue; only the last step reached is told, once."""
    # The day the run was due, so that a run made up for later tells of the same day.
    day = run.due.astimezone(CHINA).date()
    for row in await call.fetch(DUE, day, list(run.counties), list(STEPS)):
        step = max(one for one in STEPS if one <= row["days"])
        loan = UUID(str(row["id"]))
        # Kept even where nobody can be told: the rows also say whether a loan was ever 30 days late.
        await ReminderRow.create(loan_id=loan, due_on=row["next_due_on"], days=step, at=call.now)
        if row["person_id"]:
            await send_notice(
                call, instalment_notice(loan, step, row["next_due_on"]), persons=[UUID(str(row["person_id"]))]
            )


def instalment_notice(loan: UUID, step: int, day: date) -> NoticeDraft:
    """Build the notice for a borrower."""
    if step < 0:
        title = Text("An instalment falls due", "还款提醒")
        body = Text(f"It is due on {day}.", f"还款日为 {day}。")
    else:
        title = Text("An instalment is overdue", "还款逾期提醒")
        body = Text(
            f"It was due on {day}. If you cannot pay, ask the lender for a new plan; nobody else is told.",
            f"应还日为 {day}。如有困难，可与贷款机构协商调整还款计划；相关情况不会公开。",
        )
    return NoticeDraft("credit.due", title, body, f"Loan:{loan}")


@job("credit.expire", every=timedelta(days=1), offset=timedelta(minutes=30))
async def expire_applications(call: Call, run: JobRun) -> None:
    """End applications whose release is over, drafts nobody went on with, and offers nobody took up."""
    day = run.due.astimezone(CHINA).date()
    for row in await find_lapsing(run.counties, day, call.now - STALE):
        await expire_application(call, row)


async def find_lapsing(counties: Iterable[int], day: date, stale: Any) -> list[ApplicationRow]:
    """Return applications whose time is over, locked."""
    over = Q(state__in=UNDECIDED, expires_on__lt=day)
    left = Q(state=State.DRAFT, created_at__lt=stale)
    offer = Q(state=State.APPROVED, offer_until__lt=day)
    return await ApplicationRow.filter(over | left | offer, county_id__in=list(counties)).select_for_update()


JOBS = (remind_borrowers, expire_applications, remind_of_decision)
