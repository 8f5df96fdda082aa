"""Work on orders: a unit acknowledges its work order, contributes to it, or has it taken back."""

from __future__ import annotations

import strawberry
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.opening import BODY
from gongzhi.core.cases.steps import DISINTERESTED, of_case, record_event, remove_support, require_entrusted
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, Requirement, require_rows, require_states, tell_state
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import Refusal, Text
from pypika_tortoise.queries import Table
from strawberry import ID

from ..lookups import REASON, WHY, load_with_case
from ..models import LIVE, OrderRole, OrderRow, OrderState
from ..notices import notify_dispatch
from ..work_types import WorkOrder

ACKNOWLEDGED, CONTRIBUTED, TAKEN_BACK = "case.acknowledged", "case.contributed", "case.order_withdrawn"
ORDER = "The work order (工单)."


@strawberry.type(description="A work order as it is now, or why nothing was done (工单操作结果).")
class WorkOrderPayload:
    work_order: WorkOrder | None = result_field("The work order (工单).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


SUPPORT = (
    "select o.state, u.code from dispatch.work_order o join units.unit u on u.id = o.unit_id "
    f"where o.case_id = $1 and o.role = '{OrderRole.SUPPORT}' and o.state <> '{OrderState.WITHDRAWN}'"
)
"""The orders of the units that help."""


@strawberry.input(description="A work order that the unit has taken note of (签收).")
class AcknowledgeOrderInput:
    idempotency_key: str = input_field(KEY)
    order: ID = input_field(ORDER)
    expected_version: int = input_field(EXPECTED)


def own_orders(order: Table, viewer: ViewerScope) -> Alternatives:
    """Return the orders of the units that the caller acts for; all of them to whoever handles cases everywhere."""
    if viewer.within(order, "cases.handle") is None:
        return None
    return [Sql("{0}={1}", order.unit_id, unit) for unit in viewer.units("cases.handle")]


def helping_orders(order: Table, viewer: ViewerScope) -> Alternatives:
    return [Sql(f"{{0}}='{OrderRole.SUPPORT}'", order.role)]


# Whatever they may: the people of the unit that a case is against have no part in it.
OF_UNIT = (require_rows(own_orders), of_case(DISINTERESTED))
AS_IT_IS = tell_state(Text("work order", "工单"))
HELPING = Requirement(
    "BAD_USER_INPUT", helping_orders, Text("The lead unit answers the case itself.", "主办单位请使用答复。")
)
ACKNOWLEDGE = Action(WorkOrder, OF_UNIT, (require_states((OrderState.ISSUED,), AS_IT_IS),))
CONTRIBUTE = Action(WorkOrder, OF_UNIT, (HELPING, require_states(LIVE, AS_IT_IS)))
WITHDRAW = Action(
    WorkOrder,
    (of_case(require_entrusted("cases.dispatch")), require_rows(helping_orders), of_case(DISINTERESTED)),
    (require_states(LIVE, AS_IT_IS),),
)


@command("Acknowledge a work order of one's unit (签收).", requires="cases.handle", action=ACKNOWLEDGE)
async def acknowledge_order(call: Call, input: AcknowledgeOrderInput) -> WorkOrderPayload:
    case, order = await load_with_case(call, WorkOrder, input.order, "order")
    order.state, order.acknowledged_at = OrderState.ACKNOWLEDGED, call.now
    return await finish_step(call, case, order, ACKNOWLEDGED)


@strawberry.input(description="What a supporting unit did about a case (协办意见).")
class ContributeInput:
    idempotency_key: str = input_field(KEY)
    order: ID = input_field(ORDER)
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("What was done; the lead unit answers for all (协办意见).", length=(1, BODY))


@command(
    "Say what a supporting unit did, for the joint reply (提交协办意见).", requires="cases.handle", action=CONTRIBUTE
)
async def contribute(call: Call, input: ContributeInput) -> WorkOrderPayload:
    case, order = await load_with_case(call, WorkOrder, input.order, "order")
    order.contribution = input.text
    # Contributing is the end of a supporting unit's work; the answer is the lead unit's.
    order.state, order.finished_at = OrderState.DONE, call.now
    order.acknowledged_at = order.acknowledged_at or call.now
    return await finish_step(call, case, order, CONTRIBUTED)


@strawberry.input(description="A supporting unit that need not help any more (收回协办工单).")
class WithdrawOrderInput:
    idempotency_key: str = input_field(KEY)
    order: ID = input_field(ORDER)
    expected_version: int = input_field(EXPECTED)
    reason: str = free_text(WHY, length=(1, REASON))


@command("Take a supporting unit's work order back (收回协办工单).", requires="cases.dispatch", action=WITHDRAW)
async def withdraw_order(call: Call, input: WithdrawOrderInput) -> WorkOrderPayload:
    case, order = await load_with_case(call, WorkOrder, input.order, "order")
    order.state, order.finished_at = OrderState.WITHDRAWN, call.now
    # Who supports is seen by it: the unit no longer sees the case.
    await remove_support(case, order.unit_id)
    await notify_dispatch(call, case, TAKEN_BACK, units=[order.unit_id])
    return await finish_step(call, case, order, TAKEN_BACK, input.reason)


async def require_joint_reply(call: Call, case: CaseRow) -> list[str]:
    """Return the codes of the units that contributed. Refuses while one of them has not: the reply is a joint one."""
    support = await call.fetch(SUPPORT, case.id)
    # A supporting unit that never answers must not block the reply for ever: its dispatcher can take the order back.
    waiting = sum(order["state"] in LIVE for order in support)
    if waiting:
        raise Refusal(
            "CONTRIBUTION_MISSING",
            f"Supporting units have not contributed yet: {waiting}. Wait, or have their orders taken back.",
            f"尚有 {waiting} 个协办单位未提交意见，请等待或申请收回协办工单。",
            ("number",),
        )
    return sorted({order["code"] for order in support if order["state"] == OrderState.DONE})


async def finish_step(
    call: Call, case: CaseRow, order: OrderRow, event: str, note: str | None = None
) -> WorkOrderPayload:
    order.version += 1
    await order.save()
    unit = await UnitRow.get(id=order.unit_id)
    await record_event(call, case, event, note, unit)
    return WorkOrderPayload(work_order=ref(WorkOrder, order.id))


EXTENSIONS = (
    extend(Mutation, acknowledge_order=acknowledge_order, contribute=contribute, withdraw_order=withdraw_order),
)
