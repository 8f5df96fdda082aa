"""Following: work orders, objections and requests keep step with their case, at every step that it takes."""

from __future__ import annotations

from gongzhi.core.cases import machine
from gongzhi.core.cases.machine import Step
from gongzhi.core.cases.models import CaseRow
from gongzhi.runtime.commands import Call

from .. import deadlines
from ..models import LIVE, ApprovalState, OrderRole, OrderRow, OrderState, Ruling
from ..notices import notify_dispatch

LEADS: dict[Step, OrderState] = {
    machine.HANDLE: OrderState.HANDLING,
    machine.SUSPEND: OrderState.SUSPENDED,
    machine.RESUME: OrderState.HANDLING,
    machine.RETURN: OrderState.RETURNED,
    machine.REPLY: OrderState.DONE,
}
"""Where the lead unit's order goes with its case."""
ENDS = (
    *(machine.DECLINE, machine.WITHDRAW, machine.MERGE, machine.SETTLE, machine.RETURN, machine.REPLY),
    *(machine.CLOSE, machine.REOPEN, machine.VOID),
)
"""What ends the orders of all units, and all that was asked and is not decided."""
# Raw SQL: what lapses is any number of rows in two tables, and costs one round trip.
OBJECTED = (
    f"update dispatch.objection set ruling = '{Ruling.LAPSED}', ruled_at = $2 "
    f"where case_id = $1 and ruling = '{Ruling.OPEN}'"
)
LAPSED = (
    f"with objected as ({OBJECTED}) update dispatch.approval set state = '{ApprovalState.LAPSED}', decided_at = $2 "
    f"where case_id = $1 and state = '{ApprovalState.PENDING}'"
)
"""What was asked for and is not decided lapses."""


async def follow_step(call: Call, case: CaseRow, taken: Step) -> None:
    """Bring what belongs to the case to where the case now is."""
    if taken in LEADS or taken in ENDS:
        # Not locked by themselves: every step of a case holds the lock of the case, and orders are changed under it
        # alone.
        for order in await OrderRow.filter(case=case, state__in=LIVE):
            leads = order.role == OrderRole.LEAD and taken in LEADS
            if leads or taken in ENDS:
                await move_order(call, case, order, LEADS[taken] if leads else OrderState.WITHDRAWN)
    if taken in ENDS:
        await call.fetch(LAPSED, case.id, call.now)
    # Taking the case up is accepting it: an open objection has no object any more.
    elif taken is machine.HANDLE:
        await call.fetch(OBJECTED, case.id, call.now)
    if taken is machine.REOPEN:
        await resume_order(call, case)
        await notify_dispatch(call, case, "case.reopened", units=[case.lead_unit_id])


async def move_order(call: Call, case: CaseRow, order: OrderRow, state: OrderState) -> None:
    """Put an order into a state; working time that it was suspended is added to its term."""
    # Before the state changes, which tells that it was suspended.
    if order.state == OrderState.SUSPENDED and order.suspended_at:
        await deadlines.postpone_order(call, case, order, order.suspended_at)
    order.state = state
    order.suspended_at = call.now if state == OrderState.SUSPENDED else None
    order.finished_at = None if state in LIVE else call.now
    # Handling is acknowledging, for a unit that did not say so before.
    if state == OrderState.HANDLING:
        order.acknowledged_at = order.acknowledged_at or call.now
    order.version += 1
    await order.save()


async def resume_order(call: Call, case: CaseRow) -> None:
    """Let the unit that answered take its order up again."""
    # The unit that leads now: a unit that answered before and was replaced is not asked again.
    done = OrderRow.filter(case=case, role=OrderRole.LEAD, state=OrderState.DONE, unit_id=case.lead_unit_id)
    for order in await done.order_by("-issued_at").limit(1):
        await move_order(call, case, order, OrderState.HANDLING)
