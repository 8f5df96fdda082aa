"""Objections (派单异议): a unit objects, somebody above rules, and the directory keeps the precedent."""

from __future__ import annotations

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow, CategoryRow
from gongzhi.core.cases.steps import (
    DISINTERESTED,
    HANDLES,
    find_case,
    of_case,
    on_case,
    record_event,
    record_step,
    require_entrusted,
    save_case,
)
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.commands import find_unit
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_states
from gongzhi.runtime.checks import duplicate, invalid_input, not_found
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    not_allowed,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import Refusal, Text
from gongzhi_deadlines.calendars.durations import reckon_deadline
from strawberry import ID, UNSET

from .. import deadlines
from ..directory.commands import BASIS, EDIT, renew_entry
from ..lookups import NUMBER, OTHER_UNIT, REASON, count_returns, find_lead_order, load_with_case
from ..models import ObjectionRow, OrderRow, RuleRow, Ruling
from ..notices import notify_dispatch
from ..work_types import DirectoryChange, DispatchObjection
from .assignment import RULE, find_entry

OBJECTED, RULED, REFERRED = "case.objected", "case.objection_ruled", "case.referred"


@strawberry.type(description="The objection, or why it was not taken (异议结果).")
class ObjectToDispatchPayload:
    objection: DispatchObjection | None = result_field("The objection (异议).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="A unit says that a case is not its own (提出派单异议).")
class ObjectToDispatchInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    expected_version: int = input_field(EXPECTED)
    grounds: str = free_text("Why it is not this unit's (异议理由).", length=(1, REASON))
    suggested_unit: str | None = input_field("Whose it is, by the unit's code (建议单位编码).", default=UNSET)


@command(
    "Object to a dispatch, before handling the case (提出派单异议).",
    requires="cases.handle",
    action=on_case("提出异议", machine.RETURN.sources, *HANDLES),
)
async def object_to_dispatch(call: Call, input: ObjectToDispatchInput) -> ObjectToDispatchPayload:
    # Before handling only: whoever has begun has accepted.
    case = await find_case(call, input)
    order = await find_lead_order(case)
    if order is None:
        raise not_found("No unit has the case.", "该诉求没有主办工单。", "number")
    await check_objection(call, case, order)
    # Only a hint for whoever rules; the ruling names the unit itself.
    suggested = await find_unit(input.suggested_unit, "suggestedUnit") if input.suggested_unit else None
    objection = await ObjectionRow.create(
        case=case,
        order=order,
        unit_id=order.unit_id,
        suggested=suggested,
        grounds=input.grounds,
        filed_at=call.now,
        filed_by=call.viewer.account.name,
        due_at=(await reckon_deadline(call, case.county_id, deadlines.RULING)).due,
    )
    await notify_dispatch(call, case, OBJECTED, accounts=[order.issued_by])
    await record_event(call, case, OBJECTED, unit=await UnitRow.get(id=order.unit_id))
    return ObjectToDispatchPayload(objection=ref(DispatchObjection, objection.id))


async def check_objection(call: Call, case: CaseRow, order: OrderRow) -> None:
    """Refuse a second objection, a late one, and any by a unit that the county has designated."""
    # Once an order, whatever became of it: after a rejection the unit handles the case, and a new dispatch is a new
    # order.
    if await ObjectionRow.exists(order=order):
        raise duplicate("The unit has objected already.", "该单位已提出过异议。", "number")
    _, often = await count_returns(call, case)
    if often:
        raise Refusal(
            "RETURN_CAP",
            "The county has designated this unit after several returns; the case cannot be returned again.",
            "该诉求已由县级指定承办，不得再次退单。",
            ("number",),
        )
    if await deadlines.is_over(call, case, deadlines.OBJECTION, order.issued_at):
        raise Refusal(
            "TERM_OVER",
            f"An objection is due within {deadlines.OBJECTION.amount} working days of the dispatch.",
            f"派单异议须在派单后 {deadlines.OBJECTION.amount} 个工作日内提出。",
            ("number",),
        )


@strawberry.type(description="The ruling, and what it changed (裁定结果).")
class RuleOnObjectionPayload:
    objection: DispatchObjection | None = result_field("The objection (异议).")
    case: Case | None = result_field("The case; returned, if the objection was upheld (诉求).")
    directory_change: DirectoryChange | None = result_field("What changed in the directory (目录变更).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="A ruling on an objection (裁定派单异议).")
class RuleOnObjectionInput:
    idempotency_key: str = input_field(KEY)
    objection: ID = input_field("The objection (异议).")
    ruling: Ruling = input_field("UPHELD or REJECTED (裁定结果).")
    reason: str = free_text("Why it is ruled so (裁定理由).", length=(1, REASON))
    unit: str | None = input_field(
        "Whose such cases are from now on, by code: the precedent (目录单位编码).", default=UNSET
    )


OVER = Text("The objection has been ruled on, or has lapsed.", "该异议已裁定或已失效。")
# A ruling ends the objection: the second one comes too late, whatever it says.
RULING = Action(
    DispatchObjection,
    (of_case(require_entrusted(RULE)), of_case(DISINTERESTED), OTHER_UNIT),
    (require_states((Ruling.OPEN,), OVER, "ruling", "DUPLICATE"),),
)


@command(
    "Rule on an objection; somebody other than who dispatched (裁定派单异议).",
    requires=RULE,
    two_persons=True,
    action=RULING,
)
async def rule_on_objection(call: Call, input: RuleOnObjectionInput) -> RuleOnObjectionPayload:
    if input.ruling not in (Ruling.UPHELD, Ruling.REJECTED):
        raise invalid_input("Rule that the objection is upheld or rejected.", "裁定结果应为成立或不成立。", "ruling")
    case, objection = await load_with_case(call, DispatchObjection, input.objection, "objection")
    order = await OrderRow.get(id=objection.order_id)
    # Neither whoever dispatched nor whoever objected: of the unit nobody comes so far.
    await require_independence(call, "objection", order.issued_by, objection.filed_by)
    objection.ruling, objection.reason = input.ruling, input.reason
    objection.ruled_at, objection.ruled_by = call.now, call.viewer.account.name
    if input.unit:
        await record_precedent(call, case, objection, await find_unit(input.unit, "unit"))
    await objection.save()
    await notify_dispatch(call, case, RULED, units=[objection.unit_id])
    await record_event(call, case, RULED, ruling=objection.ruling)
    if objection.ruling == Ruling.UPHELD:
        # The unit that gave the case back stands in the event, since the case has no lead unit afterwards.
        await record_step(call, case, machine.RETURN, unit=await UnitRow.get(id=objection.unit_id))
        # After the return, which counts.
        await escalate_to_county(call, case)
        await save_case(case)
    return RuleOnObjectionPayload(
        objection=ref(DispatchObjection, objection.id),
        case=ref(Case, case.id),
        directory_change=ref(DirectoryChange, objection.id) if input.unit else None,
    )


async def record_precedent(call: Call, case: CaseRow, objection: ObjectionRow, unit: UnitRow) -> None:
    """Have the directory say from now on what was ruled: in the entry that fits the case, or in a new one."""
    before = await find_entry(call, case)
    grid = await GridRow.get(id=before.grid_id if before else case.county_id)
    # A ruling changes the directory for every later case, so it takes the permission for that.
    if not call.may(EDIT, grid):
        raise not_allowed("unit")
    # The lock that writing the directory takes, so that the version before is the last one.
    await GridRow.filter(id=grid.id).select_for_update(no_key=True).first()
    category = await CategoryRow.get(id=before.category_id if before else case.category_id)
    basis = f"派单异议裁定：{objection.reason}"[:BASIS]
    after: RuleRow = await renew_entry(call, before, category, grid, unit, (), basis)
    # Both versions stand with the objection: a precedent can be looked up.
    objection.before, objection.after = before, after


async def escalate_to_county(call: Call, case: CaseRow) -> None:
    """Note that the county now says who handles the case; the units that had it stay on record."""
    count, often = await count_returns(call, case)
    if often:
        await notify_dispatch(call, case, REFERRED, office=case.county_id)
        await record_event(call, case, REFERRED, level="COUNTY", returns=count)


EXTENSIONS = (extend(Mutation, object_to_dispatch=object_to_dispatch, rule_on_objection=rule_on_objection),)
