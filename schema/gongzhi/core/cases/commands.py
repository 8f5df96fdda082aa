"""Case commands: what may happen to a case once it is reported, step by step as `machine.py` allows."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry import UNSET

from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import text, told, wrong
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, forbidden, given, prose
from gongzhi.runtime.reactions import check
from gongzhi.values import codes
from gongzhi.values.errors import FIELD, Refusal

from . import machine, reporting
from .contacting import CONTACTED
from .models import CaseRow, RatingSource, SettlementLevel, Status
from .opening import BODY, TITLE
from .ratings import is_requester, keep_rating, refuse_involved
from .steps import (
    ANSWERED_WITH,
    CasePayload,
    advance_case,
    contested,
    find_case,
    handled,
    own,
    record,
    saved,
    settle,
    settling_level,
    step,
    unready,
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


@strawberry.input(description="A step of a case (诉求操作).")
class CaseInput:
    idempotency_key: str = given(KEY)
    number: str = given(NUMBER)
    expected_version: int = given(EXPECTED)
    note: str | None = prose(NOTE, default=UNSET)


@strawberry.input(description="A case to accept; of a recording, what it says (受理诉求).")
class AcceptCaseInput:
    idempotency_key: str = given(KEY)
    number: str = given(NUMBER)
    expected_version: int = given(EXPECTED)
    note: str | None = prose(NOTE, default=UNSET)
    title: str | None = prose(HEARD_TITLE, default=UNSET)
    description: str | None = prose(HEARD, default=UNSET)


@strawberry.input(description="A step of a case that has to be explained to the requester (须说明理由的操作).")
class ReasonedCaseInput:
    idempotency_key: str = given(KEY)
    number: str = given(NUMBER)
    expected_version: int = given(EXPECTED)
    reason: str = prose("Why; the requester reads it (理由).")


@command("Accept a reported case (受理).", requires="cases.accept")
async def accept_case(call: Call, input: AcceptCaseInput) -> CasePayload:
    case = await find_case(call, input, "cases.accept")
    write_down(case, input)
    return await advance_case(call, case, machine.ACCEPT, note=input.note)


def write_down(case: CaseRow, input: Any) -> None:
    """Give a recording the title and the text that its listener has for it. What is written already stays."""
    for field, most in (("title", TITLE), ("description", BODY)):
        value = getattr(input, field)
        if not told(value):
            continue
        if getattr(case, field):
            raise wrong(
                f"{FIELD} is there already; leave it out here, and correct the case instead.",
                f"{FIELD}已填写，请勿重复填写；如需修改，请更正诉求。",
                field,
            )
        setattr(case, field, text(value, most, field))


@command("Decline a reported case, with the reason (不予受理).", requires="cases.accept")
async def decline_case(call: Call, input: ReasonedCaseInput) -> CasePayload:
    case = await find_case(call, input, "cases.accept")
    return await advance_case(call, case, machine.DECLINE, note=text(input.reason, REASON, "reason"))


@command("Withdraw one's own case before it is accepted (撤回).", requires=None)
async def withdraw_case(call: Call, input: CaseInput) -> CasePayload:
    case = await find_case(call, input)
    if not own(call, case):
        raise forbidden("number")
    return await advance_case(call, case, machine.WITHDRAW, note=input.note)


@command("Record that the unit is in touch with the requester (首次联系).", requires="cases.handle")
async def contact_requester(call: Call, input: CaseInput) -> CasePayload:
    case = await handled(call, input)
    if case.status not in ("DISPATCHED", "HANDLING"):
        raise unready(case, "登记联系", Status.DISPATCHED, Status.HANDLING)
    await record(call, case, CONTACTED, input.note)
    return await saved(case)


@command("Start handling a dispatched case (开始办理).", requires="cases.handle")
async def handle_case(call: Call, input: CaseInput) -> CasePayload:
    case = await handled(call, input)
    return await advance_case(call, case, machine.HANDLE, note=input.note)


@strawberry.input(description="An answer to a case (答复).")
class ReplyToCaseInput:
    idempotency_key: str = given(KEY)
    number: str = given(NUMBER)
    expected_version: int = given(EXPECTED)
    text: str = prose("The answer; the requester reads it (答复内容).")
    level: SettlementLevel | None = given(
        "Where the matter was settled; else where a mediation reached an agreement, or where the lead unit serves "
        "(化解层级).",
        default=UNSET,
    )


@command("Answer a case that is being handled (答复).", requires="cases.handle")
async def reply_to_case(call: Call, input: ReplyToCaseInput) -> CasePayload:
    case = await handled(call, input)
    settle(call, case, text(input.text, BODY, "text"), input.level or await settling_level(call, case))
    return await advance_case(call, case, machine.REPLY, note=case.reply)


@strawberry.input(description="A case settled on the spot (自处理).")
class HandleInGridInput:
    idempotency_key: str = given(KEY)
    number: str = given(NUMBER)
    expected_version: int = given(EXPECTED)
    text: str = prose("What was done; the requester reads it (处理结果).")
    title: str | None = prose(HEARD_TITLE, default=UNSET)
    description: str | None = prose(HEARD, default=UNSET)


@command("Settle a case in the grid; it never leaves it (网格自处理).", requires="cases.settle")
async def handle_in_grid(call: Call, input: HandleInGridInput) -> CasePayload:
    case = await find_case(call, input, "cases.settle")
    write_down(case, input)
    # Whoever settles a matter on the spot accepts it as well.
    if case.status == Status.REPORTED:
        await step(call, case, machine.ACCEPT)
    case.self_handled = True
    settle(call, case, text(input.text, BODY, "text"), await settling_level(call, case))
    return await advance_case(call, case, machine.SETTLE, note=case.reply)


@strawberry.input(description="What the requester makes of it (评价).")
class RateCaseInput:
    idempotency_key: str = given(KEY)
    number: str = given(NUMBER)
    receipt_code: str | None = given("The code on the receipt, without an account (回执码).", default=UNSET)
    rating: int = given("1 is worst, 5 is best (评分).")
    solved: bool = given("Whether the matter is solved (是否解决).")
    comment: str | None = prose("Anything to add (评价内容).", default=UNSET)


@command("Rate an answered case; one that is not solved is taken up again (评价).", requires=None)
async def rate_case(call: Call, input: RateCaseInput) -> CasePayload:
    if not 1 <= input.rating <= 5:
        raise wrong("The rating is from 1 to 5.", "评分应为 1 至 5。", "rating")
    secret = call.context.receipts
    receipted = bool(input.receipt_code) and codes.receipt_matches(secret, input.number, input.receipt_code or "")
    case = await call.find(Case, "number", number=input.number, shown=receipted)
    mine = is_requester(call, case)
    if not receipted and not mine:
        raise forbidden("number")
    await refuse_involved(call, case)
    # A case that is part of another is answered with it, and rated by itself.
    main: CaseRow | None = (await check(call, machine.RATED, case)).get(ANSWERED_WITH)
    if case.status == Status.CLOSED:
        raise over()
    if main is None and case.status != Status.REPLIED:
        raise unready(case, "评价", Status.REPLIED)
    case.rating, case.solved = input.rating, input.solved
    case.rating_comment = text(input.comment, REASON, "comment") if input.comment else None
    source = RatingSource.ACCOUNT if mine else RatingSource.RECEIPT
    unit = (main or case).lead_unit_id
    await keep_rating(call, case, unit, source, input.rating, input.solved, case.rating_comment)
    await record(call, case, machine.RATED, case.rating_comment, rating=input.rating, solved=input.solved)
    if main:  # rated for itself; unsolved for one of them is unsolved
        if not input.solved:
            await advance_case(call, main, machine.REOPEN)
        return await saved(case, shown=receipted)
    if not input.solved:
        return await advance_case(call, case, machine.REOPEN, shown=receipted)
    if input.rating >= SOLVED:
        return await advance_case(call, case, machine.CLOSE, shown=receipted)
    # It stays answered until somebody closes it, or until its grace is over.
    return await saved(case, shown=receipted)


def over() -> Refusal:
    """Return the refusal for rating what is closed for good."""
    return Refusal(
        "ILLEGAL_TRANSITION",
        "The case is closed and cannot be rated any more. If the matter is not solved, report it anew and name this "
        "case as the earlier one.",
        "诉求已结案，不能再评价；如问题仍未解决，请重新上报，并注明本诉求为前一诉求。",
        ("number",),
    )


@command("Close an answered case (结案).", requires="cases.close")
async def close_case(call: Call, input: CaseInput) -> CasePayload:
    case = await find_case(call, input, "cases.close")
    if await contested(case):
        raise Refusal(
            "APPROVAL_NEEDED",
            "A complaint about a unit or the platform is closed by two: ask for it to be closed.",
            "针对单位或平台的投诉须经审批结案，请申请结案。",
            ("number",),
        )
    return await advance_case(call, case, machine.CLOSE, note=input.note)


@command("Take an answered case up again, with the reason (重办).", requires="cases.close")
async def reopen_case(call: Call, input: ReasonedCaseInput) -> CasePayload:
    case = await find_case(call, input, "cases.close")
    return await advance_case(call, case, machine.REOPEN, note=text(input.reason, REASON, "reason"))


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
