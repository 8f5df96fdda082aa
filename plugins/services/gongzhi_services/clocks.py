"""Clocks: by when a unit accepts and decides, in working days of the county, without what waits for the applicant.

The case of an application is handled for its whole life: while the application runs, no rule of the county's own
presses for an answer, and the case is due when the application is.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from gongzhi.core.cases import machine
from gongzhi.core.cases.deadlines import set_deadline
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.steps import WAITS, level_of, record_settlement, record_step, run_reactions, save_case
from gongzhi.core.units.models import UnitRow
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


async def begin_case(call: Call, case: CaseRow, unit: UnitRow, due: datetime) -> None:
    """Give the new case of an application to its unit, which handles it from then on."""
    # Before the step, which asks reactions with the unit in place.
    case.lead_unit = unit
    await record_step(call, case, machine.ACCEPT)
    await record_step(call, case, machine.DISPATCH, unit=unit, leadUnit=unit.code, supportUnits=[])
    await record_step(call, case, machine.HANDLE, unit=unit)
    await hold_case(call, case, due)


async def hold_case(call: Call, case: CaseRow, due: datetime) -> None:
    """Have a case be due then, and no time of its other clocks pass before."""
    await run_reactions(call, WAITS, case, until=due)
    # After the reactions, which set it by the county's rules.
    set_deadline(case, due, due)
    await save_case(case)


async def finish_case(call: Call, case: CaseRow, reply: str) -> None:
    """Answer and close the case of an application that is over: what was decided is objected to, not reopened."""
    # Somebody may have ended it in another way; the application is over all the same.
    if case.status not in machine.REPLY.sources:
        return
    # At the level of the unit, as any answer of it.
    record_settlement(call, case, reply, await level_of(call, case))
    await record_step(call, case, machine.REPLY, note=reply)
    await record_step(call, case, machine.CLOSE)
    await save_case(case)


async def lock_case(id: UUID) -> CaseRow:
    """Return the case of an application, locked: before the application itself, as everybody locks them."""
    return await CaseRow.select_for_update().get(id=id)
