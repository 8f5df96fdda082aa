"""Reminders: promises, the court's thirty days, terms that end, situations to look at again, what nobody ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text

from .events import AdviceChanged
from .matters.commands import notify_seats
from .models import AdviceState, MatterRow, ScreeningRow, SeatRow

AHEAD = timedelta(days=3)
"""How long before a promise is due it is reminded of."""
LAST = timedelta(days=7)
"""How long before the last day to ask the court."""
UNRATED_AFTER = timedelta(days=30)
"""How long an answered question waits for its rating."""
UNKEPT_AFTER = timedelta(days=180)
"""How long an agreement that is not kept stays open after the last thing that was due in it."""

# Each statement marks what it finds and returns it, so two runs cannot tell of the same row. A promise is told of
# before it is due, and once more when it is late.
PROMISES = """
update legal.term t set reminded_on=$1 from legal.party p, legal.matter m
where p.id=t.obligor_id and m.id=t.matter_id and m.county_id=any($3::int[]) and t.kept is null and t.due_on is not null
 and (t.due_on<=$2 and t.reminded_on is null or t.due_on<$1 and t.reminded_on<=t.due_on)
returning t.matter_id, p.person_id, t.due_on<$1 as late
"""
# Between today and a week ahead: what is over already is no reminder.
CONFIRMATIONS = """
update legal.confirmation c set reminded_on=$1 from legal.matter m
where m.id=c.matter_id and m.county_id=any($3::int[]) and c.state='OPEN' and c.reminded_on is null
 and (c.due_at at time zone 'Asia/Shanghai')::date between $1 and $2 returning c.matter_id, c.id
"""
# `overdue_told_at` is cleared when the term is extended, so that a new end is told of too.
MEDIATIONS = """
update legal.mediation n set overdue_told_at=$1 from legal.matter m
where m.id=n.matter_id and m.county_id=any($2::int[]) and n.ended_at is null and n.overdue_told_at is null
 and n.due_at<=$1 returning n.matter_id, n.id
"""
QUESTIONS = """
update legal.advice a set overdue_told_at=$1 from legal.matter m
where m.id=a.matter_id and m.county_id=any($2::int[]) and a.state='ASKED' and a.overdue_told_at is null
 and a.due_at<=$1 returning a.matter_id, a.id
"""
SITUATIONS = """
update legal.screening s set reminded_on=$1 where s.state='OPEN' and s.review_on<=$1 and s.county_id=any($2::int[])
 and (s.reminded_on is null or s.reminded_on<s.review_on) returning s.id
"""


# What nobody ends ends by itself, so that the time for which its words are kept begins. A question that was answered
# waits for its rating a month after the last word in it.
UNRATED = """
with over as (
 update legal.advice a set state='CLOSED', closed_at=$1, version=a.version+1 from legal.matter m
 where m.id=a.matter_id and m.county_id=any($2::int[]) and a.state='ANSWERED'
  and greatest(a.answered_at, (select max(s.at) from legal.message s where s.matter_id=a.matter_id))<=$3
 returning a.matter_id, a.id)
update legal.matter m set closed_at=$1 from over where m.id=over.matter_id and m.closed_at is null
returning over.matter_id, over.id
"""
# An agreement that is not kept waits half a year after the last thing that was due in it: a promise, the court's word,
# or that somebody told of either. Afterwards it still binds, and may still be noted as kept.
UNKEPT = """
update legal.matter m set closed_at=$1 from legal.agreement a
left join legal.confirmation c on c.matter_id=a.matter_id
where m.id=a.matter_id and m.county_id=any($2::int[]) and m.closed_at is null and a.kept_on is null
 and greatest((a.made_at at time zone 'Asia/Shanghai')::date, (c.due_at at time zone 'Asia/Shanghai')::date,
  c.accept_by, c.decide_by, c.decided_on,
  (select max(greatest(t.due_on, t.settled_on)) from legal.term t where t.matter_id=m.id))<=$3
