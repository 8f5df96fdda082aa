"""Clocks: by when a unit accepts and decides, in working days of the county, without what waits for the applicant.

The case of an application is handled for its whole life: while the application runs, no rule of the county's own
presses for an answer, and the case is due when the application is.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from gongzhi.core.cases.models import CaseRow
from gongzhi.declare.columns import NEVER
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.commands import Call
from gongzhi_deadlines.calendars.durations import reckon_deadline
from gongzhi_deadlines.calendars.reading import load_calendar
from gongzhi_deadlines.worktime import Course, Pause, Term, Unit, compute_deadline

from .models import ApplicationRow, MatterRow
from .rules import SET_TERMS

# Five at most: later the law holds an application for accepted (Administrative Licensing Law, art. 32).
RECEIPT = CountySetting(
    "services.receipt_days", "Working days to accept or return an application (受理期限工作日).", 5, SET_TERMS, 1, 5
)
RATING = CountySetting(
    "services.rating_days", "Days in which the applicant may rate (评价期限天数).", 30, SET_TERMS, 7, 90
)
ANSWER = CountySetting(
    "services.answer_days",
    "Working days to answer a bad rating or a lapse (差评整改、监察答复期限工作日).",
    10,
    SET_TERMS,
    1,
    20,
)


async def reckon_term(call: Call, county: int | None, setting: CountySetting[int]) -> datetime:
    """Return when the working days that a county has set for something end, from the next day on."""
    days = int(await setting.read(call, county))
    # The day on which something happens does not count (Civil Code, art. 201).
    return (await reckon_deadline(call, county, Term(days, Unit.WORKING_DAY, next_day=True))).due


async def reckon_decision(call: Call, row: ApplicationRow, matter: MatterRow) -> datetime:
    """Return when the promised days end: from the day after acceptance, without what was spent on awaiting papers."""
    assert row.accepted_at is not None, "what is not accepted has no clock"
    pauses = tuple(
        Pause(datetime.fromisoformat(since), datetime.fromisoformat(until) if until else NEVER)
        for since, until in row.pauses
    )
    # From facts each time: a holiday that is added later moves the end, and spends nothing.
    term = Term(matter.promised_days, Unit.WORKING_DAY, next_day=True)
    return compute_deadline(await load_calendar(call.fetch, row.county_id), term, Course(row.accepted_at, pauses)).due


async def lock_case(id: UUID) -> CaseRow:
    """Return the case of an application, locked: before the application itself, as everybody locks them."""
    return await CaseRow.select_for_update().get(id=id)
