"""Timeline: events of plugins stand on a case among its own, in the plugin's words.

    @event("deposits.kept", "A deposit was taken (收取押金).", timeline=True, explanation=Text("…", "…"))
    class Kept(Event):
        number: Code

    await record_on_timeline(call, case, Kept(number=row.number))

Who sees a case sees its timeline; of what is internal, staff alone; of a tip-off, whoever may see tip-offs.
"""

from __future__ import annotations

from uuid import UUID

from gongzhi.declare.events import Event, event_data
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import DeclarationError

from .models import CaseRow
from .steps import run_reactions, write_event


async def record_on_timeline(call: Call, case: CaseRow | UUID, happened: Event, note: str | None = None) -> None:
    """Put an event on a case's timeline, publish it, and let reactions follow.

    The case is locked if it is given by its key. `note` is read by whoever sees the event: 10,000 characters at most.
    Raises DeclarationError for an event that was not declared with `timeline=True`, and
    tortoise.exceptions.DoesNotExist without such a case.
    """
    declared = type(happened)
    if not declared.timeline:
        raise DeclarationError(f"{declared.type!r} does not stand on timelines; declare it with timeline=True")
    row = case if isinstance(case, CaseRow) else await CaseRow.select_for_update().get(id=case)
    # The number stands on the case already.
    facts = {name: value for name, value in event_data(happened).items() if name != "number"}
    id = await write_event(call, row, declared, facts, note)
    call.publish(happened, row, id)
    await run_reactions(call, declared.type, row, **facts)
