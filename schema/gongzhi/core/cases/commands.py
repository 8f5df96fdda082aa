"""Case commands: what may happen to a case once it is reported, step by step as `machine.py` allows."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry import UNSET

from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_rows
from gongzhi.runtime.checks import invalid_input, is_given
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, free_text, input_field
from gongzhi.runtime.reactions import run_checks
from gongzhi.values import codes
from gongzhi.values.errors import FIELD, Text

from . import machine, reporting
from .models import CaseRow, RatingSource, SettlementLevel, Status
from .opening import BODY, TITLE
from .ratings import is_requester, keep_rating, refuse_involved
from .rules import asked_cases, uncontested_cases
from .steps import (
    ANSWERED_WITH,
    HANDLES,
    OWN,
    CasePayload,
    advance_case,
    find_case,
    on_case,
    on_step,
    record_event,
    record_settlement,
    record_step,
    require_entrusted,
    save_case,
    settling_level,
    status_text,
)
from .types import Case

NUMBER = "The case's number (编号)."
NOTE = "What is to be remembered of this step (备注)."
HEARD_TITLE = "The title of a case that has none yet (needsTitle); `editCase` changes others (拟定标题)."
HEARD = "What the recording says, for a case without a description (录音内容)."
REASON = 2_000
"""The most characters of a reason."""
SOLVED = 4
"""The least rating that closes a case which the requester calls solved."""
ACCEPTS, CLOSES = require_entrusted("cases.accept"), require_entrusted("cases.close")
CLOSED_FOR_GOOD = Text(
    "The case is closed and cannot be rated any more. If the matter is not solved, report it anew and name this "
    "case as the earlier one.",
    "诉求已结案，不能再评价；如问题仍未解决，请重新上报，并注明本诉求为前一诉求。",
)
ANSWERED = "{0}='REPLIED' or {0}='MERGED' and {1} is not null and {2} is null"
RATEABLE = Requirement(
    "ILLEGAL_TRANSITION",
    # What is part of another case is rated by itself, while the answer of that one stands: settled and closed with it.
    lambda case, viewer: [Sql(ANSWERED, case.status, case.settled_at, case.closed_at)],
    lambda case: CLOSED_FOR_GOOD if case.status == Status.CLOSED else status_text(case, "评价", {Status.REPLIED}),
)
UNCONTESTED = Requirement(
    "APPROVAL_NEEDED",
    uncontested_cases,
    Text(
        "A complaint about a unit or the platform is closed by two: ask for it to be closed.",
        "针对单位或平台的投诉须经审批结案，请申请结案。",
    ),
)
"""What somebody may close alone."""


@strawberry.input(description="A step of a case (诉求操作).")
class CaseInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    expected_version: int = input_field(EXPECTED)
    note: str | None = free_text(NOTE, length=(0, BODY), default=UNSET)


@strawberry.input(description="A case to accept; of a recording, what it says (受理诉求).")
class AcceptCaseInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    expected_version: int = input_field(EXPECTED)
    note: str | None = free_text(NOTE, length=(0, BODY), default=UNSET)
    title: str | None = free_text(HEARD_TITLE, length=(1, TITLE), default=UNSET)
    description: str | None = free_text(HEARD, length=(1, BODY), default=UNSET)


@strawberry.input(description="A step of a case that has to be explained to the requester (须说明理由的操作).")
class ReasonedCaseInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    expected_version: int = input_field(EXPECTED)
    reason: str = free_text("Why; the requester reads it (理由).", length=(1, REASON))


@command("Accept a reported case (受理).", requires="cases.accept", action=on_step(machine.ACCEPT, ACCEPTS))
async def accept_case(call: Call, input: AcceptCaseInput) -> CasePayload:
    case = await find_case(call, input)
    # Before the step: a case without a title is not accepted.
    set_recording_texts(case, input)
    return await advance_case(call, case, machine.ACCEPT, note=input.note)


def set_recording_texts(case: CaseRow, input: Any) -> None:
    """Give a recording the title and the text that its listener has for it. What is written already stays."""
    for field in ("title", "description"):
        value = getattr(input, field)
        if not is_given(value):
            continue
        if getattr(case, field):
            raise invalid_input(
                f"{FIELD} is there already; leave it out here, and correct the case instead.",
                f"{FIELD}已填写，请勿重复填写；如需修改，请更正诉求。",
                field,
            )
        setattr(case, field, value)


@command(
    "Decline a reported case, with the reason (不予受理).",
    requires="cases.accept",
    action=on_step(machine.DECLINE, ACCEPTS),
)
async def decline_case(call: Call, input: ReasonedCaseInput) -> CasePayload:
    case = await find_case(call, input)
    return await advance_case(call, case, machine.DECLINE, note=input.reason)


@command(
    "Withdraw one's own case before it is accepted (撤回).",
    requires=None,
    action=Action(Case, (OWN,), on_step(machine.WITHDRAW).when),
)
async def withdraw_case(call: Call, input: CaseInput) -> CasePayload:
    case = await find_case(call, input)
    return await advance_case(call, case, machine.WITHDRAW, note=input.note)


@command(
    "Record that the unit is in touch with the requester (首次联系).",
    requires="cases.handle",
    action=on_case("登记联系", machine.WITH_UNIT, *HANDLES),
)
async def contact_requester(call: Call, input: CaseInput) -> CasePayload:
    case = await find_case(call, input)
    await record_event(call, case, machine.CONTACTED, input.note)
    return await save_case(case)


@command(
    "Start handling a dispatched case (开始办理).", requires="cases.handle", action=on_step(machine.HANDLE, *HANDLES)
)
async def handle_case(call: Call, input: CaseInput) -> CasePayload:
    case = await find_case(call, input)
    return await advance_case(call, case, machine.HANDLE, note=input.note)


@strawberry.input(description="An answer to a case (答复).")
class ReplyToCaseInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("The answer; the requester reads it (答复内容).", length=(1, BODY))
    level: SettlementLevel | None = input_field(
        "Where the matter was settled; else where a mediation reached an agreement, or where the lead unit serves "
        "(化解层级).",
        default=UNSET,
    )


@command(
    "Answer a case that is being handled (答复).", requires="cases.handle", action=on_step(machine.REPLY, *HANDLES)
)
async def reply_to_case(call: Call, input: ReplyToCaseInput) -> CasePayload:
    case = await find_case(call, input)
    # Where the answer names no level it is told by the course of the case.
    record_settlement(call, case, input.text, input.level or await settling_level(call, case))
    # The answer as the step's note, so that the timeline keeps it when a later answer takes its place.
    return await advance_case(call, case, machine.REPLY, note=case.reply)


@strawberry.input(description="A case settled on the spot (自处理).")
class HandleInGridInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("What was done; the requester reads it (处理结果).", length=(1, BODY))
    title: str | None = free_text(HEARD_TITLE, length=(1, TITLE), default=UNSET)
    description: str | None = free_text(HEARD, length=(1, BODY), default=UNSET)


@command(
    "Settle a case in the grid; it never leaves it (网格自处理).",
    requires="cases.settle",
    action=on_case(
        machine.SETTLE.chinese, machine.ACCEPT.sources | machine.SETTLE.sources, require_entrusted("cases.settle")
    ),
)
async def handle_in_grid(call: Call, input: HandleInGridInput) -> CasePayload:
    case = await find_case(call, input)
    set_recording_texts(case, input)
    # Whoever settles a matter on the spot accepts it as well.
    if case.status == Status.REPORTED:
        await record_step(call, case, machine.ACCEPT)
    case.self_handled = True
    record_settlement(call, case, input.text, await settling_level(call, case))
    return await advance_case(call, case, machine.SETTLE, note=case.reply)


@strawberry.input(description="What the requester makes of it (评价).")
class RateCaseInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    receipt_code: str | None = input_field("The code on the receipt, without an account (回执码).", default=UNSET)
    rating: int = input_field("1 is worst, 5 is best (评分).", between=(1, 5))
    solved: bool = input_field("Whether the matter is solved (是否解决).")
    comment: str | None = free_text("Anything to add (评价内容).", length=(0, REASON), default=UNSET)


@command(
    "Rate an answered case; one that is not solved is taken up again (评价).",
    requires=None,
    action=Action(Case, (require_rows(asked_cases),), (RATEABLE,)),
)
async def rate_case(call: Call, input: RateCaseInput) -> CasePayload:
    secret = call.context.receipts
    receipted = bool(input.receipt_code) and codes.receipt_matches(secret, input.number, input.receipt_code or "")
    case = await call.find(Case, "number", number=input.number, shown=receipted)
    # The receipt may be in the hands of whoever filed the case, who must not rate their own work.
    await refuse_involved(call, case)
    # A case that is part of another is answered with it, and rated by itself.
    main: CaseRow | None = (await run_checks(call, machine.RATED, case)).get(ANSWERED_WITH)
    if main is None and case.status != Status.REPLIED:
        raise RATEABLE.refusal(case, ("number",))
    case.rating, case.solved = input.rating, input.solved
    case.rating_comment = input.comment or None
    # Whoever signed in as the requester rates as that, with a receipt or without.
    source = RatingSource.ACCOUNT if is_requester(call, case) else RatingSource.RECEIPT
    # The unit that answered, if for this case and another together.
    unit = (main or case).lead_unit_id
    await keep_rating(call, case, unit, source, input.rating, input.solved, case.rating_comment)
    await record_event(call, case, machine.RATED, case.rating_comment, rating=input.rating, solved=input.solved)
    if main:  # rated for itself; unsolved for one of them is unsolved
        if not input.solved:
            await advance_case(call, main, machine.REOPEN)
        return await save_case(case, shown=receipted)
    if not input.solved:
        return await advance_case(call, case, machine.REOPEN, shown=receipted)
    if input.rating >= SOLVED:
        return await advance_case(call, case, machine.CLOSE, shown=receipted)
    # It stays answered until somebody closes it, or until its grace is over.
    return await save_case(case, shown=receipted)


@command("Close an answered case (结案).", requires="cases.close", action=on_step(machine.CLOSE, CLOSES, UNCONTESTED))
async def close_case(call: Call, input: CaseInput) -> CasePayload:
    case = await find_case(call, input)
    return await advance_case(call, case, machine.CLOSE, note=input.note)


@command(
    "Take an answered case up again, with the reason (重办).",
    requires="cases.close",
    action=on_step(machine.REOPEN, CLOSES),
)
async def reopen_case(call: Call, input: ReasonedCaseInput) -> CasePayload:
    case = await find_case(call, input)
    return await advance_case(call, case, machine.REOPEN, note=input.reason)


EXTENSIONS = (
    extend(
        Mutation,
        report_case=reporting.report_case,
        accept_case=accept_case,
        decline_case=decline_case,
        withdraw_case=withdraw_case,
        contact_requester=contact_requester,
        handle_case=handle_case,
        handle_in_grid=handle_in_grid,
        reply_to_case=reply_to_case,
        rate_case=rate_case,
        close_case=close_case,
        reopen_case=reopen_case,
    ),
)
