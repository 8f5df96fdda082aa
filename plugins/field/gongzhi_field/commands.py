"""Field commands: sending what was done offline, correcting cases, and deciding conflicts."""

from __future__ import annotations

import strawberry
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow
from gongzhi.core.cases.rules import rows_of_cases, worked_cases
from gongzhi.core.cases.steps import record_event, save_case
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty, require_rows
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.runtime.locks import lock_rows
from gongzhi.values.errors import Text
from strawberry import ID

from .batch import sync
from .editing import EDITED, FIELDS, OPEN, edit_case
from .history import OfflineWriter, record_change
from .models import ConflictRow, Keep
from .types import CaseConflict


@strawberry.input(description="Which of two values stays (裁定冲突).")
class ResolveConflictInput:
    idempotency_key: str = input_field(KEY)
    conflict: ID = input_field("The conflict's id (冲突标识).")
    keep: Keep = input_field("Which value stays (保留哪个).")


@strawberry.type(description="The conflict that was decided, or why nothing was done (裁定结果).")
class ResolveConflictPayload:
    conflict: CaseConflict | None = result_field("The conflict (冲突).")
    case: Case | None = result_field("The case (诉求).")
    errors: list[Problem] = problems()


WORKED = require_rows(lambda row, viewer: rows_of_cases(row, lambda case: worked_cases(case, viewer)))
UNDECIDED = require_empty("resolved_at", Text("This conflict is decided already.", "该冲突已裁定。"))


@command(
    "Decide which of two values stays; whoever works on the case may (裁定冲突).",
    requires=None,
    action=Action(CaseConflict, (WORKED,), (UNDECIDED,)),
)
async def resolve_conflict(call: Call, input: ResolveConflictInput) -> ResolveConflictPayload:
    key = key_of(CaseConflict)(input.conflict)
    # The case first, as whoever edits it does: two that lock in one order never wait for each other in a ring.
    cases = await lock_rows(CaseRow, await ConflictRow.filter(id=key).values_list("case_id", flat=True))
    row: ConflictRow = await call.find(CaseConflict, "conflict", id=key)
    [case] = cases
    # What is there stays as it is; only what came too late has to be written.
    if input.keep == Keep.MINE:
        await apply_conflict(call, case, row)
    row.kept, row.resolved_at, row.resolved_by = input.keep, call.now, call.viewer.account.name
    await row.save()
    return ResolveConflictPayload(conflict=ref(CaseConflict, row.id), case=ref(Case, case.id))


async def apply_conflict(call: Call, case: CaseRow, row: ConflictRow) -> None:
    """Give the field the value that came too late; steps are not taken this way, for more follows from them."""
    field = FIELDS.get(row.field)
    if field is None or row.mine is None:
        raise invalid_input(
            "Take the step itself, now that the case stands here.", "请按诉求当前状态重新办理该步骤。", "keep"
        )
    # The case may have ended since the conflict arose.
    if case.status not in machine.OPEN:
        raise OPEN.refusal(case, ("number",))
    before = await field.read(case)
    await field.write(case, row.mine)
    # At the time of the decision: whoever wrote it long ago has not decided it.
    await record_change(OfflineWriter(call, call.now), case, row.field, before, row.mine)
    await record_event(call, case, EDITED, fields=[row.field])
    await save_case(case)


EXTENSIONS = (extend(Mutation, sync=sync, edit_case=edit_case, resolve_conflict=resolve_conflict),)
