"""Led cases: cases that a unit handles for the sake of something else, which says when they are due and over."""

from __future__ import annotations

from datetime import datetime

from gongzhi.core.cases import machine
from gongzhi.core.cases.deadlines import set_deadline
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.steps import WAITS, level_of, record_settlement, record_step, run_reactions, save_case
from gongzhi.core.units.models import UnitRow
from gongzhi.runtime.commands import Call


async def begin_case(call: Call, case: CaseRow, unit: UnitRow, due: datetime) -> None:
    """Give a new case to its unit, which handles it from then on."""
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


async def finish_case(call: Call, case: CaseRow | None, reply: str) -> None:
    """Answer and close a case whose matter is over."""
    # Somebody may have ended it in another way; what it was for is over all the same.
    if case is None or case.status not in machine.REPLY.sources:
        return
    # At the level of the unit, as any answer of it.
    record_settlement(call, case, reply, await level_of(call, case))
    await record_step(call, case, machine.REPLY, note=reply)
    await record_step(call, case, machine.CLOSE)
    await save_case(case)
