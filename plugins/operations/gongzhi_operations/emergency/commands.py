"""Emergency commands: declaring one, a second person's word on it, and its end before its time."""

from __future__ import annotations

import datetime
from datetime import timedelta

import strawberry
from gongzhi.core.accounts.independence import require_independence, require_other
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.events import Code
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_held, require_states
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
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from .absorption import ABSORBED_MOST, absorb_emergencies, load_absorbable
from .ending import finish_emergency
from .events import Confirmed, Declared
from .models import EmergencyRow, EmergencyState, PowerRow
from .notices import notify_staff, tell_county
from .rules import DECLARE
from .types import Emergency

REASON = 500
LONGEST = timedelta(hours=72)
"""The longest emergency; longer takes another one, with its own reason."""


@strawberry.type(description="The emergency, or why nothing was done (应急操作结果).")
class EmergencyPayload:
    emergency: Emergency | None = result_field("The emergency (应急状态).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="Powers for a grid and a time (宣布应急).")
class DeclareEmergencyInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where, by the grid's code; at most a county (网格编码).")
    powers: list[str] = input_field("The codes of the powers that are needed (应急权力代码).")
    reason: str = free_text("Why; everybody reads it, so no names of people (事由).", length=(1, REASON))
    until: datetime.datetime = input_field("When it ends by itself, in 72 hours at most (结束时间).")
    previous: ID | None = input_field("The one it is to go on from, as that ends (延续自).", default=UNSET)
    absorbs: list[ID] = input_field(
        "Those that wait or hold in areas within it and that it takes over once it is confirmed (并入的应急状态).",
        items=ABSORBED_MOST,
        default_factory=list,
    )


@command("Declare an emergency; below the county a second person confirms it (宣布应急).", requires=DECLARE)
async def declare_emergency(call: Call, input: DeclareEmergencyInput) -> EmergencyPayload:
    # Public with the emergency: what powers are taken for is for everybody to read.
    # Locked, so that two declarations for one grid see each other.
    grid = await find_grid(input.grid, "grid", lock=True)
    if not call.may(DECLARE, grid):
        raise not_allowed("grid")
    if grid.county_id is None:
        raise invalid_input("Name a county, or a grid inside one.", "请选择县或县以下网格。", "grid")
    powers = sorted(set(input.powers))
    # A power that no table lists would be granted by nobody, and everybody would believe that it holds.
    if not powers or await PowerRow.filter(code__in=powers).count() != len(powers):
        raise not_found("Name powers of the list of emergency powers.", "应急权力代码不存在。", "powers")
    before = await find_previous(call, grid, input.previous or None)
    # What goes on from another begins where that ends, so that there is neither a gap nor an overlap.
    starts = before.ends_at if before else call.now
    if not starts < require_offset(input.until, "until") <= starts + LONGEST:
        # 72 hours from its own beginning. Longer takes another declaration, with its own reason.
        raise invalid_input("It ends within 72 hours of its beginning.", "结束时间应在开始后 72 小时内。", "until")
    absorbed = await load_absorbed(call, grid, input, powers)
    emergency = await EmergencyRow.create(
        grid=grid,
        state=EmergencyState.PENDING,
        powers=powers,
        reason=input.reason,
        declared_at=call.now,
        declared_by=call.viewer.account.name,
        starts_at=starts,
        ends_at=input.until,
        previous=before,
        absorbs=[row.id for row in absorbed],
    )
    # Read again for the columns of grids, which triggers fill in.
    await emergency.refresh_from_db()
    # Somebody of a higher level is the second pair of eyes.
    if declares_from_above(call, grid):
        await put_in_force(call, emergency)
    else:
        call.publish(Declared(emergency.id, tuple(map(Code, powers))), emergency)
        await tell_county(call, emergency)
    return EmergencyPayload(emergency=ref(Emergency, emergency.id, shown=True))


async def load_absorbed(
    call: Call, grid: GridRow, input: DeclareEmergencyInput, powers: list[str]
) -> list[EmergencyRow]:
    """Return those that the new one is to take over, locked: it begins now and has all that they have."""
    if not input.absorbs:
        return []
    if input.previous:
        raise invalid_input(
            "What goes on from another begins later and absorbs nothing: leave one of the two out.",
            "延续的应急状态稍后开始，不能同时并入其他应急状态，请只填一项。",
            "absorbs",
        )
    # Ids that are none become None, and are refused by their place in the list.
    keys = [key_of(Emergency)(id) for id in input.absorbs]
    found = await load_absorbable(call, [key for key in keys if key])
    within = {row.id for row in found if lies_within(row, grid)}
    for place, key in enumerate(keys):
        if key not in within:
            en = "Name emergencies that wait or hold in areas within this one."
            raise not_found(en, "只能并入本区域内待确认或已启动的下级应急状态。", "absorbs", str(place))
    # A village must not lose a power it uses because a larger emergency has fewer.
    if not all(set(row.powers) <= set(powers) for row in found):
        raise invalid_input(
            "It needs the powers of all that it absorbs: end those that are to have fewer first.",
            "应急权力应包含所并入应急状态的全部权力；如需缩减，请先结束原应急状态。",
            "powers",
        )
    return found


def lies_within(row: EmergencyRow, grid: GridRow) -> bool:
    """Tell whether an emergency lies in an area below the grid's own level."""
    return row.grid_id != grid.id and getattr(row, f"{grid.kind.lower()}_id") == grid.id


def declares_from_above(call: Call, grid: GridRow) -> bool:
    """Tell whether the caller declares for a level below their own, which needs nobody else."""
    depth = {"PROVINCE": 0, "CITY": 1, "COUNTY": 2, "TOWN": 3, "VILLAGE": 4, "GRID_1": 5, "GRID_2": 6, "GRID_3": 7}
    # Grants for units have no grid: only an office over the area counts.
    held = [grant for grant in call.viewer.account.grants if DECLARE in grant.permissions and grant.kind]
    over = [one for one in held if getattr(grid, f"{one.kind.lower()}_id", None) == one.grid]  # type: ignore[union-attr]
    return any(depth[one.kind] < depth[grid.kind] for one in over if one.kind)


async def find_previous(call: Call, grid: GridRow, previous: str | None) -> EmergencyRow | None:
    """Return the emergency that is to be gone on from; while one holds or waits in the grid, another has to name it."""
    open_states = (EmergencyState.PENDING, EmergencyState.ACTIVE)
    last = (
        await EmergencyRow.filter(grid=grid, state__in=open_states, ends_at__gt=call.now).order_by("-ends_at").first()
    )
    wanted = key_of(Emergency)(previous) if previous else None
    if last is None:
        if wanted:
            raise not_found(
                "That emergency is over: declare one without it.", "原应急状态已结束，请重新宣布。", "previous"
            )
        return None
    if wanted != last.id or last.state != EmergencyState.ACTIVE:
        raise duplicate(
            "An emergency is declared for this grid; name it as the one to go on from, once it is confirmed.",
            "该网格已有应急状态；如需延续，请在其确认后注明延续自该应急状态。",
            "previous",
        )
    return last


@strawberry.input(description="A second person's word on an emergency (确认应急).")
class ConfirmEmergencyInput:
    idempotency_key: str = input_field(KEY)
    emergency: ID = input_field("The emergency (应急状态标识).")
    confirm: bool = input_field("Whether it is one (是否确认).")


# Its time may have come while it waited; the job that notes it runs once a minute.
CONFIRMING = Action(
    Emergency,
    (require_held(DECLARE),),
    (
        Requirement(
            "DUPLICATE",
            lambda emergency, viewer: [
                Sql("{0}='PENDING' and {1}>{2}", emergency.state, emergency.ends_at, viewer.now)
            ],
            Text("It was decided, or is over.", "该应急状态已确认或已失效。"),
        ),
        require_other("declared_by"),
    ),
)
INACTIVE = Text("It is not active.", "该应急状态未启动或已结束。")
ENDING = Action(
    Emergency, (require_held(DECLARE),), (require_states((EmergencyState.ACTIVE,), INACTIVE, code="DUPLICATE"),)
)


@command(
    "Confirm an emergency that somebody else declared, or refuse to (确认应急).",
    requires=DECLARE,
    two_persons=True,
    action=CONFIRMING,
)
async def confirm_emergency(call: Call, input: ConfirmEmergencyInput) -> EmergencyPayload:
    emergency = await load_emergency(call, input.emergency)
    # Two accounts of one person, or of one and whoever they appointed, are no second pair of eyes.
    await require_independence(call, "emergency", emergency.declared_by)
    emergency.version += 1
    if input.confirm:
        # It holds from the confirmation on, never back in time.
        emergency.starts_at = max(emergency.starts_at, call.now)
        await put_in_force(call, emergency)
    else:
        emergency.state = EmergencyState.REFUSED
        await emergency.save()
    return EmergencyPayload(emergency=ref(Emergency, emergency.id, shown=True))


async def put_in_force(call: Call, emergency: EmergencyRow) -> None:
    """Put the powers into force, now or when the one before ends, absorb what it names, and notify all staff."""
    emergency.state = EmergencyState.ACTIVE
    emergency.confirmed_at, emergency.confirmed_by = call.now, call.viewer.account.name
    await emergency.save()
    powers = tuple(map(Code, emergency.powers))
    call.publish(Confirmed(emergency.id, powers, emergency.starts_at, emergency.ends_at), emergency)
    await notify_staff(call, emergency, "emergency.confirmed")
    # Last, since it locks what lies within the area: from the larger area to the smaller.
    await absorb_emergencies(call, emergency)


@strawberry.input(description="An emergency that is over before its time (提前结束应急).")
class EndEmergencyInput:
    idempotency_key: str = input_field(KEY)
    emergency: ID = input_field("The emergency (应急状态标识).")
    expected_version: int = input_field(EXPECTED)


@command("End an emergency before its time (提前结束应急).", requires=DECLARE, action=ENDING)
async def end_emergency(call: Call, input: EndEmergencyInput) -> EmergencyPayload:
    emergency = await load_emergency(call, input.emergency)
    # Never later than its own end, even if nobody noted that yet.
    await finish_emergency(call, emergency, min(call.now, emergency.ends_at), call.viewer.account.name)
    return EmergencyPayload(emergency=ref(Emergency, emergency.id))


async def load_emergency(call: Call, id: str) -> EmergencyRow:
    """Return the emergency, locked, as the command's action allows."""
    emergency: EmergencyRow = await call.find(Emergency, "emergency", id=key_of(Emergency)(id))
    return emergency


EXTENSIONS = (
    extend(
        Mutation,
        declare_emergency=declare_emergency,
        confirm_emergency=confirm_emergency,
        end_emergency=end_emergency,
    ),
)
