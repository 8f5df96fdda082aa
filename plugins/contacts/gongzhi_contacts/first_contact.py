"""First contact: whether the unit that leads a case has been in touch with whoever asked (首次联系)."""

from __future__ import annotations

from gongzhi.core.cases.events import Dispatched
from gongzhi.core.cases.machine import CONTACTED
from gongzhi.core.cases.models import CaseRow, Status
from gongzhi.runtime.commands import Call

LATEST = "select type from cases.event where case_id = $1 and type = any($2::text[]) order by at desc, id desc limit 1"


async def awaits_contact(call: Call, case: CaseRow) -> bool:
    """Return whether the lead unit has the case since its last dispatch, and has neither got in touch nor begun."""
    if case.status != Status.DISPATCHED:
        return False
    # The later of the two tells whether they were in touch since the last dispatch.
    found = await call.fetch(LATEST, case.id, [Dispatched.type, CONTACTED])
    return any(row["type"] == Dispatched.type for row in found)
