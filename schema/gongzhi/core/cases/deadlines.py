"""Deadlines of cases: when each is due, whoever reckons that, and that somebody was reminded of it.

A case keeps when it is to be warned of and when it is due, for its lists are in that order. The core reckons neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gongzhi.declare.events import event_data
from gongzhi.runtime.commands import Call

from .events import Reminded
from .models import Audience, CaseRow, EventRow

# One statement for all: new rules or a new calendar move many.
SAVE = (
    'update cases."case" c set warn_at = r.warn_at, due_at = r.due_at '
    "from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) r (id, warn_at, due_at) where c.id = r.id"
)


def set_deadline(case: CaseRow, warn_at: datetime, due_at: datetime) -> None:
    """Have a case be due then, `NEVER` for no time; whoever takes the step that is under way saves it with the rest."""
    case.warn_at, case.due_at = warn_at, due_at


async def save_deadlines(call: Call, cases: Sequence[CaseRow]) -> None:
    """Save what `set_deadline` set of locked cases that take no step, with one statement."""
    if cases:
        moments = [case.warn_at for case in cases], [case.due_at for case in cases]
        await call.fetch(SAVE, [case.id for case in cases], *moments)


async def record_reminders(call: Call, reminders: Sequence[tuple[CaseRow, Reminded, int | None]]) -> None:
    """Put reminders on the timelines of cases with one statement, and publish them.

    Each is of a case, by the unit that was responsible then. Nobody did it, so the events name nobody.
    """
    rows = []
    for case, happened, unit in reminders:
        # The number stands on the case already.
        facts = {name: value for name, value in event_data(happened).items() if name != "number"}
        audience = Audience.STAFF if happened.internal else Audience.PUBLIC
        rows.append(
            EventRow(case_id=case.id, type=happened.type, at=call.now, audience=audience, unit_id=unit, data=facts)
        )
        call.publish(happened, case, rows[-1].id)
    await EventRow.bulk_create(rows)
