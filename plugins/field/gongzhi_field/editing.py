"""Corrections: each field comes as it was seen and as it is to be, so that changes can be merged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import strawberry
from gongzhi.core.cases import machine
from gongzhi.core.cases.models import CaseRow, CategoryRow, Urgency
from gongzhi.core.cases.opening import ADDRESS, BODY, TITLE
from gongzhi.core.cases.rules import own_cases, worked_cases
from gongzhi.core.cases.steps import find_by_code, record_event, save_case
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import ref
from gongzhi.declare.sql import Alternatives, Sql, all_of, widen_rows
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, require_rows, require_states
from gongzhi.runtime.checks import check_text, invalid_input, is_given
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
from pypika_tortoise.queries import Table
from strawberry import UNSET

from .history import OfflineWriter, record_change, record_conflict
from .types import CaseConflict
from .urgency import announce_urgency

EDITED = "case.edited"


@strawberry.input(description="A text that changes (文本变更).")
class TextChange:
    base: str | None = input_field("What was seen (所见值).", default=None)
    value: str = free_text("What it is to be (新值).", length=(1, BODY))


@strawberry.input(description="An urgency that changes (紧急程度变更).")
class UrgencyChange:
    base: Urgency = input_field("What was seen (所见值).")
    value: Urgency = input_field("What it is to be (新值).")


@strawberry.input(description="What is corrected in a case; what is left out stays as it is (更正诉求).")
class EditCaseInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field("The case's number (编号).")
    title: TextChange | None = input_field("In a few words (标题).", default=UNSET)
    description: TextChange | None = input_field("The matter (描述).", default=UNSET)
    address: TextChange | None = input_field("Where, in words (地址).", default=UNSET)
    category: TextChange | None = input_field("What it is about, as a category's code (分类代码).", default=UNSET)
    urgency: UrgencyChange | None = input_field("How soon somebody must look (紧急程度).", default=UNSET)


@strawberry.type(description="A case as it is now, and what of it could not be changed (更正结果).")
class EditCasePayload:
    case: Case | None = result_field("The case (诉求).")
    conflicts: list[CaseConflict] | None = result_field(
        "What somebody else had changed before; it stays as they made it (冲突)."
    )
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


async def set_category(case: CaseRow, value: str) -> None:
    case.category = await find_by_code(CategoryRow, value, "category", valid_to=None)


def text_setter(name: str, most: int) -> Callable[[CaseRow, str], Awaitable[None]]:
    async def write(case: CaseRow, value: str) -> None:
        setattr(case, name, check_text(value, most, name))

    return write


async def set_urgency(case: CaseRow, value: str) -> None:
    case.urgency = Urgency(value)


async def category_of(case: CaseRow) -> str:
    return (await CategoryRow.get(id=case.category_id)).code


def plain_getter(name: str) -> Callable[[CaseRow], Awaitable[str | None]]:
    async def read(case: CaseRow) -> str | None:
        return getattr(case, name) or None

    return read


@dataclass(frozen=True)
class Field:
    """A field that can be corrected: how it is read, and how it is written once it has been checked."""

    read: Callable[[CaseRow], Awaitable[str | None]]
    write: Callable[[CaseRow, str], Awaitable[None]]


FIELDS = {
    "title": Field(plain_getter("title"), text_setter("title", TITLE)),
    "description": Field(plain_getter("description"), text_setter("description", BODY)),
    "address": Field(plain_getter("address"), text_setter("address", ADDRESS)),
    "category": Field(category_of, set_category),
    "urgency": Field(plain_getter("urgency"), set_urgency),
}

UNWRITTEN = ("title", "description")
"""Fields that a recording leaves empty. Nobody has written them, so whatever was seen in their place is no base."""


async def edit_fields(written: OfflineWriter, input: EditCaseInput) -> EditCasePayload:
    """Make the changes whose fields are as they were seen; keep the others as conflicts."""
    call = written.call
    asked = {name: change for name in FIELDS if is_given(change := getattr(input, name))}
    case: CaseRow = await call.find(Case, "number", number=input.number)
    if not asked:
        raise invalid_input("Say what is to be changed.", "请至少更正一个字段。", "number")
    done, met = [], []
    for name, change in asked.items():
        field = FIELDS[name]
        before, mine = await field.read(case), str(change.value).strip()
        if before == mine:
            # Nothing to do, and no conflict either: both wanted the same.
            continue
        # What nobody has written (a report by voice) has no base, so nothing could have been seen.
        if before != change.base and not (before is None and name in UNWRITTEN):
            await field.write(CaseRow(), mine)  # what could never be taken is refused, not kept
            met.append(await record_conflict(written, case, name, change.base, mine, before))
            continue
        await field.write(case, mine)
        # The history is what later conflicts are found by.
        await record_change(written, case, name, before, mine)
        done.append(name)
    if done:
        await record_event(call, case, EDITED, fields=done)
        # Raising the urgency tells the office at once, as reporting an urgent case does.
        if "urgency" in done and case.urgency != Urgency.ROUTINE:
            await announce_urgency(call, case)
        await save_case(case)
    return EditCasePayload(case=ref(Case, case.id), conflicts=[ref(CaseConflict, row.id) for row in met])


def editable_cases(case: Table, viewer: ViewerScope) -> Alternatives:
    """Return cases that one may correct: those one works on, and one's own until somebody accepts them."""
    reported = Sql("{0}='REPORTED'", case.status)
    return widen_rows(worked_cases(case, viewer), *(all_of(own, reported) for own in own_cases(case, viewer)))


OPEN = require_states(machine.OPEN, Text("The case is over: it stays as it is.", "诉求已办结，不能再更正。"), "status")
EDIT = Action(Case, (require_rows(editable_cases),), (OPEN,))


@command("Correct what an open case says, field by field (更正诉求).", requires=None, action=EDIT)
async def edit_case(call: Call, input: EditCaseInput) -> EditCasePayload:
    return await edit_fields(OfflineWriter(call, call.now), input)
