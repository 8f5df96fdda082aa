"""Contact commands: leave a number with a case, prove it to be one's own, and show it to call somebody back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import strawberry
from gongzhi.core.access.models import LookKind
from gongzhi.core.access.quota import check_quota
from gongzhi.core.access.rules import REVEAL
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow, EventRow
from gongzhi.core.cases.rules import HANDLE, VIEW
from gongzhi.core.cases.steps import is_own_case, record_event, require_disinterested
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.protected import PHONE as NUMBER_ON_FILE
from gongzhi.core.people.protected import reveal_field
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import check_code, is_given
from gongzhi.runtime.commands import (
    KEY,
    KEY_OPTIONAL,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
    secret_field,
)
from gongzhi.runtime.context import PURPOSE, FileLook
from gongzhi.runtime.quotas import lock_quota
from gongzhi.values import codes
from gongzhi.values.codes import Series
from gongzhi.values.errors import Refusal
from strawberry import UNSET

from .codes import FIELD, TRIES, is_right, open_number, seal_onto
from .first_contact import awaits_contact
from .models import ContactRow
from .sending import send_code

PROVED, SHOWN = "case.phone_left", "case.phone_shown"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OF_CASE = 5
"""Codes for a case in a day."""
OF_NUMBER = 3
"""Codes to a number in an hour, for whatever cases. Beyond that nothing is sent, and nobody is told."""
NUMBER = "The case's number (编号)."
RECEIPT = "The code on the receipt, without an account (回执码)."


@strawberry.type(description="What came of a number left with a case (联系电话结果).")
class PhonePayload:
    case: Case | None = result_field("The case (诉求).")
    errors: list[Problem] = problems()


@strawberry.input(description="A telephone number for questions about a case (留下联系电话).")
class LeavePhoneInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field(NUMBER)
    receipt_code: str | None = input_field(RECEIPT, default=UNSET)
    phone: str = input_field("The telephone number; who handles the case may call it, nobody else (联系电话).")


@command(
    "Leave a telephone number with one's open case: a code is sent to it. If none arrives, wait for an hour "
    "(留下联系电话).",
    requires=None,
)
async def leave_phone(call: Call, input: LeavePhoneInput) -> PhonePayload:
    number = check_code(codes.check_phone, input.phone, "phone")
    case = await find_own_case(call, input)
    if case.status not in machine.OPEN:
        raise Refusal("ILLEGAL_TRANSITION", "The case is over: report anew.", "诉求已办结，请重新上报。", ("number",))
    # Said before a number is kept: one that can never be proved would lie here for a day for nothing.
    if not any(channel.phone for channel in call.context.channels):
        raise Refusal(
            "NOT_AVAILABLE",
            "No codes are sent here: look the case up by its receipt.",
            "本系统未开通短信验证，请凭回执码查询。",
            ("phone",),
        )
    if await ContactRow.filter(case_id=case.id, sent_at__gt=call.now - DAY).count() >= OF_CASE:
        raise Refusal(
            "QUOTA_EXCEEDED", "Too many codes for this case; try tomorrow.", "验证次数过多，请明日再试。", ("number",)
        )
    await send_proof_to(call, case, number)
    return PhonePayload(case=ref(Case, case.id, shown=True))


async def send_proof_to(call: Call, case: CaseRow, number: str) -> None:
    """Keep the number, and have a code sent to it, unless it was sent too many: whoever asks is not told which."""
    county = await county_of(case)
    row = ContactRow(case_id=case.id, grid_id=case.grid_id, county_id=case.county_id, sent_at=call.now)
    seal_onto(call.context.keys, county, row, number)
    blinds = call.context.keys.blinds(county, FIELD, number)
    await lock_quota(call, "codes", blinds[0].hex())  # a number may be left with several cases at once
    often = await ContactRow.filter(blind__in=blinds, sent_at__gt=call.now - HOUR).count()
    # Kept even where no code goes out, so that both ways look alike to whoever asked, and count alike for the case.
    await row.save(force_create=True)
    if often < OF_NUMBER:
        call.enqueue(send_code, f"contact:{row.id}", row=row, contact=str(row.id))


async def keep_number_of_caller(call: Call, case: CaseRow, number: str) -> None:
    """Keep the number that a case was reported from by telephone: whoever took the call answers for it."""
    row = ContactRow(case_id=case.id, grid_id=case.grid_id, county_id=case.county_id, verified_at=call.now)
    seal_onto(call.context.keys, await county_of(case), row, number)
    await row.save(force_create=True)


@strawberry.input(description="The code that was sent to a number (验证联系电话).")
class ConfirmPhoneInput:
    idempotency_key: str | None = input_field(KEY_OPTIONAL, default=UNSET)
    number: str = input_field(NUMBER)
    receipt_code: str | None = input_field(RECEIPT, default=UNSET)
    code: str = input_field("The code (验证码).")


@command(
    "Prove with its code that the number last left with a case is one's own (验证联系电话).",
    requires=None,
    repeats=True,
)
async def confirm_phone(call: Call, input: ConfirmPhoneInput) -> PhonePayload:
    case = await find_own_case(call, input)
    left = ContactRow.filter(case_id=case.id, sent_at__isnull=False, data_key__isnull=False)
    row = await left.order_by("-sent_at", "-id").first()
    if row and row.verified_at is None and is_right(call.context.receipts, row, input.code, call.now):
        row.verified_at = call.now
        await row.save()
        await forget_others(call, row)
        await record_event(call, case, PROVED)
        return PhonePayload(case=ref(Case, case.id, shown=True))
    if row and row.tries < TRIES:
        row.tries += 1  # not raised, for then the guess would not count
        await row.save()
    wrong = Refusal(
        "BAD_USER_INPUT",
        "The code is wrong, used or over; have another one sent.",
        "验证码错误、已使用或已过期，请重新获取。",
        ("code",),
    )
    said = wrong.text.say(call.viewer.language)
    return PhonePayload(errors=[Problem(code=wrong.code, message=said, path=list(wrong.path))])


async def forget_others(call: Call, proved: ContactRow) -> None:
    """Forget the case's other numbers at once, for a case has one; when each was written to stays for a day."""
    others = ContactRow.filter(case_id=proved.case_id).exclude(id=proved.id)
    # Deleted, codes would not count any more, and whoever proves a number of their own could flood a stranger's.
    await others.filter(sent_at__gt=call.now - DAY).update(data_key=None, sealed=None, mask=None, verified_at=None)
    await others.filter(data_key__isnull=False).delete()


