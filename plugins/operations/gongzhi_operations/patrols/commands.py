"""Patrol commands: recording a patrol, and the case that it ends in."""

from __future__ import annotations

import datetime
from datetime import timedelta
from typing import Any

import strawberry
from gongzhi.core.attachments.uploads import MOST
from gongzhi.core.cases.models import CaseKind, CaseRow, Origin, Urgency
from gongzhi.core.cases.opening import ADDRESS, BODY, TITLE, CaseDraft, open_case
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.types import PointInput
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import check_moment, invalid_input, is_given
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
from gongzhi.values.errors import Refusal, Refusals
from strawberry import ID, UNSET

from .models import PatrolRow
from .types import Patrol

RECORD = "patrols.record"
CHANNEL = "GRID_WORKER"
FOUND = 2_000
OLDEST = timedelta(days=366)


@strawberry.input(description="What a patrol found, to be dealt with (巡查发现).")
class FindingInput:
    category: str = input_field("What it is about, as a category's code (分类代码).")
    title: str = free_text("In a few words (标题).", length=(1, TITLE))
    description: str = free_text("The matter (描述).", length=(1, BODY))
    kind: CaseKind = input_field("What is asked; nothing is tipped off this way (类型).", default=CaseKind.HELP)
    urgency: Urgency = input_field("How soon somebody must look (紧急程度).", default=Urgency.ROUTINE)
    place: PointInput | None = input_field("Where; else it lies in the patrol's grid (位置).", default=UNSET)
    address: str | None = input_field("Where, in words (地址).", length=(0, ADDRESS), default=UNSET)
    attachments: list[ID] = input_field("What uploads answered (附件标识).", items=MOST, default_factory=list)


@strawberry.input(description="A patrol; no position is asked for (巡查记录).")
class RecordPatrolInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Which grid, by its code (网格编码).")
    at: datetime.datetime = input_field("When, with the offset of the clock it was read from (时间).")
    found: str = free_text("What was found; that all was well is something, too (发现).", length=(1, FOUND))
    case: FindingInput | None = input_field("A case to be made of it (形成诉求).", default=UNSET)


@strawberry.type(description="The patrol that was recorded, or why nothing was done (巡查结果).")
class RecordPatrolPayload:
    patrol: Patrol | None = result_field("The patrol (巡查).")
    case: Case | None = result_field("The case that it became (诉求).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@command("Record a patrol, and report what it found before anybody asks (巡查记录，未诉先办).", requires=RECORD)
async def record_patrol(call: Call, input: RecordPatrolInput) -> RecordPatrolPayload:
    # A phone may be offline for long, but a patrol of more than a year ago is a slip.
    at, found = check_moment(call.now, input.at, OLDEST, "at"), input.found
    grid = await find_grid(input.grid, "grid")
    if not call.may(RECORD, grid):
        raise not_allowed("grid")
    # In one transaction with the patrol: what was found is not lost, nor reported twice.
    case = await report_finding(call, input.grid, input.case) if is_given(input.case) else None
    patrol = await PatrolRow.create(
        grid=grid,
        patroller_id=call.viewer.account.person,
        account=call.viewer.account.name,
        at=at,
        found=found,
        case=case,
        recorded_at=call.now,
    )
    return RecordPatrolPayload(
        patrol=ref(Patrol, patrol.id, shown=True), case=ref(Case, case.id, shown=True) if case else None
    )


async def report_finding(call: Call, grid: str, finding: FindingInput) -> CaseRow:
    """Report what was found, which nobody asked for."""
    # A tip-off is sealed and has a requester to protect; a patrol has neither.
    if finding.kind == CaseKind.TIP_OFF:
        raise invalid_input("A patrol's finding is no tip-off.", "巡查发现不能作为举报。", "case", "kind")
    given: dict[str, Any] = {name: value if is_given(value) else None for name, value in vars(finding).items()}
    # Without a place of its own the finding lies in the grid that was walked.
    if given["place"] is None:
        given["grid"] = grid
    # PROACTIVE: there is no requester, so nobody is asked whether they are satisfied.
    try:
        return await open_case(call, CaseDraft(channel=CHANNEL, origin=Origin.PROACTIVE, **given))
    except (Refusal, Refusals) as refused:
        # Named as fields of a case's draft; whoever sent them finds them one level further in.
        several = refused.refusals if isinstance(refused, Refusals) else [refused]
        raise Refusals(
            [Refusal(one.code, one.template.en, one.template.zh, ("case", *one.path)) for one in several]
        ) from None


EXTENSIONS = (extend(Mutation, record_patrol=record_patrol),)
