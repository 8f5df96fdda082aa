"""Joint work: units come, agree on a plan, do it, and assess each other."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.events import Code
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, Requirement, require_empty, require_held, require_rows, require_states
from gongzhi.runtime.checks import duplicate, invalid_input, not_found
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, free_text, input_field, not_allowed
from gongzhi.values.errors import Text
from gongzhi.values.labels import label_of
from gongzhi_dispatch.lookups import acting_units
from pypika_tortoise.queries import Table
from strawberry import ID, UNSET

from .calls import MATTER, WhistlePayload
from .events import Assessed, CheckedIn, Closed, Planned, TaskDone
from .models import AssessmentRow, Direction, PlanRow, SummonsRow, TaskRow, WhistleRow, WhistleState
from .notices import notify_called
from .rules import CALL, CHECK_IN
from .types import Whistle, WhistleTask

PLAN = 10_000
TASKS = 50
WHICH = "The whistle call (吹哨标识)."


@strawberry.input(description="A unit that is there (报到).")
class CheckInToWhistleInput:
    idempotency_key: str = input_field(KEY)
    whistle: ID = input_field(WHICH)
    unit: str | None = input_field("Which unit, by code, if one acts for several (单位编码).", default=UNSET)


def summoned_whistles(whistle: Table, viewer: ViewerScope) -> Alternatives:
    """Return whistle calls that a unit the caller acts for was called by."""
    called = "exists(select from whistles.summons s where s.whistle_id={0} and s.unit_id={1})"
    return [Sql(called, whistle.id, unit) for unit in viewer.units(CHECK_IN)]


def awaited_whistles(whistle: Table, viewer: ViewerScope) -> Alternatives:
    """Return whistle calls that a unit the caller acts for has yet to check in to."""
    awaited = (
        "exists(select from whistles.summons s where s.whistle_id={0} and s.unit_id={1} and s.checked_in_at is null)"
    )
    return [Sql(awaited, whistle.id, unit) for unit in viewer.units(CHECK_IN)]


def assessed_whistles(whistle: Table, viewer: ViewerScope) -> Alternatives:
    """Return whistle calls that the caller may assess: of either side."""
    called = viewer.within(whistle, CALL)
    return widen_rows(called, *(summoned_whistles(whistle, viewer) or ()))


def state_text(whistle: WhistleRow, state: WhistleState) -> Text:
    now, needed = label_of(whistle.state), label_of(state)
    return Text(
        f"This cannot be done with the whistle call as it is ({now.en}); it must be: {needed.en}.",
        f"吹哨{now.zh}，须为{needed.zh}才能进行此操作。",
    )


# Two states and no more: before a call is made, and after it is refused, nothing is done by it.
IS_CALLED = require_states((WhistleState.CALLED,), lambda whistle: state_text(whistle, WhistleState.CALLED))
IS_CLOSED = require_states((WhistleState.CLOSED,), lambda whistle: state_text(whistle, WhistleState.CLOSED))
# To whoever acts for no unit that was called it is as if there were no call to come to.
SUMMONED = Requirement(
    "NOT_FOUND",
    summoned_whistles,
    Text("You act for no unit of this code that was called.", "您所在单位未被吹哨，或单位编码有误。"),
)
AWAITED = Requirement("DUPLICATE", awaited_whistles, Text("The unit has checked in.", "该单位已报到。"))
CALLING = Action(Whistle, (require_held(CALL),), (IS_CALLED,))


@command(
    "Check one's unit in to a whistle call (报到).",
    requires=CHECK_IN,
    action=Action(Whistle, (SUMMONED,), (IS_CALLED, AWAITED)),
)
async def check_in_to_whistle(call: Call, input: CheckInToWhistleInput) -> WhistlePayload:
    whistle = await load_whistle(call, input.whistle)
    summons, unit = await load_own_summons(call, whistle, input.unit or None)
    if summons.checked_in_at is not None:
        # A second time would move the first, by which the unit was in time or late.
        raise duplicate("The unit has checked in.", "该单位已报到。", "unit")
    summons.checked_in_at, summons.checked_in_by = call.now, call.viewer.account.name
    await summons.save()
    # Late or not is frozen in the event: a deadline does not move afterwards.
    call.publish(CheckedIn(whistle.id, Code(unit.code), call.now >= summons.due_at), whistle)
    return WhistlePayload(whistle=ref(Whistle, whistle.id))


@strawberry.input(description="What one unit does by when (联合任务).")
class WhistleTaskInput:
    unit: str = input_field("Who does it: a unit that was called, by code (责任单位编码).")
    text: str = free_text("What (任务内容).", length=(1, MATTER))
    due_at: datetime.datetime = input_field("By when (期限).")


@strawberry.input(description="What the units agreed on (联合方案).")
class PlanWhistleInput:
    idempotency_key: str = input_field(KEY)
    whistle: ID = input_field(WHICH)
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("What is to be done; no names of people (方案).", length=(1, PLAN))
    tasks: list[WhistleTaskInput] = input_field("Who does what by when (任务).", items=(1, TASKS))


@command(
    "Write down what the units agreed on; the version before stays on record (联合方案).", requires=CALL, action=CALLING
)
async def plan_whistle(call: Call, input: PlanWhistleInput) -> WhistlePayload:
    whistle = await load_whistle(call, input.whistle)
    units = await units_of(whistle)
    # Under the whistle's lock, so versions have no gap.
    version = 1 + await PlanRow.filter(whistle=whistle).count()
    plan = await PlanRow.create(
        whistle=whistle,
        version=version,
        text=input.text,
        at=call.now,
        account=call.viewer.account.name,
    )
    # By unit and text: what was done by an earlier version need not be done again.
    done = {(one.unit_id, one.text): one for one in await TaskRow.filter(whistle=whistle, done_at__not_isnull=True)}
    await TaskRow.bulk_create([make_task(call, plan, units, done, one, at) for at, one in enumerate(input.tasks)])
    await notify_called(call, whistle, "whistle.planned", units=sorted({units[one.unit].id for one in input.tasks}))
    call.publish(Planned(whistle.id, version), whistle)
    return await save_whistle(whistle)


def make_task(
    call: Call, plan: PlanRow, units: dict[str, UnitRow], done: dict[tuple[int, str], TaskRow], given: WhistleTaskInput,
    at: int,
) -> TaskRow:  # fmt: skip
    """Build a task of a unit that was called, due ahead; one that was done by an earlier version stays done."""
    place = ("tasks", str(at))
    if given.unit not in units:
        raise not_found("This unit was not called.", "该单位未被吹哨。", *place, "unit")
    unit, said = units[given.unit], given.text
    before = done.get((unit.id, said))
    due = require_offset(given.due_at, *place, "dueAt")
    # A task that is done may have been due before.
    if before is None and due <= call.now:
        raise invalid_input("It must be due ahead.", "任务期限应晚于现在。", *place, "dueAt")
    kept = {name: getattr(before, name) for name in ("done_at", "done_by", "result")} if before else {}
    return TaskRow(whistle_id=plan.whistle_id, plan=plan, unit=unit, text=said, due_at=due, **kept)


@strawberry.input(description="What a unit did of the joint plan (任务完成).")
class CompleteWhistleTaskInput:
    idempotency_key: str = input_field(KEY)
    task: ID = input_field("The task, of the plan as it stands (任务标识).")
    result: str = free_text("What was done; no names of people (完成情况).", length=(1, MATTER))


def own_tasks(task: Table, viewer: ViewerScope) -> Alternatives:
    return [Sql("{0}={1}", task.unit_id, unit) for unit in viewer.units(CHECK_IN)]


COMPLETING = Action(
    WhistleTask,
    (require_rows(own_tasks),),
    (require_empty("done_at", Text("The task is done.", "该任务已完成。"), "DUPLICATE"),),
)


@command("Say that one's unit did its task of the joint plan (任务完成).", requires=CHECK_IN, action=COMPLETING)
async def complete_whistle_task(call: Call, input: CompleteWhistleTaskInput) -> WhistlePayload:
    found: TaskRow = await call.find(WhistleTask, "task", id=key_of(WhistleTask)(input.task))
    whistle = await load_whistle(call, f"Whistle:{found.whistle_id}")
    if whistle.state != WhistleState.CALLED:
        raise IS_CALLED.refusal(whistle, ("task",))
    # Tasks of an older plan are history; doing one would say nothing of the plan that holds.
    if await PlanRow.exists(whistle=whistle, version__gt=(await PlanRow.get(id=found.plan_id)).version):
        raise not_found("The plan has a later version: see its tasks.", "联合方案已更新，请查看最新任务。", "task")
    found.done_at, found.done_by, found.result = call.now, call.viewer.account.name, input.result
    await found.save()
    unit = await UnitRow.get(id=found.unit_id)
    await notify_called(call, whistle, "whistle.task_done", accounts=[whistle.asked_by])
    call.publish(TaskDone(whistle.id, Code(unit.code), call.now >= found.due_at), whistle)
    return WhistlePayload(whistle=ref(Whistle, whistle.id))


@strawberry.input(description="What came of a whistle call (吹哨办结).")
class CloseWhistleInput:
    idempotency_key: str = input_field(KEY)
    whistle: ID = input_field(WHICH)
    expected_version: int = input_field(EXPECTED)
    outcome: str = free_text("What came of it; no names of people (结果).", length=(1, MATTER))


@command("Close a whistle call; then both sides assess each other (吹哨办结).", requires=CALL, action=CALLING)
async def close_whistle(call: Call, input: CloseWhistleInput) -> WhistlePayload:
    whistle = await load_whistle(call, input.whistle)
    whistle.outcome = input.outcome
    whistle.state, whistle.closed_at = WhistleState.CLOSED, call.now
    units = (await units_of(whistle)).values()
    await notify_called(call, whistle, "whistle.closed", units=[one.id for one in units], accounts=[whistle.asked_by])
    call.publish(Closed(whistle.id), whistle)
    return await save_whistle(whistle)


@strawberry.input(description="What one side makes of the other (双向评价).")
class AssessWhistleInput:
    idempotency_key: str = input_field(KEY)
    whistle: ID = input_field(WHICH)
    unit: str = input_field("The unit that is assessed; the unit's own people assess the caller (单位编码).")
    rating: int = input_field("1 is worst, 5 is best (评分).", between=(1, 5))
    comment: str | None = free_text("Why; no names of people (评价内容).", length=(0, MATTER), default=UNSET)


@command(
    "Assess a unit that was called, or, for one's own unit, the caller; once each (双向评价).",
    requires=None,
    action=Action(Whistle, (require_rows(assessed_whistles),), (IS_CLOSED,)),
)
async def assess_whistle(call: Call, input: AssessWhistleInput) -> WhistlePayload:
    whistle = await load_whistle(call, input.whistle)
    unit = (await units_of(whistle)).get(input.unit)
    if unit is None:
        raise not_found("This unit was not called.", "该单位未被吹哨。", "unit")
    direction = assessing_side(call, whistle, unit)
    if await AssessmentRow.exists(whistle=whistle, unit=unit, direction=direction):
        raise duplicate("This was assessed already.", "已评价。", "unit")
    await AssessmentRow.create(
        whistle=whistle,
        unit=unit,
        direction=direction,
        rating=input.rating,
        comment=input.comment or None,
        at=call.now,
        account=call.viewer.account.name,
    )
    call.publish(Assessed(whistle.id, Code(unit.code), direction), whistle)
    return WhistlePayload(whistle=ref(Whistle, whistle.id))


def assessing_side(call: Call, whistle: WhistleRow, unit: UnitRow) -> Direction:
    """Return the direction: a unit's own people assess the caller, and nobody assesses their own unit."""
    # Asked first: whoever acts for the unit and may call as well assesses as the unit.
    if unit.id in acting_units(call, CHECK_IN):
        return Direction.OF_CALLER
    if not call.may(CALL, whistle):
        raise not_allowed("unit")
    return Direction.OF_UNIT


