"""Intake commands: file many orders of another system, such as a 12345 hotline, each by itself."""

from __future__ import annotations

import datetime
import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import strawberry
from gongzhi.core.cases.models import CaseKind, CaseRow, Urgency
from gongzhi.core.cases.opening import ADDRESS, BODY, TITLE, enter_cases
from gongzhi.core.cases.reporting import ReportCaseInput, draft_report, receipt_code
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.models import GridRow
from gongzhi.core.grids.types import PointInput
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.plans import DECIDED, GUARD, MOST, Guard
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import check_code, check_moment, input_form, invalid_input, is_given
from gongzhi.runtime.commands import (
    COMMAND,
    Call,
    Command,
    Problem,
    describe_refusal,
    free_text,
    input_field,
    internal_error,
    not_allowed,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.context import Context, Info
from gongzhi.runtime.locks import lock_name
from gongzhi.runtime.screening import TextWarning, screen_input
from gongzhi.values import codes
from gongzhi.values.codes import Kind
from gongzhi.values.errors import FIELD, Refusal, Refusals
from gongzhi_contacts.commands import keep_number_of_caller
from gongzhi_deadlines.clocks.running import start_external_clock
from strawberry import UNSET

from .models import EntryRow

logger = logging.getLogger(__name__)

INTAKE = "cases.intake"
ENTRIES = 100
"""The most orders of a batch."""
NUMBER = re.compile(r"[^\W_][\w.:/#〔〕［］（）()\[\]-]{0,59}")
"""Letters of any script and what stands between them in numbers of official papers, such as 陕安〔2026〕12345号."""
NUMBERS = 12345
"""The seed of the locks of orders' numbers."""
CALLER, RECORDING = 100, 200
"""The most characters of a caller's name and of a recording's reference."""
OLDEST = datetime.timedelta(days=366)
"""How long ago a call may have been."""
OF_CALL = ("caller", "phone", "called_at", "recording")
"""The fields of an order that tell of a telephone call."""
FARTHEST = datetime.timedelta(days=366)
"""How far ahead a deadline may lie."""


@strawberry.input(description="An order of another system (外部工单).")
class IntakeEntryInput:
    external_number: str = input_field("Its number there; filed once, however often it is sent (外部编号).")
    kind: CaseKind = input_field("What is asked (类型).")
    channel: str = input_field("How it arrived, as a channel's code (渠道代码).", default="HOTLINE_12345")
    category: str = input_field("What it is about, as a category's code (分类代码).")
    title: str = free_text("In a few words (标题).", length=(1, TITLE))
    description: str = free_text("The matter (描述).", length=(1, BODY))
    place: PointInput | None = input_field("Where; the grid is found from it (位置).", default=UNSET)
    grid: str | None = input_field(
        "In which grid, if there is no place; with an address alone your county, which places it (网格编码).",
        default=UNSET,
    )
    address: str | None = input_field("Where, in words (地址).", length=(0, ADDRESS), default=UNSET)
    urgency: Urgency = input_field("How soon somebody must look (紧急程度).", default=Urgency.ROUTINE)
    against: str | None = input_field(
        "The unit a tip-off or complaint is against, by its code (被反映单位).", default=UNSET
    )
    caller: str | None = free_text(
        "The caller's name, or how they wish to be called; staff read it (来电人称呼).",
        length=(1, CALLER),
        default=UNSET,
    )
    phone: str | None = input_field(
        "The number to call back, which the caller hears of the case by; sealed, and shown masked (回拨号码).",
        default=UNSET,
    )
    called_at: datetime.datetime | None = input_field("When they called (来电时间).", default=UNSET)
    recording: str | None = input_field(
        "What your system calls the recording; no address, for it is never fetched (录音编号).",
        length=(1, RECORDING),
        default=UNSET,
    )
    due_at: datetime.datetime | None = input_field(
        "By when who is above your system wants an answer; a clock of its own, which nothing here moves (上级时限).",
        default=UNSET,
    )


@strawberry.input(description="Orders of another system (批量接入).")
class IntakeCasesInput:
    idempotency_key: str | None = input_field(
        "Needed by nobody: each order is filed once, by its externalNumber. A batch may be cut up and sent again "
        "(批次标识).",
        default=None,
    )
    entries: list[IntakeEntryInput] = input_field("The orders (工单).", items=(1, ENTRIES))


@strawberry.type(description="What came of an order (工单结果).")
class IntakeResult:
    external_number: str = strawberry.field(description="Its number there (外部编号).")
    case: Case | None = result_field("The case it is, as it stands now (诉求).")
    receipt_code: str | None = strawberry.field(
        resolver=receipt_code,
        description="With the case's number it opens the case to the caller: tell it to them, and keep it nowhere "
        "(回执码).",
    )
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.type(description="What came of a batch (批量接入结果).")
class IntakeCasesPayload:
    results: list[IntakeResult] | None = strawberry.field(
        description="What came of each order, in their order (各工单结果).", default=None, metadata={MOST: ENTRIES}
    )
    errors: list[Problem] = problems()


@strawberry.type(description="The case of one order (单件结果).")
class Filed:
    case: Case | None = result_field("The case (诉求).")
    errors: list[Problem] = problems()


@strawberry.type(description="The cases of orders that were filed together (合并结果).")
class FiledTogether:
    numbers: list[str] = strawberry.field(
        description="The numbers that have a case now (外部编号).", default_factory=list
    )
    cases: list[Case] = strawberry.field(description="The case of each (诉求).", default_factory=list)
    errors: list[Problem] = problems()


@dataclass(frozen=True)
class Order:
    """An order that can be filed: its case, which is not saved yet, and what else it tells."""

    number: str
    case: CaseRow
    phone: str | None
    due: datetime.datetime | None
    told: dict[str, Any]


async def file_order(call: Call, entry: IntakeEntryInput) -> Filed:
    """Return the order's case; the one there is, if it was filed before."""
    source = call.viewer.account.name or ""
    check_number(entry.external_number)
    # One at a time for each number: of two requests with one order, the second finds the case of the first.
    await lock_name(call, f"{source} {entry.external_number}", NUMBERS)
    known = await EntryRow.get_or_none(source=source, number=entry.external_number)
    # Filed before, the order has its case, whatever it says now.
    if known is not None:
        return Filed(case=ref(Case, known.case_id, shown=True))
    order = await read_order(call, entry)
    await enter_orders(call, [order])
    return Filed(case=ref(Case, order.case.id, shown=True))


async def file_together(call: Call, input: IntakeCasesInput) -> FiledTogether:
    """Return the cases of the orders of a batch, opened with a few statements for all of them.

    An order in which something is wrong is left out, and filed by itself, which says what.
    """
    source = call.viewer.account.name or ""
    entries = {one.external_number: one for one in input.entries}
    # In one order, so that two batches wait for each other and never in a ring.
    for number in sorted(entries):
        check_number(number)
        await lock_name(call, f"{source} {number}", NUMBERS)
    cases = {one.number: one.case_id for one in await EntryRow.filter(source=source, number__in=list(entries))}
    orders = []
    for number, entry in entries.items():
        if number not in cases:
            with suppress(Refusal, Refusals):
                orders.append(await read_order(call, entry))
    await enter_orders(call, orders)
    cases |= {one.number: one.case.id for one in orders}
    return FiledTogether(numbers=list(cases), cases=[ref(Case, key, shown=True) for key in cases.values()])


def check_number(number: str) -> None:
    """Refuse what is no number of an order."""
    if not NUMBER.fullmatch(number):
        raise invalid_input(
            "The external number has 1 to 60 letters, digits, brackets and . _ : / # -; a letter or digit is first.",
            "外部编号由 1 至 60 个汉字、字母、数字、括号和 . _ : / # - 组成，以汉字、字母或数字开头。",
            "externalNumber",
        )


async def read_order(call: Call, entry: IntakeEntryInput) -> Order:
    """Return an order that was not filed yet. Raises Refusals that name its fields; nothing is written."""
    told, due = read_call(call, entry), check_deadline(call, entry)
    asked = {name: value for name, value in vars(entry).items() if name not in ("external_number", "due_at", *OF_CALL)}
    if not is_given(entry.place) and not is_given(entry.grid) and is_given(entry.address):
        asked["grid"] = await find_own_county(call)
    # The external number does what an idempotency key would.
    case = await draft_report(call, ReportCaseInput(idempotency_key="", **asked), external=True)
    # Only now it is known where the case lies.
    if not call.may(INTAKE, case):
        raise not_allowed("place" if is_given(entry.place) else "grid")
    return Order(entry.external_number, case, told.pop("phone"), due, told)


async def enter_orders(call: Call, orders: Sequence[Order]) -> None:
    """Open the cases of orders, with all that the orders tell. Raises Refusal if anything reacts by refusing one."""
    await enter_cases(call, [one.case for one in orders])
    for order in orders:
        if order.phone:
            await keep_number_of_caller(call, order.case, order.phone)
        # After the clocks of the case's own rules, which the report has started.
        if order.due:
            await start_external_clock(call, order.case, order.due)
    source = call.viewer.account.name or ""
    # In the transaction of the cases: a number without its case would keep the order from ever being filed.
    await EntryRow.bulk_create(
        EntryRow(case_id=one.case.id, source=source, number=one.number, **one.told) for one in orders
    )


async def find_own_county(call: Call) -> str:
    """Find the county that a system files for: what is described in words alone lies there, and it places it."""
    grants = [one for one in call.viewer.account.grants if INTAKE in one.permissions]
    counties = {one.grid for one in grants if one.kind == Kind.COUNTY}
    if len(counties) != 1:
        raise invalid_input(
            f"{FIELD} is missing: your system files for several counties, or for a part of one.",
            f"请填写{FIELD}：您的系统服务于多个县区，或仅服务于部分区域。",
            "grid",
        )
    return (await GridRow.get(id=counties.pop())).code


def read_call(call: Call, entry: IntakeEntryInput) -> dict[str, Any]:
    """Check what an order tells of the call; what it leaves out is None. Raises Refusals that name each field."""
    with input_form() as read:
        return {
            "caller": entry.caller or None,
            "phone": read(check_code, codes.check_phone, entry.phone, "phone") if is_given(entry.phone) else None,
            "called_at": (
                read(check_moment, call.now, entry.called_at, OLDEST, "calledAt") if is_given(entry.called_at) else None
            ),
            "recording": read(check_recording, entry.recording, "recording") if is_given(entry.recording) else None,
        }


def check_deadline(call: Call, entry: IntakeEntryInput) -> datetime.datetime | None:
    """Return the deadline that an order comes with, if any: it lies ahead, a year at most. Raises Refusal."""
    if not is_given(entry.due_at):
        return None
    due = require_offset(entry.due_at, "dueAt")
    if not call.now < due <= call.now + FARTHEST:
        raise invalid_input(
            f"{FIELD} lies ahead, and {FARTHEST.days} days at most.",
            f"{FIELD}应晚于现在，且不超过 {FARTHEST.days} 天。",
            "dueAt",
        )
    return due


def check_recording(value: str, *path: str) -> str:
    """Return the recording's reference, which is no address: nobody here is to follow it."""
    if "://" in value:
        raise invalid_input(
            "Give the recording's id in your system, not its address.", "请填写录音编号，不要填写网址。", *path
        )
    return value


FILE = Command("intake_cases", file_order, Filed, INTAKE, repeats=True, input=IntakeEntryInput, form=read_call)
"""An order's own external number makes it idempotent, so nothing else has to be kept of a request."""


TOGETHER = Command("intake_cases", file_together, FiledTogether, INTAKE, repeats=True, input=IntakeCasesInput)


async def file_all(context: Context, input: IntakeCasesInput) -> dict[str, Case]:
    """File the orders of a batch together, and return the cases by their numbers; none where anything stops all."""
    try:
        filed = await context.perform(TOGETHER, input)
    except Exception as error:  # each is filed by itself then, and says what is wrong
        logger.warning("a batch of orders is filed one by one: %s; nothing is lost", type(error).__name__)
        return {}
    return dict(zip(filed.numbers, filed.cases, strict=True))


async def order_result(context: Context, entry: IntakeEntryInput, case: Case | None) -> IntakeResult:
    """Return what comes of an order, if it has no case yet by filing it; whatever goes wrong is its own."""
    try:
        filed = Filed(case=case) if case else await context.perform(FILE, entry)
        # What was refused is stored nowhere, so there is nothing to warn of.
        warnings = [] if filed.errors else screen_input(entry, context.viewer.language)
        return IntakeResult(
            external_number=entry.external_number, case=filed.case, warnings=warnings, errors=filed.errors
        )
    except Exception as error:  # the orders behind it may have nothing to do with it
        # Its type alone: the text of an error may hold what was sent.
        logger.error("an order of another system could not be filed: %s; it may be sent again", type(error).__name__)
        said = describe_refusal(internal_error(), context.viewer.language)
        return IntakeResult(external_number=entry.external_number, errors=[said])


def check_entries(entries: Sequence[IntakeEntryInput]) -> None:
    """Open a batch that can be undone order by order."""
    if not 1 <= len(entries) <= ENTRIES:
        raise invalid_input(f"A batch has 1 to {ENTRIES} orders.", f"一批应有 1 至 {ENTRIES} 件。", "entries")
    if len({entry.external_number for entry in entries}) < len(entries):
        raise invalid_input("An external number comes twice.", "外部编号重复。", "entries", "externalNumber")


async def resolve_intake(info: Info, input: IntakeCasesInput) -> IntakeCasesPayload | None:
    try:
        # Asked here: this mutation is no transaction of its own, so nothing else asks.
        if not info.context.viewer.can(INTAKE):
            raise Refusal("FORBIDDEN", "You may not do this.", "您无权进行此操作。")
        check_entries(input.entries)
    except Refusal as refusal:
        return IntakeCasesPayload(errors=[describe_refusal(refusal, info.context.viewer.language)])
    cases = await file_all(info.context, input)
    # What was left out: one after the other, each in a transaction of its own.
    results = [await order_result(info.context, one, cases.get(one.external_number)) for one in input.entries]
    return IntakeCasesPayload(results=results)


# Declared as a command, so that it is guarded and listed as one, but carried out by `resolve_intake` itself.
intake_cases = strawberry.mutation(
    resolve_intake,
    description="File orders of another system, each once by its number there; its case comes back (批量接入工单).",
    metadata={
        COMMAND: Command("intake_cases", resolve_intake, IntakeCasesPayload, INTAKE),  # type: ignore[arg-type]
        GUARD: Guard(INTAKE),
        DECIDED: True,
    },
)
for argument in intake_cases.arguments:
    argument.description = "What to do (输入)."

EXTENSIONS = (extend(Mutation, intake_cases=intake_cases),)
