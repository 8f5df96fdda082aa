"""Watching: what a unit lets pass is found by the clock, and no case of an open application ends beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.runtime.reactions import Happening, Phase, reaction
from gongzhi.values.errors import Refusal
from gongzhi_deadlines.calendars.reading import load_calendar
from gongzhi_deadlines.clocks.led_cases import hold_case
from gongzhi_deadlines.worktime import Calendar

from . import telling
from .clocks import ANSWER, RECEIPT, lock_case, reckon_decision
from .handling import accept
from .lapses import raise_lapse
from .models import ApplicationRow, Lapse

BATCH = 200
NEW = "not exists(select from services.lapse l where l.application_id=a.id and l.kind='{}')"
UNANSWERED = "a.state='SUBMITTED' and a.due_at<=$2"
OVERDUE = f"a.state='ACCEPTED' and a.due_at<=$2 and {NEW.format(Lapse.OVERDUE)}"
BADLY_RATED = f"a.answer_by<=$2 and a.answered_at is null and {NEW.format(Lapse.UNANSWERED_RATING)}"
FIND = (
    "select a.id, a.case_id from services.application a where a.county_id=any($1::int[]) and {what} "
    "order by a.id limit $3"
)
# No case and no clock is left: one statement for all of them.
UNRATED = """
update services.application set state='CLOSED', closed_at=$2, version=version+1
where county_id=any($1::int[]) and state='DECIDED' and rating is null and rate_by<=$2
"""


@job("services.watch", every=timedelta(minutes=15))
async def watch(call: Call, run: JobRun) -> None:
    """Hold for accepted what nobody answered, put before supervision what is late, and close what nobody rates."""
    async for case, row in lock_found(call, run, UNANSWERED):
        async with call.attempt(f"Case:{case.id}"):
            await deem_accepted(call, case, row)
    async for case, row in lock_found(call, run, OVERDUE):
        async with call.attempt(f"Case:{case.id}"):
            await note_overdue(call, case, row)
    async for case, row in lock_found(call, run, BADLY_RATED):
        days = int(await ANSWER.read(call, row.county_id))
        async with call.attempt(f"Case:{case.id}"):
            await raise_lapse(call, case, row, Lapse.UNANSWERED_RATING, days, days + 1)
    # Last: what was rated badly and is not answered stays open.
    await call.fetch(UNRATED, list(run.counties), call.now)


async def lock_found(call: Call, run: JobRun, what: str) -> AsyncIterator[tuple[CaseRow, ApplicationRow]]:
    """Yield the applications that this is true of, each locked behind its case; what is more waits for the next run."""
    for found in await call.fetch(FIND.format(what=what), list(run.counties), call.now, BATCH):
        case = await lock_case(found["case_id"])
        yield case, await ApplicationRow.select_for_update().get(id=found["id"])


async def deem_accepted(call: Call, case: CaseRow, row: ApplicationRow) -> None:
    """Hold an application for accepted since its papers came (Administrative Licensing Law, art. 32)."""
    allowed = int(await RECEIPT.read(call, row.county_id))
    counted = count_days(await load_calendar(call.fetch, row.county_id), row.received_at, call.now)
    await accept(call, case, row, row.received_at, deemed=True)
    row.version += 1
    await row.save()
    await telling.tell_applicant(call, case, row, telling.DEEMED)
    await telling.tell_unit(call, case, row, telling.DEEMED)
    await raise_lapse(call, case, row, Lapse.LATE_RECEIPT, allowed, max(counted, allowed))


async def note_overdue(call: Call, case: CaseRow, row: ApplicationRow) -> None:
    """Put what is not decided in the promised days before supervision; reckoned anew, for a holiday may have come."""
    matter = await row.matter
    due = await reckon_decision(call, row, matter)
    # The county closed its offices meanwhile: told anew, and no lapse.
    if due > call.now:
        row.due_at = due
        await row.save()
        return await hold_case(call, case, due)
    calendar = await load_calendar(call.fetch, row.county_id)
    assert row.accepted_at is not None, "what is not accepted is not late"
    waited = sum(
        count_days(calendar, datetime.fromisoformat(since), datetime.fromisoformat(until))
        for since, until in row.pauses
        if until
    )
    counted = count_days(calendar, row.accepted_at, call.now) - waited
    await raise_lapse(call, case, row, Lapse.OVERDUE, matter.promised_days, max(counted, matter.promised_days))


def count_days(calendar: Calendar, since: datetime, until: datetime) -> int:
    """Return how many working days lie between two moments."""
    begins, ends = since.astimezone(CHINA).date(), until.astimezone(CHINA).date()
    return calendar.working(ends) - calendar.working(begins)


@reaction("services.guard", machine.REPLY.event, machine.SUSPEND.event, machine.VOID.event, phase=Phase.CHECK)
async def guard_case(call: Call, happening: Happening) -> None:
    """Refuse to end or to rest the case of an open application: the application is decided, and the case follows."""
    # One statement by the key of the case, and on these steps alone: every case takes it.
    asked = "select from services.application where case_id=$1 and state in ('SUBMITTED','RETURNED','ACCEPTED')"
    if await call.fetch(asked, happening.row.id):
        raise Refusal(
            "APPLICATION_OPEN",
            "The case is an application for a service: decide on that.",
            "该诉求为政务服务申请，请在申请中办结。",
            ("number",),
        )