returning m.id as matter_id
"""


def reminder_text(kind: str, en: str, zh: str) -> tuple[str, Text, Text]:
    return f"legal.{kind}", Text(en, zh), Text("Open it to see what is due.", "请打开查看。")


DUE = reminder_text("promise_due", "Something you promised is due in three days", "调解协议约定事项将于三日内到期")
BROKEN = reminder_text("promise_over", "Something promised is overdue", "调解协议约定事项已逾期")
COURT = reminder_text("confirmation_due", "A week is left to ask the court to confirm", "司法确认申请期限还剩七日")
OVER = reminder_text("mediation_over_term", "The term of a mediation has ended", "调解期限已届满")
LATE = reminder_text("advice_late", "A question waits for an answer", "咨询已超过答复期限")
CLOSED = reminder_text("matter_closed", "A matter in which nothing went on was closed", "事项长期无进展，已自动结束")
AGAIN = reminder_text("screening_due", "A situation is to be looked at again", "矛盾排查事项到期复查")


@job("legal.remind", every=timedelta(days=1), offset=timedelta(hours=9))
async def remind_daily(call: Call, run: JobRun) -> None:
    """Remind each morning, once of each thing."""
    # The day the run was due; a run made up for later tells of the same day.
    day, counties = run.due.astimezone(CHINA).date(), list(run.counties)
    for row in await call.fetch(PROMISES, day, day + AHEAD, counties):
        await remind_of_promise(call, row)
    for row in await call.fetch(CONFIRMATIONS, day, day + LAST, counties):
        # Sent without leaving anybody out: a job has no caller.
        await notify_seats(call, row["matter_id"], COURT, f"JudicialConfirmation:{row['id']}")
    for row in await call.fetch(SITUATIONS, day, counties):
        screening = await ScreeningRow.get(id=row["id"])
        await send_notice(call, NoticeDraft(*AGAIN, f"DisputeScreening:{screening.id}"), accounts=[screening.account])


@job("legal.close", every=timedelta(days=1), offset=timedelta(hours=1))
async def close_forgotten_matters(call: Call, run: JobRun) -> None:
    """Close each night what nobody goes on with, and notify who sits at it."""
    day, counties = run.due.astimezone(CHINA).date(), list(run.counties)
    for row in await call.fetch(UNRATED, call.now, counties, call.now - UNRATED_AFTER):
        call.publish(AdviceChanged(row["matter_id"], row["id"], AdviceState.CLOSED), await load_matter(row))
        await notify_seats(call, row["matter_id"], CLOSED, f"LegalAdvice:{row['id']}")
    for row in await call.fetch(UNKEPT, call.now, counties, day - UNKEPT_AFTER):
        await notify_seats(call, row["matter_id"], CLOSED, f"LegalMatter:{row['matter_id']}")


async def load_matter(row: dict[str, Any]) -> MatterRow:
    return await MatterRow.get(id=row["matter_id"])


async def remind_of_promise(call: Call, row: dict[str, Any]) -> None:
    """Remind who promised before it is due; afterwards notify those who mediate."""
    about = f"LegalMatter:{row['matter_id']}"
    # Mediators alone: parties are not told of each other's delay.
    if row["late"]:
        seats = SeatRow.filter(matter_id=row["matter_id"], left_at=None, account__not_isnull=True)
        names: Any = await seats.values_list("account", flat=True)
        await send_notice(call, NoticeDraft(*BROKEN, about), accounts=names)
    elif row["person_id"]:
        await send_notice(call, NoticeDraft(*DUE, about), persons=[row["person_id"]])


@job("legal.watch", every=timedelta(minutes=10))
async def report_ended_terms(call: Call, run: JobRun) -> None:
    """Notify of terms that have ended, once each."""
    counties = list(run.counties)
    # By the clock every ten minutes and not each morning: a term ends at the hour at which the office closes.
    for row in await call.fetch(MEDIATIONS, call.now, counties):
        await notify_seats(call, row["matter_id"], OVER, f"Mediation:{row['id']}")
    for row in await call.fetch(QUESTIONS, call.now, counties):
        await notify_seats(call, row["matter_id"], LATE, f"LegalAdvice:{row['id']}")


JOBS = (remind_daily, report_ended_terms, close_forgotten_matters)