# what the commands share


async def load_whistle(call: Call, id: str) -> WhistleRow:
    """Return the whistle call, locked, as the command's action allows."""
    whistle: WhistleRow = await call.find(Whistle, "whistle", id=key_of(Whistle)(id))
    return whistle


async def load_own_summons(call: Call, whistle: WhistleRow, code: str | None) -> tuple[SummonsRow, UnitRow]:
    """Return the summons of the caller's unit, locked, and the unit."""
    mine = {key: one for key, one in (await units_of(whistle)).items() if one.id in acting_units(call, CHECK_IN)}
    # Whoever acts for one unit that was called need not name it.
    if code is None and len(mine) == 1:
        [code] = mine
    if code is None or code not in mine:
        raise not_found(
            "You act for no unit of this code that was called.", "您所在单位未被吹哨，或单位编码有误。", "unit"
        )
    return await SummonsRow.select_for_update().get(whistle=whistle, unit=mine[code]), mine[code]


async def units_of(whistle: WhistleRow) -> dict[str, UnitRow]:
    """Return the units that were called, by code."""
    keys = await SummonsRow.filter(whistle=whistle).values_list("unit_id", flat=True)
    return {one.code: one for one in await UnitRow.filter(id__in=keys).order_by("code")}


async def save_whistle(whistle: WhistleRow) -> WhistlePayload:
    whistle.version += 1
    await whistle.save()
    return WhistlePayload(whistle=ref(Whistle, whistle.id))


EXTENSIONS = (
    extend(
        Mutation,
        check_in_to_whistle=check_in_to_whistle,
        plan_whistle=plan_whistle,
        complete_whistle_task=complete_whistle_task,
        close_whistle=close_whistle,
        assess_whistle=assess_whistle,
    ),
)