@strawberry.type(description="The number, or why it is not shown (联系电话明文).")
class RevealPhonePayload:
    phone: str | None = secret_field("The number; null if none was left and proved, nor is one on file (联系电话).")
    errors: list[Problem] = problems()


@strawberry.input(description="A case whose requester is to be called back (查看联系电话).")
class RevealPhoneInput:
    idempotency_key: str | None = input_field(KEY_OPTIONAL, default=UNSET)
    number: str = input_field(NUMBER)
    purpose: str = input_field("What for; it stays with the case (目的).", length=(1, PURPOSE))


@command(
    "Show the number to call about a case: the one left with it and proved, or the requester's own. Whoever may see "
    "protected values there may, and the lead unit while it has yet to contact the requester. That it was shown stays "
    "with the case, and the requester reads it in their log (查看联系电话).",
    requires=VIEW,
    repeats=True,
)
async def reveal_phone(call: Call, input: RevealPhoneInput) -> RevealPhonePayload:
    case: CaseRow = await call.find(Case, "number", number=input.number)
    contacting = await must_contact(call, case)
    if not (contacting or call.may(REVEAL, case)):
        raise not_allowed("number")
    # People of the accused unit never learn who complained about it, whatever else they may see.
    await require_disinterested(call, case)
    # Until this one is on the timeline, where the next one counts it.
    await lock_quota(call, "contacts shown", call.viewer.account.name or "")
    looked = EventRow.filter(type=SHOWN, account=call.viewer.account.name, at__gt=call.now - DAY)
    if await looked.count() >= call.context.bounds.reveals:
        raise Refusal(
            "QUOTA_EXCEEDED", "Too many shown today; try tomorrow.", "今日查看已满，请明日再试。", ("number",)
        )
    requester = await requester_of(case)
    row = await ContactRow.filter(case_id=case.id, verified_at__isnull=False).first()
    number = open_number(call.context.keys, await county_of(case), row) if row else None
    # The number on file is for those who may read the file, or whose unit has yet to call.
    if number is None and requester and (contacting or call.may(REVEAL, requester)):
        number = next(iter(await reveal_field(call.context.keys, requester, NUMBER_ON_FILE)), None)
    if number is None:
        return RevealPhonePayload()
    if requester:
        # Two bounds: on numbers shown of cases, above, and on what is shown of files, which this look is one of.
        if refused := await check_quota(call, [requester], "number"):
            return RevealPhonePayload(errors=[refused])
        named = f"{case.number} {input.purpose}"[:PURPOSE]
        await call.context.look(FileLook([requester.id], [NUMBER_ON_FILE], named, LookKind.REVEAL))
    await record_event(call, case, SHOWN, input.purpose)
    return RevealPhonePayload(phone=number)


async def must_contact(call: Call, case: CaseRow) -> bool:
    """Return whether the caller's unit leads the case and has yet to contact whoever asked.

    Whoever tipped off is called by nobody on that ground.
    """
    units = {grant.unit for grant in call.viewer.account.grants if grant.unit and HANDLE in grant.permissions}
    if case.series != Series.ORDINARY or case.lead_unit_id not in units:
        return False
    return await awaits_contact(call, case)


async def requester_of(case: CaseRow) -> PersonRow | None:
    """Return who asked, if they are on file and neither unnamed nor restricted."""
    if case.requester_id is None or case.series != Series.ORDINARY:
        return None
    return await PersonRow.get_or_none(id=case.requester_id, restricted_at=None, erased_at=None)


# what the commands share


async def find_own_case(call: Call, input: Any) -> CaseRow:
    """Return the caller's own case, locked: by its receipt, or because they asked."""
    secret = call.context.receipts
    receipted = is_given(input.receipt_code) and codes.receipt_matches(secret, input.number, input.receipt_code)
    case: CaseRow = await call.find(Case, "number", number=input.number, shown=receipted)
    if not (receipted or is_own_case(call, case)):
        raise not_allowed("number")
    return case


async def county_of(case: CaseRow) -> str:
    return (await GridRow.get(id=case.county_id)).code


EXTENSIONS = (extend(Mutation, leave_phone=leave_phone, confirm_phone=confirm_phone, reveal_phone=reveal_phone),)
