"""Deeds: what was done in a link is written down as a fact with its day, and withdrawn where it was wrong."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty, require_states
from gongzhi.runtime.checks import check_past_day, invalid_input, is_given
from gongzhi.runtime.commands import (
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
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from .arranging import AS_IT_IS, TIE
from .events import DeedRecorded
from .models import TEXT, DeedKind, DeedRow, TieRow, TieState
from .rules import RECORDED, RECORDS
from .types import Tie, TieDeed


@strawberry.type(description="What was done, or why nothing was written down (帮扶实事结果).")
class TieDeedPayload:
    deed: TieDeed | None = result_field("What was done (帮扶实事).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="Something that was done in a link (登记帮扶实事).")
class RecordTieDeedInput:
    idempotency_key: str = input_field(KEY)
    tie: ID = input_field(TIE)
    kind: DeedKind = input_field("What sort of thing (类型).")
    day: datetime.date = input_field("On which day (日期).")
    text: str = free_text("What was done; it is published, but of a household's (内容).", length=(1, TEXT))
    case: str | None = input_field("The number of the case it was about (诉求编号).", default=UNSET)


@command(
    "Write down what was done in a link, with its day (登记帮扶实事).",
    requires=None,
    action=Action(Tie, RECORDS, (require_states((TieState.ACTIVE,), AS_IT_IS),)),
)
async def record_tie_deed(call: Call, input: RecordTieDeedInput) -> TieDeedPayload:
    row: TieRow = await call.find(Tie, "tie", id=key_of(Tie)(input.tie))
    day = check_past_day(call, input.day, "day")
    # What was done before both had agreed was done by somebody else, or without being asked.
    if row.since is not None and day < row.since:
        raise invalid_input(
            f"The link began on {row.since}: name a day since then.",
            f"联系帮扶自 {row.since} 起，日期不得早于此日。",
            "day",
        )
    # One that the caller sees: a number alone opens no case.
    case = await call.find(Case, "case", number=input.case) if is_given(input.case) else None
    deed = await DeedRow.create(
        tie=row,
        kind=input.kind,
        day=day,
        text=input.text,
        case_id=case and case.id,
        recorded_at=call.now,
        account=call.viewer.account.name,
    )
    call.publish(DeedRecorded(tie=row.id, deed=deed.id, kind=input.kind), row)
    return TieDeedPayload(deed=ref(TieDeed, deed.id))


@strawberry.input(description="What was wrong, or said too much (撤回帮扶实事).")
class WithdrawTieDeedInput:
    idempotency_key: str = input_field(KEY)
    deed: ID = input_field("Which (帮扶实事标识).")


@command(
    "Withdraw what was written down wrongly; that there was something stays (撤回帮扶实事).",
    requires=None,
    action=Action(
        TieDeed, RECORDED, (require_empty("withdrawn_at", Text("It is withdrawn already.", "该记录已撤回。")),)
    ),
)
async def withdraw_tie_deed(call: Call, input: WithdrawTieDeedInput) -> TieDeedPayload:
    deed: DeedRow = await call.find(TieDeed, "deed", id=key_of(TieDeed)(input.deed))
    # The text stays in the row until its time is over: what was published is answered for.
    deed.withdrawn_at = call.now
    await deed.save(update_fields=["withdrawn_at"])
    return TieDeedPayload(deed=ref(TieDeed, deed.id))


EXTENSIONS = (extend(Mutation, record_tie_deed=record_tie_deed, withdraw_tie_deed=withdraw_tie_deed),)
