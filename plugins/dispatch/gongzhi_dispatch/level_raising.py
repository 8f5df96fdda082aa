"""Level raising: takes a case up one level, grid, village, town, county (逐级上报); who is responsible stays so."""

from __future__ import annotations

from typing import Any

import strawberry
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import SettlementLevel
from gongzhi.core.cases.rules import worked_cases
from gongzhi.core.cases.steps import (
    RAISED,
    CasePayload,
    find_case,
    level_of,
    on_case,
    record_event,
    save_case,
)
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import expression
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import require_rows
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, free_text, input_field
from gongzhi.values.errors import Refusal

LEVELS = tuple(SettlementLevel)
"""From the grid up."""
REASON = 2_000


@strawberry.input(description="A case that this level cannot settle (逐级上报).")
class EscalateCaseInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field("The case's number (编号).")
    expected_version: int = input_field(EXPECTED)
    reason: str = free_text("Why it cannot be settled here; the requester reads it (理由).", length=(1, REASON))


@command(
    "Raise a case to the next level; it says where a matter could not be settled (逐级上报).",
    requires=None,
    action=on_case("逐级上报", machine.UNDER_WAY, require_rows(worked_cases)),
)
async def escalate_case(call: Call, input: EscalateCaseInput) -> CasePayload:
    reason, case = input.reason, await find_case(call, input)
    # From the level that answers now, which may be above the one it was raised to last.
    before = await level_of(call, case)
    if before is SettlementLevel.COUNTY:
        raise Refusal(
            "TOP_LEVEL",
            "It is with the county already; there is none above.",
            "该诉求已在县级，无上级可报。",
            ("number",),
        )
    after = LEVELS[LEVELS.index(before) + 1]
    facts: dict[str, Any] = {"from": before, "to": after}
    await record_event(call, case, RAISED, reason, **facts)
    return await save_case(case)


def raised_level_sql(at: Frame) -> Sql:
    # Read off the timeline, for a plugin adds no column to a table of the core.
    last = "select e.data->>'to' from cases.event e where e.case_id={0} and e.type='case.level_raised' "
    return Sql(f"({last}order by e.at desc, e.id desc limit 1)", at.row.id)


EXTENSIONS = (
    extend(Mutation, escalate_case=escalate_case),
    extend(
        Case,
        raised_to=expression(
            "The level it was last raised to; null if it was not (上报层级).",
            raised_level_sql,
            type=SettlementLevel | None,
            requires=None,
        ),
    ),
)
