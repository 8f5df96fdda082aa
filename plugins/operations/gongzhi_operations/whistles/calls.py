"""Calling: units are called together, with the town's approval where it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.steps import conflict_of_interest, is_accused, record_event, require_disinterested
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.commands import find_unit
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.columns import NEVER
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_held, require_states
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import (
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
from gongzhi.values.codes import Series
from gongzhi.values.errors import Refusal, Text
from gongzhi_deadlines.calendars.durations import parse_term, reckon_deadline
from strawberry import ID, UNSET

from gongzhi_operations.emergency.types import Emergency

from .events import Called, Refused, Requested
from .models import SummonsRow, WhistleKind, WhistleRow, WhistleState
from .notices import notify_called
from .rules import APPROVE, CALL
from .types import Whistle
from .waivers import APPROVAL

MATTER = 2_000
MOST = 30
"""Units of one call."""
WITHIN = {WhistleKind.ROUTINE: "P1D", WhistleKind.TOUGH: "PT4H", WhistleKind.EMERGENCY: "PT30M"}
"""How long units have to come where the caller does not say: working time, but for an emergency."""
APPROVED = frozenset({WhistleKind.TOUGH, WhistleKind.EMERGENCY})
"""Kinds that a village may not call by itself."""


@strawberry.type(description="The whistle call, or why nothing was done (吹哨结果).")
class WhistlePayload:
    whistle: Whistle | None = result_field("The whistle call (吹哨).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="A call of units about a case, or a matter in a grid (吹哨).")
class CallWhistleInput:
    idempotency_key: str = input_field(KEY)
    kind: WhistleKind = input_field("Why (哨类).")
    matter: str = free_text("What it is about; no names of people (事由).", length=(1, MATTER))
    units: list[str] = input_field("The units that are to come, by code (报到单位编码).", items=(1, MOST))
    grid: str | None = input_field("Where, by the grid's code; of a case, its own (网格编码).", default=UNSET)
    case: str | None = input_field("The case it is about, by number (诉求编号).", default=UNSET)
    check_in_within: str | None = input_field(
        "How long they have to come, as ISO 8601: PT30M, PT4H, P1D. Working time, but for an EMERGENCY (报到时限).",
        default=UNSET,
    )


@command("Call units together; what a village calls for may need the town's approval (吹哨).", requires=CALL)
async def call_whistle(call: Call, input: CallWhistleInput) -> WhistlePayload:
    within = input.check_in_within or WITHIN[input.kind]
    # An emergency runs by the clock, other kinds in working time.
    parse_term(within, "checkInWithin", wall=input.kind == WhistleKind.EMERGENCY)
    case = await load_called_case(call, input.case) if input.case else None
    grid = await find_place(call, input, case)
    units = await load_summoned(call, input.units, case)
    whistle = await WhistleRow.create(
        kind=input.kind,
        state=WhistleState.PENDING,
        matter=input.matter,
        case=case,
        grid=grid,
        # As it was given: a call that waits for approval is due from when it is approved, so no moment can be kept yet.
        check_in_within=within,
        asked_at=call.now,
        asked_by=call.viewer.account.name,
    )
    # Read again for the columns of grids, which triggers fill in and approval asks.
    await whistle.refresh_from_db()
    # Never due before the call is made: the clocks start when it is.
    await SummonsRow.bulk_create([SummonsRow(whistle=whistle, unit=one, warn_at=NEVER, due_at=NEVER) for one in units])
    if await is_approved(call, whistle):
        await start_whistle(call, whistle, units)
    else:
        # Not yet to the units: a call that is refused was none.
        call.publish(Requested(whistle.id, whistle.kind, unit_codes(units)), whistle)
        await notify_called(call, whistle, "whistle.requested", offices=[whistle.town_id or whistle.county_id])
    return WhistlePayload(whistle=ref(Whistle, whistle.id, shown=True))


async def load_called_case(call: Call, number: str) -> CaseRow:
    """Return the case, which may be no tip-off: everybody who is called would know of it."""
    case: CaseRow = await call.find(Case, "case", number=number)
    await require_disinterested(call, case)
    if case.series == Series.SEALED:
        raise Refusal("SEALED_CASE", "No units are called together about a tip-off.", "举报件不得吹哨。", ("case",))
    return case


async def find_place(call: Call, input: CallWhistleInput, case: CaseRow | None) -> GridRow:
    """Return where it is: where the case lies, or in a grid in which the caller may call."""
    if (case is None) == (not input.grid):
        raise invalid_input("Name a case, or a grid, and not both.", "请指定诉求或网格之一。", "grid")
    grid = await GridRow.get(id=case.grid_id) if case else await find_grid(input.grid or "", "grid")
    if not call.may(CALL, case or grid):
        raise not_allowed("case" if case else "grid")
    if grid.county_id is None:
        raise invalid_input("Name a county, or a grid inside one.", "请选择县或县以下网格。", "grid")
    return grid


async def load_summoned(call: Call, codes: Sequence[str], case: CaseRow | None) -> list[UnitRow]:
    """Return the units, each once; none that the case is against."""
    wanted = list(dict.fromkeys(codes))
    if not 1 <= len(wanted) <= MOST:
        raise invalid_input(f"Name 1 to {MOST} units.", f"请指定 1 至 {MOST} 个单位。", "units")
    units = [await find_unit(code, "units") for code in wanted]
    # Neither the accused unit nor what belongs to it is called to its own case.
    if case and await is_accused(call, case, [one.id for one in units]):
        raise conflict_of_interest("units")
    return units


async def call_units(call: Call, grid: int, units: Sequence[UnitRow], matter: str, within: str) -> WhistleRow:
    """Call units together as a matter of routine, about what is no case, on behalf of another plugin."""
    whistle = await WhistleRow.create(
        kind=WhistleKind.ROUTINE,
        state=WhistleState.PENDING,
        matter=matter,
        grid_id=grid,
        check_in_within=within,
        asked_at=call.now,
        asked_by=call.viewer.account.name,
    )
    await whistle.refresh_from_db()
    await SummonsRow.bulk_create([SummonsRow(whistle=whistle, unit=one, warn_at=NEVER, due_at=NEVER) for one in units])
    if await is_approved(call, whistle):
        await start_whistle(call, whistle, units)
    return whistle


async def is_approved(call: Call, whistle: WhistleRow) -> bool:
    """Tell whether it is called at once: a routine one, by who approves them, or where the approval is waived."""
    if whistle.kind not in APPROVED or call.may(APPROVE, whistle):
        return True
    # Only an emergency call may go without approval, and only where a power is granted for it.
    if whistle.kind != WhistleKind.EMERGENCY:
        return False
    granted = await call.waive(APPROVAL, whistle, f"Whistle:{whistle.id}")
    # What granted it stands with the call, beside the mark of the emergency.
    whistle.emergency_id = key_of(Emergency)(granted) if granted else None
    return granted is not None


async def start_whistle(call: Call, whistle: WhistleRow, units: Sequence[UnitRow]) -> None:
    """Start the clocks of the units, and notify them."""
    wall = whistle.kind == WhistleKind.EMERGENCY
    term = parse_term(whistle.check_in_within, "checkInWithin", wall=wall)
    due = await reckon_deadline(call, whistle.county_id, term)
    # One deadline for all units: they are called at one moment.
    await SummonsRow.filter(whistle=whistle).update(warn_at=due.warns, due_at=due.due)
    whistle.state, whistle.called_at = WhistleState.CALLED, call.now
    await whistle.save()
    await notify_called(call, whistle, "whistle.called", units=[one.id for one in units])
    call.publish(Called(whistle.id, whistle.kind, unit_codes(units)), whistle)
    # On the timeline by its kind: who was called, and why, is in the call.
    if whistle.case_id:
        await record_event(call, await CaseRow.get(id=whistle.case_id), "case.whistled", kind=whistle.kind)


def unit_codes(units: Sequence[UnitRow]) -> Any:
    return tuple(one.code for one in units)


@strawberry.input(description="What the town says to a call for units (吹哨审批).")
class DecideWhistleInput:
    idempotency_key: str = input_field(KEY)
    whistle: ID = input_field("The whistle call (吹哨标识).")
    approve: bool = input_field("Whether to agree; then the units are called at once (是否同意).")


@command(
    "Approve or refuse a village's call for units; somebody other than who asked (吹哨审批).",
    requires=APPROVE,
    two_persons=True,
    action=Action(
        Whistle,
        (require_held(APPROVE),),
        (
            require_states(
                (WhistleState.PENDING,), Text("It has been decided.", "该吹哨申请已审批。"), code="DUPLICATE"
            ),
        ),
    ),
)
async def decide_whistle(call: Call, input: DecideWhistleInput) -> WhistlePayload:
    whistle: WhistleRow = await call.find(Whistle, "whistle", id=key_of(Whistle)(input.whistle))
    # Not whoever asked, nobody they appointed, and nobody who appointed them.
    await require_independence(call, "whistle", whistle.asked_by)
    keys = await SummonsRow.filter(whistle=whistle).values_list("unit_id", flat=True)
    # The units of the request, as it was approved.
    units = await UnitRow.filter(id__in=keys).order_by("code")
    whistle.decided_by, whistle.version = call.viewer.account.name, whistle.version + 1
    if input.approve:
        await start_whistle(call, whistle, units)
    else:
        whistle.state = WhistleState.REFUSED
        await whistle.save()
        call.publish(Refused(whistle.id, whistle.kind, unit_codes(units)), whistle)
    await notify_called(call, whistle, "whistle.decided", accounts=[whistle.asked_by])
    return WhistlePayload(whistle=ref(Whistle, whistle.id))


EXTENSIONS = (extend(Mutation, call_whistle=call_whistle, decide_whistle=decide_whistle),)
