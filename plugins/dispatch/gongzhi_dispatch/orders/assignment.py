"""Dispatching: giving a case to units, those that the directory proposes or others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.opening import BODY
from gongzhi.core.cases.steps import (
    CasePayload,
    advance_case,
    conflict_of_interest,
    find_case,
    is_accused,
    on_step,
    require_entrusted,
    set_support,
)
from gongzhi.core.units.commands import find_unit
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import not_found
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, free_text, input_field
from gongzhi.values.errors import Refusal
from strawberry import UNSET

from .. import deadlines
from ..directory.commands import check_duties
from ..directory.matching import FITTING
from ..lookups import NUMBER, count_returns
from ..models import OrderRole, OrderRow, RuleRow, RuleSupportRow
from ..notices import notify_dispatch
from ..waivers import DESIGNATION

RULE = "dispatch.rule_objections"


@strawberry.input(description="A case for a unit (派单).")
class DispatchCaseInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    expected_version: int = input_field(EXPECTED)
    lead_unit: str | None = input_field(
        "The unit that is to answer for it, by code; the proposed ones if not said (主办单位编码).", default=UNSET
    )
    support_units: list[str] = input_field("Units that are to help, by code (协办单位编码).", default_factory=list)
    note: str | None = free_text("What is to be remembered of this step (备注).", length=(0, BODY), default=UNSET)


@command(
    "Give an accepted or returned case to units (派单).",
    requires="cases.dispatch",
    action=on_step(machine.DISPATCH, require_entrusted("cases.dispatch")),
)
async def dispatch_case(call: Call, input: DispatchCaseInput) -> CasePayload:
    case = await find_case(call, input)
    await check_designation(call, case)
    lead, support = await (load_named_units(input) if input.lead_unit else load_proposed_units(call, case))
    # A unit must not handle a complaint against itself, nor help with it.
    if await is_accused(call, case, [lead.id, *(unit.id for unit in support)]):
        raise conflict_of_interest("leadUnit")
    await check_duties(call, case.county_id, case.category_id, lead, "leadUnit")
    case.lead_unit = lead
    await set_support(case, support)
    # Codes and not keys: events leave for others, and are read in years.
    data: dict[str, Any] = {"leadUnit": lead.code, "supportUnits": [unit.code for unit in support]}
    # The step first: what it refuses must leave no work orders.
    payload = await advance_case(call, case, machine.DISPATCH, note=input.note, unit=lead, **data)
    # After the step, whose reactions set the clock for handling that the orders are due by.
    await issue_orders(call, case, lead, support)
    await notify_dispatch(call, case, "case.assigned", units=[lead.id, *(unit.id for unit in support)])
    return payload


async def check_designation(call: Call, case: CaseRow) -> None:
    """Refuse after too many returns: the county says who handles the case, unless that is waived."""
    _, often = await count_returns(call, case)
    if not often or call.may(RULE, case):
        return
    # Asked last, since a granted waiver is marked as used.
    if not await call.waive(DESIGNATION, case, f"Case:{case.id}"):
        raise Refusal(
            "RETURN_CAP",
            "The case was returned too often: the county designates the unit.",
            "该诉求退单次数已达上限，由县级指定承办单位。",
            ("number",),
        )


async def load_named_units(input: DispatchCaseInput) -> tuple[UnitRow, Sequence[UnitRow]]:
    """Return the units that were named."""
    lead = await find_unit(input.lead_unit or "", "leadUnit")
    names = [code for code in dict.fromkeys(input.support_units) if code != input.lead_unit]
    return lead, [await find_unit(code, "supportUnits") for code in names]


async def load_proposed_units(call: Call, case: CaseRow) -> tuple[UnitRow, Sequence[UnitRow]]:
    """Return the units that the directory has for the case."""
    rule = await find_entry(call, case)
    if rule is None:
        raise not_found(
            "The dispatch directory has no entry for this case: name the unit.",
            "派单目录中没有匹配条目，请指定主办单位。",
            "leadUnit",
        )
    keys = await RuleSupportRow.filter(rule=rule).values_list("unit_id", flat=True)
    # Supporting units that were closed since are left out; a closed lead unit makes the entry unfit.
    return await rule.unit, await UnitRow.filter(id__in=keys, valid_to=None).order_by("code")


async def find_entry(call: Call, case: CaseRow) -> RuleRow | None:
    """Return the entry of the directory that fits the case; None if none does."""
    rows = await call.fetch(FITTING, case.id)
    return await RuleRow.get(id=rows[0]["id"]) if rows else None


async def issue_orders(call: Call, case: CaseRow, lead: UnitRow, support: Sequence[UnitRow]) -> None:
    """Create a work order for each unit."""
    # All of them are due with the case's clock for handling: two deadlines for one piece of work would contradict
    # each other.
    due, warns = await deadlines.handling_deadline(call, case)
    for role, unit in ((OrderRole.LEAD, lead), *((OrderRole.SUPPORT, unit) for unit in support)):
        await OrderRow.create(
            case=case,
            unit=unit,
            role=role,
            issued_at=call.now,
            issued_by=call.viewer.account.name,
            due_at=due,
            warn_at=warns,
        )


EXTENSIONS = (extend(Mutation, dispatch_case=dispatch_case),)
